import { isDeepStrictEqual } from "node:util";
import { type Labels, labelsKey, pickLabels } from "../../model/labels.ts";
import {
  type Answer,
  isZeroOfNothing,
  type Measure,
  type Message,
  type Messages,
  type MessagesRequest,
  type Observation,
  type Query,
  type QueryFailure,
  type Question,
  type SeriesPoint,
  type SeriesRequest,
} from "../../model/query.ts";
import type { Window } from "../../model/time.ts";
import { cutCodePoints } from "../../support/clean-text.ts";
import type { Point } from "../../support/series-notation.ts";
import { chooseGroups } from "../choose-groups.ts";
import { asError } from "../query-failure.ts";
import type { LabelledSeries, ScriptedSeries } from "./script.ts";
import { type Parts, sumOver } from "./sum-over.ts";

const scriptedFailure: QueryFailure = {
  code: "unreachable",
  message: "the script says that this query fails",
  retryable: true,
};

const notScripted: QueryFailure = {
  code: "unknown_field",
  message: "the script does not say how many users there are",
  retryable: false,
};

const notTold: QueryFailure = {
  code: "refused",
  message: "the script does not say what windows of this length hold",
  retryable: false,
};

/** As Prometheus does: what several series of an expression are together only the expression could say. */
const fallTogether: QueryFailure = { code: "refused", message: "several series fall together", retryable: false };

type Observed = Omit<Observation, "labels">;

/** The answer of series at the tick on which the question's window ends. */
export function answerFromSeries(script: ScriptedSeries, { query, window, mustAnswer }: Question): Answer {
  const groups = new Map<string, { readonly labels: Labels; readonly observed: Observed[] }>();
  const usersOf = usersAsked(script, query);
  if (usersOf === "unknown") return { kind: "failed", failure: notScripted };
  for (const series of script.series) {
    if (!isWanted(series.labels, query)) continue;
    const position = positionOf(script, series, window.to);
    const observed =
      usersOf === undefined ? observe(script, series, { query, window, position }) : usersAt(series, position, usersOf);
    if (observed === "failed") return { kind: "failed", failure: script.failure ?? scriptedFailure };
    if (observed === "unknown") return { kind: "failed", failure: notScripted };
    if (observed === "untold") return { kind: "failed", failure: notTold };
    if (observed === undefined) continue;
    const isEachAlert = query.measure.kind === "alerts" && query.measure.each;
    const labels = isEachAlert ? series.labels : pickLabels(series.labels, query.by);
    const key = labelsKey(labels);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { labels, observed: [observed] });
    else group.observed.push(observed);
  }
  if (usersOf !== undefined && groups.size === 0) return { kind: "failed", failure: notScripted };
  const several = [...groups.values()].some(({ observed }) => observed.length > 1);
  if (several && query.measure.kind === "promql") return { kind: "failed", failure: fallTogether };
  const observations: Observation[] = Array.from(groups.values(), ({ labels, observed }) => ({
    labels,
    ...together(observed, query.measure),
  }));
  const isUngrouped = query.by.length === 0 && !(query.measure.kind === "alerts" && query.measure.each);
  if (observations.length === 0 && isUngrouped) {
    observations.push({ labels: {}, value: isZeroOfNothing(query.measure) ? 0 : undefined, events: 0 });
  }
  return { kind: "answered", ...chooseGroups({ observations, mustAnswer, maxGroups: query.maxGroups }) };
}

/**
 * What the script says of one label set in each step of a window; nothing for steps that are no window of its. A query that
 * fails has no value here: it was not seen.
 */
export function seriesFromSeries(
  script: ScriptedSeries,
  { query, labels, window, stepMs }: SeriesRequest,
): readonly SeriesPoint[] {
  const wanted = labelsKey(labels);
  const series = script.series.filter((each) => labelsKey(pickLabels(each.labels, Object.keys(labels))) === wanted);
  const part = { ...script, series };
  const points: SeriesPoint[] = [];
  for (let at = window.from; at < window.to; at += stepMs) {
    const step = { from: at, to: Math.min(at + stepMs, window.to) };
    points.push({ at, value: isSaid(part, step) ? valueIn(part, query, step) : undefined });
  }
  return points;
}

function isSaid(script: ScriptedSeries, window: Window): boolean {
  return script.series.some((series) => positionOf(script, series, window.to) >= 0);
}

function valueIn(script: ScriptedSeries, query: Query, window: Window): number | undefined {
  const answer = answerFromSeries(script, { query, window, mustAnswer: [] });
  return answer.kind === "answered" ? answer.observations[0]?.value : undefined;
}

/** Of each series with a message as many as its value says, all at the last instant of the window. Throws what its failure says. */
export function messagesFromSeries(
  script: ScriptedSeries,
  { query, window, limit, maxLength }: MessagesRequest,
): Messages {
  const messages: Message[] = [];
  let more = false;
  for (const series of script.series) {
    if (series.message === undefined || !isWanted(series.labels, query)) continue;
    const value = at(series.value, positionOf(script, series, window.to));
    if (value === "failed") throw asError(script.failure ?? scriptedFailure);
    const room = limit - messages.length;
    const text = cutCodePoints(series.message, maxLength);
    more ||= (value ?? 0) > room;
    for (let count = 0; count < Math.min(value ?? 0, room); count += 1) messages.push({ at: window.to - 1, text });
  }
  return { messages, more };
}

/** From its start on a script stands for a source that is alive; before it there is only what series of other instants say. */
export function anyInSeries({ start, series }: ScriptedSeries, window: Window): boolean {
  if (window.to >= start) return true;
  return series.some(({ ends }) => ends?.some((end) => end > window.from && end <= window.to));
}

/** Which users a question counts; undefined for a question about the values themselves. */
function usersAsked(script: ScriptedSeries, { measure, filters }: Query): "bad" | "total" | "unknown" | undefined {
  if (script.measure === undefined || isDeepStrictEqual(measure, script.measure)) return undefined;
  if (measure.kind !== "unique") return "unknown";
  if (script.measure.kind !== "ratio") return "bad";
  const { bad } = script.measure;
  return filters.some((filter) => isDeepStrictEqual(filter, bad)) ? "bad" : "total";
}

/** Undefined for a series that is about other instants; nothing said of this one is not nobody. */
function usersAt(
  series: LabelledSeries,
  position: number,
  which: "bad" | "total",
): Observed | "failed" | "unknown" | undefined {
  if (position < 0) return undefined;
  const value = at(which === "bad" ? series.users : series.totalUsers, position);
  if (value === "failed") return "failed";
  return value === undefined ? "unknown" : { value, events: value };
}

/** Only what the query's exact matches allow, and what has all of its `by` labels. */
function isWanted(labels: Labels, { where, by }: Query): boolean {
  if (!by.every((name) => Object.hasOwn(labels, name))) return false;
  return Object.entries(where).every(([name, wanted]) => {
    const value = labels[name];
    return value === undefined || wanted.some((scalar) => String(scalar) === value);
  });
}

interface Place {
  readonly query: Query;
  readonly window: Window;
  /** Of the value whose window ends with this one. */
  readonly position: number;
}

function observe(
  script: ScriptedSeries,
  series: LabelledSeries,
  { query, window, position: tick }: Place,
): Observed | undefined | "failed" | "untold" {
  if (query.measure.kind === "ratio") {
    const newest = partsAt(series, tick);
    if (newest === "failed") return "failed";
    const parts = sumOver(window, newest, {
      series,
      eachMs: script.windowMs,
      first: series.ends?.[0] ?? script.start,
      partsAt: (end) => partsAt(series, positionOf(script, series, end)),
    });
    if (parts === "untold") return "untold";
    if (parts === undefined || parts.total === 0) return undefined;
    return { events: parts.total, badEvents: parts.bad, value: parts.bad / parts.total };
  }
  const value = at(series.value, tick);
  const events = at(series.events, tick);
  if (value === "failed" || events === "failed") return "failed";
  if (value === undefined) return undefined;
  return { value, events: events ?? (query.measure.kind === "count" ? value : 1) };
}

function partsAt(series: LabelledSeries, tick: number): Parts | undefined | "failed" {
  const total = at(series.total, tick);
  const bad = series.bad === undefined ? 0 : at(series.bad, tick);
  if (total === "failed" || bad === "failed") return "failed";
  return total === undefined || bad === undefined ? undefined : { total, bad };
}

/** Of label sets that the question does not tell apart. */
function together(observed: readonly Observed[], measure: Measure): Observed {
  const [first] = observed;
  if (first !== undefined && observed.length === 1) return first;
  const events = sum(observed.map((each) => each.events));
  if (measure.kind === "ratio") {
    const badEvents = sum(observed.map((each) => each.badEvents ?? 0));
    return { events, badEvents, value: badEvents / events };
  }
  const values = observed.flatMap(({ value }) => value ?? []);
  switch (measure.kind) {
    case "avg":
      return { events, value: sum(observed.map((each) => (each.value ?? 0) * each.events)) / events };
    case "min":
      return { events, value: Math.min(...values) };
    case "max":
    case "percentile":
      return { events, value: Math.max(...values) };
    default:
      return { events, value: sum(values) };
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

const positionsOfEnds = new WeakMap<readonly number[], ReadonlyMap<number, number>>();

/** Which of a series' values is the one for windows that end then; -1 when none is. */
function positionOf(script: ScriptedSeries, { ends }: LabelledSeries, to: number): number {
  if (ends === undefined) {
    const tick = (to - script.start) / script.stepMs;
    return Number.isInteger(tick) ? tick : -1;
  }
  let positions = positionsOfEnds.get(ends);
  if (positions === undefined) {
    positions = new Map(ends.map((end, position) => [end, position]));
    positionsOfEnds.set(ends, positions);
  }
  return positions.get(to) ?? -1;
}

function at(points: readonly Point[] | undefined, tick: number): Point {
  return tick < 0 ? undefined : points?.[tick];
}
