import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { BackfeedError } from "../../support/errors.ts";
import { mostYamlBytes } from "../../support/yaml/document.ts";

const mostFiles = 1_000;
const mostDepth = 8;

/** A file that was named, or that stands in a folder that was named. */
export interface ForeignBytes {
  /** As it is to be called in reports: relative to the base directory. */
  readonly file: string;
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Reads files, and of folders every `.yaml` and `.yml` in them. Throws `configuration` for what cannot be read. */
export async function readForeignFiles(
  names: readonly string[],
  baseDirectory: string,
): Promise<readonly ForeignBytes[]> {
  const paths: string[] = [];
  for (const name of names) paths.push(...(await filesAt(resolve(baseDirectory, name), name, 0)));
  const unique = [...new Set(paths)];
  if (unique.length > mostFiles) {
    throw new BackfeedError(
      "configuration",
      `there are ${unique.length} files, more than ${mostFiles} at once: name fewer`,
    );
  }
  if (unique.length === 0) {
    throw new BackfeedError("configuration", `there is no .yaml or .yml file in ${names.join(", ")}`);
  }
  const files: ForeignBytes[] = [];
  for (const path of unique) {
    const file = relative(baseDirectory, path) || path;
    files.push({ file: file.startsWith("..") ? path : file, path, bytes: await readBounded(path, file) });
  }
  return files;
}

async function filesAt(path: string, name: string, depth: number): Promise<readonly string[]> {
  const found = await orFault(stat(path), name);
  if (!found.isDirectory()) return [path];
  const entries = await orFault(readdir(path, { withFileTypes: true }), name);
  const files: string[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const inner = join(path, entry.name);
    if (entry.isDirectory() && depth < mostDepth) files.push(...(await filesAt(inner, inner, depth + 1)));
    else if (entry.isFile() && /\.ya?ml$/i.test(entry.name)) files.push(inner);
  }
  return files;
}

async function readBounded(path: string, name: string): Promise<Uint8Array> {
  const { size } = await orFault(stat(path), name);
  // The reader of YAML says what is wrong with a file of this size; it need not be read whole for that.
  return size > mostYamlBytes ? new Uint8Array(mostYamlBytes + 1) : orFault(readFile(path), name);
}

async function orFault<T>(work: Promise<T>, name: string): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error";
    throw new BackfeedError("configuration", `${name} cannot be read (${code})`, { cause });
  }
}

/** What stands in the way of a file that a rule imports; or the file. */
export type BaseFile = { readonly bytes: Uint8Array; readonly path: string } | { readonly refused: string };

/**
 * A file that a foreign rule asks for (ElastAlert's `import`). Only one of the rule's own folder or one below it is read, whatever
 * `..` or a link would lead to: a rule that is imported must not decide which files of this machine are.
 */
export async function readBaseFile(name: string, from: string): Promise<BaseFile> {
  const outside = { refused: `the file ${JSON.stringify(name)} is not in the rule's own folder, and is not read` };
  if (isAbsolute(name) || name.includes("\0")) return outside;
  const folder = dirname(from);
  try {
    const [real, root] = await Promise.all([realpath(resolve(folder, name)), realpath(folder)]);
    if (!real.startsWith(`${root}${sep}`)) return outside;
    const { size } = await stat(real);
    if (size > mostYamlBytes)
      return { refused: `the file ${JSON.stringify(basename(name))} is larger than ${mostYamlBytes} bytes` };
    return { bytes: await readFile(real), path: join(folder, name) };
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error";
    return { refused: `the file ${JSON.stringify(name)} cannot be read (${code})` };
  }
}
