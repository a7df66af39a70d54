import { closeSync, existsSync, mkdirSync, openSync, realpathSync } from "node:fs";
import { dirname } from "node:path";
import Sqlite from "better-sqlite3";
import { Kysely } from "kysely";
import { BackfeedError } from "../../support/errors.ts";
import { rememberFile } from "./file-in-place.ts";
import { LiteralLimitDialect } from "./literal-limit-dialect.ts";
import { migrate, requireSchema } from "./migrations.ts";
import type { Tables } from "./schema.ts";
import { translateError } from "./translate-error.ts";
import { takeWriterLock } from "./writer-lock.ts";

/** `write`: the one writing process. `read`: beside it, for commands that look. `copy`: the state in memory, for dry runs. */
export type Access = "write" | "read" | "copy";

/** One connection that writes, and one that only reads, so that pages never wait for a transaction. */
export interface Connections {
  /** Runs one transaction; it is rolled back when `work` throws. Transactions run one after another. */
  write<Value>(work: (database: Kysely<Tables>) => Promise<Value>): Promise<Value>;
  /** The same, and it is on the disk when this resolves: it outlives a loss of power. */
  writeDurably<Value>(work: (database: Kysely<Tables>) => Promise<Value>): Promise<Value>;
  /** The bare connection while no transaction is open on it: for work that must be one synchronous stretch. */
  exclusively<Value>(work: (database: Sqlite.Database) => Value): Promise<Value>;
  /** Throws `unavailable` once the file was deleted or replaced. Every transaction asks, since what it writes would be gone. */
  requireInPlace(): void;
  /** Aborts when the file is first seen not to be in place; that stays so. */
  readonly lost: AbortSignal;
  /** Sees what has been committed. */
  read<Value>(work: (database: Kysely<Tables>) => Promise<Value>): Promise<Value>;
  close(): Promise<void>;
}

/** Throws `configuration` for an address or a file that is none, `conflict` when another process writes it. */
export async function openConnections(options: { url: string; access: Access }): Promise<Connections> {
  const path = sqlitePath(options.url);
  try {
    if (path === ":memory:") return await openWriter(new Sqlite(path), path, undefined);
    if (options.access === "copy") return await openWriter(copyInMemory(path), path, undefined);
    if (options.access === "read") return await openReader(path);
    const file = prepareFile(path);
    const release = takeWriterLock(file);
    try {
      return await openWriter(new Sqlite(file), file, release);
    } catch (thrown) {
      release();
      throw thrown;
    }
  } catch (thrown) {
    throw translateError(thrown, path);
  }
}

function sqlitePath(url: string): string {
  const path = /^sqlite:(.+)$/s.exec(url)?.[1];
  if (path !== undefined && !path.includes("\0")) return path;
  throw new BackfeedError("configuration", `store: ${JSON.stringify(url)} is not supported, write sqlite:PATH`);
}

/** One name for one file, since the lock stands beside it; readable by its owner alone, since samples of logs are in it. */
function prepareFile(path: string): string {
  mkdirSync(dirname(path), { recursive: true });
  closeSync(openSync(path, "a", 0o600));
  return realpathSync(path);
}

async function openWriter(raw: Sqlite.Database, path: string, release: (() => void) | undefined): Promise<Connections> {
  const opened: Sqlite.Database[] = [raw];
  try {
    raw.pragma("journal_mode = wal");
    raw.pragma("synchronous = normal");
    raw.pragma("foreign_keys = on");
    raw.pragma("busy_timeout = 2000");
    raw.pragma("cache_size = -16000");
    raw.pragma("journal_size_limit = 67108864");
    const writer = kyselyOver(raw);
    const transact = transactions(writer, raw);
    await migrate((work) => transact(work), path);
    const shared = release === undefined;
    const rawReader = shared ? raw : new Sqlite(path, { readonly: true, fileMustExist: true });
    if (!shared) opened.push(rawReader);
    const reader = shared ? writer : kyselyOver(rawReader);
    const place = watchPlace(shared ? () => undefined : rememberFile(path));
    const guarded = guard(path, raw);
    const closeAll = async () => {
      if (!shared) await reader.destroy();
      // Waits for a transaction that is running; leaves one file without a log beside it.
      await writer.connection().execute(async () => {
        raw.pragma("wal_checkpoint(truncate)");
      });
      await writer.destroy();
      release?.();
    };
    let closing: Promise<void> | undefined;
    return {
      write: (work) => guarded(async () => transact(place.required(work))),
      writeDurably: (work) => guarded(async () => transact(place.required(work), true)),
      requireInPlace: place.require,
      lost: place.lost,
      exclusively: (work) => guarded(() => writer.connection().execute(place.required(async () => work(raw)))),
      read: (work) => guarded(() => work(reader)),
      close: () => {
        closing ??= closeAll();
        return closing;
      },
    };
  } catch (thrown) {
    for (const database of opened) database.close();
    throw thrown;
  }
}

async function openReader(path: string): Promise<Connections> {
  const raw = new Sqlite(path, { readonly: true, fileMustExist: true });
  const reader = kyselyOver(raw);
  try {
    await requireSchema(reader, path);
  } catch (thrown) {
    raw.close();
    throw thrown;
  }
  const guarded = guard(path, raw);
  const refuse = async () => {
    throw new BackfeedError("conflict", `the store ${path} was opened for reading only`);
  };
  return {
    write: refuse,
    writeDurably: refuse,
    exclusively: refuse,
    requireInPlace: rememberFile(path),
    lost: new AbortController().signal,
    read: (work) => guarded(() => work(reader)),
    close: async () => {
      if (raw.open) await reader.destroy();
    },
  };
}

/** A file that is gone from its place does not come back while we are at it: a restart opens what is there then. */
function watchPlace(check: () => void) {
  const lost = new AbortController();
  const require = () => {
    lost.signal.throwIfAborted();
    try {
      check();
    } catch (thrown) {
      lost.abort(thrown);
      throw thrown;
    }
  };
  return {
    require,
    lost: lost.signal,
    /** Asked within the transaction, which may have waited for others. */
    required:
      <Value>(work: (database: Kysely<Tables>) => Promise<Value>) =>
      async (database: Kysely<Tables>): Promise<Value> => {
        require();
        return work(database);
      },
  };
}

/** A transaction of our own rather than Kysely's: it takes the write lock at once and survives SQLite's own roll back. */
function transactions(writer: Kysely<Tables>, raw: Sqlite.Database) {
  return <Value>(work: (database: Kysely<Tables>) => Promise<Value>, durably = false): Promise<Value> =>
    writer.connection().execute(async (connection) => {
      // With `normal` a commit is written but not flushed; with `full` this commit and all before it are on the disk.
      if (durably) raw.pragma("synchronous = full");
      try {
        raw.exec("begin immediate");
        const value = await work(connection);
        raw.exec("commit");
        return value;
      } catch (thrown) {
        if (raw.inTransaction) raw.exec("rollback");
        throw thrown;
      } finally {
        if (durably) raw.pragma("synchronous = normal");
      }
    });
}

function guard(path: string, raw: Sqlite.Database) {
  return async <Value>(work: () => Promise<Value>): Promise<Value> => {
    if (!raw.open) throw new BackfeedError("unavailable", `the store ${path} is closed`, { retryable: false });
    try {
      return await work();
    } catch (thrown) {
      throw translateError(thrown, path);
    }
  };
}

/** The state as it is now, unlocked and unwritten. */
function copyInMemory(path: string): Sqlite.Database {
  // Before the first start there is no state, and a dry run of that is an empty one.
  if (!existsSync(path)) return new Sqlite(":memory:");
  const file = new Sqlite(path, { readonly: true, fileMustExist: true });
  try {
    const image = file.serialize();
    // Bytes 18 and 19 say "write-ahead log", which a database in memory cannot have: 1 is the other journal.
    // https://www.sqlite.org/fileformat.html#file_format_version_numbers
    image[18] = 1;
    image[19] = 1;
    return new Sqlite(image);
  } finally {
    file.close();
  }
}

const maxStatements = 300;

/** Kysely prepares each time; SQLite's statements are worth keeping, since the same few texts come again and again. */
function kyselyOver(raw: Sqlite.Database): Kysely<Tables> {
  const kept = new Map<string, Sqlite.Statement<unknown[]>>();
  const prepare = (text: string) => {
    const known = kept.get(text);
    if (known !== undefined) return known;
    if (kept.size >= maxStatements) kept.clear();
    const statement = raw.prepare<unknown[]>(text);
    kept.set(text, statement);
    return statement;
  };
  return new Kysely<Tables>({ dialect: new LiteralLimitDialect({ database: { prepare, close: () => raw.close() } }) });
}
