import { keepLabelsKey, type Labels, labelsKey } from "../../model/labels.ts";
import type { Answer, Measure, Observation } from "../../model/query.ts";
import type { Window } from "../../model/time.ts";
import type { ExactField } from "./fields.ts";
import type { Means } from "./history-body.ts";
import { type Bucket, bucketsOf, groupText, isWholeList, readMeasure, UnexpectedAnswer } from "./read-search.ts";
import { groupingOf } from "./search-body.ts";

export interface HistoryReading {
  readonly measure: Measure;
  /** Labels, and the fields that hold them. */
  readonly by: readonly string[];
  readonly fields: readonly ExactField[];
  readonly maxGroups: number;
  /** Of the measure in a bucket. */
  readonly name: string;
}

/** The answer of each window, in the order of `means`; undefined where groups were cut off. Throws UnexpectedAnswer. Pure. */
export function readHistory(
  aggregation: unknown,
  means: Means,
  reading: HistoryReading,
): readonly (Answer | undefined)[] {
  const buckets = bucketsOf(aggregation);
  return means.kind === "ranges"
    ? readRanges(buckets, means.windows, reading)
    : readSteps(buckets, means.windows, reading);
}

function readRanges(
  buckets: readonly Bucket[],
  windows: readonly Window[],
  reading: HistoryReading,
): (Answer | undefined)[] {
  const byPlace = new Map(buckets.map((bucket) => [bucket.key, bucket]));
  return windows.map((window, place) => {
    const bucket = byPlace.get(String(place));
    if (bucket === undefined) throw new UnexpectedAnswer("a range that was asked for did not come");
    const groups = groupsIn(bucket, reading);
    if (groups === undefined) return undefined;
    const { measure, name } = reading;
    return answerOf(
      groups.map((group) => ({
        labels: group.labels,
        ...readMeasure(group.bucket, { measure, name, events: group.bucket.doc_count, window }),
      })),
      reading,
    );
  });
}

interface Group {
  readonly labels: Labels;
  readonly bucket: Bucket;
}

/** The groups of one bucket of time; undefined when the list was cut. */
function groupsIn(outer: Bucket, { by, fields, maxGroups }: HistoryReading): readonly Group[] | undefined {
  let groups: readonly Group[] = [{ labels: {}, bucket: outer }];
  const grouping = groupingOf(fields, maxGroups);
  for (const [level, label] of by.entries()) {
    const inner: Group[] = [];
    for (const { labels, bucket } of groups) {
      const list = bucket[`g${level}`];
      if (!isWholeList(list)) return undefined;
      for (const each of bucketsOf(list)) {
        const text = groupText(each, grouping === "composite" ? fields[level] : undefined);
        inner.push({ labels: { ...labels, [label]: text }, bucket: each });
      }
    }
    groups = inner;
  }
  return groups;
}

function answerOf(observations: readonly Observation[], { maxGroups }: HistoryReading): Answer | undefined {
  return observations.length > maxGroups ? undefined : { kind: "answered", observations, notAnswered: 0 };
}

/** Running totals of one group at the starts of its steps, oldest first. */
interface Totals {
  readonly labels: Labels;
  readonly starts: number[];
  /** Up to and with that step. */
  readonly events: number[];
  readonly bad: number[];
  /** Where the window that was read last begins and ends among the starts. */
  first: number;
  next: number;
}

function readSteps(
  buckets: readonly Bucket[],
  windows: readonly Window[],
  reading: HistoryReading,
): (Answer | undefined)[] {
  const totals = new Map<string, Totals>();
  if (reading.by.length === 0) totals.set("{}", emptyTotals({}));
  const cut: number[] = [];
  for (const bucket of [...buckets].sort((a, b) => Number(a.key) - Number(b.key))) {
    const at = Number(bucket.key);
    if (!Number.isSafeInteger(at)) throw new UnexpectedAnswer("a step came without its start");
    const groups = groupsIn(bucket, reading);
    if (groups === undefined) cut.push(at);
    for (const group of groups ?? []) add(totals, at, group, reading);
  }
  const all = [...totals.values()];
  return windows.map((window) => {
    if (cut.some((at) => at >= window.from && at < window.to)) return undefined;
    const observations: Observation[] = [];
    for (const each of all) {
      each.first = firstAtOrAfter(each.starts, window.from, each.first);
      each.next = firstAtOrAfter(each.starts, window.to, each.next);
      // Most groups have nothing in most windows.
      if (each.first === each.next && reading.by.length > 0) continue;
      const observation = observeSteps(each, window, reading.measure);
      if (observation.events > 0 || reading.by.length === 0) observations.push(observation);
    }
    return answerOf(observations, reading);
  });
}

function emptyTotals(labels: Labels): Totals {
  return { labels, starts: [], events: [], bad: [], first: 0, next: 0 };
}

function add(
  totals: Map<string, Totals>,
  at: number,
  { labels, bucket }: Group,
  { measure, name }: HistoryReading,
): void {
  const key = labelsKey(labels);
  let of = totals.get(key);
  if (of === undefined) {
    of = emptyTotals(labels);
    totals.set(key, of);
    keepLabelsKey(labels, key);
  }
  const window = { from: at, to: at + 1 };
  const { events, badEvents = 0 } = readMeasure(bucket, { measure, name, events: bucket.doc_count, window });
  of.starts.push(at);
  of.events.push((of.events.at(-1) ?? 0) + events);
  of.bad.push((of.bad.at(-1) ?? 0) + badEvents);
}

/** What lies between the totals' `first` and `next`. */
function observeSteps(totals: Totals, window: Window, measure: Measure): Observation {
  const { labels, first, next } = totals;
  const events = (totals.events[next - 1] ?? 0) - (totals.events[first - 1] ?? 0);
  if (measure.kind === "rate") return { labels, value: events / ((window.to - window.from) / 1_000), events };
  if (measure.kind !== "ratio") return { labels, value: events, events };
  const badEvents = (totals.bad[next - 1] ?? 0) - (totals.bad[first - 1] ?? 0);
  return { labels, value: events === 0 ? undefined : badEvents / events, events, badEvents };
}

/** `near` is where the window before had it: windows come in order, so it is nearly always there or one further. */
function firstAtOrAfter(starts: readonly number[], at: number, near: number): number {
  let [low, high] = [0, starts.length];
  if (isBefore(starts, near - 1, at)) {
    if (!isBefore(starts, near, at)) return near;
    if (!isBefore(starts, near + 1, at)) return near + 1;
    low = near + 2;
  }
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((starts[middle] ?? 0) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Whether the start at a place is earlier: that before the first one is, that after the last one is not. */
function isBefore(starts: readonly number[], place: number, at: number): boolean {
  if (place < 0) return true;
  return place < starts.length && (starts[place] ?? 0) < at;
}
