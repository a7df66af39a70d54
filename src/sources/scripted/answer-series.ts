import { type Labels, pickLabels } from "../../model/labels.ts";
import {
  type Answer,
  isZeroOfNothing,
  type Observation,
  type Query,
  type QueryFailure,
  type Question,
} from "../../model/query.ts";
import { chooseGroups } from "../choose-groups.ts";
import type { Point } from "./notation.ts";
import type { LabelledSeries, ScriptedSeries } from "./script.ts";

const scriptedFailure: QueryFailure = {
  code: "unreachable",
  message: "the script says that this query fails",
  retryable: true,
};

/** The answer of series at the tick on which the question's window ends. */
export function answerFromSeries(script: ScriptedSeries, { query, window, mustAnswer }: Question): Answer {
  const tick = (window.to - script.start) / script.stepMs;
  const observations: Observation[] = [];
  for (const series of script.series) {
    if (!isWanted(series.labels, query)) continue;
    const observed = observe(series, Number.isInteger(tick) ? tick : -1, query);
    if (observed === "failed") return { kind: "failed", failure: scriptedFailure };
    if (observed !== undefined) observations.push({ labels: pickLabels(series.labels, query.by), ...observed });
  }
  if (observations.length === 0 && query.by.length === 0) {
    observations.push({ labels: {}, value: isZeroOfNothing(query.measure) ? 0 : undefined, events: 0 });
  }
  return { kind: "answered", ...chooseGroups({ observations, mustAnswer, maxGroups: query.maxGroups }) };
}

/** Only what the query's exact matches allow, and what has all of its `by` labels. */
function isWanted(labels: Labels, { where, by }: Query): boolean {
  if (!by.every((name) => Object.hasOwn(labels, name))) return false;
  return Object.entries(where).every(([name, wanted]) => {
    const value = labels[name];
    return value === undefined || wanted.some((scalar) => String(scalar) === value);
  });
}

function observe(
  series: LabelledSeries,
  tick: number,
  query: Query,
): Omit<Observation, "labels"> | undefined | "failed" {
  if (query.measure.kind === "ratio") {
    const total = at(series.total, tick);
    const bad = series.bad === undefined ? 0 : at(series.bad, tick);
    if (total === "failed" || bad === "failed") return "failed";
    if (total === undefined || total === 0 || bad === undefined) return undefined;
    return { events: total, badEvents: bad, value: bad / total };
  }
  const value = at(series.value, tick);
  const events = at(series.events, tick);
  if (value === "failed" || events === "failed") return "failed";
  if (value === undefined) return undefined;
  return { value, events: events ?? (query.measure.kind === "count" ? value : 1) };
}

function at(points: readonly Point[] | undefined, tick: number): Point {
  return tick < 0 ? undefined : points?.[tick];
}
