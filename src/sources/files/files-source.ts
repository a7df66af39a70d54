import { tmpdir } from "node:os";
import { dirname, isAbsolute, resolve } from "node:path";
import { type FileFormat, fileFormatOf } from "../../model/file-format.ts";
import type { Query } from "../../model/query.ts";
import { underAny } from "../../support/abort.ts";
import { asBackfeedError, BackfeedError } from "../../support/errors.ts";
import { type Logger, silentLogger } from "../../support/logging.ts";
import { createRedactor, type Redactor } from "../../support/redaction.ts";
import { linesByGroup } from "../lines-by-group.ts";
import type { QueryFault, Source } from "../source.ts";
import { createBinder } from "./access.ts";
import { answerBatch } from "./answer.ts";
import { faultOf, tableFaults, unknownFields } from "./check.ts";
import { createEngine, type Engine } from "./engine.ts";
import { type EvidenceContext, readMessages, readSamples, readSeries } from "./evidence.ts";
import { errorOf, failureOf, timeoutError } from "./failure.ts";
import { createFilterParser } from "./filter.ts";
import { answerHistory } from "./history.ts";
import { mergeQuestions, planScans } from "./plan.ts";
import { createQueue, type Hold, unlessAborted } from "./queue.ts";
import { createCsvReader } from "./read-csv.ts";
import { createNdjsonReader } from "./read-ndjson.ts";
import { createParquetReader } from "./read-parquet.ts";
import { buildStatement } from "./statement.ts";
import { createFileTable, type FileTable, type TableView } from "./table.ts";

export interface FilesTableOptions {
  /** A file or glob (`*`, `?`, `[…]`, `**`), relative to `baseDirectory`; `.gz` is read as it is. */
  readonly path: string;
  /** The field with the event's time: ISO 8601 (without offset: UTC) or a number of seconds or milliseconds. */
  readonly timestamp: string;
  /** Default by the file's ending: .ndjson .jsonl .json, .csv .tsv, .parquet, each also with .gz. */
  readonly format?: FileFormat | undefined;
}

export interface FilesSourceOptions {
  readonly name: string;
  readonly tables: Readonly<Record<string, FilesTableOptions>>;
  readonly baseDirectory: string;
  /** Memory that DuckDB may use, in its notation. Default 512MB. */
  readonly memoryLimit?: string;
  /** Default 2. */
  readonly threads?: number;
  /** Where cached tables and what does not fit into memory go; removed on close. Default: the system's temporary folder. */
  readonly cacheDirectory?: string;
  /** Content of a table, in bytes, up to which it is kept instead of read again (gz counts tenfold). Default 1 GB. */
  readonly cacheBytes?: number;
  /** For what does not fit into memory. Default 2 GB. */
  readonly maxTemporaryBytes?: number;
  /** For one batch, sample, series or check. Default 20 s. */
  readonly timeoutMs?: number;
  /** For taking over new files, which goes on in the background when a batch gives up. Default 10 min. */
  readonly loadTimeoutMs?: number;
  /** Groups that questions which share a scan may have together, before each is asked alone. Default 50,000. */
  readonly maxRows?: number;
  readonly logger?: Logger;
  readonly redactor?: Redactor;
}

/** Log files as a source: NDJSON, CSV and Parquet through an embedded DuckDB. Throws `configuration` for bad options. */
export function createFilesSource(options: FilesSourceOptions): Source {
  const { name, timeoutMs = 20_000, loadTimeoutMs = 600_000, maxRows = 50_000 } = options;
  const redactor = options.redactor ?? createRedactor();
  const paths = Object.values(options.tables).map((table) => absolutePath(options, table));
  const engine = createEngine({
    readableDirectories: [...new Set(paths.map(fixedFolder))],
    cacheDirectory: options.cacheDirectory ?? tmpdir(),
    memoryLimit: options.memoryLimit ?? "512MB",
    maxTemporaryBytes: options.maxTemporaryBytes ?? 2_000_000_000,
    threads: options.threads ?? 2,
  });
  const tables = makeTables(options, engine);
  const parser = createFilterParser(engine);
  const bind = createBinder(parser);
  const queue = createQueue();
  const failure = (error: unknown) => failureOf(error, redactor.redact);

  const refresh = async (target: string, signal: AbortSignal, hold: Hold): Promise<TableView> => {
    const table = tables.get(target);
    if (table === undefined) {
      const known = [...tables.keys()].join(", ");
      throw new BackfeedError("not_found", `source ${name} has no table ${target}; its tables are ${known}`, {
        retryable: false,
      });
    }
    // A long load goes on when the caller gives up, or it would start anew each tick and never end.
    const loading = underAny([queue.closed, AbortSignal.timeout(loadTimeoutMs)], (stop) => table.refresh(stop));
    hold(loading);
    return unlessAborted(loading, signal);
  };
  /** One task at a time, and none longer than the deadline. */
  const within = async <Result>(
    signal: AbortSignal,
    task: (signal: AbortSignal, hold: Hold) => Promise<Result>,
  ): Promise<Result> => {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(timeoutError(timeoutMs)), timeoutMs);
    try {
      const result = await underAny([signal, deadline.signal], (either) => queue.run(task, either));
      signal.throwIfAborted();
      return result;
    } catch (error) {
      if (signal.aborted) throw new BackfeedError("aborted", "the work was stopped", { cause: signal.reason });
      throw error;
    } finally {
      clearTimeout(timer);
    }
  };
  const evidence = async <Result>(
    query: Query,
    signal: AbortSignal,
    read: (context: EvidenceContext) => Promise<Result>,
  ): Promise<Result> => {
    try {
      return await within(signal, async (inner, hold) => {
        const view = await refresh(query.target, inner, hold);
        return read({ engine, view, bound: await bind(query, view, inner), signal: inner });
      });
    } catch (error) {
      if (error instanceof BackfeedError && error.kind === "aborted") throw error;
      throw errorOf(failure(error), error);
    }
  };

  const source: Source = {
    name,
    async answer(batch, signal) {
      try {
        return await within(signal, (inner, hold) => {
          const table = (target: string) => refresh(target, inner, hold);
          return answerBatch(batch, { engine, bind, table, failure, maxRows, signal: inner });
        });
      } catch (error) {
        if (error instanceof BackfeedError && error.kind === "aborted") throw error;
        const failed = { kind: "failed", failure: failure(error) } as const;
        return { answers: batch.questions.map(() => failed), probes: batch.probes.map(() => failed), requests: 0 };
      }
    },
    history: (batch, signal) =>
      answerHistory(batch, (target, ask) =>
        within(signal, async (inner, hold) =>
          ask({ engine, bind, view: await refresh(target, inner, hold), maxRows, signal: inner }),
        ).catch((error: unknown) => {
          if (error instanceof BackfeedError && error.kind === "aborted") throw error;
          return failure(error);
        }),
      ),
    samples: (request, signal) => evidence(request.query, signal, (context) => readSamples(request, context)),
    messages: (request, signal) => evidence(request.query, signal, (context) => readMessages(request, context)),
    series: (request, signal) => evidence(request.query, signal, (context) => readSeries(request, context)),
    lines: (request, signal) => linesByGroup(source, request, signal),
    async check(queries, signal) {
      const faults: QueryFault[] = [];
      for (const query of queries) {
        const found = await evidence(query, signal, async ({ view, bound, signal: inner }) => {
          const [scan] = planScans(mergeQuestions([{ query, window: { from: 0, to: 0 }, mustAnswer: [] }]));
          // Over no events: DuckDB checks functions and types without reading anything.
          if (scan !== undefined)
            await engine.rows(buildStatement(scan, view, () => bound, { limit: 1, ranked: undefined }).sql, inner);
          return [...tableFaults(query, view), ...(await unknownFields(query, view, parser, inner))];
        }).catch((error: unknown) => [faultOf(query, asBackfeedError(error))]);
        faults.push(...found);
      }
      return faults;
    },
    async close() {
      await queue.close();
      await engine.close();
    },
  };
  return source;
}

function makeTables(options: FilesSourceOptions, engine: Engine): ReadonlyMap<string, FileTable> {
  const readers = {
    ndjson: createNdjsonReader(engine),
    csv: createCsvReader(engine),
    parquet: createParquetReader(engine),
  };
  return new Map(
    Object.entries(options.tables).map(([name, table], number) => {
      const path = absolutePath(options, table);
      const file = createFileTable({
        source: options.name,
        name,
        path,
        timestamp: table.timestamp,
        reader: readers[table.format ?? formatOf(name, path)],
        engine,
        storage: `t${number}`,
        cacheBytes: options.cacheBytes ?? 1_000_000_000,
        logger: options.logger ?? silentLogger,
      });
      return [name, file];
    }),
  );
}

function absolutePath({ baseDirectory }: FilesSourceOptions, { path }: FilesTableOptions): string {
  if (path.includes("://") || path === "") {
    throw new BackfeedError("configuration", `a files source reads local files; ${JSON.stringify(path)} is none`);
  }
  return isAbsolute(path) ? path : resolve(baseDirectory, path);
}

/** The folder of a glob up to its first pattern character. */
function fixedFolder(path: string): string {
  const pattern = path.search(/[*?[]/);
  return pattern < 0 ? dirname(path) : dirname(`${path.slice(0, pattern)}x`);
}

function formatOf(name: string, path: string): FileFormat {
  const format = fileFormatOf(path);
  if (format !== undefined) return format;
  throw new BackfeedError(
    "configuration",
    `table ${name}: the format of ${path} is not known by its ending; set format`,
  );
}
