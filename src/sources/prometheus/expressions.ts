import type { Query } from "../../model/query.ts";
import { overWindow } from "../../support/promql.ts";

/** What an expression is of a query: its value, or one side of a ratio. */
export type Side = "value" | "whole" | "bad";

/** An expression as it is asked for a window of one length. */
export interface Expression {
  readonly side: Side;
  readonly text: string;
}

/** What a metrics source is asked for a query; nothing for one of a source of events. */
export function expressionsOf({ measure }: Query, windowMs: number): readonly Expression[] {
  if (measure.kind === "promql") return [{ side: "value", text: measure.expression }];
  if (measure.kind !== "ratio" || measure.whole === undefined || typeof measure.bad !== "string") return [];
  return [
    { side: "whole", text: overWindow(measure.whole, windowMs) },
    { side: "bad", text: overWindow(measure.bad, windowMs) },
  ];
}
