import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { BackfeedError } from "../support/errors.ts";
import { type Fault, hasErrors } from "../support/yaml/fault.ts";
import { type CommonOptions, notInThisVersion, withCommonOptions } from "./common.ts";
import { githubAnnotations } from "./fault-formats.ts";
import { junitReport } from "./junit.ts";
import { type CliContext, type ExitCode, exitCodes, type RuleTestReport } from "./ports.ts";
import { plural, printFaults } from "./print-faults.ts";
import { printTests, resultText } from "./print-tests.ts";
import { createTestProgress } from "./test-progress.ts";

interface TestOptions extends CommonOptions {
  readonly junit?: string;
  readonly requireTests?: true;
  readonly format: "text" | "json" | "github";
}

/** `test [GLOB…]`: rule tests, through the code of the live run. */
export function addTest(program: Command, context: CliContext): void {
  withCommonOptions(program.command("test"))
    .description("run rule tests: which ticket would this make")
    .argument("[glob...]", "rule test files; default all *.test.yaml beside the configured rules")
    .option("--junit <file>", "also write the results as JUnit XML, for CI systems")
    .option("--require-tests", "fail when a rule has no test")
    .addOption(
      new Option("--format <format>", "github: annotations of a pull request")
        .choices(["text", "json", "github"])
        .default("text"),
    )
    .action((patterns: string[], options: TestOptions) => test(patterns, options, context));
}

async function test(patterns: readonly string[], options: TestOptions, context: CliContext): Promise<void> {
  const { app, output, signal, finish } = context;
  if (app.test === undefined) return notInThisVersion("test", context);
  const loaded = await app.loadRules({ file: options.config });
  const { config } = loaded;
  if (config === undefined || hasErrors(loaded.faults)) {
    output.err(printFaults(loaded.faults, false));
    output.err(`error: ${options.config} is faulty: its rules cannot be tested\n`);
    return finish(exitCodes.usage);
  }
  const format = options.json === true ? "json" : options.format;
  const progress = createTestProgress(format === "json" ? { ...output, errIsTerminal: false } : output);
  const report = await app
    .test({ loaded: { ...loaded, config }, patterns, signal, onProgress: progress.update })
    .finally(() => progress.stop());
  if (report.files === 0 && patterns.length > 0) {
    output.err(`error: no rule test matches ${patterns.join(", ")}; they are named *.test.yaml\n`);
    return finish(exitCodes.usage);
  }
  if (options.junit !== undefined) writeReport(options.junit, junitReport(report));
  const code = exitCodeOf(report, options.requireTests === true);
  if (format === "github") {
    output.out(githubAnnotations([...report.faults, ...failuresOf(report)]));
    output.out(`${summaryText(report)}\n`);
  } else if (format === "json") {
    output.out(`${JSON.stringify({ ...report, summary: { ...countTests(report), exitCode: code } }, undefined, 2)}\n`);
  } else {
    output.out(printFaults(report.faults, output.colours));
    output.out(printTests(report, output.colours));
  }
  if (signal.aborted) output.err("stopped before all tests had run\n");
  finish(signal.aborted ? exitCodes.faulty : code);
}

/** As faults at the places of their tests. */
function failuresOf({ results, untested }: RuleTestReport): readonly Fault[] {
  const failures = results
    .filter(({ passed }) => !passed)
    .map((result): Fault => {
      const { rule, place, name } = result;
      const told = { message: name, fix: `not as expected\n${resultText(result)}` };
      return { ...place, ruleId: rule, path: "", ...told, severity: "error" };
    });
  const missing = untested.map(({ rule, file, line }): Fault => {
    const told = { message: "the rule has no test", fix: "add one beside it, in a file named *.test.yaml" };
    return { file, line, column: 1, ruleId: rule, path: "", ...told, severity: "warning" };
  });
  return [...failures, ...missing];
}

function exitCodeOf({ results, faults, untested }: RuleTestReport, requireTests: boolean): ExitCode {
  const failed = results.some(({ passed }) => !passed) || hasErrors(faults);
  return failed || (requireTests && untested.length > 0) ? exitCodes.faulty : exitCodes.done;
}

function countTests({ results, files, untested }: RuleTestReport) {
  const failed = results.filter(({ passed }) => !passed).length;
  return { tests: results.length, passed: results.length - failed, failed, files, untested: untested.length };
}

/** Throws `configuration`: the file was named on the command line. */
function writeReport(file: string, text: string): void {
  try {
    writeFileSync(resolve(file), text);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error";
    throw new BackfeedError("configuration", `--junit ${file} cannot be written (${code})`, { cause });
  }
}

/** `1 of 12 tests failed in 3 files`. */
export function summaryText(report: RuleTestReport): string {
  const { tests, failed, files } = countTests(report);
  const where = `in ${plural(files, "file")}`;
  return failed === 0
    ? `${plural(tests, "test")} passed ${where}`
    : `${failed} of ${plural(tests, "test")} failed ${where}`;
}
