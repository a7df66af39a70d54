import { hostname } from "node:os";
import Sqlite from "better-sqlite3";
import { BackfeedError } from "../../support/errors.ts";

/**
 * Takes the place of the one writing process; gives what releases it. The lock is a write transaction held open on a
 * side file `<path>.lock`: an operating system's lock, which ends with the process however it dies, so that nothing
 * stale is ever left. RESERVED rather than EXCLUSIVE, so that a second process can read who holds it.
 * Throws `conflict`, naming the holder's process id and host.
 */
export function takeWriterLock(path: string): () => void {
  const file = new Sqlite(`${path}.lock`, { timeout: 100 });
  try {
    file.exec("begin immediate");
    file.exec("create table if not exists holder (only_row integer primary key, pid integer, host text)");
    file
      .prepare(
        "insert into holder (only_row, pid, host) values (1, ?, ?) on conflict (only_row) do update set pid = excluded.pid, host = excluded.host",
      )
      .run(process.pid, hostname());
    file.exec("commit");
    // Whoever came between these two has written its own name and holds the lock: then this one gives way.
    file.exec("begin immediate");
  } catch (thrown) {
    const error = isBusy(thrown) ? heldBy(file, path, thrown) : thrown;
    file.close();
    throw error;
  }
  return () => file.close();
}

function heldBy(file: Sqlite.Database, path: string, cause: unknown): BackfeedError {
  let holder: { pid: number; host: string } | undefined;
  try {
    holder = file.prepare<[], { pid: number; host: string }>("select pid, host from holder").get();
  } catch {
    // The holder is still writing its name: the message does without.
  }
  const who = holder === undefined ? "another process" : `process ${holder.pid} on ${holder.host}`;
  return new BackfeedError(
    "conflict",
    `the store ${path} is in use by ${who}: with SQLite one process at a time writes. Stop that one, or give this one another \`store\``,
    { cause, facts: holder === undefined ? {} : { pid: holder.pid, host: holder.host } },
  );
}

function isBusy(thrown: unknown): boolean {
  return thrown instanceof Sqlite.SqliteError && thrown.code.startsWith("SQLITE_BUSY");
}
