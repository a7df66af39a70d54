import { z } from "zod";
import { minute } from "../../support/duration.ts";
import { isMapping } from "../../support/mapping.ts";
import { promqlFault } from "../../support/promql.ts";
import type { Path } from "../../support/yaml/fault.ts";
import { shown } from "../../support/yaml/shape.ts";
import type { NoteTaker } from "../imported.ts";
import { childrenOf, type PromqlNode, parsePromql } from "../prometheus/tree.ts";
import { durationText } from "../words.ts";
import { shorthand, windowed } from "./window.ts";

const metric = z.looseObject({
  metricSource: z.looseObject({
    metricSourceRef: z.string().nullish(),
    type: z.string().nullish(),
    spec: z.looseObject({ query: z.string().min(1) }),
  }),
});

/** What OpenSLO measures, of a source that speaks PromQL. */
export const indicator = z.looseObject({
  thresholdMetric: metric.nullish(),
  ratioMetric: z
    .looseObject({
      counter: z.boolean().nullish(),
      good: metric.nullish(),
      bad: metric.nullish(),
      total: metric.nullish(),
      rawType: z.enum(["success", "failure"]).nullish(),
      raw: metric.nullish(),
    })
    .nullish(),
});

export const objectiveShape = z.looseObject({
  displayName: z.string().nullish(),
  op: z.enum(["lte", "gte", "lt", "gt"]).nullish(),
  value: z.number().nullish(),
  target: z.number().min(0).lt(1).nullish(),
  targetPercent: z.number().min(0).lt(100).nullish(),
  timeSliceTarget: z.number().gt(0).max(1).nullish(),
  timeSliceWindow: z.union([z.number().gt(0), z.string()]).nullish(),
});

type SloObjective = z.output<typeof objectiveShape>;

/** Objects of a set of documents by kind and name, for references between them. */
export type Lookup = (kind: string, name: string) => unknown;

export interface IndicatorContext {
  readonly objective: SloObjective;
  readonly method: "Occurrences" | "Timeslices" | "RatioTimeslices";
  readonly at: Path;
  readonly taker: NoteTaker;
  readonly lookup: Lookup;
}

type Ratio = (window: string) => string;

/** The share of bad events in a window; and these and all of them, where both are known. */
export interface ErrorShare {
  readonly ratio: Ratio;
  readonly events?: { readonly bad: Ratio; readonly total: Ratio };
}
type Metric = z.output<typeof metric>;

/** The share of bad events, or of bad slices of time, in a window, as PromQL; undefined, and refused, where it cannot be said. */
export function errorShareOf(
  { thresholdMetric, ratioMetric }: z.output<typeof indicator>,
  context: IndicatorContext,
): ErrorShare | undefined {
  const { taker, at } = context;
  if (ratioMetric != null) {
    const share = ratioOf(ratioMetric, context);
    return share === undefined || context.method === "Occurrences" ? share : onlyRatio(sliced(share.ratio, context));
  }
  if (thresholdMetric != null) return onlyRatio(underThreshold(thresholdMetric, context));
  taker.refuse(at, "its indicator says neither `ratioMetric` nor `thresholdMetric`");
  return undefined;
}

function onlyRatio(ratio: Ratio | undefined): ErrorShare | undefined {
  return ratio === undefined ? undefined : { ratio };
}

function ratioOf(
  { counter, good, bad, total, raw, rawType }: NonNullable<z.output<typeof indicator>["ratioMetric"]>,
  context: IndicatorContext,
): ErrorShare | undefined {
  const { taker, at } = context;
  if (raw != null) {
    const query = queryOf(raw, context);
    if (query === undefined) return undefined;
    if (rawType == null) taker.refuse(at, "`rawType` is missing: `success` or `failure` says what the ratio is of");
    const mean: Ratio = (window) =>
      query.includes("{{") ? windowed(query, window) : `avg_over_time((${query})[${window}:1m])`;
    return { ratio: rawType === "success" ? (window) => `1 - ${mean(window)}` : mean };
  }
  const part = good ?? bad;
  const [one, all] = [
    part == null ? undefined : queryOf(part, context),
    total == null ? undefined : queryOf(total, context),
  ];
  if (one === undefined || all === undefined) {
    if (!taker.refused) taker.refuse(at, "its `ratioMetric` needs `total`, and `good` or `bad`");
    return undefined;
  }
  const [some, whole] = [overWindow(one, counter !== false, context), overWindow(all, counter !== false, context)];
  if (some === undefined || whole === undefined) return undefined;
  // When nothing is good there may be no series of it, and a ratio of nothing would be no burn at all.
  const bads: Ratio =
    good == null ? some : (window) => `(${whole(window)}) - ((${some(window)}) or (${whole(window)}) * 0)`;
  return { ratio: (window) => `(${bads(window)})\n/\n(${whole(window)})`, events: { bad: bads, total: whole } };
}

/** Each minute in which the value is not as it must be is bad. */
function underThreshold(given: Metric, context: IndicatorContext): Ratio | undefined {
  const { objective, taker, at } = context;
  const query = queryOf(given, context);
  const violated = { lte: ">", lt: ">=", gte: "<", gt: "<=" };
  if (objective.op == null || objective.value == null) taker.refuse(at, "a `thresholdMetric` needs `op` and `value`");
  if (query === undefined || objective.op == null || objective.value == null) return undefined;
  const slice = sliceOf(context) ?? durationText(minute);
  taker.differs(at, `every ${slice} of the value counts as one event`);
  return (window) =>
    `avg_over_time((\n  (${windowed(query, slice)}) ${violated[objective.op ?? "lte"]} bool ${objective.value}\n)[${window}:${slice}])`;
}

/** A slice of time is bad when too little of it is good. */
function sliced(ratio: Ratio, context: IndicatorContext): Ratio | undefined {
  const { objective, taker, at } = context;
  const slice = sliceOf(context);
  if (context.method === "RatioTimeslices")
    taker.differs(at, "`RatioTimeslices` means the ratios of slices; here a slice is good or bad");
  if (objective.timeSliceTarget == null) taker.refuse(at, "`timeSliceTarget` is missing");
  if (slice === undefined) taker.refuse(at, "`timeSliceWindow` is missing, or no span such as `1m`");
  if (slice === undefined || objective.timeSliceTarget == null) return undefined;
  const most = Number((1 - objective.timeSliceTarget).toPrecision(12));
  return (window) =>
    `avg_over_time((\n  (\n    ${ratio(slice).replaceAll("\n", "\n    ")}\n  ) > bool ${most}\n)[${window}:${slice}])`;
}

function sliceOf({ objective: { timeSliceWindow: slice } }: IndicatorContext): string | undefined {
  const ms = slice == null ? undefined : typeof slice === "number" ? slice * minute : shorthand(slice);
  return ms === undefined || ms === 0 ? undefined : durationText(ms);
}

/** The query, when a Prometheus is asked. */
function queryOf({ metricSource }: Metric, { taker, at, lookup }: IndicatorContext): string | undefined {
  const { type: own, metricSourceRef: reference, spec } = metricSource;
  const source = reference == null ? undefined : lookup("DataSource", reference);
  const declared = isMapping(source) && isMapping(source["spec"]) ? source["spec"]["type"] : undefined;
  const type = own ?? declared;
  if (type === undefined || type === null)
    taker.differs(at, "nothing says what its metric source is: taken for Prometheus");
  else if (String(type).toLowerCase() !== "prometheus") {
    taker.refuse(at, `it asks ${shown(type)}, and only PromQL is read here`);
    return undefined;
  }
  const filled = windowed(spec.query, "5m");
  const fault = filled.includes("{{") ? { line: 1, column: filled.indexOf("{{") + 1 } : promqlFault(filled);
  if (fault === undefined) return spec.query.trim();
  taker.refuse(at, `the query cannot be read as PromQL at ${fault.line}:${fault.column} of it: ${shown(spec.query)}`);
  return undefined;
}

/** A query over a window: where it says the window, in its ranges, or around its counters. */
function overWindow(query: string, isCounter: boolean, { taker, at }: IndicatorContext): Ratio | undefined {
  if (query.includes("{{")) return (window) => windowed(query, window);
  const { root } = parsePromql(query);
  const selectors = root === undefined ? [] : selectorsOf(root);
  if (selectors.some(({ kind }) => kind === "subquery")) {
    taker.refuse(at, "a query with a subquery has no window that can be put in: write `{{.window}}` where it belongs");
    return undefined;
  }
  const ranges = selectors.filter(({ kind }) => kind === "range");
  const plain = selectors.filter(({ kind }) => kind === "plain");
  if (ranges.length > 0) taker.differs(at, "the ranges in its queries are the windows that are judged");
  else
    taker.differs(
      at,
      `its queries say no window: ${isCounter ? "`rate` of their counters" : "`avg_over_time` of their values"} over each window`,
    );
  const chosen = ranges.length > 0 ? ranges : plain;
  return (window) => {
    let text = query;
    for (const { from, to, kind } of [...chosen].sort((a, b) => b.from - a.from)) {
      const own = query.slice(from, to);
      const put = kind === "range" ? window : `${isCounter ? "rate" : "avg_over_time"}(${own}[${window}])`;
      text = text.slice(0, from) + put + text.slice(to);
    }
    return text;
  };
}

interface Selector {
  readonly kind: "range" | "plain" | "subquery";
  readonly from: number;
  readonly to: number;
}

/** Every selector: of one with a range, the range. */
function selectorsOf(node: PromqlNode): readonly Selector[] {
  if (node.name === "SubqueryExpr") return [{ kind: "subquery", from: node.from, to: node.to }];
  if (node.name === "MatrixSelector") {
    return childrenOf(node).flatMap(({ name, from, to }) =>
      name === "DurationExpr" ? [{ kind: "range" as const, from, to }] : [],
    );
  }
  if (node.name === "VectorSelector") return [{ kind: "plain", from: node.from, to: node.to }];
  return childrenOf(node).flatMap(selectorsOf);
}
