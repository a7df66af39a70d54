import type { Action, Decision, DecisionReason } from "../model/decision.ts";
import type { Explainer, Finding, FindingState, TriageMemory } from "../model/finding.ts";
import type { Band, Priority, PriorityScale } from "../model/priority.ts";
import type { TicketPolicy } from "../model/rule.ts";
import type { StormMembership } from "../model/storm.ts";
import type { TicketRecord, TicketRef } from "../model/ticket.ts";
import type { Muting } from "./muting.ts";

/**
 * What has become of a finding: at a tick, seen from detect; or `attended`, when no alert moved but its ticket changed
 * or a time came.
 */
export type FindingEventKind = "opened" | "came_back" | "goes_on" | "went_quiet" | "attended";

export interface StormFacts {
  /** Its part in a storm, when it wishes for a new ticket; undefined when it is judged as ever. */
  readonly seat: StormMembership | undefined;
  /** The ticket of the storm's parent, once there is one. */
  readonly parent: TicketRef | undefined;
  /** Of a parent: its list is to be written again. */
  readonly listChanged: boolean;
}

export interface DecideInput {
  readonly at: number;
  readonly finding: Finding;
  readonly change: FindingEventKind;
  readonly priority: Priority;
  readonly scale: PriorityScale;
  readonly policy: TicketPolicy;
  /** That of the finding's generation. */
  readonly ticket: TicketRecord | undefined;
  /** Its create waits for an operator. */
  readonly createParked: boolean;
  /** What operators and planned work make of it: `silenced` when nothing is to be told now. */
  readonly muting: Muting;
  /** What explains it now: that finding is told, and this one is not. */
  readonly explainer: Explainer | undefined;
  /** How long it still is not told of when nothing explains it any more; milliseconds. */
  readonly graceMs: number;
  /** Whether a new ticket of this band may be filed now: caps per run, per day and per project. */
  readonly mayCreate: (band: Band) => boolean;
  /** A suspect deploy is known that the ticket does not name. */
  readonly newSuspects?: boolean;
  /** What a storm means for it; undefined where there is none. */
  readonly storm?: StormFacts | undefined;
}

/** One step of the judgement: what is to be said, and what is remembered of it. */
export interface Said {
  readonly decision: Decision;
  readonly memory: TriageMemory;
  /** The priority to write, when the decision is about it. */
  readonly writePriority: Exclude<Band, "None"> | undefined;
  readonly refreshSummary: boolean;
  /** The decision is about a ticket of a further generation, linked to the one before. */
  readonly anew: boolean;
}

export interface Decided extends Omit<Said, "anew"> {
  readonly state: FindingState;
  readonly generation: number;
}

interface Extra {
  readonly refreshSummary?: boolean;
  readonly writePriority?: Exclude<Band, "None"> | undefined;
  readonly anew?: boolean;
}

export function say(action: Action, reason: DecisionReason, memory: TriageMemory, extra: Extra = {}): Said {
  return {
    decision: { action, reason },
    memory,
    writePriority: extra.writePriority,
    refreshSummary: extra.refreshSummary ?? false,
    anew: extra.anew ?? false,
  };
}

export function nothing(memory: TriageMemory, reason: DecisionReason): Said {
  return say("none", reason, memory);
}

/** Why an ongoing finding needs no word now. */
export function standingStill({ worst, flapping }: Finding): DecisionReason {
  const { verdict, state } = worst;
  if (verdict.kind === "failed") return "failed";
  if (state === "recovering") return "recovering";
  if (flapping || verdict.kind === "no_data") return "held";
  return "unchanged";
}

/** A return is counted since there is a ticket, told or not. */
export function countReturn(memory: TriageMemory): TriageMemory {
  return memory.createdAt === undefined ? memory : { ...memory, recurrences: memory.recurrences + 1 };
}
