import type { Alert, AlertChange, AlertState } from "../model/alert.ts";
import { fingerprint, groupKey } from "../model/identity.ts";
import { type Labels, labelsKey, pickLabels } from "../model/labels.ts";
import type { Answer, BatchAnswer, Observation, ProbeAnswer, QueryFailure } from "../model/query.ts";
import { limitsFor, type Rule } from "../model/rule.ts";
import type { Verdict } from "../model/verdict.ts";
import { evaluate } from "./evaluate.ts";
import { type AlertTick, advanceAlert } from "./lifecycle.ts";
import type { PlannedRule } from "./plan.ts";

/** A label set that the rule has seen, and when. */
export interface SeenLabels {
  readonly labels: Labels;
  readonly seenAt: number;
}

/** What one tick said of one label set of one rule. */
export interface Evaluation {
  readonly labels: Labels;
  readonly verdict: Verdict;
  readonly stateBefore: AlertState;
  readonly state: AlertState;
  readonly change: AlertChange;
  /** The alert as it is now; undefined when inactive. */
  readonly alert: Alert | undefined;
  /** The alert that ended at this tick. */
  readonly ended: Alert | undefined;
}

export interface RuleJudgement {
  readonly rule: Rule;
  readonly evaluations: readonly Evaluation[];
  /** Set when the rule could not be judged at this tick. */
  readonly failure: QueryFailure | undefined;
  readonly seen: readonly SeenLabels[];
  readonly forgotten: readonly Labels[];
  /** Groups beyond `max_groups`, a lower bound. */
  readonly notEvaluated: number;
  /** The source had no event within `stale_after`. */
  readonly stale: boolean;
}

export interface JudgeRequest {
  readonly planned: PlannedRule;
  readonly answer: BatchAnswer;
  readonly tick: AlertTick;
  readonly alerts: readonly Alert[];
  readonly known: readonly SeenLabels[];
  /** The instance name that identities are made of. */
  readonly instance: string;
}

/** Remembered label sets of one rule; beyond it the longest unseen are forgotten first. */
const mostKnownLabelSets = 10_000;

/** Judges one rule at one tick: every label set that answered, is known, or is not inactive gets one verdict. Pure. */
export function judgeRule(request: JudgeRequest): RuleJudgement {
  const { planned, answer } = request;
  const current = answer.answers[planned.current];
  const failure = failureOf(planned, answer);
  if (failure !== undefined || current?.kind !== "answered") {
    return failedJudgement(request, failure ?? notAnswered);
  }
  const reference = planned.reference === undefined ? undefined : answer.answers[planned.reference];
  const currentByLabels = byLabels(current.observations);
  const referenceByLabels = byLabels(observationsOf(reference));
  const alertsByLabels = new Map(request.alerts.map((alert) => [labelsKey(alert.labels), alert]));
  const complete = current.notAnswered === 0;
  const stale = isFalse(answer.probes, planned.freshProbe);
  const referenceHadData = planned.referenceProbe !== undefined && !isFalse(answer.probes, planned.referenceProbe);
  const known = knownLabelSets(request, observationsOf(lookbackOf(planned, answer)), current.observations);

  const evaluations: Evaluation[] = [];
  for (const [key, labels] of labelSets(request, [currentByLabels, referenceByLabels, alertsByLabels], known.kept)) {
    const observation = currentByLabels.get(key);
    const alert = alertsByLabels.get(key);
    // Beyond max_groups a missing label set is not "nothing", it was not asked; those not inactive were.
    if (observation === undefined && !complete && alert === undefined) continue;
    const verdict = evaluate({
      measure: planned.rule.signal.measure,
      limits: limitsFor(planned.rule, labels),
      noData: planned.rule.noData,
      state: alert?.state ?? "inactive",
      current: observation,
      reference: referenceByLabels.get(key),
      referenceHadData,
      stale,
    });
    evaluations.push(advance(request, labels, alert, verdict));
  }
  return {
    rule: planned.rule,
    evaluations,
    failure: undefined,
    seen: known.seen,
    forgotten: known.forgotten,
    notEvaluated: current.notAnswered,
    stale,
  };
}

const notAnswered: QueryFailure = { code: "internal", message: "the source gave no answer", retryable: true };

/** The first of the rule's questions that failed: half an answer judges nothing. */
function failureOf(planned: PlannedRule, answer: BatchAnswer): QueryFailure | undefined {
  for (const position of [planned.current, planned.reference, planned.lookback]) {
    if (position === undefined) continue;
    const part = answer.answers[position];
    if (part === undefined) return notAnswered;
    if (part.kind === "failed") return part.failure;
  }
  for (const position of [planned.referenceProbe, planned.freshProbe]) {
    if (position === undefined) continue;
    const part = answer.probes[position];
    if (part === undefined) return notAnswered;
    if (part.kind === "failed") return part.failure;
  }
  return undefined;
}

/** Ends what is left of a rule that is gone, or that groups otherwise now: no recovery, and nothing it knew still holds. Pure. */
export function endAlerts(rule: Rule, alerts: readonly Alert[], known: readonly SeenLabels[]): RuleJudgement {
  const evaluations = alerts.map(
    (alert): Evaluation => ({
      labels: alert.labels,
      verdict: { kind: "no_data", events: 0 },
      stateBefore: alert.state,
      state: "inactive",
      change: "rule_changed",
      alert: undefined,
      ended: alert,
    }),
  );
  const forgotten = known.map(({ labels }) => labels);
  return { rule, evaluations, failure: undefined, seen: [], forgotten, notEvaluated: 0, stale: false };
}

/** Not seeing is not recovery: every living alert stays, its clock stopped, and the failure is visible as a verdict. */
function failedJudgement(request: JudgeRequest, failure: QueryFailure): RuleJudgement {
  const verdict: Verdict = { kind: "failed", reason: "query_failed", events: 0, detail: failure.message };
  const evaluations =
    request.alerts.length === 0
      ? [inactiveEvaluation({}, verdict)]
      : request.alerts.map((alert) => advance(request, alert.labels, alert, verdict));
  return {
    rule: request.planned.rule,
    evaluations,
    failure,
    seen: [],
    forgotten: [],
    notEvaluated: 0,
    stale: false,
  };
}

function advance(request: JudgeRequest, labels: Labels, alert: Alert | undefined, verdict: Verdict): Evaluation {
  if (alert === undefined && verdict.kind !== "breached") return inactiveEvaluation(labels, verdict);
  const { rule } = request.planned;
  const limits = limitsFor(rule, labels);
  const step = advanceAlert(alert, verdict, request.tick, {
    fingerprint: alert?.fingerprint ?? fingerprint(request.instance, rule.identity, labels),
    ruleId: rule.id,
    ruleIdentity: rule.identity,
    labels,
    groupKey: alert?.groupKey ?? groupKey(request.instance, rule.problem, pickLabels(labels, rule.group)),
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

/** Union of what answered, what answered earlier, what is not inactive and what is known; the empty set when ungrouped. */
function labelSets(
  request: JudgeRequest,
  groups: readonly ReadonlyMap<string, { readonly labels: Labels }>[],
  known: readonly SeenLabels[],
): ReadonlyMap<string, Labels> {
  const sets = new Map<string, Labels>();
  if (request.planned.rule.signal.by.length === 0) sets.set("{}", {});
  for (const group of groups) {
    for (const [key, { labels }] of group) sets.set(key, labels);
  }
  for (const { labels } of known) sets.set(labelsKey(labels), labels);
  return sets;
}

interface Known {
  readonly kept: readonly SeenLabels[];
  /** New, or seen again after a hundredth of `known_for`: written no more often, since each is a row. */
  readonly seen: readonly SeenLabels[];
  readonly forgotten: readonly Labels[];
}

function knownLabelSets(
  request: JudgeRequest,
  lookback: readonly Observation[],
  observed: readonly Observation[],
): Known {
  const { rule } = request.planned;
  if (rule.signal.by.length === 0) return { kept: [], seen: [], forgotten: [] };
  const { at } = request.tick;
  const known = new Map(request.known.map((entry) => [labelsKey(entry.labels), entry]));
  const seen: SeenLabels[] = [];
  const rewriteAfterMs = rule.knownForMs / 100;
  for (const { labels, events } of [...lookback, ...observed]) {
    if (events === 0) continue;
    const key = labelsKey(labels);
    const before = known.get(key);
    if (before !== undefined && at - before.seenAt < rewriteAfterMs) continue;
    const entry = { labels, seenAt: at };
    if (before?.seenAt !== at) seen.push(entry);
    known.set(key, entry);
  }
  const kept: SeenLabels[] = [];
  const forgotten: Labels[] = [];
  for (const entry of [...known.values()].sort((a, b) => b.seenAt - a.seenAt)) {
    if (at - entry.seenAt <= rule.knownForMs && kept.length < mostKnownLabelSets) kept.push(entry);
    else forgotten.push(entry.labels);
  }
  return { kept, seen, forgotten };
}

function byLabels(observations: readonly Observation[]): Map<string, Observation> {
  return new Map(observations.map((observation) => [labelsKey(observation.labels), observation]));
}

function observationsOf(answer: Answer | undefined): readonly Observation[] {
  return answer?.kind === "answered" ? answer.observations : [];
}

function lookbackOf(planned: PlannedRule, answer: BatchAnswer): Answer | undefined {
  return planned.lookback === undefined ? undefined : answer.answers[planned.lookback];
}

/** The source answered, and the answer is no. */
function isFalse(probes: readonly ProbeAnswer[], position: number | undefined): boolean {
  const probe = position === undefined ? undefined : probes[position];
  return probe?.kind === "answered" && !probe.any;
}
