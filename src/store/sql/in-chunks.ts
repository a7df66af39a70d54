/** Below the limits on parameters of a statement (SQLite 32,766, PostgreSQL 65,535), and few different statement texts. */
const chunkSize = 500;

/** Asks for many keys in several statements. */
export async function inChunks<Row>(
  keys: readonly string[],
  ask: (chunk: string[]) => Promise<readonly Row[]>,
): Promise<Row[]> {
  const chunks: (readonly Row[])[] = [];
  for (let from = 0; from < keys.length; from += chunkSize) {
    chunks.push(await ask(keys.slice(from, from + chunkSize)));
  }
  return chunks.flat();
}
