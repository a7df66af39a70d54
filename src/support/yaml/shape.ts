import { z } from "zod";
import { closest, didYouMean, listed } from "./closest.ts";
import type { Path } from "./fault.ts";

/** What is wrong at a path of a plain value; `at` says whether the key or the value is meant. */
export interface ShapeFault {
  readonly path: Path;
  readonly at: "key" | "value";
  readonly message: string;
  readonly fix: string;
}

/**
 * A value of which each part may be missing, because it was not there or was faulty. Lists keep their positions; a
 * member of a union that is there has its discriminator, `type`.
 */
export type Partly<T> = T extends readonly (infer Item)[]
  ? readonly (Partly<Item> | undefined)[]
  : T extends object
    ? { readonly [Key in keyof T as Key extends "type" ? never : Key]?: Partly<T[Key]> } & (T extends {
        readonly type: infer Kind;
      }
        ? { readonly type: Kind }
        : unknown)
    : T;

export interface ShapeResult<T> {
  /** Given only when there is no fault. */
  readonly value: T | undefined;
  /** What is right of it (an empty mapping when nothing is), so that checks between parts run although another part is faulty. */
  readonly parts: Partly<T>;
  readonly faults: readonly ShapeFault[];
}

/**
 * Checks a plain value against a schema and gives all faults at once. It walks strict objects (also as the only one of a
 * union, or in the only list of one), lists, records and discriminated unions itself, so that one faulty leaf hides no other, and leaves each leaf to zod. Objects must have no
 * refinements of their own: those belong to checks over `parts`.
 */
export function checkShape<Schema extends z.ZodType>(schema: Schema, value: unknown): ShapeResult<z.output<Schema>> {
  const faults: ShapeFault[] = [];
  const parts = walk(schema, value, [], faults);
  return {
    value: faults.length === 0 ? (parts as z.output<Schema>) : undefined,
    parts: (parts ?? {}) as Partly<z.output<Schema>>,
    faults,
  };
}

/** A schema without what makes it optional; the default of one that has a default. */
function bare(schema: z.core.$ZodType): { schema: z.core.$ZodType; fallback: unknown; optional: boolean } {
  let inner = schema;
  let fallback: unknown;
  let optional = false;
  for (;;) {
    if (inner instanceof z.ZodOptional) {
      optional = true;
      inner = inner.unwrap();
    } else if (inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault) {
      optional = true;
      fallback = inner.def.defaultValue;
      inner = inner.unwrap();
    } else {
      return { schema: inner, fallback, optional };
    }
  }
}

function walk(outer: z.core.$ZodType, given: unknown, path: Path, faults: ShapeFault[]): unknown {
  const { schema, fallback, optional } = bare(outer);
  let value = given;
  if (value === undefined || (value === null && !acceptsNull(schema))) {
    if (fallback === undefined && value === undefined && optional) return undefined;
    if (value === null) {
      faults.push({ path, at: "key", message: `${quoted(path)} has no value`, fix: exampleFix(schema, "write") });
      return undefined;
    }
    value = structuredClone(fallback);
  }
  if (schema instanceof z.ZodObject) return walkObject(schema, value, path, faults);
  if (schema instanceof z.ZodArray) return walkArray(schema, value, path, faults);
  if (schema instanceof z.ZodRecord) return walkRecord(schema, value, path, faults);
  if (schema instanceof z.ZodDiscriminatedUnion) return walkUnion(schema, value, path, faults);
  const mapping = schema instanceof z.ZodUnion && isPlainObject(value) ? onlyMapping(schema) : undefined;
  if (mapping !== undefined) return walkObject(mapping, value, path, faults);
  const list = schema instanceof z.ZodUnion && Array.isArray(value) ? onlyMappings(schema) : undefined;
  if (list !== undefined) return walkArray(list, value, path, faults);
  return walkLeaf(schema, value, path, faults);
}

/** Of a choice between words and one kind of mapping, the mapping: who wrote one is told what is wrong in it. */
function onlyMapping({ options }: z.ZodUnion): z.ZodObject | undefined {
  const mappings = options.filter((option) => option instanceof z.ZodObject);
  return mappings.length === 1 ? mappings[0] : undefined;
}

/** The same for words and one list of mappings. */
function onlyMappings({ options }: z.ZodUnion): z.ZodArray | undefined {
  const lists = options.filter((option) => option instanceof z.ZodArray && option.element instanceof z.ZodObject);
  return lists.length === 1 ? (lists[0] as z.ZodArray) : undefined;
}

function walkObject(schema: z.ZodObject, value: unknown, path: Path, faults: ShapeFault[]): unknown {
  if (!isPlainObject(value)) return notA("a mapping of keys to values", schema, value, path, faults);
  const known = Object.keys(schema.shape);
  for (const key of Object.keys(value)) {
    if (Object.hasOwn(schema.shape, key)) continue;
    const meant = closest(key, known);
    const where = path.length === 0 ? "here" : `in ${quoted(path)}`;
    faults.push({
      path: [...path, key],
      at: "key",
      message: `\`${key}\` is no key ${where}${meant === undefined ? "" : `, did you mean \`${meant}\`?`}`,
      fix: meant === undefined ? `use one of ${listed(known)}, or remove it` : `write \`${meant}\``,
    });
  }
  const result: Record<string, unknown> = {};
  for (const [key, child] of Object.entries(schema.shape)) {
    const inner = value[key];
    if (inner === undefined && !bare(child).optional) {
      faults.push({
        path: [...path, key],
        at: "value",
        message: `${path.length === 0 ? `\`${key}\`` : `\`${key}\` of ${quoted(path)}`} is missing`,
        fix: exampleFix(bare(child).schema, `add \`${key}\`,`),
      });
      continue;
    }
    const checked = walk(child, inner, [...path, key], faults);
    if (checked !== undefined) result[key] = checked;
  }
  return result;
}

function walkArray(schema: z.ZodArray, value: unknown, path: Path, faults: ShapeFault[]): unknown {
  if (!Array.isArray(value)) return notA("a list", schema, value, path, faults);
  const before = faults.length;
  const items = value.map((item, index) => walk(schema.element, item, [...path, index], faults));
  const bounds = schema.safeParse(value);
  const own = bounds.success ? undefined : bounds.error.issues.find((issue) => issue.path.length === 0);
  if (own !== undefined && faults.length === before) faults.push(leafFault(schema, value, path, own));
  return items;
}

function walkRecord(schema: z.ZodRecord, value: unknown, path: Path, faults: ShapeFault[]): unknown {
  if (!isPlainObject(value)) return notA("a mapping of names to values", schema, value, path, faults);
  const result: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    const name = z.safeParse(schema.keyType, key);
    const issue = name.success ? undefined : name.error.issues[0];
    if (issue !== undefined) faults.push({ ...leafFault(schema.keyType, key, [...path, key], issue), at: "key" });
    const checked = walk(schema.valueType, inner, [...path, key], faults);
    if (checked !== undefined && issue === undefined) result[key] = checked;
  }
  return result;
}

function walkUnion(schema: z.ZodDiscriminatedUnion, value: unknown, path: Path, faults: ShapeFault[]): unknown {
  if (!isPlainObject(value)) return notA("a mapping of keys to values", schema, value, path, faults);
  const discriminator = schema.def.discriminator;
  const options = schema.options.filter((option) => option instanceof z.ZodObject);
  const names = options.flatMap((option) => literalsOf(option.shape[discriminator]));
  const chosen = options.find((option) => literalsOf(option.shape[discriminator]).includes(value[discriminator]));
  if (chosen !== undefined) return walkObject(chosen, value, path, faults);
  const given = value[discriminator];
  const words = names.map(String);
  faults.push({
    path: [...path, discriminator],
    at: "value",
    message:
      given === undefined
        ? `\`${discriminator}\` of ${quoted(path)} is missing`
        : `${shown(given)} is no \`${discriminator}\`${didYouMean(String(given), words)}`,
    fix: `write \`${discriminator}\` as one of ${listed(words)}`,
  });
  return undefined;
}

function walkLeaf(schema: z.core.$ZodType, value: unknown, path: Path, faults: ShapeFault[]): unknown {
  const parsed = z.safeParse(schema, value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue !== undefined) faults.push(leafFault(schema, value, path, issue));
  return undefined;
}

function leafFault(schema: z.core.$ZodType, value: unknown, path: Path, issue: z.core.$ZodIssue): ShapeFault {
  const fault = { path: [...path, ...(issue.path as (string | number)[])], at: "value" as const };
  const [message = "", fix] = issue.message.split("\n");
  // Our own messages have two lines; zod's have one.
  if (fix !== undefined) return { ...fault, message, fix };
  if (issue.code === "invalid_value") {
    const words = issue.values.map(String);
    return {
      ...fault,
      message: `${quoted(path)} cannot be ${shown(value)}${typeof value === "string" ? didYouMean(value, words) : ""}`,
      fix: `use ${words.length === 1 ? "" : "one of "}${listed(words)}`,
    };
  }
  if (issue.code === "invalid_type") {
    return {
      ...fault,
      message: `${quoted(path)} must be ${typeWords[issue.expected] ?? issue.expected}, not ${shown(value)}`,
      fix: exampleFix(schema, "write"),
    };
  }
  return {
    ...fault,
    message: `${quoted(path)}: ${message.replace(/^[A-Z]/, (letter) => letter.toLowerCase())}`,
    fix: exampleFix(schema, "write"),
  };
}

const typeWords: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a mapping",
  record: "a mapping",
};

function notA(what: string, schema: z.core.$ZodType, value: unknown, path: Path, faults: ShapeFault[]): undefined {
  const fix = exampleFix(schema, "write");
  faults.push({ path, at: "value", message: `${quoted(path)} must be ${what}, not ${shown(value)}`, fix });
  return undefined;
}

/** `write for example `5m`` from the schema's own examples, else from its description. */
function exampleFix(schema: z.core.$ZodType, verb: string): string {
  const meta = z.globalRegistry.get(schema);
  const examples = meta?.["examples"];
  const example: unknown = Array.isArray(examples) ? examples[0] : undefined;
  if (example !== undefined) {
    return `${verb} for example \`${typeof example === "string" ? example : JSON.stringify(example)}\``;
  }
  if (meta?.description === undefined) return verb.endsWith(",") ? `${verb.slice(0, -1)}` : `${verb} a value that fits`;
  return `${verb.replace(/,$/, ":")} ${meta.description.replace(/\.$/, "")}`;
}

function literalsOf(schema: z.core.$ZodType | undefined): unknown[] {
  return schema instanceof z.ZodLiteral ? [...schema.values] : [];
}

function acceptsNull(schema: z.core.$ZodType): boolean {
  return z.safeParse(schema, null).success;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

function quoted(path: Path): string {
  const last = path.findLast((step) => typeof step === "string");
  return last === undefined ? "the file" : `\`${last}\``;
}

/** A value in a message: short, on one line. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
