import { parser } from "@prometheus-io/lezer-promql";

/** Where an expression cannot be read. */
export interface PromqlFault {
  /** Characters before it. */
  readonly offset: number;
  /** 1-based, within the expression. */
  readonly line: number;
  readonly column: number;
  /** What stands there, cut; undefined at the expression's end. */
  readonly found: string | undefined;
  /** It may be MetricsQL, of which VictoriaMetrics understands more than Prometheus. */
  readonly maybeMetricsql: boolean;
}

const longestShown = 40;
/** What MetricsQL adds beside functions (docs.victoriametrics.com/metricsql). */
const metricsqlWords = /\b(default|if|ifnot|keep_metric_names|limit|WITH|group_left\s*\(\s*\*)\b/;

/** The first place that Prometheus' own grammar does not know; undefined for an expression that it reads. Judges no types. */
export function promqlFault(expression: string): PromqlFault | undefined {
  if (expression.trim() === "") return { offset: 0, line: 1, column: 1, found: undefined, maybeMetricsql: false };
  let at: number | undefined;
  parser.parse(expression).iterate({
    enter(node) {
      if (node.type.isError && at === undefined) at = node.from;
    },
  });
  if (at === undefined) return undefined;
  const before = expression.slice(0, at).split("\n");
  const rest = expression.slice(at).trimStart().split(/\s/)[0] ?? "";
  // A name that is called and not known as a function.
  const unknownCall =
    expression.slice(at).trimStart().startsWith("(") && /[A-Za-z_]\w*\s*$/.test(expression.slice(0, at));
  return {
    offset: at,
    line: before.length,
    column: (before.at(-1)?.length ?? 0) + 1,
    found: rest === "" ? undefined : rest.slice(0, longestShown),
    maybeMetricsql: unknownCall || metricsqlWords.test(expression),
  };
}

/** Stands in an expression for the length of the window that is asked. */
export const windowPlace = "$window";

/** The expression over a window of this length. */
export function overWindow(expression: string, windowMs: number): string {
  return expression.replaceAll(windowPlace, windowMs % 1_000 === 0 ? `${windowMs / 1_000}s` : `${windowMs}ms`);
}

/** The names of the metrics that an expression selects, each once. Of one that cannot be read, those that could be. */
export function metricNames(expression: string): readonly string[] {
  const names = new Set<string>();
  parser.parse(expression).iterate({
    enter({ name, node, from, to }) {
      if (name === "Identifier" && node.parent?.name === "VectorSelector") names.add(expression.slice(from, to));
      else if (name === "QuotedLabelName" && node.parent?.name === "LabelMatchers") {
        names.add(unquoted(expression.slice(from, to)));
      }
    },
  });
  return [...names];
}

/** Names have no escapes that matter: one that has is looked for as it is written, and not found. */
function unquoted(text: string): string {
  return text.slice(1, -1);
}

const comparisons = new Set(["Eql", "Neq", "Gtr", "Gte", "Lss", "Lte"]);

/**
 * The measured side of an alerting expression, to be drawn: `x > 5` gives `x`, which has values also while all is well.
 * Anything but one comparison with a plain number stays as it is.
 */
export function measuredSide(expression: string): string {
  let top = parser.parse(expression).topNode.firstChild;
  while (top?.name === "ParenExpr") top = top.firstChild;
  if (top?.name !== "BinaryExpr") return expression;
  const parts = [];
  for (let child = top.firstChild; child !== null; child = child.nextSibling) parts.push(child);
  const [left, right] = [parts[0], parts.at(-1)];
  if (left === undefined || right === undefined || !parts.some(({ name }) => comparisons.has(name))) return expression;
  const textOf = ({ from, to }: { readonly from: number; readonly to: number }) => expression.slice(from, to);
  const isNumber = (text: string) => /^[+-]?[\d.]+(e[+-]?\d+)?$/i.test(text.trim());
  if (isNumber(textOf(right))) return textOf(left);
  return isNumber(textOf(left)) ? textOf(right) : expression;
}
