import { mkdtemp, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { atTeardown } from "./services/teardown.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const compiled = new Map<string, Promise<string>>();

/**
 * A script of the tests and the sources that it uses as one JavaScript file, made once for this mocha process: for those
 * that are started many times. It starts in a third of the processor time that it takes through tsx.
 */
export function compiledScript(script: string): Promise<string> {
  const known = compiled.get(script) ?? compile(script);
  compiled.set(script, known);
  return known;
}

async function compile(script: string): Promise<string> {
  // Within node_modules, so that the packages are found.
  const folder = await mkdtemp(join(root, "node_modules/.backfeed-script-"));
  atTeardown(async () => {
    compiled.delete(script);
    await rm(folder, { recursive: true, force: true });
  });
  const options = { outDir: folder, target: "node20", minify: false, copyPublicDir: false };
  await build({ root, configFile: false, logLevel: "error", build: { ssr: script, ...options } });
  return join(folder, basename(script).replace(/ts$/, "js"));
}
