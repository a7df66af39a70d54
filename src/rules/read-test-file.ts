import type { Alert } from "../model/alert.ts";
import type { Action, DecisionReason } from "../model/decision.ts";
import type { Labels } from "../model/labels.ts";
import type { Band } from "../model/priority.ts";
import type { Severity } from "../model/rule.ts";
import { readYaml, type YamlDocument } from "../support/yaml/document.ts";
import { type Fault, formatPath, hasErrors, type Path, sortedFaults, type Wrong } from "../support/yaml/fault.ts";
import { checkShape } from "../support/yaml/shape.ts";
import { backsOf, type Points, type RuleTestFileInput, ruleTestFileSchema } from "./test-schema.ts";

export interface TestPlace {
  readonly file: string;
  /** 1-based, as everywhere. */
  readonly line: number;
  readonly column: number;
}

/** The values of one label set, one a tick. */
export interface TestValues {
  readonly total?: Points | undefined;
  readonly bad?: Points | undefined;
  readonly value?: Points | undefined;
}

/** What the same ticks said so much earlier. */
export interface EarlierValues extends TestValues {
  readonly backMs: number;
  /** As it is written: `1w`, `1d..28d`. */
  readonly back: string;
}

export interface TestSeries extends TestValues {
  readonly ruleId: string;
  readonly labels: Labels;
  /** Of a rule about log message patterns: what the events say. */
  readonly message?: string | undefined;
  readonly events?: Points | undefined;
  readonly users?: Points | undefined;
  readonly totalUsers?: Points | undefined;
  readonly history: readonly EarlierValues[];
}

/** What is done with one ticket. What is undefined may be anything. */
export interface ExpectedTicket {
  readonly action: Exclude<Action, "none">;
  readonly reason?: DecisionReason | undefined;
  readonly rule?: string | undefined;
  readonly labels?: Labels | undefined;
  readonly priority?: Band | undefined;
  readonly score?: number | undefined;
  readonly severity?: Severity | undefined;
  readonly owner?: string | undefined;
  readonly project?: string | undefined;
  readonly summary?: string | undefined;
}

export interface ExpectedAlert {
  readonly rule: string;
  readonly labels: Labels;
  readonly state: Exclude<Alert["state"], "inactive">;
}

export interface Expectation {
  /** Milliseconds since the test's start. */
  readonly afterMs: number;
  readonly tickets: readonly ExpectedTicket[] | undefined;
  readonly alerts: readonly ExpectedAlert[] | undefined;
  readonly place: TestPlace;
}

/** One rule test, as written: nothing in it is held against a rule yet. */
export interface RuleTest {
  readonly name: string;
  readonly ruleId: string;
  /** The first tick. */
  readonly start: number;
  readonly series: readonly TestSeries[];
  readonly expect: readonly Expectation[];
  readonly place: TestPlace;
  /** Its position in the file, for faults that are found later. */
  readonly position: number;
}

/** Tells a fault of a test at a part of it, given from the test on. */
export type ReportTest = (test: RuleTest, path: Path, wrong: Wrong, at?: "key" | "value") => void;

export interface RuleTestFile {
  readonly file: string;
  /** The rule files, as they are written: relative to this one. */
  readonly rules: readonly string[];
  /** Empty when the file is faulty. */
  readonly tests: readonly RuleTest[];
  readonly faults: readonly Fault[];
  /** A fault of a part of a test. */
  fault(test: RuleTest, path: Path, wrong: Wrong, at?: "key" | "value"): Fault;
}

const instantPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)$/;

/** Reads one rule test file. Never throws; each fault says where, what, and what to write instead. */
export function readTestFile(file: string, bytes: Uint8Array): RuleTestFile {
  const yaml = readYaml(file, bytes);
  if (yaml.kind === "unreadable") {
    return { file, rules: [], tests: [], faults: yaml.faults, fault: () => faultAt(file, "", nowhere, noWrong) };
  }
  const { document } = yaml;
  const shape = checkShape(ruleTestFileSchema, document.value);
  const faults: Fault[] = [...yaml.faults];
  for (const { path, at, message, fix } of shape.faults) {
    faults.push(faultAt(file, formatPath(path), document.locate(path, at), { message, fix }));
  }
  const report = (path: Path, wrong: Wrong, at: "key" | "value" = "value") =>
    faults.push(faultAt(file, formatPath(path), document.locate(path, at), wrong));
  if (shape.value !== undefined) checkBetweenParts(shape.value, report);
  const written = hasErrors(faults) ? undefined : shape.value;
  return {
    file,
    rules: (shape.parts.rules ?? []).flatMap((name) => name ?? []),
    tests: written?.tests.map((test, position) => compileTest(test, position, document)) ?? [],
    faults: sortedFaults(faults),
    fault: (test, path, wrong, at = "value") => {
      const whole = ["tests", test.position, ...path];
      return faultAt(file, formatPath(whole), document.locate(whole, at), wrong);
    },
  };
}

const nowhere = { line: 1, column: 1 };
const noWrong = { message: "the file cannot be read", fix: "write it as YAML" };

function faultAt(file: string, path: string, { line, column }: { line: number; column: number }, wrong: Wrong): Fault {
  return { file, line, column, path, message: wrong.message, fix: wrong.fix, severity: "error" };
}

function checkBetweenParts(
  { tests }: RuleTestFileInput,
  report: (path: Path, wrong: Wrong, at?: "key" | "value") => void,
): void {
  const names = new Map<string, number>();
  for (const [position, test] of tests.entries()) {
    const at = (...path: Path): Path => ["tests", position, ...path];
    const same = names.get(test.name);
    if (same === undefined) names.set(test.name, position);
    else {
      report(at("name"), {
        message: `test ${same + 1} of this file has the same name`,
        fix: "say what sets the two apart: reports tell tests by their names",
      });
    }
    if (!instantPattern.test(test.start) || Number.isNaN(Date.parse(test.start))) {
      report(at("start"), {
        message: `"${test.start}" is no instant`,
        fix: "write an instant with its zone, such as `2026-01-05T10:00:00Z`",
      });
    }
    for (const [index, { history = {} }] of test.series.entries()) {
      const seen = new Map<number, string>();
      for (const back of Object.keys(history)) {
        const same = backsOf(back)?.find((backMs) => seen.has(backMs));
        if (same !== undefined) {
          report(
            at("series", index, "history", back),
            {
              message: `\`${back}\` and \`${seen.get(same)}\` tell of the same ticks`,
              fix: "let each be told of once, such as `1d..6d`, `7d` and so on",
            },
            "key",
          );
        }
        for (const backMs of backsOf(back) ?? []) seen.set(backMs, back);
      }
    }
    let before = -1;
    for (const [index, expected] of test.expect.entries()) {
      if (expected.at <= before) {
        report(at("expect", index, "at"), {
          message: "this is not after the expectation before it",
          fix: "put the expectations in the order of their instants, each instant once",
        });
      }
      before = expected.at;
      if (expected.tickets === undefined && expected.alerts === undefined) {
        report(
          at("expect", index, "at"),
          { message: "nothing is expected here", fix: "add `tickets: []` when no ticket is touched, or `alerts`" },
          "key",
        );
      }
    }
  }
}

function compileTest(test: RuleTestFileInput["tests"][number], position: number, document: YamlDocument): RuleTest {
  const placeOf = (...path: Path): TestPlace => ({
    file: document.file,
    ...document.locate(["tests", position, ...path], "value"),
  });
  return {
    name: test.name,
    ruleId: test.rule,
    start: Date.parse(test.start),
    position,
    place: placeOf(),
    series: test.series.map(({ rule = test.rule, total_users: totalUsers, history = {}, ...values }) => ({
      ...values,
      ruleId: rule,
      totalUsers,
      history: Object.entries(history).flatMap(([back, earlier]) =>
        (backsOf(back) ?? []).map((backMs) => ({ ...earlier, back, backMs })),
      ),
    })),
    expect: test.expect.map(({ at, tickets, alerts }, index) => ({
      afterMs: at,
      tickets,
      alerts: alerts?.map(({ rule = test.rule, ...alert }) => ({ ...alert, rule })),
      place: placeOf("expect", index),
    })),
  };
}
