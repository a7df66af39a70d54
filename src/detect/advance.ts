import type { Alert } from "../model/alert.ts";
import { fingerprint, groupKey } from "../model/identity.ts";
import { type Labels, pickLabels } from "../model/labels.ts";
import type { Observation, QueryFailure } from "../model/query.ts";
import { type Limits, limitsFor, type Rule } from "../model/rule.ts";
import type { Verdict } from "../model/verdict.ts";
import type { Evaluation, JudgeRequest, RuleJudgement } from "./judge.ts";
import { advanceAlert } from "./lifecycle.ts";

/** What a step goes by beside its verdict. */
export interface StepGround {
  readonly limits: Limits;
  readonly observation?: Observation | undefined;
  /** What the labels stand for, where they do not say it. */
  readonly subject?: string | undefined;
}

/** One step of one label set's alert by its verdict. Pure. */
export function advance(
  request: JudgeRequest,
  labels: Labels,
  alert: Alert | undefined,
  verdict: Verdict,
  { limits, observation, subject }: StepGround,
): Evaluation {
  if (alert === undefined && verdict.kind !== "breached") return inactiveEvaluation(labels, verdict);
  const { rule } = request.planned;
  // A living alert stays in the finding that it is in, whatever its sender groups by meanwhile.
  const groupedBy =
    alert === undefined && rule.takesFromAlert?.group === true ? observation?.raised?.groupedBy : alert?.groupedBy;
  const step = advanceAlert(alert, verdict, request.tick, {
    fingerprint: alert?.fingerprint ?? fingerprint(request.instance, rule.identity, labels),
    ruleId: rule.id,
    ruleIdentity: rule.identity,
    labels,
    ...(subject === undefined ? {} : { subject }),
    groupKey: alert?.groupKey ?? groupKey(request.instance, rule.problem, pickLabels(labels, groupedBy ?? rule.group)),
    ...(groupedBy === undefined ? {} : { groupedBy }),
    limits,
    windowMs: rule.signal.windowMs,
    keepForMs: rule.keepForMs,
  });
  return {
    labels,
    verdict,
    stateBefore: alert?.state ?? "inactive",
    state: step.alert?.state ?? "inactive",
    change: step.change,
    alert: step.alert,
    ended: step.alert === undefined ? alert : undefined,
  };
}

function inactiveEvaluation(labels: Labels, verdict: Verdict): Evaluation {
  return {
    labels,
    verdict,
    stateBefore: "inactive",
    state: "inactive",
    change: "none",
    alert: undefined,
    ended: undefined,
  };
}

/** Not seeing is not recovery: every living alert stays, its clock stopped, and the failure is visible as a verdict. */
export function failedJudgement(request: JudgeRequest, failure: QueryFailure): RuleJudgement {
  const { rule } = request.planned;
  const verdict: Verdict = { kind: "failed", reason: "query_failed", events: 0, detail: failure.message };
  const evaluations =
    request.alerts.length === 0
      ? [inactiveEvaluation({}, verdict)]
      : request.alerts.map((alert) =>
          advance(request, alert.labels, alert, verdict, { limits: limitsOf(rule, alert.labels, undefined, alert) }),
        );
  return {
    rule,
    evaluations,
    failure,
    seen: [],
    forgotten: [],
    notEvaluated: 0,
    stale: undefined,
  };
}

/** Where the rule leaves it to another system that raises the alert, what that says, or said last. */
export function limitsOf(
  rule: Rule,
  labels: Labels,
  observation: Observation | undefined,
  alert: Alert | undefined,
): Limits {
  const limits = limitsFor(rule, labels);
  const { takesFromAlert } = rule;
  if (takesFromAlert === undefined) return limits;
  const { raised } = observation ?? {};
  return {
    ...limits,
    ...(takesFromAlert.severity ? { severity: raised?.severity ?? alert?.severity ?? limits.severity } : {}),
    ...(takesFromAlert.owner ? { owner: (raised === undefined ? alert?.owner : raised.owner) ?? limits.owner } : {}),
  };
}
