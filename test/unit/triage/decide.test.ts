import { expect } from "chai";
import type { TriageMemory } from "../../../src/model/finding.ts";
import { defaultTicketPolicy, type Mode, modes } from "../../../src/model/rule.ts";
import { day, hour, minute, start } from "../../support/alerts.ts";
import { buildPriority, buildTicket } from "../../support/findings.ts";
import { closedTicket, decided, filed, fresh, type Given, memory, muted, quiet, told } from "./decide-vectors.ts";

const closed = closedTicket();

describe("decide", () => {
  it("tells nothing while it is silenced, whatever happens, and goes on watching and counting", () => {
    const higher = { muting: muted, priority: buildPriority(80, "Highest") };
    const cases: readonly Given[] = [
      { change: "opened" },
      { priority: buildPriority(3, "None") },
      { mayCreate: () => false },
      { finding: memory() },
      { finding: { ...memory({ quietToldAt: start }), flapping: true }, change: "came_back" },
      { finding: { ...memory(), ...quiet }, change: "went_quiet" },
      { finding: memory(), ticket: closed },
      { finding: memory(), createParked: true },
      ...modes.map((mode) => ({ finding: { mode } })),
    ];
    for (const given of cases) {
      const { decision, ...rest } = decided({ ...higher, ...given });
      expect(decision).to.deep.equal({ action: "none", reason: "silenced" });
      expect(rest).to.include({ writePriority: undefined, refreshSummary: false });
    }
    const counted = (given: Given) => decided({ muting: muted, change: "came_back", ...given }).memory.recurrences;
    expect([counted({ finding: memory() }), counted({})]).to.deep.equal([1, 0]);
    expect(decided({ muting: muted, finding: memory(), priority: buildPriority(30, "Low") }).memory).to.include({
      belowSince: start + hour,
      ticketBand: "Medium",
    });
  });

  it("files what is open when the silence has ended", () => {
    const silenced = decided({ change: "opened", muting: muted });
    expect(silenced.memory).to.deep.equal(fresh.memory);
    const after = { memory: silenced.memory, decision: { ...silenced.decision, at: start } };
    expect(told({ finding: after })).to.equal("create: new_finding");
  });

  it("remembers what it filed, so that the next tick files nothing", () => {
    const first = decided({ change: "opened" });
    expect(first.memory).to.include({ createdAt: start + hour, ticketBand: "Medium", summaryAt: start + hour });
    expect(told({ finding: { memory: first.memory } })).to.equal("none: unchanged");
  });

  for (const mode of ["report", "dry_run"] as const satisfies readonly Mode[]) {
    it(`remembers nothing in mode ${mode}, so that switching to file files what is open then`, () => {
      const first = decided({ change: "opened", finding: { mode } });
      expect(first.memory).to.deep.equal(fresh.memory);
      expect([first.writePriority, first.refreshSummary]).to.deep.equal([undefined, false]);
      expect(told({ finding: { memory: first.memory } })).to.equal("create: new_finding");
    });
  }

  it("asks the caps for the band it would file", () => {
    const asked: string[] = [];
    decided({
      mayCreate: (band) => {
        asked.push(band);
        return false;
      },
    });
    expect(asked).to.deep.equal(["Medium"]);
  });

  describe("priority", () => {
    const low = buildPriority(30, "Low");

    it("is raised at once and writes the new band and the summary", () => {
      const raised = decided({ at: start + minute, finding: memory(), priority: buildPriority(80, "Highest") });
      expect(raised).to.include({ writePriority: "Highest", refreshSummary: true });
      expect(raised.memory).to.include({ ticketBand: "Highest", belowSince: undefined });
    });

    it("is lowered only after 30 minutes, each of them five points under the border", () => {
      const watched = decided({ finding: memory(), priority: low });
      expect(watched.memory.belowSince).to.equal(start + hour);
      const later = (minutes: number, score: number) =>
        decided({
          at: start + hour + minutes * minute,
          finding: { memory: watched.memory },
          priority: buildPriority(score, "Low"),
        });
      expect(later(29, 30).decision.reason).to.equal("unchanged");
      expect(later(30, 30).decision.reason).to.equal("priority_lowered");
      expect(later(20, 31).memory.belowSince).to.equal(undefined);
    });

    it("is lowered at most once in 24 h", () => {
      const finding = memory({ belowSince: start, loweredAt: start + hour, summaryAt: start + 24 * hour });
      expect(decided({ at: start + 25 * hour - 1, finding, priority: low }).decision.reason).to.equal("unchanged");
      const lowered = decided({ at: start + 25 * hour, finding, priority: low });
      expect(lowered).to.include({ writePriority: "Low" });
      expect(lowered.memory).to.include({ ticketBand: "Low", loweredAt: start + 25 * hour, belowSince: undefined });
    });

    it("is never lowered below the lowest band", () => {
      const finding = memory({ ticketBand: "Medium", belowSince: start });
      expect(decided({ finding, priority: buildPriority(3, "None") }).writePriority).to.equal("Low");
      const already = memory({ ticketBand: "Low", belowSince: start });
      expect(decided({ finding: already, priority: buildPriority(3, "None") }).decision.reason).to.equal("unchanged");
    });

    it("of a new episode is watched anew: the quiet before it is not time below", () => {
      const before = memory({ belowSince: start - 3 * day, quietToldAt: start });
      const back = decided({ change: "came_back", finding: before, priority: low });
      expect(back.memory.belowSince).to.equal(start + hour);
      const next = decided({ at: start + hour + minute, finding: { memory: back.memory }, priority: low });
      expect(next.decision.reason).to.equal("unchanged");
    });

    it("rises with the word that it is back", () => {
      const back = decided({
        change: "came_back",
        finding: memory({ quietToldAt: start }),
        priority: buildPriority(60, "High"),
      });
      expect(back.decision).to.deep.equal({ action: "comment", reason: "back_while_open" });
      expect([back.writePriority, back.memory.ticketBand]).to.deep.equal(["High", "High"]);
    });
  });

  describe("quiet and back", () => {
    it("are told as at most one pair in 24 h; the rest stands in the summary block and in the count", () => {
      let remembered: TriageMemory = filed;
      const said: string[] = [];
      for (let hours = 1; hours <= 30; hours += 1) {
        const goesQuiet = hours % 2 === 1;
        const step = decided({
          at: start + hours * hour,
          change: goesQuiet ? "went_quiet" : "came_back",
          finding: { memory: remembered, ...(goesQuiet ? quiet : {}) },
        });
        remembered = step.memory;
        if (step.decision.action === "comment") said.push(`${hours} ${step.decision.reason}`);
      }
      expect(said).to.deep.equal(["1 all_quiet", "2 back_while_open", "25 all_quiet", "26 back_while_open"]);
      expect(remembered.recurrences).to.equal(15);
    });

    it("refresh the summary block where one stands, so that it does not go on saying that it happens", () => {
      const going = { change: "went_quiet", finding: { ...memory(), ...quiet } } as const;
      expect(decided(going).refreshSummary).to.equal(false);
      const standing = decided({ ...going, finding: { ...memory({ summaryAt: start + minute }), ...quiet } });
      expect(standing.refreshSummary).to.equal(true);
      expect(standing.memory.summaryAt).to.equal(start + hour);
    });
  });

  it("does not say again after a snooze that it is quiet", () => {
    const snoozed = { action: "none", reason: "snoozed", at: start } as const;
    const finding = { ...memory({ quietToldAt: start + hour }), ...quiet, decision: snoozed };
    expect(told({ at: start + 3 * day, change: "attended", finding })).to.equal("none: unchanged");
  });

  it("says once that it flaps", () => {
    const first = decided({ finding: { ...memory(), flapping: true } });
    expect(first.memory.flappingTold).to.equal(true);
  });

  describe("a priority that a person set", () => {
    const persons = buildTicket(fresh, { peoples: ["priority"] });
    const higher = buildPriority(60, "High");

    it("is not written: the change is a comment, once for each band", () => {
      const first = decided({ finding: memory(), ticket: persons, priority: higher });
      expect(first).to.include({ writePriority: undefined, refreshSummary: true });
      expect(first.memory).to.deep.include({ ticketBand: "High", bandsTold: ["High"] });
      const lowered = decided({
        at: start + 3 * day,
        finding: { memory: { ...first.memory, belowSince: start + 2 * day } },
        ticket: persons,
        priority: buildPriority(40, "Medium"),
      });
      expect(lowered.decision).to.deep.equal({ action: "comment", reason: "priority_lowered" });
      const again = decided({
        at: start + 4 * day,
        finding: { memory: lowered.memory },
        ticket: persons,
        priority: higher,
      });
      expect(again.decision).to.deep.equal({ action: "update", reason: "goes_on" });
      expect(again.memory.bandsTold).to.deep.equal(["High", "Medium"]);
    });

    it("is written where the rule says always, and never where it says create_only", () => {
      const as = (priority: "always" | "create_only") =>
        decided({
          finding: memory(),
          ticket: persons,
          priority: higher,
          policy: { ownership: { ...defaultTicketPolicy.ownership, priority } },
        });
      expect(as("always")).to.deep.include({ writePriority: "High" });
      expect(as("create_only")).to.deep.include({ writePriority: undefined, refreshSummary: true });
    });
  });
});
