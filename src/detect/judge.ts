import type { Alert, AlertChange, AlertState } from "../model/alert.ts";
import { fingerprint, groupKey } from "../model/identity.ts";
import { type Labels, labelsKey, pickLabels } from "../model/labels.ts";
import type { Answer, BatchAnswer, Observation, ProbeAnswer, QueryFailure } from "../model/query.ts";
import { limitsFor, type Rule } from "../model/rule.ts";
import type { Verdict } from "../model/verdict.ts";
import { evaluate } from "./evaluate.ts";
import { type AlertTick, advanceAlert } from "./lifecycle.ts";
import { type PlannedRule, referenceBackMs } from "./plan.ts";

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
  const { rule } = planned;
  const currentByLabels = byLabels(current.observations);
  const references = referencesOf(planned, answer);
  const alertsByLabels = new Map(request.alerts.map((alert) => [labelsKey(alert.labels), alert]));
  const complete = current.notAnswered === 0;
  const stale = isFalse(answer.probes, planned.freshProbe);
  const known = knownLabelSets(request, observationsOf(lookbackOf(planned, answer)), current.observations);

  const evaluations: Evaluation[] = [];
  let cutOffBefore = 0;
  for (const [key, labels] of labelSets(request, currentByLabels, references, alertsByLabels, known.kept)) {
    const observation = currentByLabels.get(key);
    const alert = alertsByLabels.get(key);
    // Beyond max_groups a missing label set is not "nothing", it was not asked; those not inactive were.
    if (observation === undefined && !complete && alert === undefined) continue;
    const limits = limitsFor(rule, labels);
    const reference = references.get(referenceBackMs(limits, rule.signal.windowMs) ?? Number.NaN);
    const before = reference?.byLabels.get(key);
    if (reference?.complete === false && before === undefined && alert === undefined) {
      cutOffBefore += 1;
      continue;
    }
    const verdict = evaluate({
      measure: rule.signal.measure,
      limits,
      noData: rule.noData,
      state: alert?.state ?? "inactive",
      current: observation,
      reference: before,
      referenceHadData: reference?.hadData ?? false,
      stale,
    });
    evaluations.push(advance(request, labels, alert, verdict));
  }
  const gone = evaluations.filter((each) => isGone(rule, each)).map(({ labels }) => labels);
  return {
    rule,
    evaluations,
    failure: undefined,
    seen: known.seen,
    forgotten: [...known.forgotten, ...gone],
    notEvaluated: current.notAnswered + cutOffBefore,
    stale,
  };
}

/** Absent for longer than `keep_for`: still known, it would be missed anew at the next tick. */
function isGone(rule: Rule, { change, labels }: Evaluation): boolean {
  return change === "vanished" && limitsFor(rule, labels).when.form === "absent";
}

interface Reference {
  readonly byLabels: ReadonlyMap<string, Observation>;
  /** False when groups beyond `max_groups` were not answered: what is missing is then not "nothing". */
  readonly complete: boolean;
  /** Whether the source had any event in that window. */
  readonly hadData: boolean;
}

/** The earlier windows of `change`, by how far back they lie. */
function referencesOf(planned: PlannedRule, answer: BatchAnswer): ReadonlyMap<number, Reference> {
  const references = new Map<number, Reference>();
  for (const [back, { answer: position, probe }] of planned.references) {
    const part = answer.answers[position];
    references.set(back, {
      byLabels: byLabels(observationsOf(part)),
      complete: part?.kind !== "answered" || part.notAnswered === 0,
      hadData: !isFalse(answer.probes, probe),
    });
  }
  return references;
}

const notAnswered: QueryFailure = { code: "internal", message: "the source gave no answer", retryable: true };

/** The first of the rule's questions that failed: half an answer judges nothing. */
function failureOf(planned: PlannedRule, answer: BatchAnswer): QueryFailure | undefined {
  const references = [...planned.references.values()];
  for (const position of [planned.current, ...references.map((each) => each.answer), planned.lookback]) {
    if (position === undefined) continue;
    const part = answer.answers[position];
    if (part === undefined) return notAnswered;
    if (part.kind === "failed") return part.failure;
  }
  for (const position of [...references.map(({ probe }) => probe), planned.freshProbe]) {
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

/**
 * Union of what answered, what answered earlier and is compared with that, what is not inactive and what is known; the
 * empty set when ungrouped.
 */
function labelSets(
  { planned: { rule } }: JudgeRequest,
  current: ReadonlyMap<string, Observation>,
  references: ReadonlyMap<number, Reference>,
  alerts: ReadonlyMap<string, Alert>,
  known: readonly SeenLabels[],
): ReadonlyMap<string, Labels> {
  const { by, windowMs } = rule.signal;
  const sets = new Map<string, Labels>();
  if (by.length === 0) sets.set("{}", {});
  for (const [key, { labels }] of current) sets.set(key, labels);
  for (const [back, reference] of references) {
    for (const [key, { labels }] of reference.byLabels) {
      if (referenceBackMs(limitsFor(rule, labels), windowMs) === back) sets.set(key, labels);
    }
  }
  for (const [key, { labels }] of alerts) sets.set(key, labels);
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
