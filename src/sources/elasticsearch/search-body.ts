import type { Measure } from "../../model/query.ts";
import type { Window } from "../../model/time.ts";
import { eventMeasure } from "../event-measure.ts";
import type { ExactField } from "./fields.ts";
import type { Member, Search } from "./plan.ts";
import { queryParts } from "./query-parts.ts";

/** How groups are asked for: one list of the first ones, or all of them page by page. */
export type Grouping = "none" | "terms" | "composite";

const mostTerms = 1_000;
/** Groups on one page of a composite aggregation: a few hundred kilobytes. */
const pageSize = 2_500;
/** Within 2 % (measured on log-normal durations: under 1 %). The default of 100 is not, in the tails. */
const digestCompression = 200;
/** Exact up to about this many, then 0.4 % standard error; the default of 3,000 has 0.8 %. */
const uniqueThreshold = 10_000;

export interface BodySettings {
  readonly timestamp: string;
  readonly timeoutMs: number;
}

/** What a page, a follow-up for certain groups, or both, add to a search. */
export interface BodyParts {
  /** Only these keys of a single `by` field, as text. */
  readonly include?: readonly string[];
  /** A further JSON clause. */
  readonly clause?: string;
  /** The last key of the page before. */
  readonly after?: unknown;
}

/** What the members measure, each thing once: aggregations by name, and which one serves a member. */
export interface Metrics {
  /** JSON members of `aggs`, joined by commas; empty when counting documents is enough. */
  readonly json: string;
  nameOf(member: Member): string;
}

export function groupingOf(by: readonly ExactField[], maxGroups: number): Grouping {
  if (by.length === 0) return "none";
  return by.length === 1 && maxGroups <= mostTerms ? "terms" : "composite";
}

/** The name says what it is, so that equal measures meet: sums and means of a field are one `stats`. */
export function collectMetrics(members: readonly Member[]): Metrics {
  const names = new Map<string, string>();
  const percents = new Map<string, { field: string; percents: Set<number> }>();
  const json = new Map<string, string>();
  for (const { asked, parts } of members) {
    const { query } = asked.question;
    const key = metricKey(query.measure, queryParts(query).bad);
    if (key === undefined) continue;
    const name = names.get(key) ?? `m${names.size}`;
    names.set(key, name);
    const field = parts.measured ?? "";
    if (query.measure.kind === "percentile") {
      const known = percents.get(name) ?? { field, percents: new Set() };
      percents.set(name, known);
      known.percents.add(query.measure.percent);
    } else if (!json.has(name)) json.set(name, metricJson(query.measure, field, queryParts(query).bad));
  }
  for (const [name, { field, percents: asked }] of percents) {
    const digest = { tdigest: { compression: digestCompression } };
    json.set(name, JSON.stringify({ percentiles: { field, percents: [...asked], keyed: false, ...digest } }));
  }
  return {
    json: [...json].map(([name, text]) => `"${name}":${text}`).join(","),
    nameOf: ({ asked }) => {
      const { query } = asked.question;
      return names.get(metricKey(query.measure, queryParts(query).bad) ?? "") ?? "";
    },
  };
}

function metricKey(asked: Measure, bad: string | undefined): string | undefined {
  const measure = eventMeasure(asked);
  if (measure.kind === "count" || measure.kind === "rate") return undefined;
  if (measure.kind === "ratio") return `bad ${bad}`;
  if (measure.kind === "unique" || measure.kind === "percentile") return `${measure.kind} ${measure.field}`;
  return `stats ${measure.field}`;
}

function metricJson(measure: Measure, field: string, bad: string | undefined): string {
  if (measure.kind === "ratio") return `{"filter":${bad}}`;
  if (measure.kind === "unique")
    return JSON.stringify({ cardinality: { field, precision_threshold: uniqueThreshold } });
  return JSON.stringify({ stats: { field } });
}

/** The body of a search, as JSON text: numbers only, never a document. */
export function searchBody(search: Search, metrics: Metrics, settings: BodySettings, more: BodyParts = {}): string {
  const { family, members, window } = search;
  const [first] = members;
  const by = first?.parts.by ?? [];
  const maxGroups = first?.asked.question.query.maxGroups ?? 0;
  const grouping = groupingOf(by, maxGroups);
  let aggregations = metrics.json;
  if (grouping === "terms" && by[0] !== undefined) {
    const ratio = members.find((member) => member.asked.question.query.measure.kind === "ratio");
    aggregations = termsJson(
      by[0],
      { maxGroups, order: ratio && metrics.nameOf(ratio), include: more.include },
      metrics.json,
    );
  } else if (grouping === "composite") {
    aggregations = compositeJson(by, more.after, metrics.json);
  }
  let clauses = search.clauses;
  if (family !== undefined) {
    const values = JSON.stringify(family.values);
    const field = JSON.stringify(family.field);
    const size = family.values.length;
    aggregations = `"f":{"terms":{"field":${field},"size":${size},"shard_size":${size},"include":${values}}${inner(aggregations)}}`;
    clauses = joined(clauses, `{"terms":{${field}:${values}}}`);
  }
  const needsTotal = grouping === "none" && family === undefined;
  const start = `{"size":0,"track_total_hits":${needsTotal},"timeout":"${settings.timeoutMs}ms"`;
  const query = queryJson(settings.timestamp, window, joined(clauses, more.clause ?? ""));
  return `${start},"query":${query}${aggregations === "" ? "" : `,"aggs":{${aggregations}}`}}`;
}

/** All of a window that the clauses let through. */
export function queryJson(timestamp: string, window: Window, clauses: string): string {
  const field = JSON.stringify(timestamp);
  const range = `{"range":{${field}:{"gte":${window.from},"lt":${window.to},"format":"epoch_millis"}}}`;
  return `{"bool":{"filter":[${joined(range, clauses)}]}}`;
}

/** Whether there is any document: stops at the first. */
export function probeBody(window: Window, settings: BodySettings): string {
  const limits = `"size":0,"track_total_hits":1,"terminate_after":1,"timeout":"${settings.timeoutMs}ms"`;
  return `{${limits},"query":${queryJson(settings.timestamp, window, "")}}`;
}

function termsJson(
  field: ExactField,
  {
    maxGroups,
    order,
    include,
  }: { maxGroups: number; order: string | undefined; include: readonly string[] | undefined },
  metrics: string,
): string {
  const size = include === undefined ? maxGroups + 1 : Math.max(1, include.length);
  const terms = {
    field: field.name,
    size,
    // Far more than asked for, so that each shard rarely cuts; what it cuts is seen and asked again (read-search.ts).
    shard_size: include === undefined ? size * 2 + 500 : size,
    ...(order === undefined ? {} : { order: [{ [order]: "desc" }, { _count: "desc" }, { _key: "asc" }] }),
    ...(include === undefined ? {} : { include }),
    ...(isDate(field) ? { format: "strict_date_optional_time" } : {}),
  };
  return `"g":{"terms":${JSON.stringify(terms)}${inner(metrics)}}`;
}

function compositeJson(by: readonly ExactField[], after: unknown, metrics: string): string {
  const sources = by.map((field, index) => ({ [`b${index}`]: { terms: { field: field.name } } }));
  const composite = { size: pageSize, sources, ...(after === undefined ? {} : { after }) };
  return `"g":{"composite":${JSON.stringify(composite)}${inner(metrics)}}`;
}

export function isDate(field: ExactField): boolean {
  return field.type === "date" || field.type === "date_nanos";
}

function inner(aggregations: string): string {
  return aggregations === "" ? "" : `,"aggs":{${aggregations}}`;
}

function joined(first: string, second: string): string {
  return first === "" ? second : second === "" ? first : `${first},${second}`;
}
