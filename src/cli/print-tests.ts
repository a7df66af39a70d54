import { createColors } from "picocolors";
import { type Difference, type Mismatch, ticketText } from "../app/rule-tests/compare.ts";
import type { ChainLink, VerdictChain } from "../app/rule-tests/verdict-chain.ts";
import { formatLabels } from "../model/labels.ts";
import { formatInstant } from "../model/time.ts";
import { cleanText } from "../support/clean-text.ts";
import { day, hour, minute, second } from "../support/duration.ts";
import { hasErrors } from "../support/yaml/fault.ts";
import type { RuleTestReport, RuleTestResult } from "./ports.ts";
import { plural } from "./print-faults.ts";
import { summaryText } from "./test.ts";

type Paint = ReturnType<typeof createColors>;

/** Many failures of one cause are read once: the first are shown whole. */
const mostShown = 50;
const mostUntested = 50;
/** Of one expectation. */
const mostDifferences = 20;

/** What failed and what led there, rules without a test, and how many passed. */
export function printTests(report: RuleTestReport, colours: boolean): string {
  const paint = createColors(colours);
  const failed = report.results.filter(({ passed }) => !passed);
  const blocks = failed.slice(0, mostShown).map((result) => failureLines(result, paint).join("\n"));
  if (failed.length > mostShown) blocks.push(`${failed.length - mostShown} more failed`);
  if (report.untested.length > 0) blocks.push(untestedLines(report, paint).join("\n"));
  const text = summaryText(report);
  blocks.push(failed.length > 0 || hasErrors(report.faults) ? paint.red(text) : paint.green(text));
  return `${blocks.join("\n\n")}\n`;
}

function untestedLines({ untested }: RuleTestReport, paint: Paint): readonly string[] {
  const shown = untested
    .slice(0, mostUntested)
    .map(({ rule, file, line }) => `  ${clean(rule)} ${clean(file)}:${line}`);
  const more = untested.length > mostUntested ? [`  and ${untested.length - mostUntested} more`] : [];
  return [paint.yellow(`${plural(untested.length, "rule")} without a test:`), ...shown, ...more];
}

function failureLines(result: RuleTestResult, paint: Paint): readonly string[] {
  const { name, rule, place, start, mismatches, chains } = result;
  return [
    `${paint.red("FAIL")} ${paint.bold(clean(name))}`,
    `  ${paint.cyan(clean(rule))} ${clean(place.file)}:${place.line}:${place.column}`,
    ...mismatches.flatMap((mismatch) => mismatchLines(mismatch, start, paint)),
    ...chains.flatMap((chain) => chainLines(chain, paint)),
  ];
}

/** All that is said of a test that failed, without colours; already cleaned. */
export function resultText({ mismatches, chains, start }: RuleTestResult): string {
  const parts = mismatches.map((mismatch) => mismatchText(mismatch, start));
  return [...parts, ...chains.map(chainText)].join("\n");
}

/** The parts that differ. */
export function mismatchText(mismatch: Mismatch, start: number): string {
  return mismatchLines(mismatch, start, createColors(false)).join("\n");
}

function chainText(chain: VerdictChain): string {
  return chainLines(chain, createColors(false)).join("\n");
}

function mismatchLines({ afterMs, place, differences }: Mismatch, start: number, paint: Paint): readonly string[] {
  const where =
    afterMs === undefined
      ? "after the last expectation, where nothing is to happen"
      : `at ${sinceStart(afterMs)} (${formatInstant(start + afterMs)}, ${clean(place.file)}:${place.line})`;
  const shown = differences.slice(0, mostDifferences).flatMap((difference) => differenceLines(difference, paint));
  const more = differences.length - mostDifferences;
  return [`  ${where}`, ...shown, ...(more > 0 ? [`    and ${more} more differences`] : [])];
}

function differenceLines(difference: Difference, paint: Paint): readonly string[] {
  const expected = (text: string) => `    ${paint.red(`- expected ${clean(text)}`)}`;
  const actual = (text: string) => `    ${paint.green(`+ got      ${clean(text)}`)}`;
  switch (difference.kind) {
    case "missing":
      return [expected(ticketText(difference.expected)), actual("nothing")];
    case "unexpected":
      return [expected("nothing"), actual(atText(difference.actual)), ...becauseLines(difference.actual.because)];
    case "alert": {
      const whose = `${difference.rule} ${formatLabels(difference.labels)}`;
      return [
        expected(`alert ${difference.expected ?? "inactive"}, ${whose}`),
        actual(`alert ${difference.actual ?? "inactive"}, ${whose}`),
      ];
    }
    case "other": {
      const { members, expected: wanted, actual: got } = difference;
      return [
        expected(ticketText(wanted)),
        actual(atText(got)),
        ...members.map(
          (name) => `      ${clean(`${name}: expected ${memberOf(wanted, name)}, got ${memberOf(got, name)}`)}`,
        ),
        ...becauseLines(members.some((name) => name === "score" || name === "priority") ? got.because : undefined),
      ];
    }
  }
}

function becauseLines(because: string | undefined): readonly string[] {
  return because === undefined ? [] : [`      ${clean(because)}`];
}

function atText(line: Parameters<typeof ticketText>[0]): string {
  return line.afterMs === undefined ? ticketText(line) : `${ticketText(line)} at ${sinceStart(line.afterMs)}`;
}

function memberOf(line: object, name: string): string {
  const value: unknown = Object.entries(line).find(([key]) => key === name)?.[1];
  return value === undefined ? "nothing" : JSON.stringify(value);
}

function chainLines({ rule, labels, links, leftOut }: VerdictChain, paint: Paint): readonly string[] {
  const days = new Set(links.flatMap(({ from, to }) => [from, to]).map((at) => formatInstant(at).slice(0, 10)));
  const clock = (at: number) => {
    const text = formatInstant(at).replace("T", " ").replace("Z", "").replace(/:00$/, "");
    return days.size > 1 ? text : text.slice(11);
  };
  return [
    `  what led there: ${clean(rule)}, ${clean(formatLabels(labels))}`,
    ...(leftOut > 0 ? [`    … ${leftOut} earlier`] : []),
    ...links.map((link) => `    ${linkText(link, clock, paint)}`),
  ];
}

function linkText(
  { from, to, ticks, seen, verdict, state, done }: ChainLink,
  clock: (at: number) => string,
  paint: Paint,
) {
  const when = ticks === 1 ? clock(from) : `${clock(from)}–${clock(to)}`;
  const told = done === undefined ? "" : ` → ${paint.bold(clean(done))}`;
  return `${when.padEnd(11)}  ${clean(seen)} ${verdict}, ${clean(state)}${told}`;
}

/** As the test writes it: `11m`, `1d1h16m`. */
function sinceStart(afterMs: number): string {
  let rest = afterMs;
  const parts = units.flatMap(([unit, size]) => {
    const amount = Math.floor(rest / size);
    rest -= amount * size;
    return amount === 0 ? [] : [`${amount}${unit}`];
  });
  return parts.length === 0 ? "the start" : parts.join("");
}

const units = [
  ["d", day],
  ["h", hour],
  ["m", minute],
  ["s", second],
] as const;

/** Texts of rules, tests and labels may hold anything; a terminal obeys escapes. */
function clean(text: string): string {
  return cleanText(text, { maxLength: 500, singleLine: true });
}
