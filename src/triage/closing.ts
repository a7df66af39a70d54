import { type Finding, type FindingState, isOngoing, type TriageMemory } from "../model/finding.ts";
import { compareBands } from "../model/priority.ts";
import type { TicketRecord } from "../model/ticket.ts";
import type { TicketClosed } from "../model/ticket-life.ts";
import type { DecideInput } from "./decided.ts";

/*
 * What the closing of a ticket means for its finding, as pure questions. Each closing is answered for itself: what is
 * remembered of another one (`memory.closing.closedAt`) counts for nothing.
 */

/** What is remembered of this closing. */
export function closingMemory(memory: TriageMemory, closed: TicketClosed): NonNullable<TriageMemory["closing"]> {
  if (memory.closing?.closedAt === closed.at) return memory.closing;
  return { closedAt: closed.at, suppressionToldAt: undefined, answeredAt: undefined, answeredEpisode: undefined };
}

/** It fires now in an episode that began after the ticket was closed. */
export function isBackAfter(finding: Finding, closed: TicketClosed): boolean {
  return isOngoing(finding) && finding.episode.startedAt > closed.at;
}

/** Until when a fix may be on its way: only where it was bad when a person closed the ticket. Undefined for no wait. */
export function graceEnd({ finding, policy }: Pick<DecideInput, "finding" | "policy">, closed: TicketClosed) {
  if (closed.by === "us") return undefined;
  const badThen = [finding.episode, ...finding.pastEpisodes].some(
    ({ startedAt, endedAt }) => startedAt <= closed.at && (endedAt === undefined || endedAt > closed.at),
  );
  return badThen ? closed.at + policy.doneGraceMs : undefined;
}

/** Closed as not to be done, and that is kept to: it did not get worse, and the time is not over. */
export function isSuppressed(
  { at, policy, priority }: Pick<DecideInput, "at" | "policy" | "priority">,
  memory: TriageMemory,
  closed: TicketClosed | undefined,
): boolean {
  if (closed === undefined || closed.as === "done" || policy.onWontDo !== "suppress") return false;
  if (closingMemory(memory, closed).answeredAt !== undefined) return false;
  return at < closed.at + policy.suppressForMs && compareBands(priority.band, closed.band) <= 0;
}

/** Back after its ticket was Done: the state `regressed`, and what makes it more urgent. */
export function isRegressed(finding: Finding, ticket: TicketRecord | undefined, memory = finding.memory): boolean {
  if (!isOngoing(finding)) return false;
  const closed = ticket?.closed;
  return memory.regressedAt !== undefined || (closed?.as === "done" && isBackAfter(finding, closed));
}

type StateInput = Pick<DecideInput, "at" | "policy" | "finding" | "ticket" | "priority">;

/** The finding's state, from its alerts, its ticket and what was decided so far. */
export function stateOf(input: StateInput, memory: TriageMemory): FindingState {
  const { finding } = input;
  const closed = input.ticket?.closed;
  if (isSuppressed(input, memory, closed)) return "suppressed";
  if (isOngoing(finding)) return isRegressed(finding, input.ticket, memory) ? "regressed" : "open";
  if (closed?.as !== "done" || finding.episode.ending !== "recovered") return "quiet";
  return memory.verifiedAt === undefined ? "fixed" : "verified";
}
