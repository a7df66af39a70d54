import type { Decision, DecisionReason } from "../model/decision.ts";
import type { FindingEvent, FindingState } from "../model/finding.ts";
import type { OutboxAction, OutboxState } from "../model/outbox.ts";
import type { PriorityPartName } from "../model/priority.ts";

/** Each reason as a product owner would say it. */
const reasons: Readonly<Record<DecisionReason, string>> = {
  new_finding: "A ticket is filed.",
  budget_freed: "A ticket is filed, now that the limit on new tickets allows it.",
  refiled: "A ticket is filed anew, as somebody asked.",
  back_late: "It is back long after its ticket was done; a new, linked one is filed.",
  regressed: "It is back although its ticket was done.",
  still_happening: "It still happens although its ticket was done.",
  wont_do_over: "Its ticket was closed as won't do, and that no longer holds: it got worse, or the time is over.",
  goes_on: "The ticket's summary is brought up to date.",
  priority_raised: "It got worse; the ticket's priority is raised.",
  priority_lowered: "It has eased; the ticket's priority is lowered.",
  all_quiet: "All is quiet; the ticket is told.",
  back_while_open: "It is back while the ticket is open; the ticket is told.",
  vanished: "Its data has ceased; the ticket is told.",
  rule_changed: "Its rule was changed or removed; the ticket is told.",
  flapping: "It comes and goes; the ticket is told once.",
  verified: "The fix held; the ticket is told.",
  rule_joined: "One more of its rules fires: its evidence comes to the ticket.",
  takes_over: "Another issue has become its ticket, and is told.",
  silence_over: "It is worse than when it was silenced; the ticket is told.",
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
  done_grace: "Its ticket is done; the fix may be on its way.",
  fixed: "Its ticket is done and all is quiet; waiting to be sure that the fix holds.",
  snoozed: "Somebody asked for silence for a while.",
  suppressed: "Its ticket was closed as won't do, and that is kept to.",
  report: "No ticket: its rule is for these pages only.",
  dry_run: "No ticket: dry run.",
  awaiting_operator: "Waits for a person: its ticket was deleted, or could not be filed.",
  failed: "It could not be evaluated.",
};

export function decisionWords({ reason, because, would }: Pick<Decision, "reason" | "because" | "would">): string {
  const instead = would === undefined ? "" : ` It would be: ${reasons[would.reason]}`;
  return `${reasons[reason]}${sentence(because)}${instead}`;
}

function sentence(because: string | undefined): string {
  return because === undefined ? "" : ` ${because.charAt(0).toUpperCase()}${because.slice(1)}.`;
}

/** An event of the timeline: decisions in the words of their reason, all others as they were stored. */
export function eventWords({ kind, code, text }: Pick<FindingEvent, "kind" | "code" | "text">): string {
  const [, reason, because] = /^\w+: (\w+)(?:: (.*))?$/s.exec(text) ?? [];
  if (kind !== "decision" || reason !== code || !Object.hasOwn(reasons, code)) return text;
  return `${reasons[code as DecisionReason]}${sentence(because)}`;
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

export const outboxKinds: Readonly<Record<OutboxAction["kind"], string>> = {
  create: "New ticket",
  comment: "Comment",
  summary: "Summary",
  priority: "Priority",
  transition: "Change of status",
  reopen: "Reopening",
  link: "Link to another ticket",
  labels: "Labels",
  field: "Field",
  description: "Description",
};

export const partWords: Readonly<Record<PriorityPartName, string>> = {
  severity: "Severity",
  reach: "Reach",
  duration: "Duration",
  budget: "Error budget",
  recurrence: "Recurrence",
  trend: "Trend",
};
