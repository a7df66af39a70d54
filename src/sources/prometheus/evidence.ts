import { type Labels, labelsKey, pickLabels } from "../../model/labels.ts";
import type { Line, Lines, LinesRequest, SeriesPoint, SeriesRequest } from "../../model/query.ts";
import type { Window } from "../../model/time.ts";
import { BackfeedError } from "../../support/errors.ts";
import { asError, fail } from "../query-failure.ts";
import { type RangeSeries, readRange } from "./answer.ts";
import type { Connection } from "./connection.ts";
import { expressionsOf } from "./expressions.ts";
import { matches } from "./observe.ts";

/** Prometheus refuses more than 11,000 points of a series. */
export const mostPoints = 10_000;

/**
 * The values of one label set, one a step: each as a tick at the step's end would have seen it. Throws BackfeedError,
 * `refused` where several series have these labels.
 */
export async function askSeries(
  connection: Connection,
  { query, labels, window, stepMs }: SeriesRequest,
  signal: AbortSignal,
): Promise<readonly SeriesPoint[]> {
  const wanted = Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, [value]]));
  const where = { ...query.where, ...wanted };
  const expressions = expressionsOf(query, stepMs);
  if (expressions.length === 0) throw notPromql();
  const sides = await Promise.all(
    expressions.map(async ({ text }) => {
      const all = await askRange(connection, text, { window, stepMs }, signal);
      const found = all.filter((each) => matches(each.labels, where));
      if (found.length <= 1) return pointsOf(found[0], { window, stepMs });
      throw new BackfeedError("refused", `${found.length} series have these labels: aggregate them in the expression`);
    }),
  );
  const [first = [], bad] = sides;
  return bad === undefined ? first : first.map((whole, step) => ratioOf(whole, bad[step]));
}

function ratioOf({ at, value: whole }: SeriesPoint, bad: SeriesPoint | undefined): SeriesPoint {
  return { at, value: whole === undefined || whole <= 0 ? undefined : (bad?.value ?? 0) / whole };
}

/** The series of an expression, those of the largest mean first. Throws BackfeedError. */
export async function askLines(
  connection: Connection,
  { query, window, stepMs, limit }: LinesRequest,
  signal: AbortSignal,
): Promise<Lines> {
  const where = "promql" in query ? {} : query.where;
  const [expression] = "promql" in query ? [{ side: "value", text: query.promql }] : expressionsOf(query, stepMs);
  if (expression?.side !== "value") throw notPromql();
  const found = (await askRange(connection, expression.text, { window, stepMs }, signal)).filter((each) =>
    matches(each.labels, where),
  );
  const ranked = found
    .map((series) => ({ series, mean: meanOf(series), key: labelsKey(series.labels) }))
    .sort((a, b) => b.mean - a.mean || (a.key < b.key ? -1 : 1));
  const telling = "promql" in query ? tellingNames(found) : query.by;
  const lines = ranked.slice(0, limit).map(({ series }): Line => {
    return { labels: pickLabels(series.labels, telling), points: pointsOf(series, { window, stepMs }) };
  });
  return { lines, more: ranked.length - lines.length };
}

interface Steps {
  readonly window: Window;
  readonly stepMs: number;
}

async function askRange(
  connection: Connection,
  expression: string,
  { window, stepMs }: Steps,
  signal: AbortSignal,
): Promise<readonly RangeSeries[]> {
  const steps = Math.ceil((window.to - window.from) / stepMs);
  if (!(stepMs >= 1) || steps > mostPoints) {
    throw new BackfeedError("limit", `a series has at most ${mostPoints} steps of at least a millisecond`);
  }
  const range = { first: window.from + stepMs, last: window.from + steps * stepMs, stepMs };
  const answer = await connection.ask("query_range", rangeParameters(expression, range), signal);
  if (answer.kind === "failed") throw asError(answer.failure);
  const series = readRange(answer.data);
  if ("wrong" in series) throw asError(fail("refused", false, series.wrong));
  if ("unexpected" in series) throw asError(fail("unreachable", true, series.unexpected));
  return series;
}

function notPromql(): BackfeedError {
  return new BackfeedError("refused", "a metrics source is asked in PromQL", { retryable: false });
}

/** Of an expression at each step from a first instant to a last. */
export function rangeParameters(
  expression: string,
  { first, last, stepMs }: { readonly first: number; readonly last: number; readonly stepMs: number },
): readonly (readonly [string, string])[] {
  return [
    ["query", expression],
    ["start", seconds(first)],
    ["end", seconds(last)],
    ["step", seconds(stepMs)],
    // VictoriaMetrics would move the instants to multiples of the step.
    ["nocache", "1"],
  ];
}

/** Of an expression at one instant. */
export function instantParameters(expression: string, at: number): readonly (readonly [string, string])[] {
  return [
    ["query", expression],
    ["time", seconds(at)],
  ];
}

export function seconds(ms: number): string {
  return (ms / 1_000).toFixed(3);
}

function pointsOf(series: RangeSeries | undefined, { window, stepMs }: Steps): readonly SeriesPoint[] {
  const byStep = new Map<number, number | undefined>();
  for (const [at, value] of series?.points ?? []) byStep.set(Math.round((at - window.from) / stepMs) - 1, value);
  const points: SeriesPoint[] = [];
  for (let at = window.from; at < window.to; at += stepMs) points.push({ at, value: byStep.get(points.length) });
  return points;
}

function meanOf({ points }: RangeSeries): number {
  const values = points.flatMap(([, value]) => value ?? []);
  if (values.length === 0) return Number.NEGATIVE_INFINITY;
  // Of numbers as large as what stands for infinity, the sum is not one.
  return values.reduce((mean, value) => mean + value / values.length, 0);
}

/** Labels that are not the same everywhere: those that tell the lines apart. */
function tellingNames(series: readonly { readonly labels: Labels }[]): readonly string[] {
  const [first] = series;
  if (first === undefined || series.length === 1) return [];
  const names = new Set(series.flatMap(({ labels }) => Object.keys(labels)));
  return [...names].filter((name) => series.some(({ labels }) => labels[name] !== first.labels[name])).sort();
}
