import type { Measure } from "../../model/query.ts";
import type { Window } from "../../model/time.ts";
import { compileFilter, type EventPredicate, FilterRefused, type ScriptedEvent, valuesOf } from "./event-filter.ts";

export interface Measured {
  readonly value: number | undefined;
  readonly events: number;
  readonly badEvents?: number;
}

/** The measure of some events of a window, exactly. Throws FilterRefused for a bad part that cannot be read. */
export function compileMeasure(measure: Measure): (events: readonly ScriptedEvent[], window: Window) => Measured {
  if (measure.kind === "promql") throw new FilterRefused("documents are not asked in PromQL");
  if (measure.kind === "alerts") throw new FilterRefused("documents are no received alerts");
  if (measure.kind === "ratio") return measureRatio(compileFilter(measure.bad));
  return (events, window) => ({ events: events.length, value: measureValue(measure, events, window) });
}

function measureRatio(isBad: EventPredicate) {
  return (events: readonly ScriptedEvent[]): Measured => {
    const badEvents = events.filter(isBad).length;
    return { events: events.length, badEvents, value: events.length === 0 ? undefined : badEvents / events.length };
  };
}

function measureValue(
  measure: Exclude<Measure, { kind: "ratio" | "promql" | "alerts" }>,
  events: readonly ScriptedEvent[],
  window: Window,
): number | undefined {
  if (measure.kind === "count") return events.length;
  if (measure.kind === "rate") return events.length / ((window.to - window.from) / 1_000);
  const found = events.flatMap((event) => valuesOf(event, measure.field));
  if (measure.kind === "unique") return new Set(found.map(String)).size;
  const numbers = found.filter((value) => typeof value === "number");
  const sum = numbers.reduce((total, value) => total + value, 0);
  if (measure.kind === "sum") return sum;
  if (numbers.length === 0) return undefined;
  if (measure.kind === "avg") return sum / numbers.length;
  if (measure.kind === "min") return numbers.reduce((least, value) => Math.min(least, value));
  if (measure.kind === "max") return numbers.reduce((most, value) => Math.max(most, value));
  const sorted = numbers.toSorted((a, b) => a - b);
  return "percent" in measure ? interpolate(sorted, measure.percent) : undefined;
}

function interpolate(sorted: readonly number[], percent: number): number | undefined {
  const position = (percent / 100) * (sorted.length - 1);
  const below = sorted[Math.floor(position)];
  const above = sorted[Math.ceil(position)];
  if (below === undefined || above === undefined) return undefined;
  return below + (above - below) * (position - Math.floor(position));
}
