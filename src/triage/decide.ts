import type { Action, Decision, DecisionReason } from "../model/decision.ts";
import type { Finding, TriageMemory } from "../model/finding.ts";
import { type Band, compareBands, type Priority, type PriorityScale } from "../model/priority.ts";
import type { TicketPolicy } from "../model/rule.ts";
import type { TicketRecord } from "../model/ticket.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** The numbers of RULES.md section 4. */
const summaryEveryMs = 4 * hourMs;
const lowerAfterMs = 30 * minuteMs;
const lowerEveryMs = 24 * hourMs;
const lowerPoints = 5;
const commentPairEveryMs = 24 * hourMs;

/** What has become of a finding at a tick, seen from detect. */
export type FindingEventKind = "opened" | "came_back" | "goes_on" | "went_quiet";

export interface DecideInput {
  readonly at: number;
  readonly finding: Finding;
  readonly change: FindingEventKind;
  readonly priority: Priority;
  readonly scale: PriorityScale;
  readonly policy: TicketPolicy;
  readonly ticket: TicketRecord | undefined;
  /** Its create waits for an operator. */
  readonly createParked: boolean;
  /** Operators want nothing told of it now. */
  readonly silenced: boolean;
  /** Whether a new ticket of this band may be filed now: caps per run, per day and per project. */
  readonly mayCreate: (band: Band) => boolean;
}

/** The priority to write, when the decision is about it. */
export interface Decided {
  readonly decision: Decision;
  readonly memory: TriageMemory;
  /** Further words to the tracker that belong to the decision. */
  readonly writePriority: Exclude<Band, "None"> | undefined;
  readonly refreshSummary: boolean;
}

/**
 * One decision for one finding at one tick, row by row the table of triage/README.md. Pure: what it must remember is
 * in `memory`, and a mode that sends nothing remembers nothing, so that switching to `file` files what is open then.
 */
export function decide(input: DecideInput): Decided {
  const memory = watchScore(input);
  if (input.silenced) return nothing(input.change === "came_back" ? countReturn(memory) : memory, "silenced");
  const decided =
    input.finding.memory.createdAt === undefined ? beforeTicket(input, memory) : withTicket(input, memory);
  const { mode } = input.finding;
  if (mode === "file" || decided.decision.action === "none") return decided;
  const would = { action: decided.decision.action, reason: decided.decision.reason };
  return nothing(input.finding.memory, mode === "report" ? "report" : "dry_run", would);
}

function beforeTicket(input: DecideInput, memory: TriageMemory): Decided {
  const { finding, priority, at } = input;
  if (finding.state !== "open") return nothing(memory, "unchanged");
  if (priority.band === "None") return nothing(memory, "below_score");
  if (!input.mayCreate(priority.band)) return nothing(memory, "over_cap");
  const waited = finding.decision.reason === "over_cap";
  return {
    decision: { action: "create", reason: waited ? "budget_freed" : "new_finding" },
    memory: { ...memory, createdAt: at, ticketBand: priority.band, summaryAt: at },
    writePriority: undefined,
    refreshSummary: false,
  };
}

function withTicket(input: DecideInput, memory: TriageMemory): Decided {
  const { finding, ticket } = input;
  if (input.createParked) return nothing(memory, "awaiting_operator");
  // Reopening what people closed is a later issue: until then a closed ticket is left alone, and that is said.
  if (ticket?.seen?.statusCategory === "done") return nothing(memory, "awaiting_operator");
  if (input.change === "went_quiet") return quiet(input, memory);
  if (input.change === "came_back") return back(input, memory);
  if (finding.state !== "open") return nothing(memory, "unchanged");
  return goesOn(input, memory);
}

function quiet(input: DecideInput, memory: TriageMemory): Decided {
  const { at, finding, policy } = input;
  const ending = finding.episode.ending;
  // Where a summary block stands on the ticket, it must not go on saying "still happening".
  const refreshSummary = memory.summaryAt !== memory.createdAt;
  const told = { ...memory, quietToldAt: at, ...(refreshSummary ? { summaryAt: at } : {}) };
  if (ending === "rule_changed") return say("comment", "rule_changed", told, { refreshSummary });
  if (policy.onQuiet === "none") return nothing(memory, "unchanged");
  const toldRecently = memory.quietToldAt !== undefined && at - memory.quietToldAt < commentPairEveryMs;
  if (toldRecently) return say("update", "goes_on", { ...memory, summaryAt: at }, { refreshSummary: true });
  if (ending === "vanished") return say("comment", "vanished", told, { refreshSummary });
  return say(policy.onQuiet === "transition" ? "transition" : "comment", "all_quiet", told, { refreshSummary });
}

/** The comment of the pair: only when its quiet was told. Everything else about coming back stands in the summary block. */
function back(input: DecideInput, memory: TriageMemory): Decided {
  const { at } = input;
  const counted = { ...countReturn(memory), summaryAt: at };
  const owed = memory.quietToldAt !== undefined && (memory.backToldAt ?? Number.NEGATIVE_INFINITY) < memory.quietToldAt;
  const priority = raise(input, counted);
  const extra = { refreshSummary: true, writePriority: priority?.writePriority };
  const remembered = priority?.memory ?? counted;
  return owed
    ? say("comment", "back_while_open", { ...remembered, backToldAt: at }, extra)
    : say("update", "goes_on", remembered, extra);
}

function goesOn(input: DecideInput, memory: TriageMemory): Decided {
  const { at, finding } = input;
  const priority = raise(input, memory) ?? lower(input, memory);
  if (priority !== undefined) return priority;
  const flapping = finding.flapping;
  if (flapping && !memory.flappingTold) return say("comment", "flapping", { ...memory, flappingTold: true });
  if (at - (memory.summaryAt ?? at) >= summaryEveryMs) {
    return say("update", "goes_on", { ...memory, summaryAt: at }, { refreshSummary: true });
  }
  return nothing(memory, standingStill(finding));
}

/** Counted since there is a ticket, told or not. */
function countReturn(memory: TriageMemory): TriageMemory {
  return memory.createdAt === undefined ? memory : { ...memory, recurrences: memory.recurrences + 1 };
}

/** Raised at once. */
function raise(input: DecideInput, memory: TriageMemory): Decided | undefined {
  const { band } = input.priority;
  if (band === "None" || memory.ticketBand === undefined || compareBands(band, memory.ticketBand) <= 0)
    return undefined;
  const raised = { ...memory, ticketBand: band, belowSince: undefined, summaryAt: input.at };
  return say("update", "priority_raised", raised, { writePriority: band, refreshSummary: true });
}

/** Lowered after 30 min below and 5 points under the border, at most once in 24 h; never below the lowest band. */
function lower(input: DecideInput, memory: TriageMemory): Decided | undefined {
  const { at } = input;
  if (memory.belowSince === undefined || at - memory.belowSince < lowerAfterMs) return undefined;
  if (memory.loweredAt !== undefined && at - memory.loweredAt < lowerEveryMs) return undefined;
  const band = input.priority.band === "None" ? "Low" : input.priority.band;
  const lowered = { ...memory, ticketBand: band, belowSince: undefined, loweredAt: at, summaryAt: at };
  return say("update", "priority_lowered", lowered, { writePriority: band, refreshSummary: true });
}

/**
 * Keeps since when the score has been clearly under the border of the ticket's band. A new episode is watched anew: it
 * begins with a low score, and the quiet before it is not time spent below.
 */
function watchScore(input: DecideInput): TriageMemory {
  const { memory } = input.finding;
  const { ticketBand } = memory;
  if (ticketBand === undefined || ticketBand === "None") return memory;
  const target = input.priority.band === "None" ? "Low" : input.priority.band;
  const under =
    compareBands(target, ticketBand) < 0 && input.priority.score <= input.scale.bands[ticketBand] - lowerPoints;
  const since = input.change === "came_back" ? undefined : memory.belowSince;
  return { ...memory, belowSince: under ? (since ?? input.at) : undefined };
}

/** Why an open finding with a ticket needs no word now. */
function standingStill(finding: Finding): DecisionReason {
  const { verdict, state } = finding.worst;
  if (verdict.kind === "failed") return "failed";
  if (state === "recovering") return "recovering";
  if (finding.flapping || verdict.kind === "no_data") return "held";
  return "unchanged";
}

function say(
  action: Action,
  reason: DecisionReason,
  memory: TriageMemory,
  extra: { refreshSummary?: boolean; writePriority?: Exclude<Band, "None"> | undefined } = {},
): Decided {
  return {
    decision: { action, reason },
    memory,
    writePriority: extra.writePriority,
    refreshSummary: extra.refreshSummary ?? false,
  };
}

function nothing(memory: TriageMemory, reason: DecisionReason, would?: Decision["would"]): Decided {
  const decision: Decision = would === undefined ? { action: "none", reason } : { action: "none", reason, would };
  return { decision, memory, writePriority: undefined, refreshSummary: false };
}
