import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { isMap, isSeq, parse, parseDocument } from "yaml";
import type { Rule } from "../../model/rule.ts";
import type { RuleContext } from "../../rules/context.ts";
import { readRuleFile } from "../../rules/read-rule-file.ts";
import { asBackfeedError, BackfeedError } from "../../support/errors.ts";

/** A key of a rule (`when`, `above`), and the YAML to try there. */
export interface TriedChange {
  readonly path: readonly string[];
  readonly value: string;
}

/**
 * The rule as it would be with that key written in its file: merged with the file's defaults and checked as it would be
 * there. Throws `invalid_request` with the fault and what to write instead.
 */
export async function applyTriedChange(
  change: TriedChange,
  rule: Rule,
  baseDirectory: string,
  context: RuleContext,
): Promise<Rule> {
  const { file } = rule.location;
  const text = changed(await readFile(resolve(baseDirectory, file), "utf8"), rule.id, change);
  const { entries, faults } = readRuleFile(file, new TextEncoder().encode(text), context);
  const tried = entries.find(({ id }) => id === rule.id)?.rule;
  if (tried !== undefined) return tried;
  const fault = faults.find(({ severity, ruleId }) => severity === "error" && ruleId === rule.id);
  throw wrong(change, fault === undefined ? "the rule cannot be read then" : `${fault.message}; ${fault.fix}`);
}

/** The file's text with the key set in one rule; all else says the same. */
function changed(text: string, ruleId: string, change: TriedChange): string {
  const document = parseDocument(text);
  const rules = document.get("rules");
  const place = isSeq(rules) ? rules.items.findIndex((item) => isMap(item) && item.get("id") === ruleId) : -1;
  if (place < 0) throw wrong(change, `its file has no rule \`${ruleId}\` any more`);
  try {
    document.setIn(["rules", place, ...change.path], parse(change.value));
  } catch (thrown) {
    throw wrong(change, `\`${change.path.join(".")}\` cannot be set: ${asBackfeedError(thrown).message}`);
  }
  return document.toString();
}

function wrong({ path, value }: TriedChange, why: string): BackfeedError {
  return new BackfeedError("invalid_request", `--try ${path.join(".")}=${value}: ${why}`);
}
