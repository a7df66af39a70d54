import { type AlertsMeasure, isOfMetrics, type Measure, type PromqlMeasure } from "../model/query.ts";
import { BackfeedError } from "../support/errors.ts";

type EventMeasure = Exclude<Measure, PromqlMeasure | AlertsMeasure>;

/** What a source of events can measure. Throws `refused` for an expression, which only a metrics source reads. */
export function eventMeasure(measure: Measure): EventMeasure {
  if (measure.kind === "alerts") {
    throw new BackfeedError("refused", "only the source of received alerts has alerts", { retryable: false });
  }
  if (measure.kind !== "promql" && !isOfMetrics(measure)) return measure;
  throw new BackfeedError("refused", "only a metrics source reads PromQL", { retryable: false });
}
