import { planTick, type SourceTiming } from "../../detect/plan.ts";
import type { HistoryBatch, Query } from "../../model/query.ts";
import type { Rule } from "../../model/rule.ts";
import type { Window } from "../../model/time.ts";
import { queryKey, windowKey } from "./past-source.ts";

/** One tick of a schedule and the rules that are due at it. */
export interface PlannedInstant {
  readonly at: number;
  readonly rules: readonly Rule[];
}

interface Wanted {
  readonly queries: Map<string, { readonly query: Query; readonly windows: Map<string, Window> }>;
  readonly probes: Map<string, Map<string, Window>>;
}

const noAlerts = new Map<string, never>();
const noneNew = new Set<string>();

/**
 * What many ticks will ask of each source, as one batch: the same planning as a tick's, so the same windows. Label sets that must
 * be answered are not known before: a window in which groups are left out is asked by its own tick. Pure.
 */
export function planHistory(
  instants: readonly PlannedInstant[],
  timings: ReadonlyMap<string, SourceTiming>,
): ReadonlyMap<string, HistoryBatch> {
  const bySource = new Map<string, Wanted>();
  for (const { at, rules } of instants) {
    for (const { source, batch } of planTick({ tick: at, rules, timings, alerts: noAlerts, newRules: noneNew })) {
      let wanted = bySource.get(source);
      if (wanted === undefined) {
        wanted = { queries: new Map(), probes: new Map() };
        bySource.set(source, wanted);
      }
      for (const { query, window, anyTime } of batch.questions) {
        if (anyTime === true) continue;
        const key = queryKey(query);
        const known = wanted.queries.get(key) ?? { query, windows: new Map() };
        wanted.queries.set(key, known);
        known.windows.set(windowKey(window), window);
      }
      for (const { target, window } of batch.probes) {
        const known = wanted.probes.get(target) ?? new Map<string, Window>();
        wanted.probes.set(target, known);
        known.set(windowKey(window), window);
      }
    }
  }
  return new Map(
    [...bySource].map(([source, { queries, probes }]) => [
      source,
      {
        questions: Array.from(queries.values(), ({ query, windows }) => ({ query, windows: [...windows.values()] })),
        probes: Array.from(probes, ([target, windows]) => ({ target, windows: [...windows.values()] })),
      },
    ]),
  );
}
