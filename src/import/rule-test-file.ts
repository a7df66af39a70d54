import { Document, isMap, isScalar, isSeq } from "yaml";
import type { MadeTest } from "./rule-test.ts";

/** The text of the test file beside a rule file. */
export function ruleTestFileText({
  rules,
  tests,
  schema,
}: {
  /** The rule file's name, beside it. */
  readonly rules: string;
  readonly tests: readonly MadeTest[];
  readonly schema: string;
}): string {
  const document = new Document({ rules: [rules], tests }, { aliasDuplicateObjects: false });
  document.commentBefore = ` yaml-language-server: $schema=${schema}\n\n Made by \`backfeed import\`: each limit of each rule, from both sides. Change them with the rules.`;
  const list = document.get("tests");
  for (const [position, test] of (isSeq(list) ? list.items : []).entries()) {
    if (!isMap(test)) continue;
    test.spaceBefore = position > 0;
    for (const { key, value } of test.items) {
      if (!isScalar(key) || !isSeq(value)) continue;
      for (const item of value.items) if (isMap(item)) item.flow = true;
    }
  }
  const named = document.get("rules");
  if (isSeq(named)) named.flow = true;
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}
