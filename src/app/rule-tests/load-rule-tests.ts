import { dirname, relative, resolve } from "node:path";
import { newestTick, nextTick } from "../../detect/schedule.ts";
import type { Rule } from "../../model/rule.ts";
import { formatInstant, scheduleKey } from "../../model/time.ts";
import { type Catalogue, type CatalogueState, createCatalogue, noRules } from "../../rules/catalogue.ts";
import { type RuleTest, type RuleTestFile, readTestFile } from "../../rules/read-test-file.ts";
import { listTestFiles, mostRuleFiles, readRuleFiles } from "../../rules/rule-files.ts";
import { checkTest } from "../../rules/test-checks.ts";
import { type Fault, hasErrors, sortedFaults } from "../../support/yaml/fault.ts";
import type { LoadedRules } from "../load-rules.ts";
import { mostTicks, timesOf } from "./run-rule-test.ts";

export interface LoadRuleTestsOptions {
  readonly loaded: LoadedRules;
  /** Which test files, as names or patterns; none: those beside the configured rules. */
  readonly patterns: readonly string[];
  readonly baseDirectory?: string;
}

/** A test that can run, and the rules that run in it: its own first. */
export interface ReadyTest {
  readonly test: RuleTest;
  readonly rules: readonly Rule[];
}

export interface LoadedRuleTests {
  readonly files: number;
  readonly ready: readonly ReadyTest[];
  /** Of test files and of the rule files that they name; and, when none was named, of all configured rule files. */
  readonly faults: readonly Fault[];
  /** Rules that no test names: of all configured ones, or of the files that the chosen tests name. */
  readonly untested: readonly { readonly rule: string; readonly file: string; readonly line: number }[];
}

/** Finds and reads rule tests and the rules that they name. Never throws for what is written in them. */
export async function loadRuleTests(options: LoadRuleTestsOptions): Promise<LoadedRuleTests> {
  const { loaded, patterns } = options;
  const baseDirectory = options.baseDirectory ?? process.cwd();
  const chosen = patterns.length > 0;
  const names = await listTestFiles({
    patterns: chosen ? patterns : loaded.rules,
    baseDirectory,
    ...(chosen ? {} : { beside: true }),
  });
  const catalogues = new Catalogues(loaded, baseDirectory);
  const faults: Fault[] = chosen ? [] : [...loaded.state.faults];
  const files = await readTestFiles(names, baseDirectory, faults);
  const ready: ReadyTest[] = [];
  const named = new Map<string, Rule>();
  for (const file of files) {
    const state = await catalogues.of(file);
    faults.push(...file.faults, ...state.faults);
    for (const rule of state.rules) named.set(ruleKeyOf(rule, baseDirectory), rule);
    ready.push(...readyTests(file, state, faults));
  }
  const all = chosen ? [...named.values()] : loaded.state.rules;
  const tested = new Set(ready.flatMap(({ rules }) => rules.map((rule) => ruleKeyOf(rule, baseDirectory))));
  const untested = all
    .filter((rule) => !tested.has(ruleKeyOf(rule, baseDirectory)))
    .map(({ id, location: { file, line } }) => ({ rule: id, file, line }));
  return { files: files.length, ready, faults: sortedFaults(faults), untested };
}

/** A rule is the same one whichever way its file was named. */
function ruleKeyOf({ id, location }: Rule, baseDirectory: string): string {
  return `${resolve(baseDirectory, location.file)} ${id}`;
}

async function readTestFiles(
  names: readonly string[],
  baseDirectory: string,
  faults: Fault[],
): Promise<readonly RuleTestFile[]> {
  const { files, beyondLimit } = await readRuleFiles(names, [], baseDirectory);
  const faultOf = (file: string, message: string, fix: string): Fault => ({
    file,
    line: 1,
    column: 1,
    path: "",
    message,
    fix,
    severity: "error",
  });
  const first = names[mostRuleFiles];
  if (first !== undefined) {
    const message = `from here on ${beyondLimit} test files beyond the limit of ${mostRuleFiles} are not read`;
    faults.push(faultOf(first, message, "run them in several runs, or put several tests into one file"));
  }
  return Array.from(files, ([name, found]): RuleTestFile => {
    if (found.kind === "read") return readTestFile(name, found.bytes);
    const fault = faultOf(name, `the file cannot be read (${found.code})`, "check the path and who may read it");
    return { file: name, rules: [], tests: [], faults: [fault], fault: () => fault };
  });
}

/** The rules of the files that tests name, each set of files read once. */
class Catalogues {
  readonly #loaded: LoadedRules;
  readonly #baseDirectory: string;
  readonly #states = new Map<string, Promise<CatalogueState>>();

  constructor(loaded: LoadedRules, baseDirectory: string) {
    this.#loaded = loaded;
    this.#baseDirectory = baseDirectory;
  }

  of({ file, rules }: RuleTestFile): Promise<CatalogueState> {
    const folder = dirname(resolve(this.#baseDirectory, file));
    const paths = [...new Set(rules.map((rule) => relative(this.#baseDirectory, resolve(folder, rule))))].sort();
    const key = JSON.stringify(paths);
    const known = this.#states.get(key);
    if (known !== undefined) return known;
    const state = paths.length === 0 ? Promise.resolve(noRules) : this.#catalogue(paths).reload();
    this.#states.set(key, state);
    return state;
  }

  #catalogue(paths: readonly string[]): Catalogue {
    return createCatalogue({
      patterns: paths,
      baseDirectory: this.#baseDirectory,
      context: this.#loaded.ruleContext,
      listFiles: async () => paths,
      partial: true,
    });
  }
}

/** The tests of a file that can run; what keeps the others from it is told. */
function readyTests(file: RuleTestFile, state: CatalogueState, faults: Fault[]): readonly ReadyTest[] {
  const rules = new Map(state.rules.map((rule) => [rule.id, rule]));
  const faulty = new Set([...state.notLoaded, ...state.faults.flatMap(({ ruleId }) => ruleId ?? [])]);
  // Of a file that cannot be read nobody knows which rules it has.
  const doubtful = !state.complete && hasErrors(state.faults.filter(({ ruleId }) => ruleId === undefined));
  return file.tests.flatMap((test): readonly ReadyTest[] => {
    const told: Fault[] = [];
    const good = checkTest(test, {
      rules,
      faulty,
      report: (of, path, wrong, at) => told.push(file.fault(of, path, wrong, at)),
    });
    const ids = [...new Set([test.ruleId, ...test.series.map(({ ruleId }) => ruleId)])];
    const running = ids.flatMap((id) => rules.get(id) ?? []);
    if (good) told.push(...timeFaults(file, test, running));
    if (!doubtful || good) faults.push(...told);
    return good && told.length === 0 ? [{ test, rules: running }] : [];
  });
}

function timeFaults(file: RuleTestFile, test: RuleTest, rules: readonly Rule[]): readonly Fault[] {
  const schedule = rules.find(({ id }) => id === test.ruleId)?.schedule;
  if (schedule === undefined) return [];
  if (newestTick(schedule, test.start) !== test.start) {
    const next = formatInstant(nextTick(schedule, test.start));
    const message = `\`${test.ruleId}\` is not due at ${formatInstant(test.start)}: its schedule is ${scheduleKey(schedule)}`;
    return [file.fault(test, ["start"], { message, fix: `write the instant of a tick, such as \`${next}\`` })];
  }
  if (timesOf(test, rules) !== undefined) return [];
  const message = `the test has more than ${mostTicks} ticks`;
  return [file.fault(test, ["expect"], { message, fix: "end it earlier: what it is to show needs fewer" })];
}
