import { statSync } from "node:fs";
import { BackfeedError } from "../../support/errors.ts";

/**
 * Remembers which file stands under `path`; what it gives throws `unavailable` once that is another or none. SQLite goes
 * on in the file it opened, also when nobody can find that any more: reading and writing alone never tell.
 */
export function rememberFile(path: string): () => void {
  const opened = identityOf(path);
  return () => {
    const found = identityOf(path);
    if (found !== undefined && found === opened) return;
    const what = found === undefined ? "deleted" : "replaced by another file";
    throw new BackfeedError(
      "unavailable",
      `the store ${path} was ${what} while it is open: stop, put the right file there, start again`,
    );
  };
}

/** Device and inode, which no other file gets while ours is open; undefined where there is none that we may see. */
function identityOf(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}
