import type { Engine } from "./engine.ts";
import {
  type Column,
  castList,
  castScalar,
  epochOf,
  type FieldShape,
  type FieldType,
  type FoundField,
  mergeShapes,
} from "./field.ts";
import { mendedLines } from "./mend-ndjson.ts";
import type { Described, DescribedFile, FileReader } from "./reader.ts";
import { quoteList, quoteText } from "./sql.ts";

const maxDepth = 8;
/** Lines of more different shapes than this are no log; what only the rest has counts as missing. */
const maxStructures = 20_000;

/** One JSON object per line; other lines are skipped and counted. Nested names are joined by dots. */
export function createNdjsonReader(engine: Engine): FileReader {
  return {
    async describe(path, signal): Promise<Described> {
      const plain = await readStructures(engine, wholeLines([path]), signal);
      // Only a file with refused lines is read again, so that others cost nothing.
      const mended = plain.others === 0 ? nothing : await readStructures(engine, mendedLines([path]), signal);
      const structures = [...plain.structures, ...mended.structures];
      return {
        fields: mergeFields(structures.flatMap((structure) => leaves(structure, [], ""))),
        skippedLines: Math.max(0, plain.others - mended.objects),
        complete: plain.complete && mended.complete,
        mended: mended.objects > 0,
      };
    },
    select(files, columns, timestamp) {
      const texts = new Map<string, number>();
      const values = new Map<string, number>();
      const place = (places: Map<string, number>, access: string) => {
        const index = places.get(access) ?? places.size + 1;
        places.set(access, index);
        return index;
      };
      const select = columns.map((column) => `${selectColumn(column, place, texts, values)} AS ${column.column}`);
      const at = flatFirst(timestamp).map((access) => `t[${place(texts, access)}]`);
      const extract = [
        ...(texts.size === 0 ? [] : [`json_extract_string(json, ${quoteList([...texts.keys()])}) AS t`]),
        ...(values.size === 0 ? [] : [`json_extract(json, ${quoteList([...values.keys()])}) AS j`]),
      ];
      const from = `SELECT json, ${extract.join(", ")} FROM ${lines(files)} WHERE json_type(json) = 'OBJECT'`;
      return `SELECT ${[`${epochOf(`COALESCE(${[...at, "NULL"].join(", ")})`)} AS ts`, ...select].join(", ")} FROM (${from})`;
    },
  };
}

/** One field per name and access, in the shape that holds all it was found in. */
function mergeFields(found: readonly FoundField[]): FoundField[] {
  const merged = new Map<string, FoundField>();
  for (const field of found) {
    const key = JSON.stringify([field.name, field.access]);
    const other = merged.get(key);
    merged.set(key, other === undefined ? field : { ...field, shape: mergeShapes(other.shape, field.shape) });
  }
  return [...merged.values()];
}

function lines(files: readonly DescribedFile[]): string {
  const whole = wholeLines(files.map(({ path }) => path));
  const mended = files.filter(({ described }) => described.mended === true).map(({ path }) => path);
  return mended.length === 0 ? whole : `(SELECT json FROM ${whole} UNION ALL SELECT json FROM ${mendedLines(mended)})`;
}

function wholeLines(paths: readonly string[]): string {
  return `read_json_objects(${quoteList(paths)}, format = 'newline_delimited', ignore_errors = true)`;
}

interface Structures {
  readonly structures: readonly unknown[];
  readonly objects: number;
  /** Lines that are no object. */
  readonly others: number;
  readonly complete: boolean;
}

const nothing: Structures = { structures: [], objects: 0, others: 0, complete: true };

/** Few lines differ in structure, so this stays small where json_group_structure would hold the whole file. */
async function readStructures(engine: Engine, from: string, signal: AbortSignal): Promise<Structures> {
  const rows = await engine.rows(
    `SELECT structure, CAST(count(*) AS DOUBLE) FROM
       (SELECT CASE json_type(json) WHEN 'OBJECT' THEN CAST(json_structure(json) AS VARCHAR) END AS structure FROM ${from})
     GROUP BY structure ORDER BY structure IS NOT NULL, count(*) DESC, structure LIMIT ${maxStructures + 1}`,
    signal,
  );
  const sum = (some: typeof rows) => some.reduce((lines, [, count]) => lines + Number(count), 0);
  const objects = rows.filter(([structure]) => structure !== null);
  return {
    structures: objects.map(([structure]) => JSON.parse(String(structure)) as unknown),
    objects: sum(objects),
    others: sum(rows.filter(([structure]) => structure === null)),
    complete: rows.length <= maxStructures,
  };
}

/** A flat name wins over the same name nested: it is what the event says literally. */
function flatFirst(accesses: readonly string[]): string[] {
  const depth = (access: string) => access.split(access.startsWith("$") ? '."' : "/").length;
  return [...accesses].sort((a, b) => depth(a) - depth(b));
}

type Place = (places: Map<string, number>, access: string) => number;

function selectColumn(
  { shape, accesses }: Column,
  place: Place,
  texts: Map<string, number>,
  values: Map<string, number>,
): string {
  if (!shape.list) {
    const found = flatFirst(accesses).map((access) => castScalar(`t[${place(texts, access)}]`, shape));
    return found.length === 1 ? (found[0] ?? "NULL") : `COALESCE(${found.join(", ")})`;
  }
  const found = flatFirst(accesses).map((access) => {
    if (access.startsWith("$")) return `json_extract_string(json, ${quoteText(access)})`;
    const value = `j[${place(values, access)}]`;
    return `CASE json_type(${value}) WHEN 'NULL' THEN NULL WHEN 'ARRAY' THEN from_json(${value}, '["VARCHAR"]')
      ELSE [json_extract_string(${value}, '$')] END`;
  });
  return castList(found.length === 1 ? (found[0] ?? "NULL") : `COALESCE(${found.join(", ")})`, shape);
}

const scalarTypes: ReadonlySet<string> = new Set(["BIGINT", "UBIGINT", "HUGEINT", "DOUBLE", "BOOLEAN", "VARCHAR"]);

/** The scalar leaves of what `json_structure` found, with a JSON pointer each, or a path where objects stand in arrays. */
function leaves(structure: unknown, keys: readonly string[], prefix: string): FoundField[] {
  const found: FoundField[] = [];
  if (typeof structure !== "object" || structure === null || keys.length > maxDepth) return found;
  for (const [key, member] of Object.entries(structure)) {
    const path = [...keys, key];
    const name = `${prefix}${key}`;
    if (Array.isArray(member)) found.push(...arrayLeaves(member[0], path, name));
    else if (typeof member === "object" && member !== null) found.push(...leaves(member, path, `${name}.`));
    else found.push({ name, shape: shapeOf(member), access: pointer(path) });
  }
  return found;
}

function arrayLeaves(element: unknown, path: readonly string[], name: string): FoundField[] {
  const nested = typeof element === "object" && element !== null && !Array.isArray(element);
  if (!nested) return [{ name, shape: { ...shapeOf(element), list: true }, access: pointer(path) }];
  const found: FoundField[] = [];
  for (const [key, member] of Object.entries(element)) {
    const steps = [...path, key];
    // A key that would have to be escaped inside a path, or objects deeper inside, are left out.
    if (typeof member === "object" || steps.some((step) => /["\\*]/.test(step))) continue;
    const access = `$${path.map((step) => `."${step}"`).join("")}[*]."${key}"`;
    found.push({ name: `${name}.${key}`, shape: { ...shapeOf(member), list: true }, access });
  }
  return found;
}

function shapeOf(type: unknown): FieldShape {
  if (type === "NULL") return { type: "NULL", list: false, mixed: false };
  if (typeof type === "string" && scalarTypes.has(type)) return { type: type as FieldType, list: false, mixed: false };
  // Several types, or arrays in some events and single values in others.
  return { type: "VARCHAR", list: true, mixed: true };
}

/** RFC 6901. */
function pointer(path: readonly string[]): string {
  return path.map((step) => `/${step.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
