import type { CapReached } from "../model/cap.ts";
import { isOngoing, type TriageMemory } from "../model/finding.ts";
import { formatInstant } from "../model/time.ts";
import { formatDuration } from "../support/duration.ts";
import { closingMemory, graceEnd } from "./closing.ts";
import { closeDueAt } from "./decide-open.ts";
import type { Decided, DecideInput } from "./decided.ts";
import { overWords } from "./muting.ts";

/**
 * One sentence for people on what happened or what is waited for, where a decision's reason alone does not say it. Pure:
 * for the timeline, `explain` and the pages.
 */
export function becauseOf(input: DecideInput, decided: Decided, cap?: CapReached): string | undefined {
  const { over } = input.muting;
  const parts = [over && overWords(over, input.priority.band), ownReason(input, decided, cap)];
  const told = parts.filter((part) => part !== undefined);
  return told.length === 0 ? undefined : told.join("; ");
}

function ownReason(input: DecideInput, decided: Decided, cap?: CapReached): string | undefined {
  const { ticket, policy, finding } = input;
  const key = ticket?.ref.key ?? "its ticket";
  const { reason } = decided.decision;
  const waited = endedWhileWaiting(input, decided) ?? toBeClosed(input, decided);
  if (waited !== undefined) return waited;
  switch (reason) {
    case "over_cap":
      return cap === undefined ? undefined : capText(cap);
    case "storm":
      return stormText(input, decided);
    case "awaiting_operator":
      return waitingFor(input, key);
    case "snoozed":
      return `${key} was snoozed by label: nothing is told before ${formatInstant(ticket?.snoozedUntil ?? input.at)}`;
    case "silenced":
      return input.muting.by.length === 0 ? undefined : input.muting.by.join("; ");
    case "inhibited":
      return explained(input, decided.memory);
    case "refiled":
      return refiledText(decided.memory);
    case "takes_over":
      return `${key} is the ticket now; before, it was ${ticket?.formerRefs?.at(-1)?.key ?? "another"}`;
    case "goes_on":
      return input.newSuspects === true ? "a deploy became known that went out shortly before it began" : undefined;
  }
  const closed = ticket?.closed;
  if (closed === undefined) return undefined;
  const closing = `${key} was closed (${closed.status}) at ${formatInstant(closed.at)}`;
  switch (reason) {
    case "done_grace":
      return `${closing} while it was bad; the fix may be on its way, so nothing is said before ${formatInstant(graceEnd(input, closed) ?? input.at)}`;
    case "fixed":
      // Of a lost store: none of its alerts is known to be watched.
      if (finding.worst.fingerprint === "") return `${closing}; whether that holds is counted once it has come back`;
      return `${closing}; verified once it has been evaluated clear for ${formatDuration(policy.verifyForMs)}`;
    case "verified":
      return `${closing}, and it has been evaluated clear for ${formatDuration(policy.verifyForMs)} since`;
    case "suppressed":
      return `${closing} as not to be done; nothing is told before ${formatInstant(closed.at + policy.suppressForMs)} unless it gets worse than ${closed.band}`;
    case "regressed":
      return `${closing}, and it is bad again since ${formatInstant(finding.episode.startedAt)}`;
    case "still_happening":
      return `${closing}, and it has been bad all the while`;
    case "back_late":
      return `${closing}, and it is back after more than ${formatDuration(policy.returnWithinMs)}: a new, linked ticket`;
    case "wont_do_over":
      return `${closing} as not to be done when it was ${closed.band}; ${input.priority.band} now, kept to for ${formatDuration(input.at - closed.at)}`;
    case "unchanged":
    case "recovering":
      return answered(decided.memory, closed) ? `${closing}; that it is bad all the same was said there` : undefined;
    default:
      return undefined;
  }
}

function explained({ at, graceMs }: DecideInput, { inhibition }: TriageMemory): string | undefined {
  if (inhibition === undefined) return undefined;
  const { by, endedAt } = inhibition;
  const named = `"${by.title}" (${by.ticketKey ?? `finding ${by.findingId}`})`;
  if (endedAt === undefined) return `${named} explains it, and goes on since ${formatInstant(by.since)}`;
  const graceEnds = endedAt + graceMs;
  const waits =
    at < graceEnds
      ? `nothing is said before ${formatInstant(graceEnds)}, and then only if it is still bad`
      : "it is told once it is seen bad";
  return `${named} explained it until ${formatInstant(endedAt)}; what follows from a cause recovers later, so ${waits}`;
}

/** Quiet again within a day: its ticket is not opened and closed several times a day. */
function toBeClosed({ finding, policy, at }: DecideInput, { memory, decision }: Decided): string | undefined {
  const dueAt = closeDueAt({ finding: { ...finding, memory }, policy });
  if (dueAt === undefined || dueAt <= at || (decision.reason !== "goes_on" && decision.reason !== "unchanged"))
    return undefined;
  return `its ticket is closed at ${formatInstant(dueAt)}, if it is quiet until then: it was quiet and back less than 24 h ago`;
}

/** It had no ticket, and needs none any more. */
function endedWhileWaiting({ finding }: DecideInput, { decision, memory }: Decided): string | undefined {
  if (decision.reason !== "unchanged" || memory.createdAt !== undefined || isOngoing(finding)) return undefined;
  if (finding.decision.reason === "over_cap") return "ended while it waited for the cap on new tickets; none was filed";
  if (finding.decision.reason === "storm") return "ended; it was told on its storm's ticket, and has none of its own";
  return undefined;
}

const capWords: Readonly<Record<CapReached["cap"], string>> = {
  run: "at a time",
  day: "in 24 h",
  project: "in 24 h for its project",
};

function capText({ cap, limit, freesAt, kept }: CapReached): string {
  const most = `at most ${limit} new tickets are filed ${capWords[cap]}`;
  if (cap === "run") return `${most}, and others score higher; it is among the next`;
  if (kept) return `${most}, and the places that are free are kept for what waits with a higher score`;
  return `${most}, and they are: none before ${formatInstant(freesAt ?? 0)}, the highest score first`;
}

function stormText({ storm }: DecideInput, { decision, memory }: Decided): string {
  const ticket = storm?.parent?.key ?? "its ticket, which is on its way";
  const parent = memory.storm === undefined ? "" : ` (finding ${memory.storm.parentId})`;
  if (decision.action === "link") return `linked with ${ticket}, which tells of the storm that it is part of${parent}`;
  if (decision.action === "create") return `it is among the worst of a storm that is told on ${ticket}${parent}`;
  return `it began with many others, and is told with them on ${ticket}${parent}`;
}

function waitingFor({ createParked, ticket }: DecideInput, key: string): string {
  if (createParked) return "its ticket could not be filed: see its delivery, and try it again or file it anew";
  if (ticket?.gone !== undefined) {
    return `${key} was deleted or is out of reach since ${formatInstant(ticket.gone.at)}: no other is filed until somebody asks for it (refile)`;
  }
  return `${key} is closed; how that is meant is known when it was looked at next`;
}

function refiledText({ follows, storm }: TriageMemory): string {
  if (follows !== undefined) return `a new ticket is filed as somebody asked, linked to ${follows.ref.key}`;
  const beside = storm === undefined ? "" : `, beside the one of its storm (finding ${storm.parentId})`;
  return `a ticket of its own is filed as somebody asked${beside}`;
}

function answered(memory: TriageMemory, closed: Parameters<typeof closingMemory>[1]): boolean {
  return closingMemory(memory, closed).answeredAt !== undefined;
}
