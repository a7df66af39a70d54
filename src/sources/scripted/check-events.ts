import type { Measure, Query } from "../../model/query.ts";
import type { QueryFault } from "../source.ts";
import { compileFilter, FilterRefused, type ScriptedEvent, valuesOf } from "./event-filter.ts";
import type { ScriptedEvents } from "./script.ts";

/** What is wrong with a query, as far as the script's events show. */
export function checkAgainstEvents({ events }: ScriptedEvents, query: Query): readonly QueryFault[] {
  const { where, filters, measure, by } = query;
  const messages: string[] = [];
  const ofFilters: string[] = [];
  const texts = query.containing === undefined ? [] : [query.containing.field];
  for (const field of new Set([
    ...Object.keys(where),
    ...by,
    ...texts,
    ...("field" in measure ? [measure.field] : []),
  ])) {
    if (!events.some((event) => valuesOf(event, field).length > 0)) messages.push(`no event has the field "${field}"`);
  }
  for (const filter of measure.kind === "ratio" ? [...filters, measure.bad] : filters) {
    try {
      compileFilter(filter);
    } catch (error) {
      if (!(error instanceof FilterRefused)) throw error;
      ofFilters.push(error.message);
    }
  }
  if (needsNumbers(measure) && holdsText(events, measure.field)) {
    messages.push(`"${measure.field}" holds text: ${measure.kind} needs numbers`);
  }
  const fix = "write `filter` and `bad` as the script's own language has it";
  return [
    ...messages.map((message): QueryFault => ({ query, severity: "error", message })),
    ...ofFilters.map((message): QueryFault => ({ query, severity: "error", message, fix, inFilter: true })),
  ];
}

function needsNumbers(measure: Measure): measure is Extract<Measure, { field: string }> {
  return "field" in measure && measure.kind !== "unique";
}

function holdsText(events: readonly ScriptedEvent[], field: string): boolean {
  return events.some((event) => valuesOf(event, field).some((value) => typeof value === "string"));
}
