import Sqlite from "better-sqlite3";
import { BackfeedError } from "../../support/errors.ts";

/** What SQLite threw, in the core's words. The text of a value is in none of its messages. */
export function translateError(thrown: unknown, path: string): unknown {
  if (thrown instanceof BackfeedError) return thrown;
  if (isNodeError(thrown)) {
    return new BackfeedError("configuration", `the store ${path} cannot be opened: ${thrown.message}`, {
      cause: thrown,
    });
  }
  if (!(thrown instanceof Sqlite.SqliteError)) return thrown;
  const { code } = thrown;
  const details = { cause: thrown, facts: { code } };
  if (code.startsWith("SQLITE_NOTADB") || code.startsWith("SQLITE_CANTOPEN")) {
    return new BackfeedError("configuration", `the store ${path} cannot be opened: ${thrown.message}`, details);
  }
  if (code.startsWith("SQLITE_READONLY") || code.startsWith("SQLITE_PERM")) {
    return new BackfeedError("configuration", `the store ${path} cannot be written: ${thrown.message}`, details);
  }
  if (code.startsWith("SQLITE_CORRUPT")) {
    return new BackfeedError("internal", `the store ${path} is damaged, restore a backup: ${thrown.message}`, details);
  }
  if (/^SQLITE_(BUSY|LOCKED|FULL|IOERR|NOMEM|INTERRUPT|PROTOCOL)/.test(code)) {
    return new BackfeedError("unavailable", `the store ${path} cannot answer now: ${thrown.message}`, details);
  }
  return new BackfeedError("internal", `the store ${path} refused: ${thrown.message}`, details);
}

function isNodeError(thrown: unknown): thrown is NodeJS.ErrnoException {
  return thrown instanceof Error && "syscall" in thrown;
}
