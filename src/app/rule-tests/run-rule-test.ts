import { MaintenanceCalendar } from "../../detect/maintenance.ts";
import { dueTicks } from "../../detect/schedule.ts";
import type { Rule } from "../../model/rule.ts";
import { type Schedule, scheduleKey } from "../../model/time.ts";
import type { RuleTest } from "../../rules/read-test-file.ts";
import { ticksOf } from "../../rules/test-checks.ts";
import { day } from "../../support/duration.ts";
import { ruleFailing } from "../built-in-rules.ts";
import { createOfflineRun, type OfflineGround, type TicketDecided } from "../offline/offline-run.ts";
import type { TickResult } from "../tick.ts";
import { ruleUnderTest, testSources } from "./test-script.ts";

/** Ticks of one test; two weeks of minutes. */
export const mostTicks = 20_160;

export interface RuleTestRun {
  readonly tickets: readonly TicketDecided[];
  /** Every tick that was judged, oldest first. */
  readonly ticks: readonly TickResult[];
}

/** When the rules of a test are due: in (start - 1 ms, the last instant that it says something of]. */
export interface TestTimes {
  readonly until: number;
  /** All instants at which any of its rules is due. */
  readonly all: readonly number[];
  readonly ofSchedule: ReadonlyMap<string, readonly number[]>;
}

/** Undefined when there are more than `mostTicks`. */
export function timesOf(test: RuleTest, rules: readonly Rule[]): TestTimes | undefined {
  const expected = test.start + (test.expect.at(-1)?.afterMs ?? 0);
  const schedules = new Map(rules.map(({ schedule }) => [scheduleKey(schedule), schedule]));
  const ofSchedule = new Map<string, number[]>();
  let until = expected;
  for (const [key, schedule] of schedules) {
    const ticks = listTicks(schedule, test.start, expected, ticksOf(test));
    if (ticks === undefined) return undefined;
    until = Math.max(until, ticks.at(-1) ?? until);
    ofSchedule.set(key, ticks);
  }
  const all = [...new Set([...ofSchedule.values()].flat())].sort((a, b) => a - b);
  return all.length > mostTicks ? undefined : { until, all, ofSchedule };
}

/** Up to an instant, and at least as many as there are values. */
function listTicks(schedule: Schedule, start: number, until: number, least: number): number[] | undefined {
  const ticks: number[] = [];
  let from = start - 1;
  // A day at a time: a list of ticks has a limit, and a rule that is due once a year is not looked for in vain for ever.
  for (let days = 0; from < until || (ticks.length < least && days < 4 * 366); days += 1) {
    const more = dueTicks(schedule, from, from + day);
    for (const tick of more) {
      if (tick > until && ticks.length >= least) break;
      ticks.push(tick);
    }
    if (ticks.length > mostTicks) return undefined;
    from += day;
  }
  return ticks;
}

/**
 * Runs one test from an empty state: its ticks one after another through the code of the live run. A create counts as filed
 * when it was decided. Throws `aborted`.
 */
export async function runRuleTest(
  test: RuleTest,
  rules: readonly Rule[],
  times: TestTimes,
  ground: OfflineGround,
  signal: AbortSignal,
): Promise<RuleTestRun> {
  const running = rules.map(ruleUnderTest);
  const ticksOfRule = ({ schedule }: Rule) => times.ofSchedule.get(scheduleKey(schedule)) ?? [];
  const sources = testSources({ rules: running, series: test.series, ticksOf: ticksOfRule, start: test.start });
  const run = createOfflineRun({
    rules: running,
    sources,
    timings: new Map(sources.map(({ name }) => [name, { delayMs: 0, staleAfterMs: undefined }])),
    // A test is about its rules; the day it is dated on is not to decide.
    maintenance: new MaintenanceCalendar([]),
    ground,
    start: test.start,
  });
  // Until the last instant of all, as the program does: a schedule goes on when its own series has ended.
  const schedules = [...times.ofSchedule.keys()];
  const tickets: TicketDecided[] = [];
  const ticks: TickResult[] = [];
  for (const at of times.all) {
    const ran = await run.runAt(at, schedules, signal);
    ticks.push(...ran.ticks);
    // That a query goes on failing is not the rule's ticket.
    tickets.push(...ran.tickets.filter(({ finding }) => finding.worst.ruleId !== ruleFailing.id));
  }
  return { tickets, ticks };
}
