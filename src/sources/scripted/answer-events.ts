import { type Labels, labelsKey } from "../../model/labels.ts";
import type {
  Answer,
  Messages,
  MessagesRequest,
  Query,
  Question,
  Sample,
  SampleRequest,
  SeriesPoint,
  SeriesRequest,
} from "../../model/query.ts";
import type { Window } from "../../model/time.ts";
import { cutCodePoints } from "../../support/clean-text.ts";
import { BackfeedError } from "../../support/errors.ts";
import { chooseGroups } from "../choose-groups.ts";
import { holdsPieces } from "../containing.ts";
import { compileFilter, compileWhere, type EventPredicate, type ScriptedEvent, valuesOf } from "./event-filter.ts";
import { compileMeasure } from "./event-measure.ts";
import type { ScriptedEvents } from "./script.ts";

const mostPoints = 10_000;

/** The answer by looking at every event. Throws FilterRefused. */
export function answerFromEvents(script: ScriptedEvents, { query, window, mustAnswer }: Question): Answer {
  const measure = compileMeasure(query.measure);
  const groups = new Map<string, { labels: Labels; events: ScriptedEvent[] }>();
  if (query.by.length === 0) groups.set(labelsKey({}), { labels: {}, events: [] });
  for (const event of matching(script, query, window)) {
    for (const labels of labelSets(event, query.by)) {
      const key = labelsKey(labels);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, { labels, events: [event] });
      else group.events.push(event);
    }
  }
  const observations = [...groups.values()].map(({ labels, events }) => ({ labels, ...measure(events, window) }));
  return { kind: "answered", ...chooseGroups({ observations, mustAnswer, maxGroups: query.maxGroups }) };
}

/** Whether any event lies in the window. */
export function anyEvent(script: ScriptedEvents, window: Window): boolean {
  return script.events.some((event) => isIn(window, instantOf(script, event)));
}

export function samplesFromEvents(script: ScriptedEvents, request: SampleRequest): readonly Sample[] {
  const { query, labels, window, badOnly, limit, fields, maxValueLength } = request;
  const isBad = badOnly && query.measure.kind === "ratio" ? compileFilter(query.measure.bad) : () => true;
  const hasLabels = labelPredicate(labels);
  const found = matching(script, query, window).filter((event) => hasLabels(event) && isBad(event));
  const newest = found
    .map((event) => ({ event, at: instantOf(script, event) }))
    .reverse()
    .sort((a, b) => b.at - a.at)
    .slice(0, limit);
  const names = fields.length === 0 ? [timestampOf(script), "message"] : fields;
  return newest.map(({ event, at }) => ({
    at,
    fields: names.flatMap((name): [string, string][] => {
      const values = valuesOf(event, name);
      return values.length === 0 ? [] : [[name, cutCodePoints(values.map(print).join(", "), maxValueLength)]];
    }),
  }));
}

export function messagesFromEvents(script: ScriptedEvents, request: MessagesRequest): Messages {
  const { query, field, window, limit, maxLength } = request;
  const found = matching(script, query, window).flatMap((event) => {
    const [text] = valuesOf(event, field);
    return text === undefined ? [] : [{ at: instantOf(script, event), text: cutCodePoints(print(text), maxLength) }];
  });
  return { messages: found.toSorted((a, b) => b.at - a.at).slice(0, limit), more: found.length > limit };
}

export function seriesFromEvents(script: ScriptedEvents, request: SeriesRequest): readonly SeriesPoint[] {
  const { query, labels, window, stepMs } = request;
  if ((window.to - window.from) / stepMs > mostPoints) {
    throw new BackfeedError("limit", `a series has at most ${mostPoints} steps`);
  }
  const measure = compileMeasure(query.measure);
  const hasLabels = labelPredicate(labels);
  const events = matching(script, query, window).filter(hasLabels);
  const points: SeriesPoint[] = [];
  for (let at = window.from; at < window.to; at += stepMs) {
    const step = { from: at, to: Math.min(at + stepMs, window.to) };
    points.push({
      at,
      value: measure(
        events.filter((event) => isIn(step, instantOf(script, event))),
        step,
      ).value,
    });
  }
  return points;
}

function matching(script: ScriptedEvents, query: Query, window: Window): ScriptedEvent[] {
  const predicates = [compileWhere(query.where), ...query.filters.map(compileFilter), ...compileContaining(query)];
  return script.events.filter(
    (event) => isIn(window, instantOf(script, event)) && predicates.every((predicate) => predicate(event)),
  );
}

function compileContaining({ containing }: Query): readonly EventPredicate[] {
  if (containing === undefined) return [];
  const { field, pieces } = containing;
  return [(event) => valuesOf(event, field).some((text) => holdsPieces(print(text), pieces))];
}

function labelSets(event: ScriptedEvent, by: readonly string[]): Labels[] {
  let sets: Labels[] = [{}];
  for (const field of by) {
    const values = [...new Set(valuesOf(event, field).map(print))];
    sets = sets.flatMap((labels) => values.map((value) => ({ ...labels, [field]: value })));
  }
  return sets;
}

function labelPredicate(labels: Labels): EventPredicate {
  return compileWhere(Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, [value]])));
}

function instantOf(script: ScriptedEvents, event: ScriptedEvent): number {
  const [value] = valuesOf(event, timestampOf(script));
  return typeof value === "number" ? value : Date.parse(String(value));
}

function timestampOf(script: ScriptedEvents): string {
  return script.timestamp ?? "@timestamp";
}

function isIn(window: Window, at: number): boolean {
  return at >= window.from && at < window.to;
}

function print(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
