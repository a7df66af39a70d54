import { z } from "zod";
import { isMapping } from "../../support/mapping.ts";
import type { YamlDocument } from "../../support/yaml/document.ts";
import type { Path } from "../../support/yaml/fault.ts";
import { shown } from "../../support/yaml/shape.ts";
import { type ImportNote, NoteTaker } from "../imported.ts";

/** A rule, and the files that it imports, nearest first. */
export interface LayeredRule {
  readonly layers: readonly YamlDocument[];
  /** What was not read, and why. */
  readonly refused: readonly string[];
}

/** PyYAML takes these for true and false; a reader of YAML 1.2 for text. */
const booleans: Readonly<Record<string, boolean>> = {
  yes: true,
  on: true,
  true: true,
  no: false,
  off: false,
  false: false,
};
export const truth = z.union([
  z.boolean(),
  z.string().transform((text, context) => {
    const value = booleans[text.toLowerCase()];
    if (value !== undefined) return value;
    context.addIssue({ code: "custom", message: "true or false" });
    return z.NEVER;
  }),
]);
export const text = z.union([z.string(), z.number(), z.boolean()]).transform(String);
/** One or several. */
export const texts = z.union([text.transform((one) => [one]), z.array(text)]);
export const count = z.int().min(0);

const unitMs = {
  weeks: 604_800_000,
  days: 86_400_000,
  hours: 3_600_000,
  minutes: 60_000,
  seconds: 1_000,
  milliseconds: 1,
};
/** ElastAlert writes a span as a mapping of units to numbers; gives milliseconds. */
export const timedelta = z
  .partialRecord(z.enum(["weeks", "days", "hours", "minutes", "seconds", "milliseconds"]), z.number().min(0))
  .transform((parts) => {
    let ms = 0;
    for (const [unit, size] of Object.entries(unitMs)) ms += (parts[unit as keyof typeof unitMs] ?? 0) * size;
    return Math.round(ms);
  });

/**
 * The settings of a rule, each from the nearest file that says it. What was taken is remembered, so that what nobody asked for can be
 * told.
 */
export class Settings {
  readonly notes: NoteTaker;
  readonly #rule: LayeredRule;
  readonly #taken = new Set<string>(["import"]);

  constructor(rule: LayeredRule) {
    this.#rule = rule;
    const [document] = rule.layers;
    const name = this.#value("name");
    this.notes = new NoteTaker(
      { file: document?.file ?? "", locate: (path, part, within) => this.#locate(path, part, within) },
      [],
      typeof name === "string" ? name : undefined,
    );
  }

  has(key: string): boolean {
    return this.#value(key) !== undefined;
  }

  /** A setting as it is wanted; undefined when it is not there, and refused when it is something else. */
  take<Schema extends z.ZodType>(key: string, schema: Schema, wanted: string): z.output<Schema> | undefined {
    this.#taken.add(key);
    const value = this.#value(key);
    if (value === undefined || value === null) return undefined;
    const read = schema.safeParse(value);
    if (read.success) return read.data;
    this.notes.refuse([key], `\`${key}\` cannot be ${shown(value)}: write ${wanted}`);
    return undefined;
  }

  /** As `take`, and refused when it is not there. */
  need<Schema extends z.ZodType>(key: string, schema: Schema, wanted: string): z.output<Schema> | undefined {
    if (!this.has(key)) this.notes.refuse([], `\`${key}\` is missing: write ${wanted}`);
    return this.take(key, schema, wanted);
  }

  /** Conditions of the rule and of every file that it imports: all must hold. */
  filters(key: string): readonly unknown[] {
    this.#taken.add(key);
    return this.#rule.layers.flatMap(({ value }) => {
      const own = isMapping(value) ? value[key] : undefined;
      return own === undefined || own === null ? [] : [own].flat();
    });
  }

  /** Keys that begin so, and were not taken. They are taken now. */
  takeAll(isMeant: (key: string) => boolean): readonly string[] {
    const keys = this.#keys().filter((key) => !this.#taken.has(key) && isMeant(key));
    for (const key of keys) this.#taken.add(key);
    return keys;
  }

  /** The value as it was written, for settings without a fixed shape. */
  raw(key: string): unknown {
    this.#taken.add(key);
    return this.#value(key);
  }

  noted(ruleId: string | undefined): readonly ImportNote[] {
    return this.notes.notes.map((note) => (ruleId === undefined ? note : { ...note, ruleId }));
  }

  #keys(): readonly string[] {
    return [...new Set(this.#rule.layers.flatMap(({ value }) => (isMapping(value) ? Object.keys(value) : [])))];
  }

  #value(key: string): unknown {
    for (const { value } of this.#rule.layers) {
      if (isMapping(value) && Object.hasOwn(value, key)) return value[key];
    }
    return undefined;
  }

  /** A place in the rule itself; what stands in an imported file is told at the rule's beginning. */
  #locate(path: Path, part: "key" | "value", within?: number) {
    const [document] = this.#rule.layers;
    const [key] = path;
    if (document === undefined) return { line: 1, column: 1 };
    const isOwn = key === undefined || (isMapping(document.value) && Object.hasOwn(document.value, key));
    return document.locate(isOwn ? path : [], part, within);
  }
}

/** A number without an exponent. */
export function decimal(value: number): string {
  return String(Number(value.toPrecision(15)));
}
