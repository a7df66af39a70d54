import { dueTicks, newestTick, previousTick } from "../detect/schedule.ts";
import type { Rule } from "../model/rule.ts";
import { formatInstant, type Schedule, scheduleKey } from "../model/time.ts";
import type { RuleState } from "../store/store.ts";
import { stopwatch } from "../support/clock.ts";
import { traced } from "../support/tracing.ts";
import { builtInRules } from "./built-in-rules.ts";
import type { TickContext } from "./context.ts";
import { type Freshness, runBuiltIns } from "./run-built-ins.ts";
import { runTick, type TickResult } from "./tick.ts";

export interface ScheduleRun {
  readonly schedule: Schedule;
  /** The rules of this schedule. */
  readonly rules: readonly Rule[];
  /** What the store knows of rules when the run starts, by rule identity. */
  readonly states: ReadonlyMap<string, RuleState>;
  /** All loaded rules, by id. */
  readonly allRules: ReadonlyMap<string, Rule>;
  /** What all schedules have seen of their sources. */
  readonly freshness: Freshness;
  /** False while some rule file is faulty: then a rule that is not there may only be unreadable. */
  readonly catalogueComplete: boolean;
  /** Run what is due up to here. */
  readonly until: number;
  readonly catchUpMs: number;
  /** When nothing is due, judge the newest tick although it was judged before (a dry run on a copy of the state). */
  readonly again?: boolean;
}

/** How far a run has come, for progress on long work. */
export type OnTick = (result: TickResult, progress: { readonly done: number; readonly of: number }) => void;

/**
 * All ticks of one schedule that are due in (watermark, until], oldest first, each whole and with its own tick time, as
 * far back as `catch_up` reaches; older ones are recorded as skipped. A rule whose query failed and may succeed later
 * is asked its oldest missing tick once and then left until the next run.
 */
export async function runSchedule(
  run: ScheduleRun,
  context: TickContext,
  signal: AbortSignal,
  onTick: OnTick = () => undefined,
): Promise<readonly TickResult[]> {
  const key = scheduleKey(run.schedule);
  const states = new Map(run.states);
  const due = await dueByTick(run, states, context);
  const blocked = new Set<string>();
  const results: TickResult[] = [];
  const allRules = new Map([...run.allRules, ...builtInRules.map((rule) => [rule.id, rule] as const)]);
  let done = 0;
  for (const [at, rules] of due) {
    if (signal.aborted) break;
    const asked = rules.filter(({ id }) => !blocked.has(id));
    done += 1;
    if (asked.length === 0) continue;
    const elapsed = stopwatch();
    const tick = { at, previousAt: previousTick(run.schedule, at) };
    const startedAt = context.clock.now();
    const request = { schedule: key, tick, rules: asked, states, allRules, now: run.until };
    const result = await traced("tick", { schedule: key, tick: at, rules: asked.length }, () =>
      runTick(request, context, signal),
    );
    for (const { state } of result.judged) states.set(state.identity, state);
    for (const id of result.blocked) blocked.add(id);
    const durationMs = elapsed();
    await report(
      result,
      key,
      { at, startedAt, durationMs, rules: asked.length, periodMs: at - tick.previousAt },
      context,
    );
    results.push(result);
    onTick(result, { done, of: due.size });
  }
  run.freshness.learn(results.at(-1)?.judged ?? []);
  const own = await runBuiltIns({ run, states, rules: allRules }, context, signal);
  return own === undefined ? results : [...results, own];
}

/** Which rules are due at which tick, oldest tick first. A new rule starts at the newest tick. */
async function dueByTick(
  run: ScheduleRun,
  states: ReadonlyMap<string, RuleState>,
  context: TickContext,
): Promise<ReadonlyMap<number, readonly Rule[]>> {
  const { schedule, until, catchUpMs } = run;
  const newest = newestTick(schedule, until);
  const byWatermark = new Map<number, number[]>();
  const due = new Map<number, Rule[]>();
  /** Of the rule that is behind farthest: one record tells of all that catching up does not reach. */
  let gap: { readonly watermark: number; readonly first: number } | undefined;
  for (const rule of run.rules) {
    const watermark = states.get(rule.identity)?.watermark ?? Number.NEGATIVE_INFINITY;
    let ticks = byWatermark.get(watermark);
    if (ticks === undefined) {
      const reach = Math.max(watermark, newest - catchUpMs - 1);
      ticks = watermark === Number.NEGATIVE_INFINITY ? [newest] : dueTicks(schedule, reach, until);
      if (ticks.length === 0 && run.again === true) ticks = [newest];
      byWatermark.set(watermark, ticks);
      const first = ticks[0];
      if (first !== undefined && Number.isFinite(watermark) && watermark < (gap?.watermark ?? first)) {
        gap = { watermark, first };
      }
    }
    for (const tick of ticks) {
      const rules = due.get(tick);
      if (rules === undefined) due.set(tick, [rule]);
      else rules.push(rule);
    }
  }
  const judged = Math.max(...byWatermark.keys());
  if (judged > newest && run.again !== true) {
    context.logger.warn(
      "CLOCK_BEHIND",
      "the clock stands before ticks that were judged; nothing is until it passes them",
      {
        schedule: scheduleKey(schedule),
        judged: formatInstant(judged),
        now: formatInstant(until),
      },
    );
  }
  const skipped = gap === undefined ? 0 : await recordSkipped(schedule, gap.watermark, gap.first, context);
  if (skipped > 0) {
    context.metrics.recordSkippedTicks(skipped);
    context.logger.warn("TICKS_SKIPPED", "downtime was longer than catch_up reaches; older ticks are not judged", {
      schedule: scheduleKey(schedule),
      skipped,
    });
  }
  return new Map([...due].sort(([a], [b]) => a - b));
}

/** Ticks before the first that is caught up: one record for all of them, at the newest. */
async function recordSkipped(
  schedule: Schedule,
  watermark: number,
  first: number,
  context: TickContext,
): Promise<number> {
  const missed = dueTicks(schedule, watermark, first - 1);
  const newest = missed.at(-1);
  if (newest === undefined) return 0;
  await context.store.state.recordTick({
    schedule: scheduleKey(schedule),
    tick: newest,
    kind: "skipped",
    startedAt: context.clock.now(),
    durationMs: 0,
    rules: 0,
    counts: { verdicts: {}, outcomes: { skipped_ticks: missed.length }, notEvaluated: 0 },
  });
  return missed.length;
}

interface TickFacts {
  readonly at: number;
  readonly startedAt: number;
  readonly durationMs: number;
  readonly rules: number;
  readonly periodMs: number;
}

async function report(result: TickResult, schedule: string, facts: TickFacts, context: TickContext): Promise<void> {
  const { at, startedAt, durationMs, rules, periodMs } = facts;
  const late = durationMs > periodMs;
  context.metrics.recordTick({ schedule, tick: at, durationMs, late, verdicts: result.counts.verdicts });
  if (late) {
    context.logger.warn("TICK_LATE", "a tick took longer than its schedule's period", {
      schedule,
      tick: at,
      durationMs,
    });
  }
  const counts = result.counts;
  await context.store.state.recordTick({ schedule, tick: at, kind: "evaluated", startedAt, durationMs, rules, counts });
}
