import type { Alert, AlertChange, AlertState } from "../model/alert.ts";
import type { Usual } from "../model/baseline.ts";
import { type Labels, labelsKey } from "../model/labels.ts";
import type { Answer, BatchAnswer, Observation, ProbeAnswer, QueryFailure } from "../model/query.ts";
import { type Limits, limitsFor, type Rule } from "../model/rule.ts";
import type { Learned, Template } from "../model/template.ts";
import type { Verdict, VerdictCounts, VerdictKind } from "../model/verdict.ts";
import { advance, failedJudgement, limitsOf } from "./advance.ts";
import { byLabels } from "./by-labels.ts";
import { evaluate } from "./evaluate.ts";
import { type CalmSight, calmSight } from "./judge-calm.ts";
import { judgeNew, unlessLearned } from "./judge-new.ts";
import { type KnownLabels, knownLabelSets } from "./known-labels.ts";
import type { AlertTick } from "./lifecycle.ts";
import { type PlannedRule, referenceBackMs } from "./plan.ts";
import type { LinesAnswer } from "./read-lines.ts";
import { notAnsweredIn, type ObservedWindow, overWindows, windowsOf } from "./windows.ts";

/** A label set that the rule has seen, and when. */
export interface SeenLabels {
  readonly labels: Labels;
  readonly seenAt: number;
  /** `new`: at which tick it was first seen; undefined for what was learned before. */
  readonly firstSeenAt?: number;
  /** `new` with patterns: what the label stands for. */
  readonly template?: Template;
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
  /** Of a calm judgement they are put together when they are first asked for. */
  readonly evaluations: readonly Evaluation[];
  /** Set when the rule could not be judged at this tick. */
  readonly failure: QueryFailure | undefined;
  readonly seen: readonly SeenLabels[];
  readonly forgotten: readonly Labels[];
  /** Groups beyond `max_groups`, a lower bound. */
  readonly notEvaluated: number;
  /** Whether the source had no event within `stale_after`; undefined when that was not asked or not answered. */
  readonly stale: boolean | undefined;
  /** `new`: how far it has got; undefined where this tick learned nothing. */
  readonly learned?: Learned;
  /** Set where no label set has an alert, or had one until this tick: how many there are of each verdict, without asking `evaluations`. */
  readonly calm?: VerdictCounts | undefined;
}

export interface JudgeRequest {
  readonly planned: PlannedRule;
  readonly answer: BatchAnswer;
  /** What was read of messages, in the order of the plan's readings. */
  readonly lines?: readonly LinesAnswer[];
  /** `new`: how far it had got before. */
  readonly learned?: Learned | undefined;
  readonly tick: AlertTick;
  readonly alerts: readonly Alert[];
  /** By `labelsKey`. */
  readonly known: ReadonlyMap<string, SeenLabels>;
  /** The instance name that identities are made of. */
  readonly instance: string;
  /** For `baseline`: what is usual of a label set, by `labelsKey`; undefined for what is not known. */
  readonly usualOf?: ((key: string, limits: Limits) => Usual | undefined) | undefined;
}

/** Judges one rule at one tick: every label set that answered, is known, or is not inactive gets one verdict. Pure. */
export function judgeRule(request: JudgeRequest): RuleJudgement {
  const { planned, answer } = request;
  const current = answer.answers[planned.current];
  const failure = failureOf(planned, answer);
  if (failure !== undefined || current?.kind !== "answered") {
    return failedJudgement(request, unlessLearned(request, failure ?? notAnswered));
  }
  if (planned.rule.limits.when.form === "new") {
    return judgeNew(request, current, planned.freshProbe === undefined ? undefined : isStale(request));
  }
  const calm = current.notAnswered === 0 && !isStale(request) ? calmSight(request, byLabels(current)) : undefined;
  return calm === undefined ? judgeEach(request, current) : calmJudgement(request, current, calm);
}

/** The same as judging each, which is then done only for who asks: nearly every tick of nearly every rule is calm. */
function calmJudgement(request: JudgeRequest, current: AnsweredQuestion, calm: CalmSight): RuleJudgement {
  let evaluations: readonly Evaluation[] | undefined;
  return {
    rule: request.planned.rule,
    get evaluations() {
      evaluations ??= judgeEach({ ...request, known: calm.known() }, current).evaluations;
      return evaluations;
    },
    failure: undefined,
    seen: calm.seen,
    forgotten: [],
    notEvaluated: 0,
    stale: request.planned.freshProbe === undefined ? undefined : false,
    calm: calm.verdicts,
  };
}

type AnsweredQuestion = Extract<Answer, { kind: "answered" }>;

function judgeEach(request: JudgeRequest, current: AnsweredQuestion): RuleJudgement {
  const { planned, answer } = request;
  const { rule } = planned;
  const currentByLabels = byLabels(current);
  const references = referencesOf(planned, answer);
  const windows = windowsOf(planned, answer);
  const alertsByLabels = alertsByKey(request.alerts);
  const complete = current.notAnswered === 0;
  const stale = isStale(request);
  const known = knownLabelSets(request, byLabels(lookbackOf(planned, answer)), currentByLabels);

  const evaluations: Evaluation[] = [];
  let cutOffBefore = 0;
  const observed = { current: currentByLabels, references, windows };
  for (const [key, { labels }] of labelSets(request, observed, alertsByLabels, known.missing)) {
    const observation = currentByLabels.get(key);
    const alert = alertsByLabels.get(key);
    // Beyond max_groups a missing label set is not "nothing", it was not asked; those not inactive were.
    if (observation === undefined && !complete && alert === undefined) continue;
    const limits = limitsOf(rule, labels, observation, alert);
    const reference = references.get(referenceBackMs(limits, rule.signal.windowMs) ?? Number.NaN);
    const before = reference?.byLabels.get(key);
    if (reference?.complete === false && before === undefined && alert === undefined) {
      cutOffBefore += 1;
      continue;
    }
    const over = overWindows(windows, limits, key);
    if (over?.cutOff === true && alert === undefined) continue;
    const nothing = observation === undefined && before === undefined && over?.any !== true;
    if (nothing && isForgotten(request, key, alert, limits)) {
      // Not even known any more: 0 of nothing is no measurement of it, and `keep_for` ends it as vanished.
      evaluations.push(advance(request, labels, alert, { kind: "no_data", reason: "vanished", events: 0 }, { limits }));
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
      ...(over === undefined ? {} : { over: over.at }),
      usual: request.usualOf?.(key, limits),
      stale,
    });
    evaluations.push(advance(request, labels, alert, withWords(verdict, observation, rule), { limits, observation }));
  }
  const gone = evaluations.filter((each) => isGone(rule, each)).map(({ labels }) => labels);
  return {
    rule,
    evaluations,
    failure: undefined,
    seen: known.seen,
    forgotten: [...known.forgotten, ...gone],
    notEvaluated: Math.max(current.notAnswered, ...notAnsweredIn(windows)) + cutOffBefore,
    stale: planned.freshProbe === undefined ? undefined : stale,
  };
}

/** How many label sets were judged how. */
export function verdictCounts(judgement: RuleJudgement): VerdictCounts {
  if (judgement.calm !== undefined) return judgement.calm;
  const counts: Partial<Record<VerdictKind, number>> = {};
  for (const { verdict } of judgement.evaluations) counts[verdict.kind] = (counts[verdict.kind] ?? 0) + 1;
  return counts;
}

/** What ended with a rule's old form before what it was judged to be in its new one. */
export function withEnded({ evaluations }: RuleJudgement, judgement: RuleJudgement): RuleJudgement {
  return { ...judgement, evaluations: [...evaluations, ...judgement.evaluations], calm: undefined };
}

/** Whether one alert fires is no number that people read; how many do is. */
function withWords(verdict: Verdict, observation: Observation | undefined, { signal: { measure } }: Rule): Verdict {
  if (measure.kind !== "alerts") return verdict;
  const { value: _value, threshold: _threshold, direction: _direction, ...plain } = verdict;
  const raised = observation?.raised === undefined ? {} : { raised: observation.raised.words };
  return { ...(measure.each ? plain : verdict), ...raised };
}

/** A living alert whose label set has reported nothing for longer than `known_for`. Absence has a time of its own. */
function isForgotten(
  { planned: { rule }, known, tick }: JudgeRequest,
  key: string,
  alert: Alert | undefined,
  limits: Limits,
): boolean {
  if (alert === undefined || rule.signal.by.length === 0 || rule.noData !== "keep") return false;
  if (limits.when.form === "absent") return false;
  const entry = known.get(key);
  return entry === undefined || tick.at - entry.seenAt > rule.knownForMs;
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

const noReferences: ReadonlyMap<number, Reference> = new Map();

/** The earlier windows of `change`, by how far back they lie. */
function referencesOf(planned: PlannedRule, answer: BatchAnswer): ReadonlyMap<number, Reference> {
  if (planned.references.size === 0) return noReferences;
  const references = new Map<number, Reference>();
  for (const [back, { answer: position, probe }] of planned.references) {
    const part = answer.answers[position];
    references.set(back, {
      byLabels: byLabels(part),
      complete: part?.kind !== "answered" || part.notAnswered === 0,
      hadData: !isFalse(answer.probes, probe),
    });
  }
  return references;
}

const notAnswered: QueryFailure = { code: "internal", message: "the source gave no answer", retryable: true };

/** The first of the rule's questions that failed: half an answer judges nothing. */
function failureOf(planned: PlannedRule, { answers, probes }: BatchAnswer): QueryFailure | undefined {
  let failure = failureAt(answers, planned.current);
  for (const { answer } of planned.references.values()) failure ??= failureAt(answers, answer);
  for (const answer of planned.windows.values()) failure ??= failureAt(answers, answer);
  failure ??= failureAt(answers, planned.lookback);
  for (const { probe } of planned.references.values()) failure ??= failureAt(probes, probe);
  return failure ?? failureAt(probes, planned.freshProbe);
}

/** Of the part at a position; undefined for one that was not asked. */
function failureAt(parts: readonly (Answer | ProbeAnswer)[], position: number | undefined): QueryFailure | undefined {
  if (position === undefined) return undefined;
  const part = parts[position];
  if (part === undefined) return notAnswered;
  return part.kind === "failed" ? part.failure : undefined;
}

/** Ends what is left of a rule that is gone, or that groups otherwise now: no recovery, and nothing it knew still holds. Pure. */
export function endAlerts(rule: Rule, alerts: readonly Alert[], known: Iterable<SeenLabels>): RuleJudgement {
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
  const forgotten = Array.from(known, ({ labels }) => labels);
  return { rule, evaluations, failure: undefined, seen: [], forgotten, notEvaluated: 0, stale: undefined };
}

/** What a tick's questions gave, by `labelsKey`. */
interface Observed {
  readonly current: ReadonlyMap<string, Observation>;
  readonly references: ReadonlyMap<number, Reference>;
  readonly windows: ReadonlyMap<number, ObservedWindow>;
}

/**
 * Union of what answered, what answered earlier or over longer and is judged with that, what is not inactive and what is known and
 * did not answer; the empty set when ungrouped. By `labelsKey`.
 */
function labelSets(
  { planned: { rule } }: JudgeRequest,
  { current, references, windows }: Observed,
  alerts: ReadonlyMap<string, Alert>,
  missing: KnownLabels["missing"],
): ReadonlyMap<string, { readonly labels: Labels }> {
  const { by, windowMs, measure } = rule.signal;
  // Nearly always there is nothing but what answered.
  const onlyNow = references.size === 0 && windows.size === 0;
  if (current.size > 0 && onlyNow && alerts.size === 0 && missing.length === 0) return current;
  const sets = new Map<string, { readonly labels: Labels }>();
  if (by.length === 0 && !(measure.kind === "alerts" && measure.each)) sets.set("{}", { labels: {} });
  for (const [key, observation] of current) sets.set(key, observation);
  for (const [back, reference] of references) {
    for (const [key, observation] of reference.byLabels) {
      if (referenceBackMs(limitsFor(rule, observation.labels), windowMs) === back) sets.set(key, observation);
    }
  }
  for (const window of windows.values()) {
    for (const [key, observation] of window.byLabels) {
      if (limitsFor(rule, observation.labels).when.form === "burn") sets.set(key, observation);
    }
  }
  for (const [key, alert] of alerts) sets.set(key, alert);
  for (const [key, entry] of missing) sets.set(key, entry);
  return sets;
}

const noAlerts: ReadonlyMap<string, Alert> = new Map();

function alertsByKey(alerts: readonly Alert[]): ReadonlyMap<string, Alert> {
  return alerts.length === 0 ? noAlerts : new Map(alerts.map((alert) => [labelsKey(alert.labels), alert]));
}

function lookbackOf(planned: PlannedRule, answer: BatchAnswer): Answer | undefined {
  return planned.lookback === undefined ? undefined : answer.answers[planned.lookback];
}

function isStale({ planned, answer }: JudgeRequest): boolean {
  return isFalse(answer.probes, planned.freshProbe);
}

/** The source answered, and the answer is no. */
function isFalse(probes: readonly ProbeAnswer[], position: number | undefined): boolean {
  const probe = position === undefined ? undefined : probes[position];
  return probe?.kind === "answered" && !probe.any;
}
