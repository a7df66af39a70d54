import type { DecisionReason } from "../model/decision.ts";
import { type FollowReason, freshMemory, isOngoing, type TriageMemory } from "../model/finding.ts";
import { type DecideInput, nothing, type Said, say } from "./decided.ts";

/** The rows of triage/README.md for a finding that no ticket was meant for yet. */
export function beforeTicket(input: DecideInput, memory: TriageMemory): Said {
  const { finding } = input;
  if (!isOngoing(finding)) return nothing(memory, "unchanged");
  if (isAsked(memory)) return file(input, memory, "refiled");
  if (memory.follows !== undefined) return file(input, memory, memory.follows.because);
  return file(input, memory, finding.decision.reason === "over_cap" ? "budget_freed" : "new_finding");
}

/** Somebody wants a ticket for it, and there is none yet. */
export function isAsked({ asked, follows }: TriageMemory): boolean {
  return asked === true || follows?.because === "refiled";
}

/** A second ticket is meant: of a further generation, which knows nothing of the one before but the link to it. */
export function fileAnew(input: DecideInput, memory: TriageMemory, because: FollowReason): Said {
  const { ticket, at } = input;
  const follows = ticket === undefined ? undefined : { ref: ticket.ref, because };
  const regressedAt = because === "regressed" || because === "back_late" ? at : undefined;
  // Of the problem, not of its ticket.
  const { silences, inhibition } = memory;
  const filed = file(input, { ...freshMemory, silences, inhibition, follows, regressedAt }, because);
  // Until it may be filed, the finding goes on with the ticket it has.
  if (filed.decision.action === "create") return { ...filed, anew: true };
  return { ...filed, memory: { ...memory, storm: filed.memory.storm } };
}

function file(input: DecideInput, memory: TriageMemory, reason: DecisionReason): Said {
  const { priority, at } = input;
  if (priority.band === "None") return nothing(memory, "below_score");
  // Asked for, it is no wish that a storm has a say in; one of its list stays a part of it.
  const storm = input.storm?.seat ?? (reason === "refiled" ? memory.storm : undefined);
  const seated = { ...memory, storm };
  if (storm?.child === false) return nothing(seated, "storm");
  if (!input.mayCreate(priority.band)) return nothing(seated, "over_cap");
  const why = storm !== undefined && reason === "new_finding" ? "storm" : reason;
  return say("create", why, { ...seated, asked: undefined, createdAt: at, ticketBand: priority.band, summaryAt: at });
}
