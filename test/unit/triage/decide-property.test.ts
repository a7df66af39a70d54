import { expect } from "chai";
import fc from "fast-check";
import { decisionReasons } from "../../../src/model/decision.ts";
import { findingStates, freshMemory, type TriageMemory } from "../../../src/model/finding.ts";
import { bands } from "../../../src/model/priority.ts";
import { modes, ownerships, ticketFields } from "../../../src/model/rule.ts";
import { hour, start } from "../../support/alerts.ts";
import { buildPriority, buildTicket } from "../../support/findings.ts";
import { closedTicket, decided, ended, fresh } from "./decide-vectors.ts";

const instant = fc.option(
  fc.nat(100).map((hours) => start - hours * hour),
  { nil: undefined },
);
const hoursAgo = fc.nat(3_000).map((hours) => start - hours * hour);

const drawn = fc.record({
  ongoing: fc.boolean(),
  change: fc.constantFrom(
    "opened" as const,
    "came_back" as const,
    "goes_on" as const,
    "went_quiet" as const,
    "attended" as const,
  ),
  mode: fc.constantFrom(...modes),
  score: fc.nat(100),
  band: fc.constantFrom(...bands),
  flapping: fc.boolean(),
  startedAt: hoursAgo,
  ending: fc.constantFrom("recovered" as const, "vanished" as const, "rule_changed" as const),
  policy: fc.record({
    onQuiet: fc.constantFrom("comment" as const, "transition" as const, "none" as const),
    onReturn: fc.constantFrom("reopen" as const, "new_linked" as const, "comment" as const),
    onWontDo: fc.constantFrom("suppress" as const, "new_linked" as const),
    doneGraceMs: fc.constantFrom(0, 24 * hour),
  }),
  ownership: fc.constantFrom(...ownerships),
  ticket: fc.constantFrom("open" as const, "closed" as const, "gone" as const, "snoozed" as const),
  closed: fc.record({
    at: hoursAgo,
    as: fc.constantFrom("done" as const, "wont_do" as const, "duplicate" as const),
    by: fc.constantFrom("us" as const, "people" as const),
    band: fc.constantFrom(...bands),
  }),
  answered: fc.boolean(),
  persons: fc.boolean(),
  createParked: fc.boolean(),
  explained: fc.boolean(),
  explainedUntil: instant,
  mayCreate: fc.boolean(),
  memory: fc.record({
    createdAt: instant,
    ticketBand: fc.constantFrom(...bands.slice(1)),
    belowSince: instant,
    loweredAt: instant,
    summaryAt: instant,
    quietToldAt: instant,
    backToldAt: instant,
    regressedAt: instant,
    verifiedAt: instant,
    flappingTold: fc.boolean(),
    recurrences: fc.nat(9),
  }),
});
type Drawn = typeof drawn extends fc.Arbitrary<infer Value> ? Value : never;

const explainer = { findingId: "0123456789abcdef", title: "a cause", ticketKey: undefined, since: start };

function ticketOf({ ticket, closed, persons }: Drawn) {
  const peoples = persons ? (["priority"] as const) : [];
  if (ticket === "closed") return closedTicket(closed, { peoples });
  const gone = ticket === "gone" ? { at: start - hour } : undefined;
  return buildTicket(fresh, { peoples, gone, snoozedUntil: ticket === "snoozed" ? start + hour : undefined });
}

function run(given: Drawn) {
  const { createdAt } = given.memory;
  const closedAt = given.closed.at;
  const remembered: TriageMemory = {
    ...freshMemory,
    ...given.memory,
    ticketBand: createdAt === undefined ? undefined : given.memory.ticketBand,
    inhibition:
      given.explainedUntil === undefined
        ? undefined
        : { by: explainer, since: given.explainedUntil, endedAt: given.explainedUntil, releasedAt: undefined },
    closing: given.answered
      ? { closedAt, suppressionToldAt: closedAt, answeredAt: closedAt, answeredEpisode: given.startedAt }
      : undefined,
  };
  const ownership = Object.fromEntries(ticketFields.map((field) => [field, given.ownership])) as Record<
    (typeof ticketFields)[number],
    Drawn["ownership"]
  >;
  const result = decided({
    at: start,
    change: given.change,
    priority: buildPriority(given.score, given.band),
    policy: { ...given.policy, ownership },
    ticket: createdAt === undefined ? undefined : ticketOf(given),
    createParked: given.createParked,
    explainer: given.explained ? explainer : undefined,
    mayCreate: () => given.mayCreate,
    finding: {
      mode: given.mode,
      flapping: given.flapping,
      episode: given.ongoing
        ? { ...fresh.episode, startedAt: given.startedAt }
        : { ...ended, startedAt: given.startedAt, ending: given.ending },
      memory: remembered,
    },
  });
  return { remembered, result, first: createdAt === undefined };
}

/** Whatever it is given: what people trust in. */
const promises: readonly (readonly [string, (given: Drawn, ran: ReturnType<typeof run>) => void])[] = [
  [
    "gives one decision and one state from the closed lists",
    (_given, { result }) => {
      expect(decisionReasons).to.include(result.decision.reason);
      expect(findingStates).to.include(result.state);
    },
  ],
  [
    "means a second ticket only as a further generation, and never two at once",
    (_given, { result, first }) => {
      const created = result.decision.action === "create";
      expect(result.generation).to.equal(created && !first ? fresh.generation + 1 : fresh.generation);
      if (created) expect(result.memory.follows === undefined).to.equal(first);
    },
  ],
  [
    "never goes backwards in what it remembers of one ticket",
    (_given, { remembered, result }) => {
      if (result.generation > fresh.generation) return;
      for (const name of ["createdAt", "loweredAt", "summaryAt", "quietToldAt", "backToldAt"] as const) {
        expect(result.memory[name] ?? 0).to.be.at.least(remembered[name] ?? 0);
      }
      expect(result.memory.recurrences).to.be.at.least(remembered.recurrences);
    },
  ],
  [
    "sends nothing beside a decision that says nothing, and decides nothing in a mode that sends nothing",
    (given, { result }) => {
      if (given.mode !== "file") expect(result.decision.action).to.equal("none");
      if (result.decision.action === "none") {
        expect([result.writePriority, result.refreshSummary]).to.deep.equal([undefined, false]);
      }
    },
  ],
  [
    "leaves alone what is gone, snoozed or could not be filed",
    (given, { result, first }) => {
      const resting = given.ticket === "gone" || given.ticket === "snoozed" || given.createParked;
      if (!first && resting) expect(result.decision.action).to.equal("none");
    },
  ],
  [
    "writes no priority of a person's unless the rule says always",
    (given, { result }) => {
      if (given.persons && given.ownership !== "always") expect(result.writePriority).to.equal(undefined);
    },
  ],
  [
    "contradicts no won't do while it is kept to",
    (given, { result }) => {
      if (result.state !== "suppressed") return;
      expect(given.closed.as).to.not.equal("done");
      expect(
        result.decision.action === "none" || ["suppressed", "takes_over", "goes_on"].includes(result.decision.reason),
      ).to.equal(true);
    },
  ],
  [
    "says nothing of being bad while something explains it, and says that it is over",
    (given, { result }) => {
      if (!given.explained) return;
      if (given.ongoing) expect(result.decision.action).to.equal("none");
      else expect(result.decision.reason).to.not.equal("inhibited");
    },
  ],
  [
    "answers a closing once for each episode",
    (given, { result, remembered }) => {
      if (given.ticket !== "closed" || remembered.closing === undefined || remembered.createdAt === undefined) return;
      expect(["regressed", "still_happening", "wont_do_over", "back_late"]).to.not.include(result.decision.reason);
    },
  ],
];

describe("decide, whatever it is given", () => {
  for (const [promise, check] of promises) {
    it(promise, () => {
      fc.assert(
        fc.property(drawn, (given) => check(given, run(given))),
        { numRuns: 1_000 },
      );
    });
  }
});
