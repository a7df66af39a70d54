import { Document, isMap, isScalar, type YAMLMap } from "yaml";
import { cleanText } from "../support/clean-text.ts";
import type { ImportedRule, ImportNote } from "./imported.ts";

export interface RuleFileParts {
  readonly rules: readonly ImportedRule[];
  readonly notes: readonly ImportNote[];
  /** What all of them share. */
  readonly defaults: Readonly<Record<string, unknown>>;
  /** Address of the JSON schema, as an editor finds it from the file. */
  readonly schema: string;
}

/** Keys whose mappings are short and read better on one line. */
const onOneLine = new Set(["when", "until", "defaults", "by", "labels"]);

/**
 * The text of a rule file. Above each rule stands what it was, and what is different from it or missing; a comment, so that nobody
 * needs the report to know.
 */
export function ruleFileText({ rules, notes, defaults, schema }: RuleFileParts): string {
  const document = new Document(
    { apiVersion: "backfeed/v1", defaults, rules: rules.map(({ body }) => body) },
    { aliasDuplicateObjects: false },
  );
  document.commentBefore = ` yaml-language-server: $schema=${schema}`;
  const items = document.get("rules") as { items: YAMLMap[] };
  for (const [position, rule] of rules.entries()) {
    const item = items.items[position];
    if (item === undefined) continue;
    item.commentBefore = commentOf(rule, notes);
    item.spaceBefore = position > 0;
    for (const { key, value } of item.items) {
      const remark = isScalar(key) ? rule.remarks?.[String(key.value)] : undefined;
      if (remark !== undefined && isMap(value))
        value.comment = ` ${cleanText(remark, { maxLength: 200, singleLine: true })}`;
    }
  }
  flow(document.contents);
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

function flow(node: unknown): void {
  if (!isMap(node)) {
    for (const item of itemsOf(node)) flow(item);
    return;
  }
  for (const { key, value } of node.items) {
    if (isScalar(key) && onOneLine.has(String(key.value)) && typeof value === "object" && value !== null) {
      (value as { flow?: boolean }).flow = true;
    } else flow(value);
  }
}

function itemsOf(node: unknown): readonly unknown[] {
  const items = typeof node === "object" && node !== null && "items" in node ? node.items : undefined;
  return Array.isArray(items) ? items : [];
}

function commentOf(rule: ImportedRule, notes: readonly ImportNote[]): string {
  const { file, line, subject, id } = rule;
  const lines = [`${subject} (${file}:${line})`];
  for (const { kind, text, ruleId } of notes) {
    if (ruleId === id && kind !== "exact") lines.push(`${kind}: ${text}`);
  }
  return lines.map((text) => ` ${cleanText(text, { maxLength: 1_000, singleLine: true })}`).join("\n");
}
