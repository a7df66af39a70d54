import type { Measure } from "../../model/query.ts";
import type { Window } from "../../model/time.ts";
import { commonStepMs, spanOf } from "../steps.ts";
import type { ExactField } from "./fields.ts";
import { type BodySettings, isDate, queryJson } from "./search-body.ts";

/**
 * How many windows are answered by one search: `steps` counts documents in equal steps of which windows are put together
 * here, `ranges` lets Elasticsearch measure each window by itself.
 */
export type Means =
  | { readonly kind: "steps"; readonly stepMs: number; readonly windows: readonly Window[] }
  | { readonly kind: "ranges"; readonly windows: readonly Window[] };

/** A search's buckets without groups (the server's limit for all of them is 65,536). */
const mostSteps = 20_000;
const mostRanges = 1_500;
const leastStepMs = 1_000;
/** Steps are counted over the whole span: not worth it where the windows leave most of it out. */
const leastCovered = 0.25;

/**
 * Counts add up exactly, so overlapping windows of them share steps. Of sums the last digits depend on the order of adding, and
 * distinct values, percentiles and means do not add up at all: each window is a range of its own, over the same documents as a
 * tick would ask. Pure.
 */
export function meansOf(measure: Measure, windows: readonly Window[], most: number): readonly Means[] {
  const sorted = [...windows].sort((a, b) => a.to - b.to || a.from - b.from);
  const stepMs = addsUp(measure) ? commonStepMs(sorted.flatMap(({ from, to }) => [from, to])) : 0;
  if (stepMs < leastStepMs || covered(sorted) < leastCovered) {
    return inParts(sorted, (part) => part.length < Math.min(most, mostRanges)).map((part) => {
      return { kind: "ranges", windows: part };
    });
  }
  const fits = (part: readonly Window[], next: Window) => {
    const { from, to } = spanOf([...part.slice(0, 1), next]);
    return part.length < most && (to - from) / stepMs <= mostSteps;
  };
  return inParts(sorted, fits).map((part) => ({ kind: "steps", stepMs, windows: part }));
}

function addsUp({ kind }: Measure): boolean {
  return kind === "count" || kind === "rate" || kind === "ratio";
}

function covered(windows: readonly Window[]): number {
  const { from, to } = spanOf(windows);
  return windows.reduce((total, window) => total + window.to - window.from, 0) / (to - from);
}

function inParts(
  windows: readonly Window[],
  fits: (part: readonly Window[], next: Window) => boolean,
): readonly (readonly Window[])[] {
  const parts: Window[][] = [];
  let part: Window[] = [];
  for (const window of windows) {
    if (part.length > 0 && !fits(part, window)) {
      parts.push(part);
      part = [];
    }
    part.push(window);
  }
  return part.length === 0 ? parts : [...parts, part];
}

export interface HistorySearch {
  /** JSON clauses, joined by commas. */
  readonly clauses: string;
  readonly by: readonly ExactField[];
  readonly maxGroups: number;
  /** JSON members of `aggs`: what is measured. */
  readonly metrics: string;
}

/** The body of a search over many windows, as JSON text: time outside, groups in it, in these the measure. */
export function historyBody(
  { clauses, by, maxGroups, metrics }: HistorySearch,
  means: Means,
  settings: BodySettings,
): string {
  const { timestamp, timeoutMs } = settings;
  const inner = by.reduceRight((json, field, level) => {
    // One more than can be answered, so that a list that is cut is seen.
    const terms = {
      field: field.name,
      size: maxGroups + 1,
      ...(isDate(field) ? { format: "strict_date_optional_time" } : {}),
    };
    return `"g${level}":{"terms":${JSON.stringify(terms)}${json === "" ? "" : `,"aggs":{${json}}`}}`;
  }, metrics);
  const { from, to } = spanOf(means.windows);
  const time = means.kind === "steps" ? stepsJson(timestamp, from, means.stepMs) : rangesJson(timestamp, means.windows);
  const start = `{"size":0,"track_total_hits":false,"timeout":"${timeoutMs}ms"`;
  const query = queryJson(timestamp, { from, to }, clauses);
  return `${start},"query":${query},"aggs":{"t":{${time}${inner === "" ? "" : `,"aggs":{${inner}}`}}}}`;
}

function stepsJson(field: string, from: number, stepMs: number): string {
  const offset = `${((from % stepMs) + stepMs) % stepMs}ms`;
  const histogram = { field, fixed_interval: `${stepMs}ms`, offset, min_doc_count: 1, format: "epoch_millis" };
  return `"date_histogram":${JSON.stringify(histogram)}`;
}

/** Keyed by their places: Elasticsearch puts ranges into an order of its own. */
function rangesJson(field: string, windows: readonly Window[]): string {
  const ranges = windows.map(({ from, to }, place) => ({ key: String(place), from: String(from), to: String(to) }));
  return `"date_range":${JSON.stringify({ field, format: "epoch_millis", ranges })}`;
}
