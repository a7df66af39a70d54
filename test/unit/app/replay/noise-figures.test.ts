import { expect } from "chai";
import { noiseFigures } from "../../../../src/app/replay/noise-figures.ts";
import { episode, replayTicket } from "./replay-tickets.ts";

const minute = 60_000;
const day = 86_400_000;
const from = Date.parse("2026-01-05T00:00:00Z");
const range = { from, to: from + 14 * day };

describe("noise figures of a replay", () => {
  it("count tickets and returns a week, short episodes, the longest silence and the busiest day", () => {
    const first = replayTicket({
      openedAt: from + day,
      episodes: [episode(from + day, 9), episode(from + 2 * day, 10), episode(from + 3 * day, 5)],
      steps: [{ at: from + 3 * day, action: "comment", reason: "back_while_open", band: "High", score: 57 }],
    });
    const second = replayTicket({ openedAt: from + day + minute, finding: "f2", episodes: [episode(from + day)] });
    const third = replayTicket({ openedAt: from + 12 * day, finding: "f3", episodes: [episode(from + 12 * day, 1)] });
    expect(noiseFigures({ tickets: [first, second, third], notFiled: [] }, range)).to.deep.equal({
      tickets: 3,
      ticketsPerWeek: 1.5,
      returns: 2,
      returnsPerWeek: 1,
      episodes: 5,
      // Ten minutes is not under ten minutes, and what lasts is not known to be short.
      shortEpisodes: 3,
      shortShare: 0.6,
      longestSilence: { from: from + 3 * day, to: from + 12 * day },
      busiestDay: { from: from + day, tickets: 2 },
      notFiled: 0,
    });
  });

  it("are silence from end to end when there was nothing", () => {
    const figures = noiseFigures({ tickets: [], notFiled: [] }, range);
    expect(figures).to.include({ tickets: 0, ticketsPerWeek: 0, episodes: 0, shortShare: undefined });
    expect(figures.longestSilence).to.deep.equal(range);
    expect(figures.busiestDay).to.equal(undefined);
  });
});
