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
