import { lstat, open, realpath, stat } from "node:fs/promises";
import { posix, resolve } from "node:path";
import { escapePath, glob } from "tinyglobby";
import { sha256 } from "../support/hashing.ts";
import { mostYamlBytes } from "../support/yaml/document.ts";

/** More files than this are not read; it is reported. */
export const mostRuleFiles = 5_000;

/** One file as it was found: its bytes, or why they could not be had. */
export type FoundFile =
  | { readonly kind: "read"; readonly bytes: Uint8Array; readonly hash: string }
  | { readonly kind: "failed"; readonly code: string; readonly hash: string };

export interface FoundFiles {
  /** By path, relative to the base directory, in order. */
  readonly files: ReadonlyMap<string, FoundFile>;
  /** How many exist beyond the limit. */
  readonly beyondLimit: number;
  /** One text per state of all files. */
  readonly hash: string;
}

export interface RuleFilesOptions {
  readonly patterns: readonly string[];
  readonly baseDirectory: string;
}

/** Paths of rule files that match: no rule tests, nothing under dot names (a ConfigMap's `..data`), each real file once. */
export async function listRuleFiles(options: RuleFilesOptions): Promise<string[]> {
  return eachRealFileOnce(
    (await matching(options)).filter((path) => !isRuleTest(path)),
    options.baseDirectory,
  );
}

/**
 * Paths of rule tests that match. `beside` the rule files: also those in the folders of rule files that match, since a
 * pattern may name rules alone.
 */
export async function listTestFiles(options: RuleFilesOptions & { readonly beside?: true }): Promise<string[]> {
  const named = await matching(options);
  const folders = options.beside === undefined ? [] : [...new Set(named.map((path) => posix.dirname(path)))];
  const beside = await matching({
    patterns: folders.map((folder) => `${escapePath(folder)}/*.test.{yaml,yml}`),
    baseDirectory: options.baseDirectory,
  });
  return eachRealFileOnce([...new Set([...named, ...beside])].filter(isRuleTest), options.baseDirectory);
}

/** A name that is a file as it stands is that file, whatever a pattern makes of it. */
async function matching({ patterns, baseDirectory }: RuleFilesOptions): Promise<string[]> {
  if (patterns.length === 0) return [];
  const isFile = await Promise.all(
    patterns.map((path) =>
      stat(resolve(baseDirectory, path)).then(
        (found) => found.isFile(),
        () => false,
      ),
    ),
  );
  const literal = patterns.filter((_, position) => isFile[position] === true);
  const globs = patterns.filter((_, position) => isFile[position] !== true);
  const matched =
    globs.length === 0 ? [] : await glob([...globs], { cwd: baseDirectory, onlyFiles: true, expandDirectories: false });
  return [...new Set([...literal, ...matched])];
}

async function eachRealFileOnce(files: readonly string[], baseDirectory: string): Promise<string[]> {
  const byRealPath = new Map<string, string>();
  for (const file of [...files].sort((a, b) => a.length - b.length || (a < b ? -1 : 1))) {
    const real = await realpath(resolve(baseDirectory, file)).catch(() => file);
    if (!byRealPath.has(real)) byRealPath.set(real, file);
  }
  return [...byRealPath.values()].sort();
}

export function isRuleTest(path: string): boolean {
  return /\.test\.ya?ml$/.test(path);
}

/** Reads them all. `known` are files read before: one that is no longer listed, but is still there, has failed. */
export async function readRuleFiles(
  listed: readonly string[],
  known: readonly string[],
  baseDirectory: string,
): Promise<FoundFiles> {
  const files = new Map<string, FoundFile>();
  for (const file of listed.slice(0, mostRuleFiles)) files.set(file, await readFound(resolve(baseDirectory, file)));
  for (const file of known) {
    if (files.has(file) || (await isGone(resolve(baseDirectory, file)))) continue;
    files.set(file, failed("unreachable"));
  }
  const hash = sha256([...files].map(([file, { hash }]) => `${file}\n${hash}`).join("\n"));
  return { files, beyondLimit: Math.max(0, listed.length - mostRuleFiles), hash };
}

async function readFound(path: string): Promise<FoundFile> {
  try {
    const handle = await open(path, "r");
    try {
      if (!(await handle.stat()).isFile()) return failed("not a file");
      // One byte more than is accepted, so that the reader sees that it is too large, and no more of it is held.
      const buffer = new Uint8Array(mostYamlBytes + 1);
      let length = 0;
      while (length < buffer.length) {
        const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      const bytes = buffer.slice(0, length);
      return { kind: "read", bytes, hash: sha256(bytes) };
    } finally {
      await handle.close();
    }
  } catch (thrown) {
    return failed(thrown instanceof Error && "code" in thrown ? String(thrown.code) : "unknown error");
  }
}

async function isGone(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return false;
  } catch (thrown) {
    return thrown instanceof Error && "code" in thrown && (thrown.code === "ENOENT" || thrown.code === "ENOTDIR");
  }
}

function failed(code: string): FoundFile {
  return { kind: "failed", code, hash: `failed: ${code}` };
}
