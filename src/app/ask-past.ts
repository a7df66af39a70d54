import { historySlotsOf } from "../detect/baseline/usual.ts";
import type { PlannedRule } from "../detect/plan.ts";
import { type MeasuredWindow, slotOf } from "../model/baseline.ts";
import { isInfinite } from "../model/infinity.ts";
import { type Labels, labelsKey } from "../model/labels.ts";
import { type BatchAnswer, isZeroOfNothing, type SeriesPoint } from "../model/query.ts";
import type { Rule } from "../model/rule.ts";
import type { Window } from "../model/time.ts";
import type { Source } from "../sources/source.ts";
import { asBackfeedError } from "../support/errors.ts";
import type { TickContext } from "./context.ts";
import { labelSetHash } from "./measured-histories.ts";

/** Steps that every kind of source answers in one series. */
const mostSteps = 5_000;
/** Range queries for one rule, once in its life. */
const mostRequests = 60;
const atOnce = 4;

/**
 * Asks the source for what a new baseline compares with, so that it need not wait for weeks: the series of the label sets that
 * report now, the busiest first. What cannot be had is learned as time goes on. Throws only `aborted`.
 */
export async function askPast(
  { rule, window, current }: PlannedRule,
  answer: BatchAnswer,
  context: Pick<TickContext, "measuredHistories" | "sources" | "logger">,
  signal: AbortSignal,
): Promise<void> {
  const { measuredHistories, sources, logger } = context;
  const found = answer.answers[current];
  const source = sources.get(rule.signal.source);
  if (!measuredHistories.wantsPast(rule) || found?.kind !== "answered" || source === undefined) return;
  const labelSets = [...found.observations].sort((a, b) => b.events - a.events).map(({ labels }) => labels);
  try {
    measuredHistories.takePast(rule, await pastOf(rule, labelSets, window.from, source, signal));
  } catch (thrown) {
    const error = asBackfeedError(thrown);
    if (error.kind === "aborted" || signal.aborted) throw error;
    measuredHistories.takePast(rule, undefined);
    logger.warn("PAST_NOT_READ", "a baseline starts without the past: its source could not tell it", {
      rule: rule.id,
      source: source.name,
      problem: error.message,
    });
  }
}

interface Span {
  readonly labels: Labels;
  readonly window: Window;
}

type Told = readonly { readonly labels: Labels; readonly points: readonly SeriesPoint[] }[];

async function pastOf(
  rule: Rule,
  labelSets: readonly Labels[],
  until: number,
  source: Source,
  signal: AbortSignal,
): Promise<readonly MeasuredWindow[]> {
  const { query, windowMs: stepMs, measure } = rule.signal;
  const isMetric = measure.kind === "promql";
  // An expression answers with all its series at once.
  const spans = spansOf(rule, isMetric ? [{}] : labelSets, until);
  const told: Told[] = [];
  for (let next = 0; next < spans.length; next += atOnce) {
    const asked = spans.slice(next, next + atOnce).map(async ({ labels, window }): Promise<Told> => {
      if (!isMetric) return [{ labels, points: await source.series({ query, labels, window, stepMs }, signal) }];
      return (await source.lines({ query, window, stepMs, limit: query.maxGroups }, signal)).lines;
    });
    told.push(...(await Promise.all(asked)));
  }
  return windowsOf(rule, told.flat());
}

/** All of one label set, then of the next, as far as the limit on requests reaches; each the newest first. */
function spansOf(rule: Rule, labelSets: readonly Labels[], until: number): readonly Span[] {
  const { windowMs } = rule.signal;
  const { slots = 0, slotMs = 0 } = historySlotsOf(rule) ?? {};
  const steps = Math.floor((slots * slotMs) / windowMs);
  const spans: Span[] = [];
  for (const labels of labelSets) {
    for (let done = 0; done < steps && spans.length < mostRequests; done += mostSteps) {
      const to = until - done * windowMs;
      spans.push({ labels, window: { from: to - Math.min(mostSteps, steps - done) * windowMs, to } });
    }
  }
  return spans;
}

/** One value for each slot and label set, the first in it, oldest first. */
function windowsOf(rule: Rule, told: Told): readonly MeasuredWindow[] {
  const slots = historySlotsOf(rule);
  if (slots === undefined) return [];
  const bySlot = new Map<number, { readonly from: number; readonly values: Map<string, number> }>();
  for (const [hash, points] of pointsByLabelSet(told)) {
    const began = isZeroOfNothing(rule.signal.measure) ? points.findIndex(({ value }) => value !== 0) : 0;
    // Before its first event there may have been no log at all.
    for (const { at, value } of began < 0 ? [] : points.slice(began)) {
      const slot = slotOf(at, slots);
      const window = bySlot.get(slot) ?? { from: at, values: new Map<string, number>() };
      bySlot.set(slot, window);
      if (!window.values.has(hash)) window.values.set(hash, value);
    }
  }
  return [...bySlot.values()].sort((a, b) => a.from - b.from);
}

/** What was measured of each, oldest first. */
function pointsByLabelSet(told: Told): ReadonlyMap<string, readonly { readonly at: number; readonly value: number }[]> {
  const all = new Map<string, { readonly at: number; readonly value: number }[]>();
  for (const { labels, points } of told) {
    const hash = labelSetHash(labelsKey(labels));
    const own = all.get(hash) ?? [];
    all.set(hash, own);
    for (const { at, value } of points) {
      if (value !== undefined && Number.isFinite(value) && !isInfinite(value)) own.push({ at, value });
    }
  }
  for (const points of all.values()) points.sort((a, b) => a.at - b.at);
  return all;
}
