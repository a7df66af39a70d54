import { nextTick } from "../../detect/schedule.ts";
import type { ImportedRule, ImportNote } from "../../import/imported.ts";
import { type MadeTest, testsFor, ticksNeeded } from "../../import/rule-test.ts";
import type { Rule } from "../../model/rule.ts";
import type { RuleContext } from "../../rules/context.ts";
import { readRuleFile } from "../../rules/read-rule-file.ts";
import { readTestFile } from "../../rules/read-test-file.ts";
import { checkTest } from "../../rules/test-checks.ts";
import type { RuleTestsOptions } from "../rule-tests/rule-tests.ts";
import { runReadyTest, testGround } from "../rule-tests/rule-tests.ts";

/** A Monday: the ticks of rules that are due on some days only begin there. */
const monday = Date.parse("2026-01-05T00:00:00Z");
const mostTestTicks = 20_000;

export interface CheckedRules {
  /** Compiled, in the order of the file; what has an error is not among them. */
  readonly good: readonly { readonly imported: ImportedRule; readonly rule: Rule }[];
  /** Why the others are not. */
  readonly notes: readonly ImportNote[];
}

/** Checks rules as `backfeed check` will: a rule that has an error is refused, whatever it was made of. */
export function checkImported(
  text: string,
  file: string,
  rules: readonly ImportedRule[],
  context: RuleContext,
): CheckedRules {
  const read = readRuleFile(file, new TextEncoder().encode(text), context);
  const notes: ImportNote[] = [];
  const good = rules.flatMap((imported, position) => {
    const rule = read.entries[position]?.rule;
    if (rule !== undefined) return [{ imported, rule }];
    const faults = read.faults.filter(
      ({ path, severity }) =>
        severity === "error" &&
        (path === `rules[${position}]` || path.startsWith(`rules[${position}].`) || !path.startsWith("rules[")),
    );
    for (const { message, fix } of faults) {
      const { file, line, column, subject } = imported;
      const told = `the rule would be faulty: ${message}; ${fix}`;
      notes.push({ kind: "refused", file, line, column, subject, text: told.replace(/\s+/g, " ") });
    }
    return [];
  });
  return { good, notes };
}

/** Tests for a compiled rule. */
export function makeTests(rule: Rule): readonly MadeTest[] {
  const first = nextTick(rule.schedule, monday - 1);
  const second = nextTick(rule.schedule, first);
  const wanted = Math.min(mostTestTicks, ticksNeeded(rule, Math.max(1, second - first)));
  const ticks = [first];
  while (ticks.length < wanted) ticks.push(nextTick(rule.schedule, ticks.at(-1) ?? first));
  return testsFor({ rule, ticks });
}

export interface WrittenTests {
  readonly text: string;
  readonly file: string;
  readonly tests: readonly MadeTest[];
  readonly rules: readonly Rule[];
}

/** Runs tests as `backfeed test` will, and gives the names of those that do not pass. */
export async function failingTests(
  { text, file, tests, rules }: WrittenTests,
  { loaded, signal }: Pick<RuleTestsOptions, "loaded" | "signal">,
): Promise<ReadonlySet<string>> {
  if (tests.length === 0) return new Set();
  const read = readTestFile(file, new TextEncoder().encode(text));
  const byId = new Map(rules.map((rule) => [rule.id, rule]));
  const ground = testGround(loaded);
  const failing = new Set(tests.map(({ name }) => name));
  for (const test of read.tests) {
    const rule = byId.get(test.ruleId);
    const good = checkTest(test, { rules: byId, faulty: new Set(), report: () => undefined });
    if (rule === undefined || !good) continue;
    if ((await runReadyTest({ test, rules: [rule] }, ground, signal)).passed) failing.delete(test.name);
  }
  return failing;
}
