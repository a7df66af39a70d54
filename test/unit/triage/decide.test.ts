import { expect } from "chai";
import fc from "fast-check";
import { decisionReasons } from "../../../src/model/decision.ts";
import { type Finding, type FindingEpisode, freshMemory, type TriageMemory } from "../../../src/model/finding.ts";
import { bands, defaultPriorityScale } from "../../../src/model/priority.ts";
import { type Mode, modes } from "../../../src/model/rule.ts";
import { decide } from "../../../src/triage/decide.ts";
import type { DecideInput } from "../../../src/triage/decided.ts";
import { day, hour, minute, start, verdictOf } from "../../support/alerts.ts";
import { buildFinding, buildPriority, buildTicket } from "../../support/findings.ts";
import { buildRule } from "../../support/rules.ts";

const rule = buildRule();
const fresh = buildFinding(rule);
const filed: TriageMemory = { ...fresh.memory, createdAt: start, ticketBand: "Medium", summaryAt: start };
const ended: FindingEpisode = { ...fresh.episode, endedAt: start + hour, ending: "recovered" };

function memory(overrides: Partial<TriageMemory> = {}): { memory: TriageMemory } {
  return { memory: { ...filed, ...overrides } };
}

type Given = Partial<Omit<DecideInput, "finding">> & { finding?: Partial<Finding> };

function decided({ finding, ...rest }: Given) {
  return decide({
    at: start + hour,
    finding: { ...fresh, ...finding },
    change: "goes_on",
    priority: buildPriority(40, "Medium"),
    scale: defaultPriorityScale,
    policy: rule.ticket,
    ticket: undefined,
    createParked: false,
    silenced: false,
    mayCreate: () => true,
    ...rest,
  });
}

const quiet: Given["finding"] = { state: "quiet", episode: ended };
const closed = buildTicket(fresh, {
  seen: { at: start, status: "Done", statusCategory: "done", resolution: "Done", priority: "Low" },
});
const worst = (overrides: Partial<Finding["worst"]>): Finding["worst"] => ({ ...fresh.worst, ...overrides });

/** src/triage/README.md, row by row. */
const table: readonly [row: string, given: Given, expected: string][] = [
  ["open, no ticket, band reached", { change: "opened" }, "create: new_finding"],
  [
    "open, no ticket, after a cap",
    { finding: { decision: { action: "none", reason: "over_cap", at: start } } },
    "create: budget_freed",
  ],
  ["open, no ticket, score too low", { priority: buildPriority(3, "None") }, "none: below_score"],
  ["open, no ticket, caps used up", { mayCreate: () => false }, "none: over_cap"],
  [
    "open, band above the ticket's",
    { finding: memory(), priority: buildPriority(60, "High") },
    "update: priority_raised",
  ],
  [
    "open, half an hour five points under the border",
    { finding: memory({ belowSince: start + 30 * minute }), priority: buildPriority(30, "Low") },
    "update: priority_lowered",
  ],
  ["open, flaps for the first time", { finding: { ...memory(), flapping: true } }, "comment: flapping"],
  ["open, 4 h since the summary", { at: start + 4 * hour, finding: memory() }, "update: goes_on"],
  ["open, nothing of these", { finding: memory() }, "none: unchanged"],
  ["open, recovering", { finding: { ...memory(), worst: worst({ state: "recovering" }) } }, "none: recovering"],
  ["open, flapping told", { finding: { ...memory({ flappingTold: true }), flapping: true } }, "none: held"],
  ["open, no data", { finding: { ...memory(), worst: worst({ verdict: verdictOf("no_data") }) } }, "none: held"],
  ["open, failed", { finding: { ...memory(), worst: worst({ verdict: verdictOf("failed") }) } }, "none: failed"],
  ["went quiet", { change: "went_quiet", finding: { ...memory(), ...quiet } }, "comment: all_quiet"],
  [
    "went quiet, on_quiet: transition",
    { change: "went_quiet", finding: { ...memory(), ...quiet }, policy: { ...rule.ticket, onQuiet: "transition" } },
    "transition: all_quiet",
  ],
  [
    "went quiet, on_quiet: none",
    { change: "went_quiet", finding: { ...memory(), ...quiet }, policy: { ...rule.ticket, onQuiet: "none" } },
    "none: unchanged",
  ],
  [
    "went quiet, told in the last 24 h",
    { change: "went_quiet", finding: { ...memory({ quietToldAt: start }), ...quiet } },
    "update: goes_on",
  ],
  [
    "ended by lack of data",
    { change: "went_quiet", finding: { ...memory(), state: "quiet", episode: { ...ended, ending: "vanished" } } },
    "comment: vanished",
  ],
  [
    "ended by a changed rule",
    { change: "went_quiet", finding: { ...memory(), state: "quiet", episode: { ...ended, ending: "rule_changed" } } },
    "comment: rule_changed",
  ],
  ["went quiet, no ticket", { change: "went_quiet", finding: quiet }, "none: unchanged"],
  [
    "came back, quiet was told",
    { change: "came_back", finding: memory({ quietToldAt: start }) },
    "comment: back_while_open",
  ],
  ["came back, quiet was not told", { change: "came_back", finding: memory() }, "update: goes_on"],
  ["ticket closed by a person", { finding: memory(), ticket: closed }, "none: awaiting_operator"],
  ["create parked", { finding: memory(), createParked: true }, "none: awaiting_operator"],
  ["mode report", { finding: { mode: "report" } }, "none: report (create: new_finding)"],
  ["mode dry_run", { finding: { mode: "dry_run" } }, "none: dry_run (create: new_finding)"],
];

function told(given: Given): string {
  const { action, reason, would } = decided(given).decision;
  return `${action}: ${reason}${would === undefined ? "" : ` (${would.action}: ${would.reason})`}`;
}

describe("decide", () => {
  describe("the table of decisions", () => {
    for (const [row, given, expected] of table) {
      it(`${row} -> ${expected}`, () => expect(told(given)).to.equal(expected));
    }
  });

  it("tells nothing while it is silenced, whatever happens, and goes on watching and counting", () => {
    const higher = { silenced: true, priority: buildPriority(80, "Highest") };
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
    const counted = (given: Given) => decided({ silenced: true, change: "came_back", ...given }).memory.recurrences;
    expect([counted({ finding: memory() }), counted({})]).to.deep.equal([1, 0]);
    expect(decided({ silenced: true, finding: memory(), priority: buildPriority(30, "Low") }).memory).to.include({
      belowSince: start + hour,
      ticketBand: "Medium",
    });
  });

  it("files what is open when the silence has ended", () => {
    const silenced = decided({ change: "opened", silenced: true });
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

  it("says once that it flaps", () => {
    const first = decided({ finding: { ...memory(), flapping: true } });
    expect(first.memory.flappingTold).to.equal(true);
  });

  describe("whatever it is given", () => {
    const instant = fc.option(
      fc.nat(100).map((hours) => start - hours * hour),
      { nil: undefined },
    );
    const drawn = fc.record({
      state: fc.constantFrom("open" as const, "quiet" as const),
      change: fc.constantFrom("opened" as const, "came_back" as const, "goes_on" as const, "went_quiet" as const),
      mode: fc.constantFrom(...modes),
      score: fc.nat(100),
      band: fc.constantFrom(...bands),
      flapping: fc.boolean(),
      ending: fc.constantFrom("recovered" as const, "vanished" as const, "rule_changed" as const),
      onQuiet: fc.constantFrom("comment" as const, "transition" as const, "none" as const),
      closed: fc.boolean(),
      createParked: fc.boolean(),
      mayCreate: fc.boolean(),
      memory: fc.record({
        createdAt: instant,
        ticketBand: fc.constantFrom(...bands.slice(1)),
        belowSince: instant,
        loweredAt: instant,
        summaryAt: instant,
        quietToldAt: instant,
        backToldAt: instant,
        flappingTold: fc.boolean(),
        recurrences: fc.nat(9),
      }),
    });

    it("gives one decision from the closed list, and its memory never goes backwards", () => {
      fc.assert(
        fc.property(drawn, (given) => {
          const { createdAt } = given.memory;
          const remembered: TriageMemory = {
            ...freshMemory,
            ...given.memory,
            ticketBand: createdAt === undefined ? undefined : given.memory.ticketBand,
          };
          const result = decided({
            at: start,
            change: given.change,
            priority: buildPriority(given.score, given.band),
            policy: { ...rule.ticket, onQuiet: given.onQuiet },
            ticket: given.closed ? closed : undefined,
            createParked: given.createParked,
            mayCreate: () => given.mayCreate,
            finding: {
              state: given.state,
              mode: given.mode,
              flapping: given.flapping,
              episode: given.state === "open" ? fresh.episode : { ...ended, ending: given.ending },
              memory: remembered,
            },
          });
          expect(decisionReasons).to.include(result.decision.reason);
          for (const name of ["createdAt", "loweredAt", "summaryAt", "quietToldAt", "backToldAt"] as const) {
            expect(result.memory[name] ?? 0).to.be.at.least(remembered[name] ?? 0);
          }
          expect(result.memory.recurrences).to.be.at.least(remembered.recurrences);
          if (createdAt !== undefined) expect(result.decision.action).to.not.equal("create");
          if (given.mode !== "file") expect(result.decision.action).to.equal("none");
          if (result.decision.action === "none")
            expect([result.writePriority, result.refreshSummary]).to.deep.equal([undefined, false]);
        }),
        { numRuns: 1_000 },
      );
    });
  });
});
