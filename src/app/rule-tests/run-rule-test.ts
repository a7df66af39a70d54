import type { ServiceConfig } from "../../config/types.ts";
import { MaintenanceCalendar } from "../../detect/maintenance.ts";
import { dueTicks } from "../../detect/schedule.ts";
import { FixWatch } from "../../learn/fix-watch.ts";
import { actions, decisionReasons } from "../../model/decision.ts";
import type { Finding } from "../../model/finding.ts";
import type { OutboxDraft } from "../../model/outbox.ts";
import type { Rule } from "../../model/rule.ts";
import { type Schedule, scheduleKey } from "../../model/time.ts";
import { verdictKinds } from "../../model/verdict.ts";
import type { RuleTest } from "../../rules/read-test-file.ts";
import { ticksOf } from "../../rules/test-checks.ts";
import { createMemoryTickStore, type MemoryTickStore } from "../../store/memory/memory-tick-store.ts";
import { ManualClock } from "../../support/clock.ts";
import { day } from "../../support/duration.ts";
import { silentLogger } from "../../support/logging.ts";
import { createMetrics, type Metrics } from "../../support/metrics.ts";
import { Mutex } from "../../support/mutex.ts";
import { ruleFailing } from "../built-in-rules.ts";
import type { TickContext, Voice } from "../context.ts";
import { createLimitsOf } from "../create-budget.ts";
import { createDueTicks } from "../due-ticks.ts";
import { KnownLabelSets } from "../known-label-sets.ts";
import { MeasuredHistories } from "../measured-histories.ts";
import type { Redact } from "../redaction.ts";
import type { TickResult } from "../tick.ts";
import { createVoice } from "../voice.ts";
import { ruleUnderTest, testSources } from "./test-script.ts";

/** Ticks of one test; two weeks of minutes. */
export const mostTicks = 20_160;

/** What all tests of one configuration share. */
export interface TestGround {
  readonly config: ServiceConfig;
  readonly voice: Voice;
  readonly redact: Redact;
  readonly metrics: Metrics;
}

/** Rules speak as they do under this configuration; whether it only reports is no matter of a test. */
export function createTestGround(config: ServiceConfig, redact: Redact): TestGround {
  const metrics = createMetrics({
    vocabulary: {
      verdicts: verdictKinds,
      decisions: actions,
      reasons: decisionReasons,
      outboxStates: [],
      failureCodes: [],
    },
    processMetrics: false,
  });
  return { config, redact, metrics, voice: createVoice({ ...config, mode: "file" }, silentLogger, redact) };
}

/** A finding as it was decided at a tick at which something is done with its ticket. */
export interface TicketDecided {
  readonly at: number;
  readonly finding: Finding;
  readonly project: string | undefined;
}

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
  ground: TestGround,
  signal: AbortSignal,
): Promise<RuleTestRun> {
  const running = rules.map(ruleUnderTest);
  const store = createMemoryTickStore();
  const clock = new ManualClock(test.start);
  const context = contextOf(test, running, times, store, clock, ground);
  const due = createDueTicks({
    context,
    loadedRules: () => ({ rules: running, complete: true }),
    catchUpMs: day,
  });
  const tickets: TicketDecided[] = [];
  const ticks: TickResult[] = [];
  let number = 0;
  for (const at of times.all) {
    clock.set(at);
    for (const result of await due.runDue({ until: at }, signal)) {
      ticks.push(result);
      tickets.push(...ticketsOf(result, running, ground.voice));
    }
    for (const draft of store.takeDrafts()) {
      if (draft.action.kind !== "create") continue;
      number += 1;
      store.putTicket(filed(draft, draft.action, number, at));
    }
  }
  return { tickets, ticks };
}

function contextOf(
  test: RuleTest,
  rules: readonly Rule[],
  times: TestTimes,
  store: MemoryTickStore,
  clock: ManualClock,
  { config, voice, redact, metrics }: TestGround,
): TickContext {
  const ticksOfRule = ({ schedule }: Rule) => times.ofSchedule.get(scheduleKey(schedule)) ?? [];
  const sources = testSources({ rules, series: test.series, ticksOf: ticksOfRule, start: test.start });
  return {
    store,
    sources: new Map(sources.map((source) => [source.name, source])),
    timings: new Map(sources.map(({ name }) => [name, { delayMs: 0, staleAfterMs: undefined }])),
    instance: config.instance,
    voice,
    scale: config.priority,
    createLimits: createLimitsOf(config),
    knownLabelSets: new KnownLabelSets(store.state),
    measuredHistories: new MeasuredHistories(store.state),
    fixWatch: new FixWatch(),
    // A test is about its rules; the day it is dated on is not to decide.
    maintenance: new MaintenanceCalendar([]),
    clock,
    logger: silentLogger,
    metrics,
    redact,
    dryRun: false,
    concludeLock: new Mutex(),
  };
}

/** What was decided to be done at this tick, as the run decided it. That a query goes on failing is not the rule's ticket. */
function ticketsOf({ tick, findings }: TickResult, rules: readonly Rule[], voice: Voice): TicketDecided[] {
  return findings
    .filter(
      ({ decision, worst }) => decision.action !== "none" && decision.at === tick && worst.ruleId !== ruleFailing.id,
    )
    .map((finding) => {
      const rule = rules.find(({ id }) => id === finding.worst.ruleId);
      return { at: tick, finding, project: rule === undefined ? undefined : voice.routeOf(rule, finding).project };
    });
}

/** The record of a ticket as delivery writes it. */
function filed(
  { findingId, groupKey, generation }: OutboxDraft,
  { route, band }: Extract<OutboxDraft["action"], { kind: "create" }>,
  number: number,
  at: number,
) {
  return {
    tracker: route.tracker,
    ref: { id: String(number), key: `TEST-${number}`, url: "" },
    findingId,
    groupKey,
    generation,
    createdAt: at,
    written: { priority: undefined, band },
    dropped: [],
    seen: undefined,
  };
}
