import { createReadStream } from "node:fs";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { BackfeedError } from "../../support/errors.ts";

/**
 * Throws `unavailable` when a gzip file ends early or is damaged, as while it is being written: DuckDB reads what there
 * is without a word, and a question about half the events would get a full answer.
 */
export async function requireWholeGzip(path: string, signal: AbortSignal): Promise<void> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  try {
    await pipeline(createReadStream(path), createGunzip(), nowhere, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw new BackfeedError("unavailable", `the file ${path} is not a whole gzip file`, { cause: error });
  }
}
