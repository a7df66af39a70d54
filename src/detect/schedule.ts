import { type CronExpression, CronExpressionParser } from "cron-parser";
import { type Schedule, scheduleKey } from "../model/time.ts";

/** More due ticks than this are never listed at once: a week of minutes. */
const mostTicks = 10_080;

const expressions = new Map<string, CronExpression>();

/**
 * The schedule's instants in `(after, until]`, oldest first, at most the newest 10,080.
 * Throws what cron-parser throws for an expression that is none; rules are checked before they get here.
 */
export function dueTicks(schedule: Schedule, after: number, until: number): number[] {
  const expression = expressionFor(schedule);
  // prev() excludes its start, so begin a millisecond later to include `until` itself.
  expression.reset(new Date(until + 1));
  const ticks: number[] = [];
  while (ticks.length < mostTicks) {
    const tick = expression.prev().getTime();
    if (tick <= after) break;
    ticks.push(tick);
  }
  return ticks.reverse();
}

/** The newest instant at or before `at`. */
export function newestTick(schedule: Schedule, at: number): number {
  const expression = expressionFor(schedule);
  expression.reset(new Date(at + 1));
  return expression.prev().getTime();
}

/** The instant before `tick`. */
export function previousTick(schedule: Schedule, tick: number): number {
  const expression = expressionFor(schedule);
  expression.reset(new Date(tick));
  return expression.prev().getTime();
}

/** The first instant after `at`. */
export function nextTick(schedule: Schedule, at: number): number {
  const expression = expressionFor(schedule);
  expression.reset(new Date(at));
  return expression.next().getTime();
}

function expressionFor(schedule: Schedule): CronExpression {
  const key = scheduleKey(schedule);
  let expression = expressions.get(key);
  if (expression === undefined) {
    expression = CronExpressionParser.parse(schedule.cron, { tz: schedule.timezone });
    expressions.set(key, expression);
  }
  return expression;
}
