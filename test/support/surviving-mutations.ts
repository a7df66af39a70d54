import type { OfflineGround } from "../../src/app/offline/offline-run.ts";
import { compareRun } from "../../src/app/rule-tests/compare.ts";
import type { ReadyTest } from "../../src/app/rule-tests/load-rule-tests.ts";
import { type RuleTestRun, runRuleTest, timesOf } from "../../src/app/rule-tests/run-rule-test.ts";
import type { Rule } from "../../src/model/rule.ts";
import { mutationsOf } from "./rule-mutations.ts";

const never = new AbortController().signal;

async function runOf({ test, rules }: ReadyTest, ground: OfflineGround): Promise<RuleTestRun> {
  const times = timesOf(test, rules);
  if (times === undefined) throw new Error(`${test.name} has too many ticks`);
  return runRuleTest(test, rules, times, ground, never);
}

/** Mutations of a rule with which all of its tests pass. */
export async function survivorsOf(
  rule: Rule,
  tests: readonly ReadyTest[],
  ground: OfflineGround,
): Promise<readonly string[]> {
  const runs = await Promise.all(tests.map((each) => runOf(each, ground)));
  const survivors: string[] = [];
  for (const { what, rule: mutated } of mutationsOf(rule, runs)) {
    let killed = false;
    for (const each of tests) {
      const rules = each.rules.map((other) => (other.id === rule.id ? mutated : other));
      killed ||= compareRun(each.test, await runOf({ ...each, rules }, ground)).length > 0;
    }
    if (!killed) survivors.push(what);
  }
  return survivors;
}
