import { cleanText } from "../support/clean-text.ts";
import { formatFault } from "../support/yaml/fault.ts";
import type { RuleTestReport, RuleTestResult } from "./ports.ts";
import { mismatchText, resultText } from "./print-tests.ts";

/** Of one failure: CI systems show it on a page. */
const mostText = 20_000;

/**
 * The results as JUnit XML, as CI systems read it: a suite for each test file, a case for each test, a failure with what was
 * expected and what led there. A file that is faulty is a suite with an error. No times: a result is the same in every run.
 */
export function junitReport({ results, faults }: RuleTestReport): string {
  const files = [
    ...new Set([...results.map(({ place }) => place.file), ...errorsOf(faults).map(({ file }) => file)]),
  ].sort();
  const failures = results.filter(({ passed }) => !passed).length;
  const errors = errorsOf(faults).length;
  const suites = files.map((file) =>
    suite(
      file,
      results.filter(({ place }) => place.file === file),
      errorsOf(faults).filter((fault) => fault.file === file),
    ),
  );
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="backfeed test" tests="${results.length + errors}" failures="${failures}" errors="${errors}">`,
    ...suites,
    "</testsuites>",
    "",
  ].join("\n");
}

type Faults = RuleTestReport["faults"];

function errorsOf(faults: Faults): Faults {
  return faults.filter(({ severity }) => severity === "error");
}

function suite(file: string, results: readonly RuleTestResult[], errors: Faults): string {
  const failures = results.filter(({ passed }) => !passed).length;
  return [
    `  <testsuite name=${attribute(file)} tests="${results.length + errors.length}" failures="${failures}" errors="${errors.length}">`,
    ...results.map(testCase),
    ...errors.map((fault) => {
      const name = attribute(`line ${fault.line}, column ${fault.column}`);
      const message = attribute(`${fault.message}; ${fault.fix}`);
      return `    <testcase name=${name} classname=${attribute(file)} file=${attribute(file)} line="${fault.line}"><error message=${message}>${escapeText(formatFault(fault))}</error></testcase>`;
    }),
    "  </testsuite>",
  ].join("\n");
}

function testCase(result: RuleTestResult): string {
  const { name, rule, place, passed, start, mismatches } = result;
  const open = `    <testcase name=${attribute(name)} classname=${attribute(rule)} file=${attribute(place.file)} line="${place.line}"`;
  const [first] = mismatches;
  if (passed || first === undefined) return `${open}/>`;
  const [where = "", ...what] = mismatchText(first, start).split("\n");
  const message = [where, ...what.slice(0, 2)].map((line) => line.trim()).join(" ");
  return `${open}><failure message=${attribute(message)}>${escapeText(resultText(result))}</failure></testcase>`;
}

function attribute(text: string): string {
  return `"${escapeText(cleanText(text, { maxLength: 1_000, singleLine: true })).replaceAll('"', "&quot;")}"`;
}

/** XML 1.0 has no way to write most control characters, lone surrogates and two that are none: they are taken out. */
function escapeText(text: string): string {
  return cleanText(text, { maxLength: mostText, singleLine: false })
    .replace(/[\ufffe\uffff]/g, "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}
