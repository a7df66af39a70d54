import type { Labels } from "../../src/model/labels.ts";
import { labelsKey } from "../../src/model/labels.ts";
import type { Filter, Measure, Query, Question, Where } from "../../src/model/query.ts";
import type { Window } from "../../src/model/time.ts";
import type { Dataset, DatasetEvent } from "./source-dataset.ts";

/** Conditions that every source can say in its own language. Each event of the data has the fields of `not_health`. */
export type FilterKind = "slow" | "server_error" | "not_health" | "broken";

const predicates: Readonly<Record<Exclude<FilterKind, "broken">, (event: DatasetEvent) => boolean>> = {
  /** duration_ms >= 250 */
  slow: (event) => typeof event.duration_ms === "number" && event.duration_ms >= 250,
  /** http.response.status_code >= 500 */
  server_error: (event) => (event.http.response?.status_code ?? 0) >= 500,
  /** url.path does not start with /health */
  not_health: (event) => !event.url.path.startsWith("/health"),
};

/** A measure whose ratio names its bad part by kind. */
export type PlainMeasure =
  | Exclude<Measure, { kind: "ratio" | "promql" | "alerts" }>
  | { readonly kind: "ratio"; readonly bad: FilterKind };

/** A question that is not yet in any source's language. */
export interface PlainQuestion {
  readonly where: Where;
  readonly filters: readonly FilterKind[];
  readonly measure: PlainMeasure;
  readonly by: readonly string[];
  readonly maxGroups: number;
  readonly window: Window;
  readonly mustAnswer: readonly Labels[];
}

export function plainQuestion(window: Window, parts: Partial<PlainQuestion> = {}): PlainQuestion {
  const nothing = { where: {}, filters: [], by: [], maxGroups: 1_000, mustAnswer: [] };
  return { ...nothing, measure: { kind: "count" }, window, ...parts };
}

/** The same question in a source's language. */
export function toQuestion(
  plain: PlainQuestion,
  { target, filterFor }: { target: string; filterFor(kind: FilterKind): Filter },
): Question {
  const { where, by, maxGroups } = plain;
  const measure: Measure =
    plain.measure.kind === "ratio" ? { kind: "ratio", bad: filterFor(plain.measure.bad) } : plain.measure;
  const query: Query = { target, where, filters: plain.filters.map(filterFor), measure, by, maxGroups };
  return { query, window: plain.window, mustAnswer: plain.mustAnswer };
}

/** What a right answer says of one group. `values` are all numbers of the measured field, sorted: for percentiles. */
export interface ExpectedGroup {
  readonly labels: Labels;
  readonly events: number;
  readonly badEvents: number | undefined;
  readonly value: number | undefined;
  readonly values: readonly number[];
}

export interface ExpectedAnswer {
  readonly groups: ReadonlyMap<string, ExpectedGroup>;
  readonly notAnswered: number;
}

/** The answer by brute force over the events, sharing no code with any source. */
export function expectedAnswer(dataset: Dataset, plain: PlainQuestion): ExpectedAnswer {
  const members = new Map<string, { labels: Labels; events: DatasetEvent[] }>();
  if (plain.by.length === 0) members.set("{}", { labels: {}, events: [] });
  for (const event of matching(dataset, plain)) {
    for (const labels of labelSets(event, plain.by)) {
      const key = labelsKey(labels);
      const group = members.get(key) ?? { labels, events: [] };
      group.events.push(event);
      members.set(key, group);
    }
  }
  const all = [...members.values()].map(({ labels, events }) => measureGroup(labels, events, plain));
  all.sort((a, b) => rank(b) - rank(a) || b.events - a.events || (labelsKey(a.labels) < labelsKey(b.labels) ? -1 : 1));
  const must = new Set(plain.mustAnswer.map(labelsKey));
  const first = all.filter((group) => must.has(labelsKey(group.labels)));
  const rest = all.filter((group) => !must.has(labelsKey(group.labels)));
  const chosen = [...first, ...rest.slice(0, Math.max(0, plain.maxGroups - first.length))];
  return {
    groups: new Map(chosen.map((group) => [labelsKey(group.labels), group])),
    notAnswered: all.length - chosen.length,
  };
}

function rank(group: ExpectedGroup): number {
  return group.badEvents ?? group.events;
}

/** Parsed once: the random batches look at each event thousands of times. */
const instants = new WeakMap<DatasetEvent, number>();

function instantOf(event: DatasetEvent): number {
  const at = instants.get(event) ?? Date.parse(event["@timestamp"]);
  instants.set(event, at);
  return at;
}

export function matching(dataset: Dataset, plain: PlainQuestion): DatasetEvent[] {
  return dataset.events.filter((event) => {
    const at = instantOf(event);
    if (at < plain.window.from || at >= plain.window.to) return false;
    if (!plain.filters.every((kind) => kind !== "broken" && predicates[kind](event))) return false;
    return Object.entries(plain.where).every(([field, wanted]) =>
      valuesOf(event, field).some((value) => wanted.some((scalar) => String(scalar) === String(value))),
    );
  });
}

function measureGroup(labels: Labels, events: readonly DatasetEvent[], plain: PlainQuestion): ExpectedGroup {
  const { measure, window } = plain;
  const group = { labels, events: events.length, badEvents: undefined, values: [] };
  if (measure.kind === "count") return { ...group, value: events.length };
  if (measure.kind === "rate") return { ...group, value: events.length / ((window.to - window.from) / 1_000) };
  if (measure.kind === "ratio") {
    const { bad } = measure;
    const badEvents = events.filter((event) => bad !== "broken" && predicates[bad](event)).length;
    return { ...group, badEvents, value: events.length === 0 ? undefined : badEvents / events.length };
  }
  const found = events.flatMap((event) => valuesOf(event, measure.field));
  if (measure.kind === "unique") return { ...group, value: new Set(found).size };
  const values = found.filter((value) => typeof value === "number").sort((a, b) => a - b);
  return { ...group, values, value: summarize(values, measure) };
}

function summarize(values: readonly number[], measure: PlainMeasure): number | undefined {
  const sum = values.reduce((total, value) => total + value, 0);
  if (measure.kind === "sum") return sum;
  if (values.length === 0) return undefined;
  if (measure.kind === "avg") return sum / values.length;
  if (measure.kind === "min") return values[0];
  if (measure.kind === "max") return values.at(-1);
  const position = measure.kind === "percentile" ? (measure.percent / 100) * (values.length - 1) : 0;
  const below = values[Math.floor(position)] ?? 0;
  const above = values[Math.ceil(position)] ?? 0;
  return below + (above - below) * (position - Math.floor(position));
}

function labelSets(event: DatasetEvent, by: readonly string[]): Labels[] {
  let sets: Labels[] = [{}];
  for (const field of by) {
    const values = [...new Set(valuesOf(event, field).map(String))];
    sets = sets.flatMap((labels) => values.map((value) => ({ ...labels, [field]: value })));
  }
  return sets;
}

/** All values of a dotted field: none for null, absent and empty. */
function valuesOf(event: DatasetEvent, field: string): unknown[] {
  let at: unknown = event;
  const whole = (event as unknown as Record<string, unknown>)[field];
  if (whole === undefined) {
    for (const part of field.split(".")) at = (at as Record<string, unknown> | undefined)?.[part];
  } else at = whole;
  return (Array.isArray(at) ? at : [at]).filter((value) => value !== undefined && value !== null);
}
