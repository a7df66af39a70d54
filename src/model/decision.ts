/** What a tick decides for a finding. */
export const actions = ["create", "update", "comment", "transition", "reopen", "link", "none"] as const;
export type Action = (typeof actions)[number];

/** The closed list: no decision without one of these. triage/README.md says when each is given. */
export const decisionReasons = [
  // create
  "new_finding",
  "budget_freed",
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
  "suppressed",
  "report",
  "dry_run",
  "awaiting_operator",
  "failed",
] as const;
export type DecisionReason = (typeof decisionReasons)[number];

export interface Decision {
  readonly action: Action;
  readonly reason: DecisionReason;
  /** For `dry_run` and `report`: what would have been done. */
  readonly would?: { readonly action: Action; readonly reason: DecisionReason };
}
