import { type FollowReason, isOngoing, type TriageMemory } from "../model/finding.ts";
import type { TicketClosed } from "../model/ticket-life.ts";
import { closingMemory, graceEnd, isBackAfter, isSuppressed } from "./closing.ts";
import { fileAnew } from "./decide-new.ts";
import { countReturn, type DecideInput, nothing, type Said, say, standingStill } from "./decided.ts";
import { raise } from "./priority-change.ts";

const hourMs = 3_600_000;
/** A ticket that stays closed is told of further returns at most this often. */
const tellAgainAfterMs = 24 * hourMs;

/** The rows of triage/README.md for a ticket that is closed. */
export function withClosedTicket(input: DecideInput, before: TriageMemory, closed: TicketClosed): Said {
  const returned = input.change === "came_back" ? countReturn(before) : before;
  const memory = { ...returned, closing: closingMemory(returned, closed) };
  if (!isOngoing(input.finding)) return whileQuiet(input, memory, closed);
  const ongoing = { ...memory, clear: undefined, verifiedAt: undefined };
  if (isSuppressed(input, memory, closed)) return suppressed(input, ongoing, closed);
  return whileBad(input, ongoing, closed);
}

/** A fix is watched until it has held; a "won't do" is simply left alone. */
function whileQuiet(input: DecideInput, memory: TriageMemory, closed: TicketClosed): Said {
  const { at, finding, policy, change } = input;
  // A new Done is asked anew whether it holds; the return before it is told.
  const watched = closed.as === "done" && finding.episode.ending === "recovered";
  const clear = watched ? (memory.clear ?? { ms: 0, at: undefined }) : undefined;
  const settled = { ...memory, regressedAt: undefined, closeOwed: undefined, clear };
  if (isSuppressed(input, memory, closed)) return nothing(settled, "suppressed");
  if (change === "went_quiet" && memory.summaryAt !== memory.createdAt) {
    // The summary block, where one stands, must not go on saying "still happening".
    return say("update", "goes_on", { ...settled, summaryAt: at }, { refreshSummary: true });
  }
  if (clear === undefined || memory.verifiedAt !== undefined) return nothing(settled, "unchanged");
  if (clear.ms >= policy.verifyForMs) return say("comment", "verified", { ...settled, verifiedAt: at });
  return nothing(settled, "fixed");
}

/** Said once for each closing, and only where there is something to be silent about. */
function suppressed({ at }: DecideInput, memory: TriageMemory, closed: TicketClosed): Said {
  const closing = closingMemory(memory, closed);
  if (closing.suppressionToldAt !== undefined) return nothing(memory, "suppressed");
  return say("comment", "suppressed", { ...memory, closing: { ...closing, suppressionToldAt: at } });
}

function whileBad(input: DecideInput, memory: TriageMemory, closed: TicketClosed): Said {
  const { at, finding, policy } = input;
  const back = isBackAfter(finding, closed);
  const lasting = back && closed.as === "done" ? { ...memory, regressedAt: memory.regressedAt ?? at } : memory;
  if (wasAnswered(input, memory, closed)) return nothing(lasting, standingStill(finding));
  const grace = graceEnd(input, closed);
  const kept = closed.as !== "done" && policy.onWontDo === "suppress";
  if (!kept && grace !== undefined && at < grace) return nothing(lasting, "done_grace");
  // Only what was seen to be bad is told: neither a failed query nor a recovery under way contradicts a person.
  if (finding.worst.state !== "firing" || finding.worst.verdict.kind !== "breached") {
    return nothing(lasting, standingStill(finding));
  }
  if (closed.as !== "done") return answer(input, lasting, closed, "wont_do_over");
  if (back && finding.episode.startedAt - closed.at > policy.returnWithinMs)
    return fileAnew(input, lasting, "back_late");
  return answer(input, lasting, closed, back ? "regressed" : "still_happening");
}

/** For this episode, or so short ago that another word on the same closed ticket would be noise. */
function wasAnswered({ at, finding }: DecideInput, memory: TriageMemory, closed: TicketClosed): boolean {
  const { answeredAt, answeredEpisode } = closingMemory(memory, closed);
  if (answeredAt === undefined) return false;
  return answeredEpisode === finding.episode.startedAt || at - answeredAt < tellAgainAfterMs;
}

/** As the rule's `on_return` says. */
function answer(input: DecideInput, memory: TriageMemory, closed: TicketClosed, reason: FollowReason): Said {
  const { at, finding, policy } = input;
  const asNew = policy.onReturn === "new_linked" || (closed.as !== "done" && policy.onWontDo === "new_linked");
  if (asNew) return fileAnew(input, memory, reason);
  const closing = { ...closingMemory(memory, closed), answeredAt: at, answeredEpisode: finding.episode.startedAt };
  const told = { ...memory, closing, backToldAt: at, summaryAt: at };
  if (policy.onReturn === "comment") return say("comment", reason, told, { refreshSummary: true });
  const priority = raise(input, told);
  const extra = { refreshSummary: true, writePriority: priority?.writePriority };
  return say("reopen", reason, priority?.memory ?? told, extra);
}
