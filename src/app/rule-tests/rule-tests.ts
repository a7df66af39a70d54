import type { TestPlace } from "../../rules/read-test-file.ts";
import { createRedactor } from "../../support/redaction.ts";
import { createOfflineGround, type OfflineGround } from "../offline/offline-run.ts";
import { compareRun, type Mismatch } from "./compare.ts";
import { type LoadedRuleTests, type LoadRuleTestsOptions, loadRuleTests, type ReadyTest } from "./load-rule-tests.ts";
import { runRuleTest, timesOf } from "./run-rule-test.ts";
import { type VerdictChain, verdictChains } from "./verdict-chain.ts";

export interface RuleTestsOptions extends LoadRuleTestsOptions {
  readonly loaded: LoadRuleTestsOptions["loaded"] & {
    readonly config: NonNullable<LoadRuleTestsOptions["loaded"]["config"]>;
  };
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: { readonly done: number; readonly of: number }) => void;
}

export interface RuleTestResult {
  readonly name: string;
  readonly rule: string;
  readonly place: TestPlace;
  readonly passed: boolean;
  /** The first tick; instants of mismatches and chains are counted from it. */
  readonly start: number;
  readonly ticks: number;
  readonly mismatches: readonly Mismatch[];
  /** Of a test that failed. */
  readonly chains: readonly VerdictChain[];
}

export interface RuleTestReport extends Omit<LoadedRuleTests, "ready"> {
  /** In the order of the files and of what is in them; without those that are faulty. */
  readonly results: readonly RuleTestResult[];
}

/** Runs rule tests, one after another, each from an empty state. What is written wrong is a fault and never thrown. */
export async function runRuleTests(options: RuleTestsOptions): Promise<RuleTestReport> {
  const { signal, onProgress } = options;
  const { ready, ...found } = await loadRuleTests(options);
  const ground = testGround(options.loaded);
  const results: RuleTestResult[] = [];
  for (const each of ready) {
    if (signal.aborted) break;
    results.push(await runReadyTest(each, ground, signal));
    onProgress?.({ done: results.length, of: ready.length });
  }
  return { ...found, results };
}

export function testGround({ config, secrets }: RuleTestsOptions["loaded"]): OfflineGround {
  return createOfflineGround(config, createRedactor({ ...config.redaction, secrets }).redact);
}

/** Runs a test and says what is not as it expects. */
export async function runReadyTest(
  { test, rules }: ReadyTest,
  ground: OfflineGround,
  signal: AbortSignal,
): Promise<RuleTestResult> {
  const times = timesOf(test, rules);
  const run = times === undefined ? { tickets: [], ticks: [] } : await runRuleTest(test, rules, times, ground, signal);
  const mismatches = compareRun(test, run);
  const passed = mismatches.length === 0;
  return {
    name: test.name,
    rule: test.ruleId,
    place: test.place,
    passed,
    start: test.start,
    ticks: run.ticks.length,
    mismatches,
    chains: passed ? [] : verdictChains(run),
  };
}
