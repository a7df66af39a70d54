import { type Labels, labelsKey, pickLabels } from "../../model/labels.ts";
import type { Answer, Observation, Query, Where } from "../../model/query.ts";
import { cleanText } from "../../support/clean-text.ts";
import { chooseGroups } from "../choose-groups.ts";
import { fail } from "../query-failure.ts";
import type { Series } from "./answer.ts";
import type { Side } from "./expressions.ts";

const mostNamed = 3;
const longestValue = 60;

/** What the expressions of a query gave. */
export type Sides = { readonly [Of in Side]?: readonly Series[] };

/** The answer of all sides of a query. Pure. */
export function observeSides(
  query: Query,
  { value, whole = [], bad = [] }: Sides,
  mustAnswer: readonly Labels[],
): Answer {
  return value === undefined ? observeRatio(query, whole, bad, mustAnswer) : observe(query, value, mustAnswer);
}

/**
 * A whole and its bad part, joined by the `by` labels: what has no bad series has no bad events, and a bad part without a whole
 * counts for nothing. Of no events there is no ratio. Pure.
 */
function observeRatio(
  query: Query,
  whole: readonly Series[],
  bad: readonly Series[],
  mustAnswer: readonly Labels[],
): Answer {
  const wholes = groupSeries(query, whole);
  if (!(wholes instanceof Map)) return wholes;
  const bads = groupSeries(query, bad);
  if (!(bads instanceof Map)) return bads;
  const observations = [...wholes].flatMap(([key, { labels, series }]): Observation[] => {
    const events = series.value ?? 0;
    if (events <= 0) return [];
    const badEvents = bads.get(key)?.series.value ?? 0;
    return [{ labels, events, badEvents, value: badEvents / events }];
  });
  if (observations.length === 0 && query.by.length === 0)
    observations.push({ labels: {}, value: undefined, events: 0 });
  return { kind: "answered", ...chooseGroups({ observations, mustAnswer, maxGroups: query.maxGroups }) };
}

interface Grouped {
  readonly labels: Labels;
  readonly series: Series;
}

/**
 * The series of an expression as the observations of a query. One that lacks a `by` label belongs to no group; several
 * that have the same `by` labels are a failure, since which of them counts is for the rule's author to say. Pure.
 */
export function observe(query: Query, series: readonly Series[], mustAnswer: readonly Labels[]): Answer {
  const { by, maxGroups } = query;
  const found = groupSeries(query, series);
  if (!(found instanceof Map)) return found;
  const observations = Array.from(found.values(), ({ labels, series: { value } }): Observation => {
    return { labels, value, events: 1 };
  });
  if (observations.length === 0 && by.length === 0) observations.push({ labels: {}, value: undefined, events: 0 });
  return { kind: "answered", ...chooseGroups({ observations, mustAnswer, maxGroups, weightOf: largest }) };
}

/** By `labelsKey` of the `by` labels. */
function groupSeries(
  { by, where }: Query,
  series: readonly Series[],
): Map<string, Grouped> | Extract<Answer, { kind: "failed" }> {
  const found = new Map<string, Grouped>();
  for (const each of series) {
    if (!matches(each.labels, where) || !by.every((name) => hasLabel(each.labels, name))) continue;
    const labels = pickLabels(each.labels, by);
    const key = labelsKey(labels);
    const other = found.get(key);
    if (other !== undefined) return { kind: "failed", failure: fallTogether(by, other.series.labels, each.labels) };
    found.set(key, { labels, series: each });
  }
  return found;
}

function largest({ value }: Observation): number {
  return value ?? -Number.MAX_VALUE;
}

/** To Prometheus an empty label is none. */
export function hasLabel(labels: Labels, name: string): boolean {
  return (labels[name] ?? "") !== "";
}

export function matches(labels: Labels, where: Where): boolean {
  return Object.entries(where).every(([name, wanted]) =>
    wanted.some((value) => String(value) === (labels[name] ?? "")),
  );
}

function fallTogether(by: readonly string[], one: Labels, other: Labels) {
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])].sort();
  const differing = names.filter((name) => one[name] !== other[name]);
  const under = by.length === 0 ? "without `by`" : `under \`by: [${by.join(", ")}]\``;
  const pair = [one, other].map((labels) => shown(labels, differing)).join(" and ");
  const aggregate = by.length === 0 ? "`max(…)`" : `\`max by (${by.join(", ")}) (…)\``;
  const more = differing.filter((name) => name !== "__name__").slice(0, mostNamed);
  const widen = more.length === 0 ? "" : `, or add ${more.map((name) => `\`${line(name)}\``).join(", ")} to \`by\``;
  return fail(
    "refused",
    false,
    `several series fall together ${under}: ${pair}. Aggregate them, such as ${aggregate}${widen}`,
  );
}

/** `{instance="a"}`: what tells it from the other. */
function shown(labels: Labels, names: readonly string[]): string {
  const pairs = names.slice(0, mostNamed).map((name) => `${line(name)}=${JSON.stringify(line(labels[name] ?? ""))}`);
  return `{${pairs.join(", ")}}`;
}

function line(text: string): string {
  return cleanText(text, { maxLength: longestValue, singleLine: true });
}
