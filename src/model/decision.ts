import type { CapReached } from "./cap.ts";

/** What a tick decides for a finding. */
export const actions = ["create", "update", "comment", "transition", "reopen", "link", "none"] as const;
export type Action = (typeof actions)[number];

/** The closed list: no decision without one of these. triage/README.md says when each is given. */
export const decisionReasons = [
  // create
  "new_finding",
  "budget_freed",
  "refiled",
  "back_late",
  // create, reopen, comment: as the rule's on_return says
  "regressed",
  "still_happening",
  "wont_do_over",
  // update
  "goes_on",
  "priority_raised",
  "priority_lowered",
  // comment, transition
  "all_quiet",
  "back_while_open",
  "vanished",
  "rule_changed",
  "flapping",
  "verified",
  "takes_over",
  "silence_over",
  "rule_joined",
  // comment, none
  "suppressed",
  // none
  "unchanged",
  "pending",
  "held",
  "recovering",
  "grouped",
  "storm",
  "silenced",
  "inhibited",
  "over_cap",
  "below_score",
  "done_grace",
  "fixed",
  "snoozed",
  "report",
  "dry_run",
  "awaiting_operator",
  "failed",
] as const;
export type DecisionReason = (typeof decisionReasons)[number];

export interface Decision {
  readonly action: Action;
  readonly reason: DecisionReason;
  /** For people, one sentence, where the reason alone does not say what happened or what is waited for. */
  readonly because?: string;
  /** For `over_cap`: what the new ticket waits for. */
  readonly cap?: CapReached;
  /** For `dry_run` and `report`: what would have been done. */
  readonly would?: { readonly action: Action; readonly reason: DecisionReason };
}
