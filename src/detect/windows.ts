import type { BatchAnswer, Observation } from "../model/query.ts";
import type { Limits } from "../model/rule.ts";
import { byLabels } from "./by-labels.ts";
import type { PlannedRule } from "./plan.ts";

/** What one of the windows of `burn` gave. */
export interface ObservedWindow {
  readonly byLabels: ReadonlyMap<string, Observation>;
  /** Groups beyond `max_groups` that exist and were not answered. */
  readonly notAnswered: number;
}

const noWindows: ReadonlyMap<number, ObservedWindow> = new Map();

/** The windows of `burn` by their length. */
export function windowsOf(planned: PlannedRule, { answers }: BatchAnswer): ReadonlyMap<number, ObservedWindow> {
  if (planned.windows.size === 0) return noWindows;
  return new Map(
    Array.from(planned.windows, ([length, position]) => {
      const part = answers[position];
      const notAnswered = part?.kind === "answered" ? part.notAnswered : 0;
      return [length, { byLabels: byLabels(part), notAnswered }] as const;
    }),
  );
}

export function notAnsweredIn(windows: ReadonlyMap<number, ObservedWindow>): readonly number[] {
  return windows.size === 0 ? [] : Array.from(windows.values(), (each) => each.notAnswered);
}

/** What the tiers' windows had of one label set; undefined for every form but `burn`. */
export function overWindows(windows: ReadonlyMap<number, ObservedWindow>, { when }: Limits, key: string) {
  if (when.form !== "burn") return undefined;
  const own = when.tiers.flatMap(({ longMs, shortMs }) => [longMs, shortMs]);
  const at = (windowMs: number) => windows.get(windowMs)?.byLabels.get(key);
  return {
    at,
    any: own.some((length) => at(length) !== undefined),
    /** In one of them it may have events beyond `max_groups`: that is not nothing. */
    cutOff: own.some((length) => at(length) === undefined && (windows.get(length)?.notAnswered ?? 0) > 0),
  };
}
