import { type Finding, isOngoing } from "../model/finding.ts";
import type { TicketPolicy } from "../model/rule.ts";
import type { TicketRecord } from "../model/ticket.ts";
import { graceEnd } from "./closing.ts";

/**
 * When a finding is to be decided again although no alert of it moves: the first of what runs out next (a snooze, the grace
 * after Done, a "won't do" that is kept to). Undefined when nothing does. That a fix held is counted, not timed. Pure.
 */
export function nextAttention(request: {
  readonly at: number;
  readonly finding: Finding;
  readonly policy: TicketPolicy;
  readonly ticket: TicketRecord;
}): number | undefined {
  const { at, finding, policy, ticket } = request;
  const { closed, snoozedUntil } = ticket;
  const times = [snoozedUntil];
  if (closed !== undefined && closed.as !== "done") times.push(closed.at + policy.suppressForMs);
  if (closed?.as === "done" && isOngoing(finding)) times.push(graceEnd({ finding, policy }, closed));
  const ahead = times.filter((time) => time !== undefined && time > at);
  return ahead.length === 0 ? undefined : Math.min(...ahead.map(Number));
}
