import { expect } from "chai";
import type { DemoReport, DemoTicket } from "../../../src/app/demo/report.ts";
import { demoReport } from "../../../src/cli/demo-text.ts";

const ticket: DemoTicket = {
  key: "DEMO-1",
  findingId: "0123456789abcdef",
  title: "www: 15 requests for missing pages in 1 h",
  band: "High",
  score: 59,
  state: "quiet",
  episodes: 2,
  filedAt: Date.parse("2026-01-05T10:00:00Z"),
  why: "59/100 High: severity high 15 + reach 33.3% of requests 16 + burn 33x, 3.1% of the 30-day budget 25",
};

const report = (tickets: readonly DemoTicket[]): DemoReport => ({
  tickets,
  unfiled: [{ reason: "below_score", alerts: 1, times: 3, ruleIds: ["www-unchanged-pages"] }],
  evaluations: 1_835,
  fine: 1_677,
  worthOpening: tickets[0],
});

describe("what the demo prints", () => {
  for (const width of [50, 76, 100, 200]) {
    it(`keeps every line within ${width} columns`, () => {
      const text = demoReport(report([ticket]), { colours: false, width });
      expect(text).to.contain("DEMO-1").and.to.contain("High 59").and.to.contain("2 episodes");
      expect(Math.max(...text.split("\n").map((line) => line.length))).to.be.at.most(width);
    });
  }

  it("says each band in a colour where there are colours", () => {
    expect(demoReport(report([ticket]), { colours: true, width: 100 })).to.contain("\u001b[31mHigh");
  });

  it("passes on nothing that a terminal would obey", () => {
    const hostile = { ...ticket, title: "\u001b[2Jall is well\u0007" };
    for (const width of [50, 100]) {
      const text = demoReport(report([hostile]), { colours: false, width });
      expect(text).to.contain("all is well");
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is what is tested
      expect(text).not.to.match(/[\x00-\x09\x0b-\x1f\x7f]/);
    }
  });
});
