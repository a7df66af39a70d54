import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { BackfeedError } from "../../support/errors.ts";
import { quoteList, quoteText } from "./sql.ts";

export type Cell = string | number | boolean | null;

export interface EngineOptions {
  /** Files under these folders may be read, nothing else of the machine. */
  readonly readableDirectories: readonly string[];
  /** Where the engine makes its own folder for cached tables and for what does not fit into memory. */
  readonly cacheDirectory: string;
  readonly memoryLimit: string;
  readonly maxTemporaryBytes: number;
  readonly threads: number;
}

/** One embedded DuckDB that runs one statement at a time. Opened on first use. */
export interface Engine {
  /** All rows of one statement. The signal interrupts it: then throws the signal's reason. */
  rows(sql: string, signal: AbortSignal, values?: readonly string[]): Promise<readonly (readonly Cell[])[]>;
  /** Rises when a broken database was replaced by a new, empty one. */
  generation(): number;
  close(): Promise<void>;
}

export function createEngine(options: EngineOptions): Engine {
  let opened: Promise<Opened> | undefined;
  let closed = false;
  let generation = 0;
  const open = async () => {
    if (closed) throw new BackfeedError("aborted", "the files source is closed");
    opened ??= openDatabase(options);
    try {
      return await opened;
    } catch (error) {
      opened = undefined;
      throw error;
    }
  };
  const drop = async () => {
    const last = opened;
    opened = undefined;
    generation += 1;
    await last?.then(closeDatabase, () => undefined);
  };
  return {
    async rows(sql, signal, values) {
      const { connection } = await open();
      signal.throwIfAborted();
      const interrupt = () => connection.interrupt();
      signal.addEventListener("abort", interrupt, { once: true });
      try {
        const reader = await connection.runAndReadAll(sql, values === undefined ? undefined : [...values]);
        return reader.getRowsJS() as Cell[][];
      } catch (error) {
        // A fatal error leaves a database that answers nothing any more: the next statement opens a new one.
        if (error instanceof Error && /^FATAL|database has been invalidated/.test(error.message)) await drop();
        signal.throwIfAborted();
        throw error;
      } finally {
        signal.removeEventListener("abort", interrupt);
      }
    },
    generation: () => generation,
    async close() {
      closed = true;
      await opened?.then(({ connection }) => connection.interrupt()).catch(() => undefined);
      await drop();
    },
  };
}

interface Opened {
  readonly instance: DuckDBInstance;
  readonly connection: DuckDBConnection;
  readonly folder: string;
}

async function openDatabase(options: EngineOptions): Promise<Opened> {
  // Loaded when there is a file to be read: it is a good part of the start of whoever reads none.
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const folder = await makeFolder(options.cacheDirectory);
  const instance = await DuckDBInstance.create(join(folder, "cache.duckdb"), {
    memory_limit: options.memoryLimit,
    threads: String(options.threads),
    temp_directory: join(folder, "spill"),
    max_temp_directory_size: `${options.maxTemporaryBytes}B`,
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
    allow_community_extensions: "false",
  });
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
  // From here on no statement can read another file, load code, or undo this.
  await connection.run(`SET allowed_directories = ${quoteList(options.readableDirectories)}`);
  await connection.run("SET enable_external_access = false");
  await connection.run("SET lock_configuration = true");
  return { instance, connection, folder };
}

async function makeFolder(parent: string): Promise<string> {
  try {
    return await mkdtemp(join(parent, "backfeed-files-"));
  } catch (error) {
    throw new BackfeedError("configuration", `the files source cannot write to its cache folder ${quoteText(parent)}`, {
      cause: error,
    });
  }
}

async function closeDatabase({ instance, connection, folder }: Opened): Promise<void> {
  connection.closeSync();
  instance.closeSync();
  await rm(folder, { recursive: true, force: true });
}
