import { asBinary, childNamed, childrenOf, type PromqlNode, parsePromql, textOf, unwrapped } from "./tree.ts";

/** Whose values are 1 or many series of the labels that they are given. */
const keepsAll = new Set(["topk", "bottomk", "limitk", "limit_ratio"]);
const withoutLabels = new Set([
  "vector",
  "scalar",
  "time",
  "pi",
  "hour",
  "minute",
  "month",
  "year",
  "day_of_month",
  "day_of_week",
]);

/**
 * The labels that tell the returned series of an expression apart, where the expression alone says them (`sum by (a) (…)`, `on (a)`,
 * `absent(x{a="b"})`); undefined where they are those of metrics. Names in the order of the expression.
 */
export function resultLabels(expression: string): readonly string[] | undefined {
  const { root, text } = parsePromql(expression);
  return root === undefined ? undefined : labelsOf(root, text);
}

function labelsOf(outer: PromqlNode, text: string): readonly string[] | undefined {
  const node = unwrapped(outer);
  const binary = asBinary(node);
  if (binary !== undefined) return labelsOfBinary(binary, text);
  switch (node.name) {
    case "AggregateExpr":
      return labelsOfAggregate(node, text);
    case "FunctionCall":
      return labelsOfCall(node, text);
    case "NumberDurationLiteral":
    case "NumberLiteral":
    case "StringLiteral":
      return [];
    case "UnaryExpr":
    case "OffsetExpr":
    case "StepInvariantExpr":
    case "SubqueryExpr": {
      const inner = childrenOf(node).find(({ name }) => name !== "UnaryOp");
      return inner === undefined ? undefined : labelsOf(inner, text);
    }
    default:
      return undefined;
  }
}

function labelsOfAggregate(node: PromqlNode, text: string): readonly string[] | undefined {
  const operation = textOf(childNamed(node, "AggregateOp") ?? node, text).toLowerCase();
  const body = childNamed(node, "FunctionCallBody");
  const argument = body === undefined ? undefined : childrenOf(body).at(-1);
  const inner = argument === undefined ? undefined : labelsOf(argument, text);
  if (keepsAll.has(operation)) return inner;
  const modifier = childNamed(node, "AggregateModifier");
  const labels = modifier === undefined ? [] : groupingLabels(modifier, text);
  const isWithout = modifier !== undefined && childNamed(modifier, "Without") !== undefined;
  const kept = isWithout ? inner?.filter((label) => !labels.includes(label)) : labels;
  if (operation !== "count_values" || kept === undefined) return kept;
  const value = body === undefined ? undefined : childrenOf(body)[0];
  return value === undefined ? undefined : [...kept, unquoted(textOf(value, text))];
}

function labelsOfCall(node: PromqlNode, text: string): readonly string[] | undefined {
  const name = textOf(childrenOf(node)[0] ?? node, text);
  const values = childrenOf(childNamed(node, "FunctionCallBody") ?? node);
  if (withoutLabels.has(name) && (values.length === 0 || name === "vector" || name === "scalar")) return [];
  const argument = name === "histogram_quantile" || name === "quantile_over_time" ? values[1] : values[0];
  if (argument === undefined) return undefined;
  if (name === "absent" || name === "absent_over_time") return matchedLabels(argument, text);
  const inner = labelsOf(argument, text);
  if (inner === undefined) return undefined;
  if (name === "histogram_quantile") return inner.filter((label) => label !== "le");
  if (name !== "label_replace" && name !== "label_join") return inner;
  const target = values[1];
  return target === undefined ? undefined : [...new Set([...inner, unquoted(textOf(target, text))])];
}

/** `absent` gives the labels that its selector asks for at one value each. */
function matchedLabels(argument: PromqlNode, text: string): readonly string[] | undefined {
  let selector: PromqlNode | undefined = unwrapped(argument);
  while (selector !== undefined && selector.name !== "VectorSelector") {
    if (!["MatrixSelector", "OffsetExpr", "StepInvariantExpr"].includes(selector.name)) return [];
    selector = childrenOf(selector)[0];
  }
  const matchers = selector === undefined ? undefined : childNamed(selector, "LabelMatchers");
  if (matchers === undefined) return [];
  const labels = childrenOf(matchers).flatMap((matcher) => {
    const label = childNamed(matcher, "LabelName");
    const operator = childNamed(matcher, "MatchOp");
    const isEqual = operator !== undefined && textOf(operator, text) === "=";
    return label !== undefined && isEqual ? [textOf(label, text)] : [];
  });
  const once = labels.filter((label) => labels.indexOf(label) === labels.lastIndexOf(label));
  return once.filter((label) => label !== "__name__");
}

function labelsOfBinary(
  { operator, matching, left, right }: NonNullable<ReturnType<typeof asBinary>>,
  text: string,
): readonly string[] | undefined {
  const one = labelsOf(left.node, text);
  const other = labelsOf(right.node, text);
  if (operator === "And" || operator === "Unless") return one;
  if (operator === "Or") return one !== undefined && other !== undefined && sameLabels(one, other) ? one : undefined;
  if (isScalar(left.node, text)) return other;
  if (isScalar(right.node, text)) return one;
  if (matching === undefined) return one ?? other;
  const many = childNamed(matching, "GroupLeft") !== undefined ? one : other;
  const included = childrenOf(matching).filter(({ name }) => name === "GroupingLabels");
  const isGrouped = childNamed(matching, "GroupLeft") !== undefined || childNamed(matching, "GroupRight") !== undefined;
  if (isGrouped) {
    const added = included[1] === undefined ? [] : namesIn(included[1], text);
    return many === undefined ? undefined : [...new Set([...many, ...added])];
  }
  const named = included[0] === undefined ? [] : namesIn(included[0], text);
  if (childNamed(matching, "On") !== undefined) return named;
  return (one ?? other)?.filter((label) => !named.includes(label));
}

function isScalar(outer: PromqlNode, text: string): boolean {
  const node = unwrapped(outer);
  const binary = asBinary(node);
  if (binary !== undefined) return isScalar(binary.left.node, text) && isScalar(binary.right.node, text);
  if (node.name === "UnaryExpr")
    return childrenOf(node)
      .slice(1)
      .every((child) => isScalar(child, text));
  if (node.name === "FunctionCall") return /^(scalar|time|pi)\b/.test(textOf(node, text));
  return node.name === "NumberDurationLiteral" || node.name === "NumberLiteral";
}

function groupingLabels(modifier: PromqlNode, text: string): readonly string[] {
  const labels = childNamed(modifier, "GroupingLabels");
  return labels === undefined ? [] : namesIn(labels, text);
}

function namesIn(labels: PromqlNode, text: string): readonly string[] {
  return [...new Set(childrenOf(labels).map((label) => unquoted(textOf(label, text))))];
}

function unquoted(text: string): string {
  return text.replace(/^(["'`])(.*)\1$/s, "$2");
}

function sameLabels(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((label) => other.includes(label));
}
