import type { Labels } from "../../model/labels.ts";
import type { Measure, QueryFailure } from "../../model/query.ts";
import type { Point } from "../../support/series-notation.ts";
import type { ScriptedEvent } from "./event-filter.ts";

/** What a scripted source knows, by target. */
export type Script = Readonly<Record<string, ScriptedEvents | ScriptedSeries>>;

/** Documents. The array is read anew at each question: a simulation may push to it. */
export interface ScriptedEvents {
  readonly events: readonly ScriptedEvent[];
  /** The field that holds the instant, as ISO 8601 text or milliseconds; default `@timestamp`. */
  readonly timestamp?: string;
}

/**
 * What the source answers, tick by tick, whatever the measure and the filter: the value at index i is the answer for
 * every window that ends at `start + i * stepMs`, also that of an earlier window (a change). Before the start and after the
 * last value there is no data.
 */
export interface ScriptedSeries {
  readonly start: number;
  readonly stepMs: number;
  readonly series: readonly LabelledSeries[];
  /**
   * What the values are measures of. A question for the number of distinct users is then answered from `users`, and any
   * other measure fails; without it every question is answered from the values.
   */
  readonly measure?: Measure;
  /**
   * How long a window each value is for. A ratio over a longer one (a burn) is then made of the values whose windows lie end to
   * end in it; where one is missing or failed, that part of it is empty. Without it, values are for windows of any length.
   */
  readonly windowMs?: number;
  /** How a failed query fails; default as an outage that may pass, which is asked again at later ticks. */
  readonly failure?: QueryFailure;
}

/**
 * One label set. Several that a question does not tell apart are one answer: sums are added, extremes and percentiles are the
 * farthest, means are weighted by events; of PromQL it fails. A ratio needs `total` and, where anything is bad, `bad`; everything else `value`; `events` (default: the value or 1) is its sample size.
 */
export interface LabelledSeries {
  readonly labels: Labels;
  readonly value?: readonly Point[];
  /** For a rule of log message patterns: what each of the counted events says. */
  readonly message?: string;
  readonly total?: readonly Point[];
  readonly bad?: readonly Point[];
  readonly events?: readonly Point[];
  /** Distinct users so far of the bad part and, for a ratio, of the whole. */
  readonly users?: readonly Point[];
  readonly totalUsers?: readonly Point[];
  /** The ends of the windows that its values are for, ascending, where they are not those of the script. */
  readonly ends?: readonly number[];
}

export function isSeries(target: ScriptedEvents | ScriptedSeries): target is ScriptedSeries {
  return "series" in target;
}
