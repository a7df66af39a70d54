import type { Filter, Scalar, Where } from "../../model/query.ts";
import { isMapping } from "../../support/mapping.ts";

/** One document of a script: JSON, nested or with dotted names. */
export type ScriptedEvent = Readonly<Record<string, unknown>>;

export type EventPredicate = (event: ScriptedEvent) => boolean;

/** A filter that cannot be read; the message says what can be written. */
export class FilterRefused extends Error {
  override readonly name = "FilterRefused";
}

/** All values of a field: none for null, absent and empty; a name is looked up whole and then part by part. */
export function valuesOf(event: ScriptedEvent, field: string): readonly unknown[] {
  let value: unknown = Object.hasOwn(event, field) ? event[field] : walk(event, field.split("."));
  if (value instanceof Date) value = value.toISOString();
  return (Array.isArray(value) ? value : [value]).filter((item) => item !== undefined && item !== null);
}

function walk(event: ScriptedEvent, parts: readonly string[]): unknown {
  let at: unknown = event;
  for (const part of parts) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, part)) return undefined;
    at = (at as Record<string, unknown>)[part];
  }
  return at;
}

/** Exact matches: some value of the field is one of the wanted ones. Text, numbers and booleans compare by how they print. */
export function compileWhere(where: Where): EventPredicate {
  const wanted = Object.entries(where).map(([field, scalars]) => ({ field, texts: new Set(scalars.map(String)) }));
  return (event) =>
    wanted.every(({ field, texts }) => valuesOf(event, field).some((value) => texts.has(String(value))));
}

/**
 * The filter language of scripts. Each member must hold: `{ field: value }`, `{ field: [any, of] }`,
 * `{ field: { gt, gte, lt, lte } }` (numbers), `{ field: { prefix: "/a" } }`, `{ field: { exists: true } }`,
 * `{ not: { … } }`. Throws FilterRefused for anything else.
 */
export function compileFilter(filter: Filter): EventPredicate {
  if (typeof filter === "string")
    throw new FilterRefused("a script's filter is an object, such as { status: { gte: 500 } }");
  const parts = Object.entries(filter).map(([name, condition]) => compileMember(name, condition));
  return (event) => parts.every((part) => part(event));
}

function compileMember(name: string, condition: unknown): EventPredicate {
  if (name === "not" && isMapping(condition)) {
    const inner = compileFilter(condition);
    return (event) => !inner(event);
  }
  if (isMapping(condition)) {
    const tests = Object.entries(condition).map(([operator, operand]) => compileTest(name, operator, operand));
    return (event) => tests.every((test) => test(event));
  }
  const scalars = Array.isArray(condition) ? condition : [condition];
  if (!scalars.every(isScalar)) throw new FilterRefused(`"${name}" must be compared with text, a number or a boolean`);
  return compileWhere({ [name]: scalars });
}

const comparisons: Readonly<Record<string, (value: number, operand: number) => boolean>> = {
  gt: (value, operand) => value > operand,
  gte: (value, operand) => value >= operand,
  lt: (value, operand) => value < operand,
  lte: (value, operand) => value <= operand,
};

function compileTest(field: string, operator: string, operand: unknown): EventPredicate {
  const compare = Object.hasOwn(comparisons, operator) ? comparisons[operator] : undefined;
  if (compare !== undefined && typeof operand === "number") {
    return (event) => valuesOf(event, field).some((value) => typeof value === "number" && compare(value, operand));
  }
  if (operator === "prefix" && typeof operand === "string") {
    return (event) => valuesOf(event, field).some((value) => String(value).startsWith(operand));
  }
  if (operator === "exists" && typeof operand === "boolean") {
    return (event) => valuesOf(event, field).length > 0 === operand;
  }
  throw new FilterRefused(`"${field}: ${operator}" is no condition: write gt, gte, lt, lte, prefix or exists`);
}

function isScalar(value: unknown): value is Scalar {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}
