import { expect } from "chai";
import { noiseFigures } from "../../../src/app/replay/noise-figures.ts";
import type { ReplayTicket } from "../../../src/app/replay/ticket-tally.ts";
import type { ReplayReport } from "../../../src/cli/ports.ts";
import { printReplay } from "../../../src/cli/print-replay.ts";
import { replayJson } from "../../../src/cli/replay-json.ts";
import { episode, replayTicket } from "../app/replay/replay-tickets.ts";

const day = 86_400_000;
const from = Date.parse("2026-01-05T00:00:00Z");
const to = from + 7 * day;
const noVerdicts = { breached: 0, between: 0, clear: 10, no_data: 0, failed: 0 };

function reportOf(tickets: readonly ReplayTicket[], more: Partial<ReplayReport> = {}): ReplayReport {
  return {
    from,
    to,
    ticks: 10_081,
    notReplayed: [],
    sources: [{ name: "logs", batched: 7, single: 2, fromBatches: 10_081, alone: 3 }],
    rules: [{ id: "checkout-errors", mode: "file", verdicts: noVerdicts }],
    figures: noiseFigures({ tickets, notFiled: [] }, { from, to }),
    tickets,
    notFiled: [],
    tried: undefined,
    ...more,
  };
}

describe("a replay as text", () => {
  it("shows each ticket on the time line, with its words, episodes and what was said on it", () => {
    const ticket = replayTicket({
      openedAt: from + day,
      episodes: [episode(from + day, 22), episode(from + 3 * day)],
      steps: [
        { at: from + day, action: "comment", reason: "all_quiet", band: "High", score: 57 },
        { at: from + day, action: "comment", reason: "all_quiet", band: "High", score: 57 },
      ],
    });
    const text = printReplay(reportOf([ticket]), false);
    expect(text).to.include("2026-01-05T00:00:00Z to 2026-01-12T00:00:00Z (7 d): 1 rule, 10,081 ticks");
    expect(text).to.match(/checkout-errors {2}·{8}1·{16}▒+ {2}1\n/);
    expect(text).to.include("#1 2026-01-06T00:00:00Z  High 57  checkout-errors  service=checkout");
    expect(text).to.include("    2026-01-06T00:00:00Z for 22 min, worst 12.0% against 5.0%");
    expect(text).to.include("    from 2026-01-08T00:00:00Z, still at the end");
    expect(text).to.include("    then 2 x comment (all_quiet)");
    expect(text).to.include("tickets          1 (1.0 a week), and 1 return on them (1.0 a week)");
    expect(text).to.include("longest silence  6 d, from 2026-01-06T00:00:00Z to 2026-01-12T00:00:00Z");
    expect(text).to.include(
      "logs: 10,081 questions of ticks answered from 7 requests, and 3 by themselves in 2 requests",
    );
    expect(text).to.include("Nobody acts on a\nticket in a replay");
  });

  it("says what makes a replay say less than it seems: missing data, failures, a mode that files nothing", () => {
    const rules = [
      { id: "blind", mode: "report" as const, verdicts: { ...noVerdicts, clear: 5, no_data: 4, failed: 1 } },
      { id: "never", mode: "file" as const, verdicts: { ...noVerdicts, clear: 0 } },
    ];
    const text = printReplay(reportOf([], { rules }), false);
    expect(text).to.include("no ticket\n");
    expect(text).to.include(
      "blind: 10.0% of its verdicts failed or were stale; 40.0% had no data; is `mode: report`: live it files nothing",
    );
    expect(text).to.include("never: was due at no tick");
  });

  it("keeps hostile summaries and labels harmless", () => {
    const ticket = replayTicket({ summary: "\u001b[31mred\nline", labels: { service: "a\u202eb" } });
    const text = printReplay(reportOf([ticket]), false);
    expect(text).to.include("    red line\n");
    expect(text).to.include("service=ab");
  });

  it("shows what other rules would change", () => {
    const gained = replayTicket({ number: 2, finding: "f2", rule: "new-rule", summary: "gained one" });
    const before = replayTicket();
    const after = replayTicket({ band: "Low" });
    const difference = {
      gained: [gained],
      lost: [],
      otherBand: [{ before, after, from: before.band, to: after.band }],
      otherTime: [],
      same: 0,
    };
    const { rules, figures, notFiled } = reportOf([after, gained]);
    const tried = { rules, figures, notFiled, tickets: [after, gained], difference };
    const text = printReplay(reportOf([before], { tried }), false);
    expect(text).to.include("with the rules to try\n");
    expect(text).to.include("difference: 1 gained, 0 lost, 1 of another band, 0 at another time, 0 the same");
    expect(text).to.match(/\+ 2026-01-05T10:00:00Z High new-rule service=checkout: gained one/);
    expect(text).to.include("~ High becomes Low: 2026-01-05T10:00:00Z Low checkout-errors");
    const json = replayJson(reportOf([before], { tried }));
    expect(json)
      .to.have.nested.property("tried.difference")
      .that.deep.equals({
        gained: [2],
        lost: [],
        otherBand: [{ before: 1, after: 1, from: "High", to: "Low" }],
        otherTime: [],
        same: 0,
      });
    expect(JSON.parse(JSON.stringify(json))).to.deep.equal(json);
  });
});
