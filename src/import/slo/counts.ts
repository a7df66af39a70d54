import { childNamed, childrenOf, type PromqlNode, parsePromql, textOf, unwrapped } from "../prometheus/tree.ts";

/** A length that no query has, so that it can be found again. */
const mark = "7777777s";

/**
 * A query of events over windows with `$window` for them, as a ratio of two expressions is written here. Where it adds rates up it
 * counts: `rate` becomes `increase`, which is the same times the window, so that a share of both stays what it was and priority knows how
 * many events are bad. `counts` is false where that cannot be told, and the query goes on as it is.
 */
export function overAnyWindow(ofWindow: (window: string) => string): {
  readonly promql: string;
  readonly counts: boolean;
} {
  const text = ofWindow(mark);
  const { root } = parsePromql(text);
  const rates = root === undefined ? undefined : addedRates(root, text);
  let promql = text;
  for (const { from, to } of [...(rates ?? [])].sort((a, b) => b.from - a.from)) {
    promql = `${promql.slice(0, from)}increase${promql.slice(to)}`;
  }
  return { promql: promql.replaceAll(mark, "$window"), counts: rates !== undefined };
}

/** The names of `rate` in sums and differences of rates; undefined where there is anything else. */
function addedRates(outer: PromqlNode, text: string): readonly PromqlNode[] | undefined {
  const node = unwrapped(outer);
  if (node.name === "FunctionCall") {
    const name = childrenOf(node)[0];
    const called = name === undefined ? "" : textOf(name, text);
    if (called === "increase") return [];
    return name !== undefined && called === "rate" ? [name] : undefined;
  }
  if (node.name === "AggregateExpr") {
    const operation = childNamed(node, "AggregateOp");
    const isSum = operation !== undefined && textOf(operation, text).toLowerCase() === "sum";
    const [argument, ...others] = childrenOf(childNamed(node, "FunctionCallBody") ?? node);
    return isSum && argument !== undefined && others.length === 0 ? addedRates(argument, text) : undefined;
  }
  if (node.name !== "BinaryExpr") return undefined;
  const parts = childrenOf(node);
  const operator = parts[1]?.name;
  const [left, right] = [parts[0], parts.at(-1)];
  // Times nothing, where nothing is good.
  if (left !== undefined && operator === "Mul" && right?.name === "NumberDurationLiteral")
    return addedRates(left, text);
  if (left === undefined || right === undefined || !["Add", "Sub", "Or"].includes(operator ?? "")) return undefined;
  const [one, other] = [addedRates(left, text), addedRates(right, text)];
  return one === undefined || other === undefined ? undefined : [...one, ...other];
}
