import type { Labels } from "../../model/labels.ts";
import { isZeroOfNothing, type Measure, type Observation } from "../../model/query.ts";
import type { Window } from "../../model/time.ts";
import type { ElasticsearchCause } from "./failure.ts";
import type { ExactField } from "./fields.ts";
import { isDate } from "./search-body.ts";

// Read by hand and not by a schema: a tick of a thousand rules reads tens of thousands of buckets, and every number
// taken is checked to be one (`count`, `finite`).

/** One search's part of a multi-search answer, as far as we read it. */
export interface SearchResult {
  readonly status?: number;
  readonly error?: ElasticsearchCause | string;
  readonly timed_out?: boolean;
  readonly _shards?: {
    readonly total?: number;
    readonly failed?: number;
    readonly failures?: readonly { readonly reason?: ElasticsearchCause }[];
  };
  /** Of a search over several clusters. */
  readonly _clusters?: { readonly skipped?: number; readonly partial?: number; readonly failed?: number };
  readonly hits?: { readonly total?: { readonly value?: number } };
  readonly aggregations?: Aggregations;
}

export type Aggregations = Readonly<Record<string, unknown>>;

export interface Bucket extends Aggregations {
  readonly key: unknown;
  readonly doc_count: number;
}

/** The answer does not have the form that its question asked for. */
export class UnexpectedAnswer extends Error {
  override readonly name = "UnexpectedAnswer";
}

/** What some events measure; `from` is the bucket, or the top level, that holds the metric `name`. */
export function readMeasure(
  from: Aggregations | undefined,
  { measure, name, events, window }: { measure: Measure; name: string; events: number; window: Window },
): Omit<Observation, "labels"> {
  if (measure.kind === "count") return { value: events, events };
  if (measure.kind === "rate") return { value: events / ((window.to - window.from) / 1_000), events };
  if (from === undefined) return nothing(measure);
  const metric = object(from[name]);
  if (measure.kind === "ratio") {
    const badEvents = count(metric["doc_count"]);
    return { value: events === 0 ? undefined : badEvents / events, events, badEvents };
  }
  if (measure.kind === "percentile") return { value: percentile(metric["values"], measure.percent), events };
  if (measure.kind === "unique") return { value: count(metric["value"]), events };
  if (measure.kind === "sum") return { value: finite(metric["sum"]), events };
  return { value: metric["count"] === 0 ? undefined : finite(metric[measure.kind]), events };
}

/** The measure of no events. */
export function nothing(measure: Measure): Omit<Observation, "labels"> {
  const value = isZeroOfNothing(measure) ? 0 : undefined;
  return { value, events: 0, ...(measure.kind === "ratio" ? { badEvents: 0 } : {}) };
}

export function totalOf(result: SearchResult): number {
  return count(result.hits?.total?.value);
}

export function bucketsOf(aggregation: unknown): readonly Bucket[] {
  const { buckets } = object(aggregation);
  if (!Array.isArray(buckets)) throw new UnexpectedAnswer("an aggregation came without buckets");
  return buckets;
}

/** The family's buckets by the text of their key. */
export function bucketsByText(aggregation: unknown): ReadonlyMap<string, Bucket> {
  return new Map(bucketsOf(aggregation).map((bucket) => [keyText(bucket), bucket]));
}

/** The groups of one list of terms, and whether the list or its counts may be short. */
export function readTerms(aggregation: unknown, field: string) {
  const { sum_other_doc_count: others, doc_count_error_upper_bound: error } = object(aggregation);
  const groups = bucketsOf(aggregation).map((bucket) => ({ labels: oneLabel(field, keyText(bucket)), bucket }));
  return { groups, othersEvents: count(others), isExact: others === 0 || error === 0 };
}

/** Whether a list of terms has every group: then no shard left any out either. */
export function isWholeList(aggregation: unknown): boolean {
  return count(object(aggregation)["sum_other_doc_count"]) === 0;
}

/** A group's label; with a field as a composite aggregation would print it, which tells dates otherwise than terms. */
export function groupText(bucket: Bucket, field: ExactField | undefined): string {
  return field !== undefined && isDate(field) ? compositeText(bucket.key, field) : keyText(bucket);
}

/** One page of a composite aggregation. */
export function readPage(aggregation: unknown, by: readonly string[], fields: readonly ExactField[]) {
  const buckets = bucketsOf(aggregation);
  const groups = buckets.map((bucket) => {
    const key = object(bucket.key);
    const labels: [string, string][] = by.map((name, index) => [name, compositeText(key[`b${index}`], fields[index])]);
    return { labels: Object.fromEntries(labels) as Labels, bucket };
  });
  return { groups, after: object(aggregation)["after_key"] };
}

/** A computed name makes a member of its own, also of `__proto__`. */
function oneLabel(field: string, text: string): Labels {
  return { [field]: text };
}

/** How a label prints: text as it is, booleans as true and false, dates as ISO 8601, numbers as JSON. */
function keyText(bucket: Bucket): string {
  const text = bucket["key_as_string"];
  return typeof text === "string" ? text : String(bucket.key);
}

function compositeText(key: unknown, field: ExactField | undefined): string {
  if (typeof key === "number" && field !== undefined && isDate(field)) return new Date(key).toISOString();
  return String(key);
}

function percentile(values: unknown, percent: number): number | undefined {
  if (!Array.isArray(values)) throw new UnexpectedAnswer("percentiles came without values");
  const found = values.map(object).find((entry) => entry["key"] === percent);
  if (found === undefined) throw new UnexpectedAnswer("a percentile that was asked for did not come");
  return found["value"] === null ? undefined : finite(found["value"]);
}

function count(value: unknown): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw new UnexpectedAnswer("a count is missing in the answer");
  }
  return value;
}

function finite(value: unknown): number {
  if (typeof value !== "number" || !Number.isFinite(value)) {
    throw new UnexpectedAnswer("a number is missing in the answer, or is none");
  }
  return value;
}

function object(value: unknown): Aggregations {
  if (typeof value !== "object" || value === null)
    throw new UnexpectedAnswer("an aggregation is missing in the answer");
  return value as Aggregations;
}
