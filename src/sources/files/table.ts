import { stat } from "node:fs/promises";
import { BackfeedError } from "../../support/errors.ts";
import type { Logger } from "../../support/logging.ts";
import type { Engine } from "./engine.ts";
import { type Column, columnType, type FoundField, mergeShapes, sameShape } from "./field.ts";
import { requireWholeGzip } from "./gzip.ts";
import type { DescribedFile, FileReader } from "./reader.ts";

/** More fields than this are not read; the rest is reported. */
const maxColumns = 1_000;
const maxFiles = 10_000;
/** How much larger the content is than the file, roughly: for the limit of what is kept. */
const expansion = { gz: 10, parquet: 4 } as const;

/** A table as it is at one moment: its fields, and where its rows come from. */
export interface TableView {
  readonly columns: ReadonlyMap<string, Column>;
  /** Other for each other set of columns. */
  readonly version: string;
  readonly timestamp: string;
  readonly skippedLines: number;
  /** A FROM item with `ts` and the columns; `ts` is milliseconds UTC. */
  from(columns: readonly Column[]): string;
  /** What orders events of the same millisecond, last first. */
  readonly tieBreak: string;
}

export interface TableOptions {
  readonly source: string;
  readonly name: string;
  /** Absolute path or glob. */
  readonly path: string;
  readonly timestamp: string;
  readonly reader: FileReader;
  readonly engine: Engine;
  /** Name of the table in the engine; a plain identifier. */
  readonly storage: string;
  readonly cacheBytes: number;
  readonly logger: Logger;
}

export interface FileTable {
  /** Looks for new, changed and removed files, and takes them over. Throws `not_found` when no file matches. */
  refresh(signal: AbortSignal): Promise<TableView>;
}

interface KnownFile extends DescribedFile {
  /** Changes whenever the file does. */
  readonly version: string;
  readonly bytes: number;
  readonly number: number;
}

interface State {
  readonly generation: number;
  readonly files: ReadonlyMap<string, KnownFile>;
  readonly columns: ReadonlyMap<string, Column>;
  readonly stored: boolean;
  readonly view: TableView;
}

/**
 * The files of one table. As long as they fit into `cacheBytes` their rows are kept in a table of the engine, loaded file
 * by file; beyond that every statement reads the files again.
 */
export function createFileTable(options: TableOptions): FileTable {
  const { engine, reader, storage } = options;
  let state: State | undefined;
  let fileNumber = 0;

  const describe = async (found: FoundFile, signal: AbortSignal): Promise<KnownFile> => {
    if (found.path.endsWith(".gz")) await requireWholeGzip(found.path, signal);
    const described = await reader.describe(found.path, signal);
    if (described.skippedLines > 0) {
      const facts = { source: options.source, table: options.name, file: found.path, lines: described.skippedLines };
      options.logger.warn("FILES_LINES_SKIPPED", "lines that are no events were skipped", facts);
    }
    if (!described.complete) {
      const facts = { source: options.source, table: options.name, file: found.path };
      options.logger.warn("FILES_FIELDS_DROPPED", "too many kinds of events to find all fields", facts);
    }
    fileNumber += 1;
    return { ...found, number: fileNumber, described };
  };

  const store = async (
    last: State | undefined,
    files: ReadonlyMap<string, KnownFile>,
    columns: ReadonlyMap<string, Column>,
    signal: AbortSignal,
  ) => {
    const kept = last?.stored === true && last.generation === engine.generation() ? last : undefined;
    const reload =
      kept === undefined || [...kept.columns].some(([name, column]) => shapeChanged(column, columns.get(name)));
    await engine.rows("BEGIN", signal);
    try {
      if (reload) {
        const definitions = [...columns.values()].map(({ column, shape }) => `${column} ${columnType(shape)}`);
        await engine.rows(`DROP TABLE IF EXISTS ${storage}`, signal);
        await engine.rows(
          `CREATE TABLE ${storage} (${["file INTEGER", "ts BIGINT", ...definitions].join(", ")})`,
          signal,
        );
      } else {
        for (const [name, { column, shape }] of columns) {
          if (kept.columns.has(name)) continue;
          await engine.rows(`ALTER TABLE ${storage} ADD COLUMN ${column} ${columnType(shape)}`, signal);
        }
        const gone = [...kept.files.values()].filter((file) => files.get(file.path)?.number !== file.number);
        if (gone.length > 0) {
          const numbers = gone.map((file) => file.number).join(", ");
          await engine.rows(`DELETE FROM ${storage} WHERE file IN (${numbers})`, signal);
        }
      }
      for (const file of files.values()) {
        if (!reload && kept.files.get(file.path)?.number === file.number) continue;
        await insert(options, file, columns, signal);
      }
      await engine.rows("COMMIT", signal);
    } catch (error) {
      await engine.rows("ROLLBACK", new AbortController().signal).catch(() => undefined);
      throw error;
    }
  };

  return {
    async refresh(signal) {
      const found = await findFiles(options, signal);
      if (state?.generation === engine.generation() && sameFiles(state.files, found)) return state.view;
      const files = new Map<string, KnownFile>();
      for (const file of found) {
        const known = state?.files.get(file.path);
        files.set(file.path, known?.version === file.version ? known : await describe(file, signal));
      }
      const columns = mergeColumns(options, [...files.values()], state?.columns);
      const stored = found.reduce((sum, file) => sum + contentBytes(file), 0) <= options.cacheBytes;
      if (stored) await store(state, files, columns, signal);
      else if (state?.stored === true) await engine.rows(`DROP TABLE IF EXISTS ${storage}`, signal);
      const view = stored ? storedView(options, files, columns) : scannedView(options, files, columns);
      state = { generation: engine.generation(), files, columns, stored, view };
      return view;
    },
  };
}

interface FoundFile {
  readonly path: string;
  readonly version: string;
  readonly bytes: number;
}

async function findFiles({ engine, path, name }: TableOptions, signal: AbortSignal): Promise<readonly FoundFile[]> {
  // A path without a pattern needs no statement, which would cost milliseconds at every tick.
  const paths = /[*?[]/.test(path) ? await matchingPaths(engine, path, signal) : [path];
  if (paths.length > maxFiles) {
    throw new BackfeedError("limit", `table ${name}: more than ${maxFiles} files match; narrow its path`);
  }
  const found: FoundFile[] = [];
  for (const file of paths) {
    const facts = await stat(file).catch(() => undefined);
    if (facts?.isFile() !== true) continue;
    found.push({ path: file, version: `${facts.mtimeMs} ${facts.size} ${facts.ino}`, bytes: facts.size });
  }
  if (found.length === 0) {
    throw new BackfeedError("not_found", `table ${name}: no file matches its path`, { retryable: true });
  }
  return found;
}

async function matchingPaths(engine: Engine, pattern: string, signal: AbortSignal): Promise<readonly string[]> {
  const limit = maxFiles + 1;
  const rows = await engine.rows(`SELECT file FROM glob($1) ORDER BY file LIMIT ${limit}`, signal, [pattern]);
  return rows.map(([file]) => String(file));
}

function sameFiles(known: ReadonlyMap<string, KnownFile>, found: readonly FoundFile[]): boolean {
  return known.size === found.length && found.every((file) => known.get(file.path)?.version === file.version);
}

function contentBytes({ path, bytes }: FoundFile): number {
  if (/\.(?:gz|zst)$/.test(path)) return bytes * expansion.gz;
  return path.endsWith(".parquet") ? bytes * expansion.parquet : bytes;
}

/** The fields of all files by name; a field keeps its column as long as the table lives. */
function mergeColumns(
  options: TableOptions,
  files: readonly KnownFile[],
  last: ReadonlyMap<string, Column> | undefined,
): ReadonlyMap<string, Column> {
  const merged = new Map<string, FoundField & { accesses: readonly string[] }>();
  for (const field of files.flatMap((file) => file.described.fields)) {
    const other = merged.get(field.name);
    const shape = other === undefined ? field.shape : mergeShapes(other.shape, field.shape);
    merged.set(field.name, { ...field, shape, accesses: [...new Set([...(other?.accesses ?? []), field.access])] });
  }
  const columns = new Map<string, Column>();
  let next = Math.max(-1, ...[...(last?.values() ?? [])].map(({ column }) => Number(column.slice(1)))) + 1;
  for (const { name, shape, accesses } of merged.values()) {
    if (columns.size === maxColumns) {
      const facts = { source: options.source, table: options.name, fields: merged.size, limit: maxColumns };
      options.logger.warn("FILES_FIELDS_DROPPED", "more fields than are read; the rest counts as missing", facts);
      break;
    }
    const column = last?.get(name)?.column ?? `c${next++}`;
    columns.set(name, { name, column, shape, accesses });
  }
  return columns;
}

function shapeChanged(column: Column, now: Column | undefined): boolean {
  return now === undefined || !sameShape(column.shape, now.shape);
}

async function insert(
  options: TableOptions,
  file: KnownFile,
  columns: ReadonlyMap<string, Column>,
  signal: AbortSignal,
): Promise<void> {
  const { engine, reader, storage } = options;
  const own = new Map<string, string[]>();
  for (const { name, access } of file.described.fields) own.set(name, [...(own.get(name) ?? []), access]);
  const present = [...columns.values()].flatMap((column) => {
    const accesses = own.get(column.name);
    return accesses === undefined ? [] : [{ ...column, accesses }];
  });
  const select = reader.select([file], present, own.get(options.timestamp) ?? []);
  const names = ["file", "ts", ...present.map(({ column }) => column)].join(", ");
  await engine.rows(`INSERT INTO ${storage} (${names}) SELECT ${file.number}, * FROM (${select})`, signal);
  const [row] = await engine.rows(
    `SELECT CAST(count(*) AS DOUBLE) FROM ${storage} WHERE file = ${file.number} AND ts IS NULL`,
    signal,
  );
  if (Number(row?.[0] ?? 0) === 0) return;
  const facts = { source: options.source, table: options.name, file: file.path, events: Number(row?.[0]) };
  options.logger.warn("FILES_EVENTS_WITHOUT_TIME", "events without a readable timestamp are in no window", facts);
}

function storedView(
  options: TableOptions,
  files: ReadonlyMap<string, KnownFile>,
  columns: ReadonlyMap<string, Column>,
): TableView {
  return {
    ...commonView(options, files, columns),
    from: () => options.storage,
    tieBreak: "file DESC, rowid DESC",
  };
}

function scannedView(
  options: TableOptions,
  files: ReadonlyMap<string, KnownFile>,
  columns: ReadonlyMap<string, Column>,
): TableView {
  const timestamp = columns.get(options.timestamp)?.accesses ?? [];
  return {
    ...commonView(options, files, columns),
    from: (wanted) => `(${options.reader.select([...files.values()], wanted, timestamp)})`,
    tieBreak: "ts",
  };
}

function commonView(
  options: TableOptions,
  files: ReadonlyMap<string, KnownFile>,
  columns: ReadonlyMap<string, Column>,
) {
  return {
    columns,
    timestamp: options.timestamp,
    version: [...columns.values()].map(({ name, column, shape }) => JSON.stringify([name, column, shape])).join(),
    skippedLines: [...files.values()].reduce((sum, file) => sum + file.described.skippedLines, 0),
  };
}
