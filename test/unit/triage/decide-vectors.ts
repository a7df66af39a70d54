import type { Finding, FindingEpisode, TriageMemory } from "../../../src/model/finding.ts";
import { defaultPriorityScale } from "../../../src/model/priority.ts";
import type { TicketPolicy } from "../../../src/model/rule.ts";
import type { StormMembership } from "../../../src/model/storm.ts";
import type { TicketRecord } from "../../../src/model/ticket.ts";
import type { TicketClosed } from "../../../src/model/ticket-life.ts";
import { decide } from "../../../src/triage/decide.ts";
import type { Decided, DecideInput } from "../../../src/triage/decided.ts";
import type { Muting } from "../../../src/triage/muting.ts";
import { day, hour, minute, start, verdictOf } from "../../support/alerts.ts";
import { buildFinding, buildPriority, buildTicket } from "../../support/findings.ts";
import { buildRule } from "../../support/rules.ts";

const rule = buildRule();
export const fresh = buildFinding(rule);
/** The ticket was filed at the start, an hour before the tick that decides. */
export const filed: TriageMemory = { ...fresh.memory, createdAt: start, ticketBand: "Medium", summaryAt: start };
export const ended: FindingEpisode = { ...fresh.episode, endedAt: start + hour, ending: "recovered" };

export function memory(overrides: Partial<TriageMemory> = {}): { memory: TriageMemory } {
  return { memory: { ...filed, ...overrides } };
}

export const unmuted: Muting = { silenced: false, by: [], bands: {}, over: undefined };
export const muted: Muting = { ...unmuted, silenced: true, by: ["anna silenced it"] };

export type Given = Partial<Omit<DecideInput, "finding" | "policy">> & {
  finding?: Partial<Finding>;
  policy?: Partial<TicketPolicy>;
};

export function inputOf({ finding, policy, ...rest }: Given): DecideInput {
  return {
    at: start + hour,
    finding: { ...fresh, ...finding },
    change: "goes_on",
    priority: buildPriority(40, "Medium"),
    scale: defaultPriorityScale,
    policy: { ...rule.ticket, ...policy },
    ticket: undefined,
    createParked: false,
    muting: unmuted,
    explainer: undefined,
    graceMs: 15 * minute,
    mayCreate: () => true,
    ...rest,
  };
}

export function decided(given: Given): Decided {
  return decide(inputOf(given));
}

export function told(given: Given): string {
  const { action, reason, would } = decided(given).decision;
  return `${action}: ${reason}${would === undefined ? "" : ` (${would.action}: ${would.reason})`}`;
}

export const quiet: Given["finding"] = { state: "quiet", episode: ended };

export function closedTicket(closed: Partial<TicketClosed> = {}, overrides: Partial<TicketRecord> = {}): TicketRecord {
  const status = closed.as === "wont_do" ? "Won't Do" : "Done";
  return buildTicket(fresh, {
    seen: { at: start, status, statusCategory: "done", resolution: status, priority: "Medium" },
    closed: { at: start, as: "done", by: "people", band: "Medium", status, resolution: status, ...closed },
    ...overrides,
  });
}

/** Quiet since an hour after the start; a Done ticket was closed after that, and it is bad again since `at`. */
export function back(at: number, overrides: Partial<Finding> = {}): Partial<Finding> {
  const { endedAt: _, ...episode } = fresh.episode;
  return {
    ...memory(),
    episode: { ...episode, startedAt: at, lastBreachAt: at, endedAt: undefined },
    pastEpisodes: [ended],
    ...overrides,
  };
}

/** When the tickets of these vectors were closed: while it was bad, and when it was quiet. */
export const whileBad = start + minute;
export const whileQuiet = start + 2 * hour;

const worst = (overrides: Partial<Finding["worst"]>): Finding["worst"] => ({ ...fresh.worst, ...overrides });
const high = buildPriority(60, "High");
const low = buildPriority(30, "Low");
const persons = buildTicket(fresh, { peoples: ["priority"] });
const done = closedTicket({ at: whileBad });
const doneQuiet = closedTicket({ at: whileQuiet });
const wontDo = closedTicket({ as: "wont_do", at: whileBad });
const still: Given = { at: whileBad + day, finding: memory(), ticket: done };
const returned: Given = {
  at: whileQuiet + 3 * day,
  change: "came_back",
  finding: back(whileQuiet + 3 * day),
  ticket: doneQuiet,
};
const worse: Given = { finding: memory(), ticket: wontDo, priority: high };
const worseNow: Muting = { ...unmuted, over: { author: "anna", reason: "known", band: "Medium" } };
const explainer = { findingId: "0123456789abcdef", title: "the database is down", ticketKey: "SHOP-9", since: start };
const inhibition = { by: explainer, since: start, endedAt: undefined, releasedAt: undefined };
const over = (after: number) => ({ ...inhibition, endedAt: start + after });
const answered = { closedAt: whileBad, suppressionToldAt: undefined, answeredAt: start, answeredEpisode: start };

const waited = { decision: { action: "none", reason: "over_cap", at: start } } as const;
const child: StormMembership = {
  id: "2026-01-05T10:00:00Z",
  parentId: "f".repeat(16),
  joinedAt: start,
  until: start + hour,
  band: "Medium",
  child: true,
};
const seated = (isChild: boolean): Given["storm"] => ({
  seat: { ...child, child: isChild },
  parent: undefined,
  listChanged: false,
});
const parentFiled: Given["storm"] = {
  seat: undefined,
  parent: { id: "10099", key: "SHOP-99", url: "https://jira.example.com/browse/SHOP-99" },
  listChanged: false,
};

/** src/triage/README.md, row by row: which inputs belong to it, and what is decided for each. */
export const vectors: Readonly<Record<string, readonly (readonly [given: Given, expected: string])[]>> = {
  "open, no ticket | any tick, band reached, caps free; after over_cap; after a refile": [
    [{ change: "opened" }, "create: new_finding"],
    [{ finding: { decision: { action: "none", reason: "over_cap", at: start } } }, "create: budget_freed"],
    [
      { finding: { memory: { ...fresh.memory, follows: { ref: persons.ref, because: "refiled" } } } },
      "create: refiled",
    ],
  ],
  "open, no ticket | score under the lowest band; caps used up": [
    [{ priority: buildPriority(3, "None") }, "none: below_score"],
    [{ mayCreate: () => false }, "none: over_cap"],
  ],
  "open, no ticket | in a storm: among its five worst; not; caps used up": [
    [{ change: "opened", storm: seated(true) }, "create: storm"],
    [{ finding: { ...memory({ createdAt: undefined }), ...waited }, storm: seated(false) }, "none: storm"],
    [{ change: "opened", storm: seated(false) }, "none: storm"],
    [{ change: "opened", storm: seated(false), mayCreate: () => false }, "none: storm"],
    [{ change: "opened", storm: seated(true), mayCreate: () => false }, "none: over_cap"],
  ],
  "open, no ticket | all its alerts ended (while it waited for a cap, or in a storm: that is said)": [
    [{ change: "went_quiet", finding: quiet }, "none: unchanged"],
    [{ change: "went_quiet", finding: { ...quiet, ...waited } }, "none: unchanged"],
    [{ change: "went_quiet", finding: quiet, storm: seated(false) }, "none: unchanged"],
  ],
  "open, ticket open | band above the ticket's; for 30 min five points under its border, last lowered 24 h ago": [
    [{ finding: memory(), priority: high }, "update: priority_raised"],
    [{ finding: memory({ belowSince: start + 30 * minute }), priority: low }, "update: priority_lowered"],
  ],
  "open, ticket open, priority a person's | the same: first time for a band; again": [
    [{ finding: memory(), priority: high, ticket: persons }, "comment: priority_raised"],
    [
      { finding: memory({ belowSince: start + 30 * minute }), priority: low, ticket: persons },
      "comment: priority_lowered",
    ],
    [{ finding: memory({ bandsTold: ["High"] }), priority: high, ticket: persons }, "update: goes_on"],
  ],
  "open, ticket open | first time it flaps": [[{ finding: { ...memory(), flapping: true } }, "comment: flapping"]],
  "open, ticket open | a rule fires that its ticket was not told of, with room for its proof": [
    [{ finding: { ...memory({ toldRules: [] }) } }, "comment: rule_joined"],
  ],
  "open, ticket open | 4 h since the summary block was written": [
    [{ at: start + 4 * hour, finding: memory() }, "update: goes_on"],
  ],
  "open, ticket open | a suspect deploy became known that it does not name": [
    [{ finding: memory(), newSuspects: true }, "update: goes_on"],
  ],
  "open, ticket open | as the parent of a storm: its list changed, and was not written for 15 min": [
    [{ finding: memory(), storm: { seat: undefined, parent: undefined, listChanged: true } }, "update: goes_on"],
  ],
  "open, ticket open | nothing of these (held: flapping or no data)": [
    [{ finding: memory() }, "none: unchanged"],
    [{ finding: { ...memory(), worst: worst({ state: "recovering" }) } }, "none: recovering"],
    [{ finding: { ...memory({ flappingTold: true }), flapping: true } }, "none: held"],
    [{ finding: { ...memory(), worst: worst({ verdict: verdictOf("no_data") }) } }, "none: held"],
    [{ finding: { ...memory(), worst: worst({ verdict: verdictOf("failed") }) } }, "none: failed"],
    [{ finding: memory({ regressedAt: start }) }, "none: unchanged"],
  ],
  "open, ticket open | all its alerts ended, by `on_quiet`; told less than 24 h ago": [
    [{ change: "went_quiet", finding: { ...memory(), ...quiet } }, "comment: all_quiet"],
    [
      { change: "went_quiet", finding: { ...memory(), ...quiet }, policy: { onQuiet: "transition" } },
      "transition: all_quiet",
    ],
    [{ change: "went_quiet", finding: { ...memory(), ...quiet }, policy: { onQuiet: "none" } }, "none: unchanged"],
    [{ change: "went_quiet", finding: { ...memory({ quietToldAt: start }), ...quiet } }, "update: goes_on"],
  ],
  "open, ticket open | ended by lack of data; by a changed rule": [
    [
      { change: "went_quiet", finding: { ...memory(), episode: { ...ended, ending: "vanished" } } },
      "comment: vanished",
    ],
    [
      { change: "went_quiet", finding: { ...memory(), episode: { ...ended, ending: "rule_changed" } } },
      "comment: rule_changed",
    ],
  ],
  "quiet, ticket open | went quiet while snoozed or silenced, and that is over: as if it went quiet now": [
    [
      {
        change: "attended",
        finding: { ...memory(), ...quiet, decision: { action: "none", reason: "snoozed", at: start } },
        ticket: buildTicket(fresh, { snoozedUntil: start + hour }),
      },
      "comment: all_quiet",
    ],
    [
      {
        change: "attended",
        finding: { ...memory(), ...quiet, decision: { action: "none", reason: "silenced", at: start } },
      },
      "comment: all_quiet",
    ],
  ],
  "quiet, ticket open | its rule closes it, and its quiet was not told since another was less than 24 h before: that is over; not yet":
    [
      [
        {
          change: "attended",
          finding: { ...memory({ quietToldAt: start - day, closeOwed: true }), ...quiet },
          policy: { onQuiet: "transition" },
        },
        "transition: all_quiet",
      ],
      [
        {
          change: "attended",
          finding: { ...memory({ quietToldAt: start, closeOwed: true }), ...quiet },
          policy: { onQuiet: "transition" },
        },
        "none: unchanged",
      ],
    ],
  "quiet, ticket open | an alert fires: its quiet was told; was not": [
    [{ change: "came_back", finding: memory({ quietToldAt: start }) }, "comment: back_while_open"],
    [{ change: "came_back", finding: memory() }, "update: goes_on"],
  ],
  "open, closed Done while bad | within `done_grace`": [
    [{ finding: memory(), ticket: done }, "none: done_grace"],
    [{ change: "attended", finding: memory(), ticket: done }, "none: done_grace"],
    [{ ...still, at: whileBad + day - 1 }, "none: done_grace"],
  ],
  "open, closed Done while bad | seen bad after `done_grace`, by `on_return`": [
    [still, "reopen: still_happening"],
    [{ ...still, policy: { onReturn: "comment" } }, "comment: still_happening"],
    [{ ...still, policy: { onReturn: "new_linked" } }, "create: still_happening"],
    [{ ...still, at: whileBad, policy: { doneGraceMs: 0 } }, "reopen: still_happening"],
  ],
  "open, closed Done while bad | all its alerts ended; where a summary block stands": [
    [{ change: "went_quiet", finding: { ...memory(), ...quiet }, ticket: done }, "none: fixed"],
    [
      { change: "went_quiet", finding: { ...memory({ summaryAt: start + 1 }), ...quiet }, ticket: done },
      "update: goes_on",
    ],
  ],
  "fixed | evaluated clear for less than `verify_for`; for that long": [
    [{ change: "attended", finding: { ...memory(), ...quiet }, ticket: doneQuiet }, "none: fixed"],
    [
      {
        change: "attended",
        finding: { ...memory({ clear: { ms: 7 * day - 1, at: start } }), ...quiet },
        ticket: doneQuiet,
      },
      "none: fixed",
    ],
    [
      {
        change: "attended",
        finding: { ...memory({ clear: { ms: 7 * day, at: start } }), ...quiet },
        ticket: doneQuiet,
      },
      "comment: verified",
    ],
  ],
  "verified | any while it is quiet": [
    [
      { change: "attended", finding: { ...memory({ verifiedAt: start }), ...quiet }, ticket: doneQuiet },
      "none: unchanged",
    ],
  ],
  "fixed, verified | back within `return_within`, by `on_return`": [
    [returned, "reopen: regressed"],
    [{ ...returned, policy: { onReturn: "comment" } }, "comment: regressed"],
    [{ ...returned, policy: { onReturn: "new_linked" } }, "create: regressed"],
    [{ ...returned, finding: back(whileQuiet + 3 * day, memory({ verifiedAt: start })) }, "reopen: regressed"],
  ],
  "fixed, verified | back later": [
    [{ ...returned, at: whileQuiet + 31 * day, finding: back(whileQuiet + 30 * day + 1) }, "create: back_late"],
  ],
  "open, closed as won't do | bad the first time since; any other": [
    [{ finding: memory(), ticket: wontDo }, "comment: suppressed"],
    [
      {
        finding: memory({ closing: { ...answered, suppressionToldAt: start, answeredAt: undefined } }),
        ticket: wontDo,
      },
      "none: suppressed",
    ],
    [{ change: "attended", finding: { ...memory(), ...quiet }, ticket: wontDo }, "none: suppressed"],
    [
      { change: "went_quiet", finding: { ...memory({ summaryAt: start + 1 }), ...quiet }, ticket: wontDo },
      "none: suppressed",
    ],
  ],
  "suppressed | bad, and its band above that at closing or `suppress_for` over, by `on_return`": [
    [worse, "reopen: wont_do_over"],
    [{ ...worse, policy: { onReturn: "comment" } }, "comment: wont_do_over"],
    [{ ...worse, policy: { onReturn: "new_linked" } }, "create: wont_do_over"],
    [{ at: whileBad + 90 * day, finding: memory(), ticket: wontDo }, "reopen: wont_do_over"],
    [{ ...worse, ticket: closedTicket({ as: "duplicate", at: whileBad }) }, "reopen: wont_do_over"],
  ],
  "open, closed as won't do, `new_linked` | bad after `done_grace`, or back": [
    [{ ...still, ticket: wontDo, policy: { onWontDo: "new_linked" } }, "create: wont_do_over"],
    [
      {
        ...returned,
        ticket: closedTicket({ as: "wont_do", at: whileQuiet }),
        policy: { onWontDo: "new_linked" },
      },
      "create: wont_do_over",
    ],
  ],
  "open, closed, a new ticket is meant | in a storm, and not among its five worst": [
    [{ ...still, policy: { onReturn: "new_linked" }, storm: seated(false) }, "none: storm"],
    [
      {
        ...returned,
        at: whileQuiet + 31 * day,
        finding: back(whileQuiet + 30 * day + 1),
        storm: seated(false),
      },
      "none: storm",
    ],
  ],
  "open, closed | answered for this episode, or less than 24 h ago": [
    [{ ...still, finding: memory({ closing: answered }) }, "none: unchanged"],
    [
      { ...still, finding: { ...memory({ closing: answered }), worst: worst({ state: "recovering" }) } },
      "none: recovering",
    ],
    [
      { ...still, finding: { ...memory({ closing: answered }), worst: worst({ verdict: verdictOf("no_data") }) } },
      "none: held",
    ],
    [
      { ...still, finding: { ...memory({ closing: answered }), worst: worst({ verdict: verdictOf("failed") }) } },
      "none: failed",
    ],
    [
      {
        ...returned,
        finding: back(
          whileQuiet + 3 * day,
          memory({ closing: { ...answered, closedAt: whileQuiet, answeredAt: whileQuiet + 2 * day + 1 } }),
        ),
      },
      "none: unchanged",
    ],
  ],
  "any, another issue became the ticket | first time nothing else is said": [
    [
      { change: "attended", finding: memory(), ticket: buildTicket(fresh, { formerRefs: [persons.ref] }) },
      "comment: takes_over",
    ],
    [
      {
        change: "attended",
        finding: { ...memory(), ...quiet },
        ticket: closedTicket({ at: whileQuiet }, { formerRefs: [persons.ref] }),
      },
      "comment: takes_over",
    ],
  ],
  "any, in a storm with a ticket of its own | the parent's ticket is there, first time nothing else is said": [
    [{ finding: memory({ storm: child }), ticket: persons, storm: parentFiled }, "link: storm"],
    [
      { change: "attended", finding: { ...memory({ storm: child }), ...quiet }, ticket: doneQuiet, storm: parentFiled },
      "link: storm",
    ],
  ],
  "any, ticket gone or create parked | any": [
    [{ finding: memory(), createParked: true }, "none: awaiting_operator"],
    [{ finding: memory(), ticket: buildTicket(fresh, { gone: { at: start } }) }, "none: awaiting_operator"],
    [
      { change: "came_back", finding: memory(), ticket: buildTicket(fresh, { gone: { at: start } }) },
      "none: awaiting_operator",
    ],
  ],
  "any, ticket snoozed | any before its end": [
    [
      { finding: memory(), priority: high, ticket: buildTicket(fresh, { snoozedUntil: start + hour + 1 }) },
      "none: snoozed",
    ],
    [{ ...still, ticket: { ...done, snoozedUntil: whileBad + 2 * day } }, "none: snoozed"],
  ],
  "open, no ticket | a bigger finding explains all its firing alerts; or did until shortly, or it was not seen bad since":
    [
      [{ explainer }, "none: inhibited"],
      [{ explainer, priority: buildPriority(3, "None") }, "none: inhibited"],
      [{ finding: { memory: { ...fresh.memory, inhibition } } }, "none: inhibited"],
      [{ finding: { memory: { ...fresh.memory, inhibition: over(46 * minute) } } }, "none: inhibited"],
      [
        { finding: { memory: { ...fresh.memory, inhibition: over(minute) }, worst: worst({ state: "recovering" }) } },
        "none: inhibited",
      ],
      [
        {
          finding: {
            memory: { ...fresh.memory, inhibition: over(minute) },
            worst: worst({ verdict: verdictOf("failed") }),
          },
        },
        "none: inhibited",
      ],
    ],
  "open, ticket open or closed | the same": [
    [{ finding: memory(), priority: high, explainer }, "none: inhibited"],
    [{ change: "came_back", finding: memory({ quietToldAt: start }), explainer }, "none: inhibited"],
    [{ ...still, explainer }, "none: inhibited"],
    [{ ...returned, explainer }, "none: inhibited"],
    [{ finding: memory({ inhibition: over(46 * minute) }), priority: high }, "none: inhibited"],
  ],
  "open, ticket open | told again after that; explains more than its summary block says, 10 min after it was written": [
    [{ finding: memory({ inhibition: over(45 * minute) }) }, "update: goes_on"],
    [{ finding: { ...memory(), explains: { count: 2, findings: [] } } }, "update: goes_on"],
    [
      { finding: { ...memory({ regressedAt: start, explainedTold: 1 }), explains: { count: 2, findings: [] } } },
      "update: goes_on",
    ],
  ],
  'open, ticket open | a band above the one at which it was silenced "until worse", and nothing else silences it': [
    [{ finding: memory({ ticketBand: "Highest" }), priority: high, muting: worseNow }, "comment: silence_over"],
    [{ finding: memory({ regressedAt: start }), priority: high, muting: worseNow }, "comment: silence_over"],
    [{ change: "attended", finding: memory(), priority: high, muting: worseNow }, "comment: silence_over"],
  ],
  "any | its worst and all its firing alerts match active silences, or maintenance windows that are on": [
    [{ change: "opened", muting: muted }, "none: silenced"],
    [{ ...returned, muting: muted }, "none: silenced"],
  ],
  "any | mode report, dry_run (with what would be done)": [
    [{ finding: { mode: "report" } }, "none: report (create: new_finding)"],
    [{ finding: { mode: "dry_run" } }, "none: dry_run (create: new_finding)"],
    [{ ...still, finding: { ...memory(), mode: "dry_run" } }, "none: dry_run (reopen: still_happening)"],
  ],
};
