import { type Finding, type ImpactMeasured, isOngoing } from "../model/finding.ts";
import { storable } from "../model/infinity.ts";
import type { Labels } from "../model/labels.ts";
import type { Answer, Batch, BatchAnswer, Probe, Query, Question, Where } from "../model/query.ts";
import { limitsFor, patternLabel, type Rule } from "../model/rule.ts";
import { fixedPieces } from "../model/template.ts";
import type { Window } from "../model/time.ts";

/** Users and trend are asked again at most this often for one finding (PRIORITY.md). */
const askAgainAfterMs = 15 * 60_000;
const weekMs = 7 * 86_400_000;
/** Users of an episode are counted over at most its last day. */
const longestUserWindowMs = 86_400_000;

/** What to ask for one finding's priority, and where the answers will stand in its batch. */
export interface ImpactPlan {
  readonly finding: Finding;
  readonly rule: Rule;
  readonly source: string;
  readonly usersBad: number | undefined;
  readonly usersTotal: number | undefined;
  readonly now: number | undefined;
  readonly lastWeek: number | undefined;
  readonly lastWeekProbe: number | undefined;
}

export interface SourceImpact {
  readonly source: string;
  readonly batch: Batch;
  readonly plans: readonly ImpactPlan[];
}

/** Whether a finding's impact is old enough to be asked again; a quiet one keeps what it has. */
export function needsImpact(finding: Finding, at: number): boolean {
  return isOngoing(finding) && (finding.impact === undefined || at - finding.impact.askedAt >= askAgainAfterMs);
}

/** One batch a source for all findings that need it. Pure. */
export function planImpact(
  findings: readonly { readonly finding: Finding; readonly rule: Rule }[],
  at: number,
  delayOf: (source: string) => number,
): readonly SourceImpact[] {
  const bySource = new Map<string, { questions: Question[]; probes: Probe[]; plans: ImpactPlan[] }>();
  for (const { finding, rule } of findings) {
    const { source } = rule.signal;
    let collected = bySource.get(source);
    if (collected === undefined) {
      collected = { questions: [], probes: [], plans: [] };
      bySource.set(source, collected);
    }
    collected.plans.push(planOne(finding, rule, at, delayOf(source), collected));
  }
  return [...bySource].map(([source, { questions, probes, plans }]) => ({
    source,
    batch: { questions, probes },
    plans,
  }));
}

function planOne(
  finding: Finding,
  rule: Rule,
  at: number,
  delayMs: number,
  collected: { questions: Question[]; probes: Probe[] },
): ImpactPlan {
  const { signal, impact } = rule;
  const to = at - delayMs;
  const ask = (query: Query, window: Window) => collected.questions.push({ query, window, mustAnswer: [] }) - 1;
  const { worst } = finding;
  const { when } = limitsFor(rule, worst.labels);
  // What is known is no part of it, and a group may hold much of that.
  const whole = ungrouped(signal.query, when.form === "new" ? worst.labels : finding.groupLabels, worst.subject);
  let usersBad: number | undefined;
  let usersTotal: number | undefined;
  if (impact.usersField !== undefined) {
    const measure = { kind: "unique", field: impact.usersField } as const;
    // The first breached tick's own window reaches back before that tick.
    const from = Math.max(finding.episode.startedAt - signal.windowMs - delayMs, to - longestUserWindowMs);
    const window = { from: Math.min(from, to - 1), to };
    usersBad = ask({ ...badPart(whole), measure }, window);
    if (signal.measure.kind === "ratio") usersTotal = ask({ ...whole, measure }, window);
  }
  let now: number | undefined;
  let lastWeek: number | undefined;
  let lastWeekProbe: number | undefined;
  // What is new has no earlier, and what is absent no now; of received alerts only what is now is known.
  if (signal.measure.kind !== "alerts" && when.form !== "absent" && when.form !== "new") {
    const window = { from: to - signal.windowMs, to };
    const earlier = { from: window.from - weekMs, to: window.to - weekMs };
    now = ask(whole, window);
    lastWeek = ask(whole, earlier);
    // A series of an expression that was there has a value; of what is counted, 0 may be of no data.
    if (signal.measure.kind !== "promql") {
      lastWeekProbe = collected.probes.push({ target: signal.target, window: earlier }) - 1;
    }
  }
  return { finding, rule, source: signal.source, usersBad, usersTotal, now, lastWeek, lastWeekProbe };
}

/**
 * What the answers say. A part that failed is undefined: "not measured", never zero; when all failed, what was measured
 * before stands, so that a source's bad minute lowers no score. Pure.
 */
export function readImpact(plan: ImpactPlan, answer: BatchAnswer, at: number): ImpactMeasured {
  const asked = [plan.usersBad, plan.usersTotal, plan.now, plan.lastWeek].flatMap((position) => position ?? []);
  const before = plan.finding.impact;
  const usersAsked = plan.usersBad !== undefined;
  if (before !== undefined && asked.every((position) => answer.answers[position]?.kind !== "answered")) {
    return { ...before, askedAt: at, usersAsked };
  }
  const valueAt = (position: number | undefined) =>
    position === undefined ? undefined : singleValue(answer.answers[position], plan.rule);
  return {
    askedAt: at,
    usersBad: valueAt(plan.usersBad),
    usersTotal: valueAt(plan.usersTotal),
    usersAsked,
    trend: trendOf(plan, valueAt(plan.now), valueAt(plan.lastWeek), answer),
  };
}

function trendOf(
  plan: ImpactPlan,
  now: number | undefined,
  lastWeek: number | undefined,
  answer: BatchAnswer,
): ImpactMeasured["trend"] {
  if (now === undefined || lastWeek === undefined || !hadData(plan, answer)) return undefined;
  const inverted = badSide(plan.finding) === "below";
  const [numerator, denominator] = inverted ? [lastWeek, now] : [now, lastWeek];
  if (denominator === 0) return numerator === 0 ? undefined : "from_zero";
  return storable(numerator / denominator);
}

function hadData({ lastWeekProbe }: ImpactPlan, { probes }: BatchAnswer): boolean {
  if (lastWeekProbe === undefined) return true;
  const probe = probes[lastWeekProbe];
  return probe?.kind === "answered" && probe.any;
}

/**
 * On which side of its limit the finding is bad: that of its worst value, since the verdict of now may be of none (failed,
 * no data) and a tick that saw nothing must not change a score.
 */
export function badSide({ episode: { peak }, worst }: Finding): "above" | "below" | undefined {
  if (peak?.threshold === undefined || peak.value === peak.threshold) return worst.verdict.direction;
  return peak.value > peak.threshold ? "above" : "below";
}

/** A ratio's trend is that of its bad part (PRIORITY.md). */
function singleValue(answer: Answer | undefined, rule: Rule): number | undefined {
  if (answer?.kind !== "answered") return undefined;
  const observation = answer.observations[0];
  if (observation === undefined) return undefined;
  return rule.signal.measure.kind === "ratio" && observation.badEvents !== undefined
    ? observation.badEvents
    : observation.value;
}

/** The signal's query over some label values as a single number. `subject` is the template of a log message pattern. */
export function ungrouped(query: Query, labels: Labels, subject?: string): Query {
  const { containing } = query;
  // A pattern is no field: its messages are asked for by the words that all of them have.
  const { [patternLabel]: _pattern, ...fields } = labels;
  const exact: Where = Object.fromEntries(
    Object.entries(containing === undefined ? labels : fields).map(([name, value]) => [name, [value]]),
  );
  return {
    ...query,
    where: { ...query.where, ...exact },
    ...(containing === undefined ? {} : { containing: { ...containing, pieces: fixedPieces(subject ?? "") } }),
    by: [],
    maxGroups: 1,
  };
}

/** The bad part of a ratio; every other query is its own bad part. */
export function badPart(query: Query): Query {
  return query.measure.kind === "ratio" ? { ...query, filters: [...query.filters, query.measure.bad] } : query;
}
