import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

/** Builds the pages as they are now into a folder of their own: a stale dist/ui proves nothing. */
export async function buildPages(): Promise<{ directory: string; remove(): void }> {
  const directory = mkdtempSync(join(tmpdir(), "backfeed-pages-"));
  await build({
    configFile: fileURLToPath(new URL("../../vite.config.ts", import.meta.url)),
    logLevel: "error",
    build: { outDir: directory },
  });
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
