import type { z } from "zod";
import { isMapping } from "../support/mapping.ts";
import { readYamlDocuments, type YamlDocument } from "../support/yaml/document.ts";
import { formatPath, type Path } from "../support/yaml/fault.ts";
import { shown } from "../support/yaml/shape.ts";
import type { ImportNote, NoteTaker } from "./imported.ts";

export interface ForeignFile {
  readonly documents: readonly YamlDocument[];
  /** What cannot be read at all. */
  readonly notes: readonly ImportNote[];
}

/**
 * The documents of a foreign file, YAML 1.1's merge keys (`<<`) applied. A document that cannot be read is refused; a tag that asks for
 * an object of another language is one of those, and nothing is ever built of it.
 */
export function readForeignFile(file: string, bytes: Uint8Array): ForeignFile {
  const documents: YamlDocument[] = [];
  const notes: ImportNote[] = [];
  for (const result of readYamlDocuments(file, bytes)) {
    for (const { line, column, message, fix } of result.faults) {
      const text = /python/i.test(message)
        ? "this asks for a Python object, and Python in a rule is never run: write plain values"
        : `${message}; ${fix}`;
      notes.push({ kind: "refused", file, line, column, subject: undefined, text });
    }
    if (result.kind === "unreadable") continue;
    const { document } = result;
    documents.push({ ...document, value: withMerges(document.value) });
  }
  return { documents, notes };
}

function withMerges(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withMerges);
  if (!isMapping(value)) return value;
  const { "<<": merged, ...own } = value;
  const bases = [merged].flat().filter(isMapping).map(withMerges).filter(isMapping);
  const plain = Object.fromEntries(Object.entries(own).map(([key, member]) => [key, withMerges(member)]));
  // Of several bases the first wins, and the mapping itself over all of them.
  return Object.assign({}, ...bases.reverse(), plain);
}

/** A part of a foreign document by what is needed of it; refused, each thing at its place, where it is otherwise. */
export function readPart<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  path: Path,
  notes: NoteTaker,
): z.output<Schema> | undefined {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  for (const issue of read.error.issues) {
    const at = [...path, ...issue.path.filter((step) => typeof step !== "symbol")];
    const where = at.length === 0 ? "this" : `\`${formatPath(at)}\``;
    const found = valueAt(value, issue.path);
    notes.refuse(
      at,
      found === undefined ? `${where} is missing` : `${where} cannot be ${shown(found)}: ${wanted(issue)}`,
    );
  }
  return undefined;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let found: unknown = value;
  for (const step of path) found = isMapping(found) || Array.isArray(found) ? Reflect.get(found, step) : undefined;
  return found;
}

function wanted(issue: z.core.$ZodIssue): string {
  return issue.message.replace(/^Invalid input: /, "").replace(/, received .*$/, "");
}
