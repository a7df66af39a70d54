import { isOngoing, type TriageMemory } from "../model/finding.ts";
import { countReturn, type DecideInput, nothing, type Said, say, standingStill } from "./decided.ts";
import { lower, raise } from "./priority-change.ts";
import { joiningRules } from "./sections.ts";

const minuteMs = 60_000;
const hourMs = 3_600_000;
/** The numbers of RULES.md section 4. */
const summaryEveryMs = 4 * hourMs;
/** What begins with one problem mostly has begun within minutes: one more word on the ticket then, not one each. */
const gatherExplainedMs = 10 * minuteMs;
const commentPairEveryMs = 24 * hourMs;

/** The rows of triage/README.md for a ticket that is open, or on its way. */
export function withOpenTicket(input: DecideInput, before: TriageMemory): Said {
  // Whatever a closing left to be remembered ended with it: the next one is another matter.
  const closeOwed = isOngoing(input.finding) ? undefined : before.closeOwed;
  const memory = { ...before, closeOwed, closing: undefined, clear: undefined, verifiedAt: undefined };
  if (input.change === "went_quiet") return quiet(input, memory);
  if (input.muting.over !== undefined) return silenceOver(input, memory);
  if (input.change === "came_back") return back(input, memory);
  if (!isOngoing(input.finding)) {
    return wentQuietUnsaid(input) || isCloseDue(input) ? quiet(input, memory) : nothing(memory, "unchanged");
  }
  if (input.change === "attended") return nothing(memory, "unchanged");
  return goesOn(input, memory);
}

/** It went quiet while somebody wanted silence: that is still owed when the silence is over. */
function wentQuietUnsaid({ at, change, finding }: DecideInput): boolean {
  const { endedAt = at } = finding.episode;
  const said = (finding.memory.quietToldAt ?? Number.NEGATIVE_INFINITY) >= endedAt;
  const { reason } = finding.decision;
  return change === "attended" && (reason === "snoozed" || reason === "silenced") && !said;
}

/** When a ticket that came and went within a day is closed, as its rule says; undefined where that is not owed. */
export function closeDueAt({ finding, policy }: Pick<DecideInput, "finding" | "policy">): number | undefined {
  const { closeOwed, quietToldAt } = finding.memory;
  if (closeOwed !== true || quietToldAt === undefined || policy.onQuiet !== "transition") return undefined;
  return quietToldAt + commentPairEveryMs;
}

function isCloseDue(input: DecideInput): boolean {
  const dueAt = closeDueAt(input);
  return input.change === "attended" && dueAt !== undefined && input.at >= dueAt;
}

function quiet(input: DecideInput, memory: TriageMemory): Said {
  const { at, finding, policy } = input;
  const ending = finding.episode.ending;
  // Where a summary block stands on the ticket, it must not go on saying "still happening".
  const refreshSummary = memory.summaryAt !== memory.createdAt;
  const told = { ...memory, closeOwed: undefined, quietToldAt: at, ...(refreshSummary ? { summaryAt: at } : {}) };
  if (ending === "rule_changed") return say("comment", "rule_changed", told, { refreshSummary });
  if (policy.onQuiet === "none") return nothing(memory, "unchanged");
  const toldRecently = memory.quietToldAt !== undefined && at - memory.quietToldAt < commentPairEveryMs;
  if (toldRecently) {
    const closeOwed = policy.onQuiet === "transition" && ending === "recovered" ? true : undefined;
    return say("update", "goes_on", { ...memory, closeOwed, summaryAt: at }, { refreshSummary: true });
  }
  if (ending === "vanished") return say("comment", "vanished", told, { refreshSummary });
  return say(policy.onQuiet === "transition" ? "transition" : "comment", "all_quiet", told, { refreshSummary });
}

/** The comment of the pair: only when its quiet was told. Everything else about coming back stands in the summary block. */
function back(input: DecideInput, memory: TriageMemory): Said {
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

/** Whoever silenced it wanted to know when it gets worse: said at once, whatever the ticket's priority is. */
function silenceOver(input: DecideInput, memory: TriageMemory): Said {
  const told = { ...(input.change === "came_back" ? countReturn(memory) : memory), summaryAt: input.at };
  const priority = raise(input, told);
  const extra = { refreshSummary: true, writePriority: priority?.writePriority };
  return say("comment", "silence_over", priority?.memory ?? told, extra);
}

function goesOn(input: DecideInput, memory: TriageMemory): Said {
  const { at, finding } = input;
  const priority = raise(input, memory) ?? lower(input, memory);
  if (priority !== undefined) return priority;
  const flapping = finding.flapping;
  if (flapping && !memory.flappingTold) return say("comment", "flapping", { ...memory, flappingTold: true });
  const joining = joiningRules(finding);
  if (joining.length > 0) {
    const told = { ...memory, toldRules: [...(memory.toldRules ?? []), ...joining], summaryAt: at };
    return say("comment", "rule_joined", told, { refreshSummary: true });
  }
  if (input.newSuspects === true || at - (memory.summaryAt ?? at) >= summaryEveryMs || isSummaryOwed(input, memory)) {
    return say("update", "goes_on", { ...memory, summaryAt: at }, { refreshSummary: true });
  }
  return nothing(memory, standingStill(finding));
}

/** It is told of again after something explained it, it explains more than its ticket says, or a storm's list changed. */
function isSummaryOwed(
  { at, finding, storm }: DecideInput,
  { summaryAt = at, inhibition, explainedTold }: TriageMemory,
): boolean {
  if (storm?.listChanged === true) return true;
  if (inhibition?.releasedAt !== undefined && summaryAt < inhibition.releasedAt) return true;
  return (finding.explains?.count ?? 0) > explainedTold && at - summaryAt >= gatherExplainedMs;
}
