import { formatInstant } from "../model/time.ts";
import type { LimitOutcome, SuggestReport } from "./ports.ts";

/** Suggestions for machines: instants in ISO 8601, durations in milliseconds, what there is not is null. */
export function suggestJson({ from, to, knobs, ...report }: SuggestReport): unknown {
  return {
    ...report,
    from: formatInstant(from),
    to: formatInstant(to),
    knobs: knobs.map(({ name, unit, measured, now, suggestions }) => ({
      name,
      unit,
      measured,
      now: outcomeJson(now),
      suggestions: suggestions.map(({ perMonth, outcome }) => ({
        perMonth,
        outcome: outcome === undefined ? null : outcomeJson(outcome),
      })),
    })),
  };
}

function outcomeJson({ shortShare, ...outcome }: LimitOutcome) {
  return { ...outcome, shortShare: shortShare ?? null };
}
