import { mkdtemp, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "vite";
import { atTeardown } from "./services/teardown.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const compiled = new Map<string, Promise<string>>();

/** Text that is to stand in a source in the place of another, which stands there once. */
export interface SourceChange {
  /** From the project's root. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/**
 * A script of the tests and the sources that it uses as one JavaScript file, made once for this mocha process: for those
 * that are started many times. It starts in a third of the processor time that it takes through tsx. With `changes` of its
 * sources as if they were written so. Throws when a place to change is not there.
 */
export function compiledScript(script: string, changes: readonly SourceChange[] = []): Promise<string> {
  const key = JSON.stringify([script, changes]);
  const known = compiled.get(key) ?? compile(script, key, changes);
  compiled.set(key, known);
  return known;
}

async function compile(script: string, key: string, changes: readonly SourceChange[]): Promise<string> {
  // Within node_modules, so that the packages are found.
  const folder = await mkdtemp(join(root, "node_modules/.backfeed-script-"));
  atTeardown(async () => {
    compiled.delete(key);
    await rm(folder, { recursive: true, force: true });
  });
  const options = { outDir: folder, target: "node20", minify: false, copyPublicDir: false };
  const plugins = [changing(changes)];
  await build({ root, configFile: false, logLevel: "error", plugins, build: { ssr: script, ...options } });
  return join(folder, basename(script).replace(/ts$/, "js"));
}

function changing(changes: readonly SourceChange[]): Plugin {
  return {
    name: "source-changes",
    enforce: "pre",
    transform: (code, id) =>
      changes.filter(({ file }) => id === join(root, file)).reduce((text, change) => changed(text, change), code),
  };
}

/** The text with the change made. Throws when its place is not there, or there are several. */
export function changed(text: string, { file, find, replace }: SourceChange): string {
  const parts = text.split(find);
  if (parts.length !== 2) throw new Error(`${file} holds ${parts.length - 1} times what is to be changed: ${find}`);
  return parts.join(replace);
}
