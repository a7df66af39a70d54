import type { Decision, DecisionReason } from "../model/decision.ts";
import type { FindingEvent, FindingState } from "../model/finding.ts";
import type { OutboxState } from "../model/outbox.ts";
import type { PriorityPartName } from "../model/priority.ts";

/** Each reason as a product owner would say it. */
const reasons: Readonly<Record<DecisionReason, string>> = {
  new_finding: "A ticket is filed.",
  budget_freed: "A ticket is filed, now that the limit on new tickets allows it.",
  goes_on: "It goes on; the ticket's summary is brought up to date.",
  priority_raised: "It got worse; the ticket's priority is raised.",
  priority_lowered: "It has eased; the ticket's priority is lowered.",
  all_quiet: "All is quiet; the ticket is told.",
  back_while_open: "It is back while the ticket is open; the ticket is told.",
  vanished: "Its data has ceased; the ticket is told.",
  rule_changed: "Its rule was changed or removed; the ticket is told.",
  flapping: "It comes and goes; the ticket is told once.",
  unchanged: "Nothing has changed since.",
  pending: "It has not lasted long enough yet.",
  held: "It comes and goes, or its data is missing: held as it is.",
  recovering: "It may be over; waiting to be sure.",
  grouped: "It is told under a worse alert of the same finding.",
  storm: "Too many findings at once; it is listed on one parent ticket.",
  silenced: "It is silenced.",
  inhibited: "A bigger problem explains it.",
  over_cap: "No ticket yet: the limit on new tickets is used up.",
  below_score: "No ticket: it is not important enough.",
  suppressed: "No ticket: its ticket was closed as won't do.",
  report: "No ticket: its rule is for these pages only.",
  dry_run: "No ticket: dry run.",
  awaiting_operator: "Waits for a person: its ticket was closed, or could not be filed.",
  failed: "It could not be evaluated.",
};

export function decisionWords({ reason, would }: Pick<Decision, "reason" | "would">): string {
  return would === undefined ? reasons[reason] : `${reasons[reason]} It would be: ${reasons[would.reason]}`;
}

/** An event of the timeline: decisions in the words of their reason, all others as they were stored. */
export function eventWords({ kind, code, text }: Pick<FindingEvent, "kind" | "code" | "text">): string {
  const plain = kind === "decision" && text.endsWith(`: ${code}`) && Object.hasOwn(reasons, code);
  return plain ? reasons[code as DecisionReason] : text;
}

export const stateWords: Readonly<Record<FindingState, string>> = {
  open: "open",
  quiet: "quiet",
  fixed: "fixed",
  verified: "fix held",
  regressed: "came back",
  suppressed: "won't do",
};

export const outboxWords: Readonly<Record<OutboxState, string>> = {
  pending: "waits to be delivered",
  sending: "is being delivered",
  unknown: "may have been delivered; looking before trying again",
  done: "delivered",
  parked: "could not be delivered; waits for an operator",
  dropped: "overtaken by something newer",
};

export const outboxKinds: Readonly<Record<"create" | "comment" | "summary" | "priority" | "transition", string>> = {
  create: "New ticket",
  comment: "Comment",
  summary: "Summary",
  priority: "Priority",
  transition: "Change of status",
};

export const partWords: Readonly<Record<PriorityPartName, string>> = {
  severity: "Severity",
  reach: "Reach",
  duration: "Duration",
  budget: "Error budget",
  recurrence: "Recurrence",
  trend: "Trend",
};
