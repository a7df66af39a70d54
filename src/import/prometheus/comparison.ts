import { justOver, justUnder } from "../words.ts";
import {
  asBinary,
  type Binary,
  childNamed,
  childrenOf,
  constantOf,
  type Operand,
  type PromqlNode,
  type PromqlTree,
  parsePromql,
  textOf,
  unwrapped,
} from "./tree.ts";

/** A condition of Prometheus (whatever an expression returns is an alert) as a value and a limit that is bad to pass. */
export interface Comparison {
  readonly promql: string;
  readonly when: { readonly above: number } | { readonly below: number };
  /**
   * What the value is: `value` the compared one; `difference` what is left of it when the other side is taken off, where
   * that is no constant; `presence` 1 for each label set that the expression returns, where there is no comparison to take apart.
   */
  readonly gives: "value" | "difference" | "presence";
  /** `>= 5`: how the limit was written. */
  readonly written?: string;
}

const flipped: Readonly<Record<string, string>> = { Gtr: "Lss", Gte: "Lte", Lss: "Gtr", Lte: "Gte" };
const signs: Readonly<Record<string, string>> = { Gtr: ">", Gte: ">=", Lss: "<", Lte: "<=" };

/**
 * Takes the comparison at the top of an expression apart, so that a value is judged and charted when it is well, too. The alerts are
 * the same for every value: `>=` becomes a limit just under the number, and a comparison on the left of `and` and
 * `unless` is taken out of there. Everything else is judged by whether it returns something. `by`: the labels of an alert.
 */
export function takeApart(expression: string, by: readonly string[]): Comparison {
  const tree = parsePromql(expression);
  return (tree.root && (comparisonOf(tree.root, tree) ?? presenceOf(tree.root, tree))) ?? present(expression, by);
}

function present(expression: string, by: readonly string[]): Comparison {
  // `group` is 1 whatever the values are, NaN among them; Prometheus alerts on them, too.
  return { promql: `group by (${by.join(", ")}) (\n  ${expression.trim()}\n)`, when: { above: 0 }, gives: "presence" };
}

/** What is 1 by itself when it returns something, in Prometheus, too. */
function presenceOf(root: PromqlNode, { text }: PromqlTree): Comparison | undefined {
  const node = unwrapped(root);
  const name = node.name === "FunctionCall" ? textOf(childrenOf(node)[0] ?? node, text) : "";
  if (name !== "absent" && name !== "absent_over_time") return undefined;
  return { promql: textOf(node, text), when: { above: 0 }, gives: "value" };
}

function comparisonOf(root: PromqlNode, tree: PromqlTree): Comparison | undefined {
  const binary = asBinary(root);
  if (binary === undefined) return undefined;
  if (binary.operator === "And" || binary.operator === "Unless") return inSetOperation(binary, tree);
  if (binary.isBool) return undefined;
  return againstConstant(binary, tree) ?? whatIsDown(binary, tree) ?? againstExpression(binary, tree);
}

/** `(v > 5) and c` is `v and c` over 5: `and` and `unless` look at each series of their left side by its labels alone. */
function inSetOperation({ left, right, node }: Binary, tree: PromqlTree): Comparison | undefined {
  const inner = comparisonOf(left.node, tree);
  if (inner === undefined || left.to !== left.node.to) return undefined;
  const rest = tree.text.slice(left.to, Math.max(node.to, right.to));
  return { ...inner, promql: `(${inner.promql})${rest}` };
}

function againstConstant(binary: Binary, { text }: PromqlTree): Comparison | undefined {
  const right = constantOf(binary.right, text);
  const left = constantOf(binary.left, text);
  if ((right === undefined) === (left === undefined)) return undefined;
  const operator = right === undefined ? flipped[binary.operator] : binary.operator;
  const limit = right ?? left;
  const value = right === undefined ? binary.right : binary.left;
  const sign = signs[operator ?? ""];
  if (operator === undefined || limit === undefined || sign === undefined) return undefined;
  return { promql: bare(value, text), when: limitOf(operator, limit), gives: "value", written: `${sign} ${limit}` };
}

/** `up` is 0 or 1 and nothing else: what is 0 is under 1. */
function whatIsDown({ operator, left, right }: Binary, { text }: PromqlTree): Comparison | undefined {
  const selector = unwrapped(left.node);
  if (operator !== "Eql" || constantOf(right, text) !== 0 || selector.name !== "VectorSelector") return undefined;
  const metric = childNamed(selector, "Identifier");
  if (metric === undefined || textOf(metric, text) !== "up") return undefined;
  return { promql: textOf(selector, text), when: { below: 1 }, gives: "value", written: "== 0" };
}

/** `a > b` is `a - b > 0` in binary64 for all but two infinities, of which neither is true. */
function againstExpression(binary: Binary, { text }: PromqlTree): Comparison | undefined {
  const { operator, left, right, matching } = binary;
  const sign = signs[operator];
  if (sign === undefined || constantOf(left, text) !== undefined || constantOf(right, text) !== undefined) {
    return undefined;
  }
  const by = matching === undefined ? "" : `${textOf(matching, text)} `;
  const promql = `(${bare(left, text)})\n  - ${by}(${bare(right, text)})`;
  return { promql, when: limitOf(operator, 0), gives: "difference", written: `${sign} ${bare(right, text)}` };
}

function limitOf(operator: string, limit: number): Comparison["when"] {
  if (operator === "Gtr") return { above: limit };
  if (operator === "Gte") return { above: justUnder(limit) };
  return { below: operator === "Lss" ? limit : justOver(limit) };
}

/** An operand without the brackets around it. */
function bare(operand: Operand, text: string): string {
  if (operand.to !== operand.node.to) return textOf(operand, text).trim();
  return textOf(unwrapped(operand.node), text).trim();
}
