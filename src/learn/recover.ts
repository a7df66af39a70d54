import { type Finding, freshMemory } from "../model/finding.ts";
import { shortKey } from "../model/identity.ts";
import { type Band, bands } from "../model/priority.ts";
import type { TicketIdentity, TicketRecord, TicketRef, TicketSnapshot } from "../model/ticket.ts";
import { sharedFields } from "../model/ticket-life.ts";
import { day } from "../support/duration.ts";
import { drift } from "./drift.ts";
import type { TrackerPolicy } from "./reconcile-context.ts";

/** An issue of ours, as a walk over the tracker gives it. */
export type OwnIssue = TicketSnapshot & { readonly identity: TicketIdentity };

/** The issues of one finding and generation: the one that is its ticket, and those that are not. */
export interface RecoveredTicket {
  readonly kept: OwnIssue;
  readonly others: readonly OwnIssue[];
}

/**
 * Which issues are tickets, given all of a tracker. Pure. Of several with one identity an issue that was closed as a duplicate
 * gives way to one that was not, then the lowest id stays, as the sweep would have it.
 */
export function chooseTickets(issues: readonly OwnIssue[]): readonly RecoveredTicket[] {
  const byIdentity = new Map<string, OwnIssue[]>();
  for (const issue of issues) {
    const key = `${issue.identity.groupKey} ${issue.identity.generation}`;
    byIdentity.set(key, [...(byIdentity.get(key) ?? []), issue]);
  }
  return [...byIdentity.values()].flatMap((same) => {
    const [kept, ...others] = [...same].sort(
      (a, b) => Number(isDuplicate(a)) - Number(isDuplicate(b)) || compareNumbers(a.ref.id, b.ref.id),
    );
    return kept === undefined ? [] : [{ kept, others }];
  });
}

function isDuplicate({ statusCategory, duplicateOf }: OwnIssue): boolean {
  return statusCategory === "done" && duplicateOf !== undefined;
}

function compareNumbers(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

export interface RecoverContext {
  readonly tracker: string;
  readonly policy: TrackerPolicy;
  readonly now: number;
}

/**
 * The record of a ticket whose memory was lost. Pure. Who wrote what is not known any more, so all fields are taken for
 * people's, and what was closed counts as closed at our highest band: only its time ends a "won't do".
 */
export function recoveredRecord({ kept, others }: RecoveredTicket, context: RecoverContext): TicketRecord {
  const { now, policy } = context;
  const { groupKey, generation } = kept.identity;
  const folded = others.map(({ ref }): TicketRef => ref);
  const record: TicketRecord = {
    tracker: context.tracker,
    ref: kept.ref,
    findingId: shortKey(groupKey),
    groupKey,
    generation,
    createdAt: now,
    written: { priority: undefined, band: bandOf(kept) },
    dropped: [],
    seen: undefined,
    peoples: sharedFields,
    ...(folded.length === 0 ? {} : { folded }),
  };
  return drift(record, kept, { ...policy, now, band: "Highest", inFlight: new Set(), who: undefined }).record;
}

/**
 * A finding that knows no more than that it has this ticket: enough for the next tick to go on with it instead of filing
 * another one. Pure. What it was about is filled in when an alert of it fires.
 */
export function recoveredFinding({ kept }: RecoveredTicket, { now }: RecoverContext): Finding {
  const { groupKey, generation, rules } = kept.identity;
  const ruleId = rules[0] ?? "unknown";
  // Longer ago than episodes count: that it happened is known, when is not.
  const then = now - 31 * day;
  const nothing = { bad: 0, total: 0 };
  return {
    id: shortKey(groupKey),
    groupKey,
    problem: ruleId,
    groupLabels: {},
    generation,
    state: "quiet",
    mode: "file",
    owner: "default",
    severity: "warning",
    ruleIds: rules,
    title: kept.summary,
    openedAt: now,
    changedAt: now,
    worst: {
      fingerprint: "",
      ruleId,
      labels: {},
      state: "recovering",
      since: then,
      verdict: { kind: "no_data", events: 0 },
    },
    others: [],
    alertCount: 0,
    flapping: false,
    episode: {
      startedAt: then,
      lastBreachAt: then,
      endedAt: then,
      ending: "recovered",
      peak: undefined,
      sums: nothing,
      endedSums: nothing,
      budgetShare: undefined,
    },
    pastEpisodes: [],
    impact: undefined,
    priority: undefined,
    memory: { ...freshMemory, createdAt: now, ticketBand: bandOf(kept) },
    decision: { action: "none", reason: "unchanged", at: now },
  };
}

/** Where a project has priorities of other names nothing is known, and nothing is raised above it. */
function bandOf({ priority }: OwnIssue): Band {
  return bands.find((band) => band === priority) ?? "Highest";
}
