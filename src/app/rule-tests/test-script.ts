import { sameTimeBefore } from "../../detect/schedule.ts";
import type { QueryFailure } from "../../model/query.ts";
import type { Rule } from "../../model/rule.ts";
import type { EarlierValues, TestSeries } from "../../rules/read-test-file.ts";
import type { Points } from "../../rules/test-schema.ts";
import type { LabelledSeries, Script, ScriptedSeries } from "../../sources/scripted/script.ts";
import { createScriptedSource } from "../../sources/scripted/scripted-source.ts";
import type { Source } from "../../sources/source.ts";
import { day } from "../../support/duration.ts";
import type { Point } from "../../support/series-notation.ts";

const weekMs = 7 * day;

/** It is the tick that fails and no outage: the next tick is asked for itself. */
const failure: QueryFailure = { code: "refused", message: "the test says that this query fails", retryable: false };

/** The rule as it runs in a test: its series answer it alone, and what it would file is filed whatever its mode. */
export function ruleUnderTest(rule: Rule): Rule {
  const { signal } = rule;
  const query = { ...signal.query, target: rule.id };
  return { ...rule, mode: "file", signal: { ...signal, target: rule.id, query } };
}

export interface TestScriptOptions {
  readonly rules: readonly Rule[];
  readonly series: readonly TestSeries[];
  /** Of a rule, the instants of its ticks in the test, oldest first. */
  readonly ticksOf: (rule: Rule) => readonly number[];
  readonly start: number;
}

/** In place of each source that the rules name, one that answers what the test says: at the end of every tick's window. */
export function testSources({ rules, series, ticksOf, start }: TestScriptOptions): readonly Source[] {
  const scripts = new Map<string, Record<string, ScriptedSeries>>();
  for (const rule of rules) {
    const ticks = ticksOf(rule);
    const own = series.filter(({ ruleId }) => ruleId === rule.id).flatMap((each) => labelled(each, rule, ticks));
    const script = scripts.get(rule.signal.source) ?? {};
    const { target, query, windowMs } = rule.signal;
    script[target] = { start, stepMs: 1, series: own, measure: query.measure, windowMs, failure };
    scripts.set(rule.signal.source, script);
  }
  return Array.from(scripts, ([name, script]: [string, Script]) => createScriptedSource({ name, script }));
}

function labelled(series: TestSeries, rule: Rule, ticks: readonly number[]): readonly LabelledSeries[] {
  const { labels, message, users, totalUsers, events } = series;
  const now: LabelledSeries = {
    labels,
    ...(message === undefined ? {} : { message }),
    ends: ticks,
    ...valuesOf(series, ticks.length),
    ...part("events", events, ticks.length),
    ...part("users", users, ticks.length),
    ...part("totalUsers", totalUsers, ticks.length),
  };
  return [now, ...series.history.flatMap((earlier) => inHistory(earlier, series, rule, ticks))];
}

/** The same time of day so much earlier; trend compares with exactly a week, which the clocks may set apart from it. */
function inHistory(
  earlier: EarlierValues,
  { labels }: TestSeries,
  rule: Rule,
  ticks: readonly number[],
): readonly LabelledSeries[] {
  const values = valuesOf(earlier, ticks.length);
  const ends = ticks.map((tick) => sameTimeBefore(rule.schedule.timezone, tick, earlier.backMs));
  const exact = ticks.map((tick) => tick - earlier.backMs);
  const isSame = earlier.backMs !== weekMs || ends.every((end, tick) => end === exact[tick]);
  return (isSame ? [ends] : [ends, exact]).map((each) => ({ labels, ends: each, ...values }));
}

function valuesOf({ total, bad, value }: Pick<TestSeries, "total" | "bad" | "value">, length: number) {
  return { ...part("total", total, length), ...part("bad", bad, length), ...part("value", value, length) };
}

function part<Name extends string>(name: Name, points: Points | undefined, length: number) {
  if (points === undefined) return {};
  const values: readonly Point[] = "always" in points ? Array.from({ length }, () => points.always) : points;
  return { [name]: values } as Record<Name, readonly Point[]>;
}
