import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { isMap, isSeq, parse, parseDocument } from "yaml";
import type { Rule } from "../../model/rule.ts";
import { asBackfeedError, BackfeedError } from "../../support/errors.ts";
import { hasErrors } from "../../support/yaml/fault.ts";
import type { LoadedRules } from "../load-rules.ts";

/** `when.above=3%`: a key of a rule, and what to try there. */
export interface TriedChange {
  readonly path: readonly string[];
  readonly value: string;
}

/** Undefined for what is no `KEY=VALUE`, such as a file. */
export function readTriedChange(written: string): TriedChange | undefined {
  const parts = /^([a-z_]+(?:\.[a-z_]+)*)=(.+)$/s.exec(written);
  return parts === null ? undefined : { path: (parts[1] ?? "").split("."), value: parts[2] ?? "" };
}

/**
 * The rule as it would be with that key written in its file, checked like any rule file: `load` reads a file under the
 * same configuration. Throws `invalid_request` with the fault and what to write instead.
 */
export async function applyTriedChange(
  change: TriedChange,
  rule: Rule,
  baseDirectory: string,
  load: (file: string) => Promise<LoadedRules>,
): Promise<Rule> {
  const text = await readFile(resolve(baseDirectory, rule.location.file), "utf8");
  const folder = await mkdtemp(join(tmpdir(), "backfeed-try-"));
  try {
    const file = join(folder, "tried.yaml");
    await writeFile(file, changed(text, rule.id, change), { mode: 0o600 });
    const { allFaults, state } = await load(file);
    const tried = state.rules.find(({ id }) => id === rule.id);
    if (tried !== undefined && !hasErrors(allFaults)) return tried;
    const fault = allFaults.find(({ severity }) => severity === "error");
    const fix = fault?.fix === undefined ? "" : `; ${fault.fix}`;
    throw new BackfeedError("invalid_request", `${fault?.message ?? "the rule cannot be read then"}${fix}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The file's text with the key set in one rule; all else as it is. */
function changed(text: string, ruleId: string, { path, value }: TriedChange): string {
  const document = parseDocument(text);
  const rules = document.get("rules");
  const place = isSeq(rules) ? rules.items.findIndex((item) => isMap(item) && item.get("id") === ruleId) : -1;
  if (place < 0) throw new BackfeedError("invalid_request", `its file has no rule \`${ruleId}\` any more`);
  try {
    document.setIn(["rules", place, ...path], parse(value));
  } catch (thrown) {
    const { message } = asBackfeedError(thrown);
    throw new BackfeedError("invalid_request", `\`${path.join(".")}\` cannot be set: ${message}`, { cause: thrown });
  }
  return document.toString();
}
