import { parser } from "@prometheus-io/lezer-promql";

/** A node of a parsed expression. */
export type PromqlNode = ReturnType<typeof parser.parse>["topNode"];

export interface PromqlTree {
  readonly text: string;
  /** The expression itself, without the root around it; undefined for one that cannot be read. */
  readonly root: PromqlNode | undefined;
}

export function parsePromql(text: string): PromqlTree {
  const tree = parser.parse(text);
  let faulty = false;
  tree.iterate({
    enter({ type }) {
      faulty ||= type.isError;
    },
  });
  return { text, root: faulty ? undefined : (childrenOf(tree.topNode)[0] ?? undefined) };
}

/** Whether an expression reads any metric: `vector(1)` and `hour() > 8` read none. */
export function measures(text: string): boolean {
  let found = false;
  parser.parse(text).iterate({
    enter({ name }) {
      found ||= name === "VectorSelector";
    },
  });
  return found;
}

export function childrenOf(node: PromqlNode): readonly PromqlNode[] {
  const children: PromqlNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (child.name !== "LineComment") children.push(child);
  }
  return children;
}

export function childNamed(node: PromqlNode, name: string): PromqlNode | undefined {
  return childrenOf(node).find((child) => child.name === name);
}

/** Without brackets around it. */
export function unwrapped(node: PromqlNode): PromqlNode {
  let inner = node;
  while (inner.name === "ParenExpr") {
    const [only] = childrenOf(inner);
    if (only === undefined) return inner;
    inner = only;
  }
  return inner;
}

/** A part of an expression, as it is written from one place to another. */
export interface Operand {
  readonly node: PromqlNode;
  readonly from: number;
  readonly to: number;
}

export interface Binary {
  readonly node: PromqlNode;
  readonly operator: string;
  readonly isBool: boolean;
  /** `on (…)`, `ignoring (…)`, `group_left (…)`. */
  readonly matching: PromqlNode | undefined;
  readonly left: Operand;
  readonly right: Operand;
}

/** An operation on two operands; undefined for anything else. */
export function asBinary(outer: PromqlNode): Binary | undefined {
  let node = unwrapped(outer);
  let to: number | undefined;
  // The grammar puts `a > b offset 5m` as `(a > b) offset 5m`; Prometheus binds both modifiers to `b`.
  while ((node.name === "OffsetExpr" || node.name === "StepInvariantExpr") && node.firstChild !== null) {
    if (node.firstChild.name === "ParenExpr") return undefined;
    to ??= node.to;
    node = node.firstChild;
  }
  if (node.name !== "BinaryExpr") return undefined;
  const parts = childrenOf(node);
  const left = parts[0];
  const right = parts.at(-1);
  const operator = parts[1];
  if (left === undefined || right === undefined || operator === undefined || left === right) return undefined;
  return {
    node,
    operator: operator.name,
    isBool: parts.some(({ name }) => name === "BoolModifier"),
    matching: parts.find(({ name }) => name === "MatchingModifierClause"),
    left: { node: left, from: left.from, to: left.to },
    right: { node: right, from: right.from, to: Math.max(right.to, to ?? 0) },
  };
}

/** What a constant expression is (`14.4 * 0.001`, `80 / 100`, `-5`); undefined for one that is not constant. */
export function constantOf({ node, to }: Operand, text: string): number | undefined {
  if (to !== node.to) return undefined;
  const inner = unwrapped(node);
  if (inner.name === "NumberDurationLiteral" || inner.name === "NumberLiteral") return numberOf(textOf(inner, text));
  const parts = childrenOf(inner);
  const operand = (part: PromqlNode | undefined) =>
    part === undefined ? undefined : constantOf({ node: part, from: part.from, to: part.to }, text);
  if (inner.name === "UnaryExpr") {
    const value = operand(parts[1]);
    const sign = parts[0];
    return value === undefined || sign === undefined ? undefined : textOf(sign, text) === "-" ? -value : value;
  }
  const binary = asBinary(inner);
  if (binary === undefined) return undefined;
  const left = operand(binary.left.node);
  const right = operand(binary.right.node);
  if (left === undefined || right === undefined) return undefined;
  return arithmetic[binary.operator]?.(left, right);
}

const arithmetic: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
  Pow: (a, b) => a ** b,
};

/** A number as PromQL writes it; undefined for durations and for what is not finite. */
function numberOf(written: string): number | undefined {
  // The grammar takes a sign for a part of some numbers.
  const plain = written.replace(/[_\s]/g, "");
  const value =
    /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain) || /^0x[0-9a-f]+$/i.test(plain) ? Number(plain) : Number.NaN;
  return Number.isFinite(value) ? value : undefined;
}

export function textOf({ from, to }: { readonly from: number; readonly to: number }, text: string): string {
  return text.slice(from, to);
}
