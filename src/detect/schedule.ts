import { type CronExpression, CronExpressionParser } from "cron-parser";
import { type Schedule, scheduleKey } from "../model/time.ts";

/** More due ticks than this are never listed at once: a week of minutes. */
const mostTicks = 10_080;
const dayMs = 86_400_000;
/** No zone puts its clock forward twice within it. */
const offsetSampleMs = 7 * dayMs;
const longestLookForJumpMs = 400 * dayMs;
const farthestTickMs = 4 * 366 * dayMs;

const expressions = new Map<string, CronExpression>();
const offsetFormats = new Map<string, Intl.DateTimeFormat>();

/*
 * Which instants are ticks, the same whatever instant they are asked from: every instant whose local time matches, so
 * an hour that the clock repeats is ticked twice (a second look harms nobody); and where the clock jumps forward over
 * a matching local time, the first instant that cron-parser gives for it after the jump, so that no day goes unseen.
 */

/**
 * The schedule's instants in `(after, until]`, oldest first, at most the newest 10,080.
 * Throws what cron-parser throws for an expression that is none; rules are checked before they get here.
 */
export function dueTicks(schedule: Schedule, after: number, until: number): number[] {
  const steady = steadyOf(schedule);
  if (steady !== undefined) {
    const last = newestSteady(steady, until);
    const count = Math.min(mostTicks, Math.floor((last - newestSteady(steady, after)) / steady.stepMs));
    return Array.from({ length: Math.max(0, count) }, (_, position) => last - (count - 1 - position) * steady.stepMs);
  }
  const expression = expressionFor(schedule);
  // prev() excludes its start, so begin a millisecond later to include `until` itself.
  expression.reset(new Date(until + 1));
  const ticks: number[] = [];
  let before = until + 1;
  while (ticks.length < mostTicks) {
    before = cronPrevious(schedule, expression, before);
    if (before <= after) break;
    ticks.push(before);
  }
  ticks.reverse();
  const jumped = jumpedTicks(schedule, Math.max(before, after), until).filter((tick) => !ticks.includes(tick));
  return jumped.length === 0 ? ticks : [...ticks, ...jumped].sort((a, b) => a - b).slice(-mostTicks);
}

/** The newest instant at or before `at`. */
export function newestTick(schedule: Schedule, at: number): number {
  const steady = steadyOf(schedule);
  if (steady !== undefined) return newestSteady(steady, at);
  const expression = expressionFor(schedule);
  expression.reset(new Date(at + 1));
  const tick = cronPrevious(schedule, expression, at + 1);
  return jumpedTicks(schedule, tick, at).at(-1) ?? tick;
}

/** The instant before `tick`. */
export function previousTick(schedule: Schedule, tick: number): number {
  return newestTick(schedule, tick - 1);
}

/** The first instant after `at`. */
export function nextTick(schedule: Schedule, at: number): number {
  const steady = steadyOf(schedule);
  if (steady !== undefined) return newestSteady(steady, at) + steady.stepMs;
  const guess = cronNext(expressionFor(schedule), at);
  // next() leaves out an hour that is repeated; looking back from where it leads finds what it left out.
  const known = guess === undefined ? undefined : dueTicks(schedule, at, guess)[0];
  if (known !== undefined) return known;
  for (let reach = dayMs; reach <= farthestTickMs; reach *= 2) {
    const found = dueTicks(schedule, at, at + reach)[0];
    if (found !== undefined) return found;
  }
  throw new RangeError(`the schedule ${scheduleKey(schedule)} has no instant within four years`);
}

/**
 * The instant whose local time is `backMs` before that of `at`, where `backMs` is whole days: noon yesterday is 25 hours
 * before noon on the day that the clock is put back. Other spans are taken from the instant, whatever the clocks say.
 */
export function sameTimeBefore(timezone: string, at: number, backMs: number): number {
  const plain = at - backMs;
  if (timezone === "UTC" || backMs % dayMs !== 0) return plain;
  const offset = offsetOf(timezone, at);
  const guess = plain + offset - offsetOf(timezone, plain);
  return plain + offset - offsetOf(timezone, guess);
}

/** Ticks in `(after, until]` whose local time the clock jumped over. */
function jumpedTicks(schedule: Schedule, after: number, until: number): number[] {
  const expression = expressionFor(schedule);
  // From a day earlier: the tick for a local time that was jumped over comes up to the jump's length after the jump.
  return jumpsIn(schedule.timezone, after - dayMs, until).flatMap((jump) => {
    expression.reset(new Date(jump));
    // Where cron-parser gives up, it looked for a local time that the jump left out: the jump itself stands for it.
    const next = cronNext(expression, cronPrevious(schedule, expression, jump)) ?? jump;
    return next >= jump && next > after && next <= until ? [next] : [];
  });
}

/** The instants in `(after, until]` at which the zone's clock is put forward. */
function jumpsIn(timezone: string, after: number, until: number): number[] {
  if (timezone === "UTC") return [];
  const jumps: number[] = [];
  for (let from = after; from < until; from += offsetSampleMs) {
    const to = Math.min(until, from + offsetSampleMs);
    const offset = offsetText(timezone, from);
    if (offsetText(timezone, to) === offset) continue;
    let low = from;
    let high = to;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (offsetText(timezone, middle) === offset) low = middle;
      else high = middle;
    }
    jumps.push(high);
  }
  return jumps;
}

/**
 * The instant before `at`, from which `expression` has to have been reset or walked back. cron-parser throws where it
 * comes upon a day that begins after midnight (Santiago, Cairo): there is no instant between that jump and `at`.
 */
function cronPrevious(schedule: Schedule, expression: CronExpression, at: number): number {
  try {
    return expression.prev().getTime();
  } catch (thrown) {
    const jump = jumpsIn(schedule.timezone, at - longestLookForJumpMs, at).at(-1);
    if (jump === undefined) throw thrown;
    expression.reset(new Date(jump - 1));
    return expression.prev().getTime();
  }
}

/** cron-parser gives up on some expressions around a jump of the clock. */
function cronNext(expression: CronExpression, at: number): number | undefined {
  try {
    expression.reset(new Date(at));
    return expression.next().getTime();
  } catch {
    return undefined;
  }
}

/** `GMT+02:00` */
function offsetText(timezone: string, at: number): string {
  let format = offsetFormats.get(timezone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-US", { timeZone: timezone, timeZoneName: "longOffset", hour: "2-digit" });
    offsetFormats.set(timezone, format);
  }
  return format.formatToParts(at).find(({ type }) => type === "timeZoneName")?.value ?? "";
}

/** What the zone's clock shows at that instant less UTC, in milliseconds. */
function offsetOf(timezone: string, at: number): number {
  const [, sign, hours = 0, minutes = 0, seconds = 0] =
    /([+-])(\d+):(\d+)(?::(\d+))?$/.exec(offsetText(timezone, at)) ?? [];
  const size = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000;
  return sign === "-" ? -size : size;
}

/** Ticks that are all one step apart, counted from 1970. */
interface Steady {
  readonly stepMs: number;
  readonly offsetMs: number;
}

const steadies = new Map<string, Steady | undefined>();
const minuteMs = 60_000;
const minutesOfHour = 60;

/**
 * Most schedules are `* * * * *`, each so many minutes, or once an hour: in UTC these need no calendar, which costs a hundred
 * times as much as the rest of a quiet tick. Undefined for all others.
 */
function steadyOf(schedule: Schedule): Steady | undefined {
  const key = scheduleKey(schedule);
  const known = steadies.get(key);
  if (known !== undefined || steadies.has(key)) return known;
  const found = schedule.timezone === "UTC" ? readSteady(schedule.cron) : undefined;
  steadies.set(key, found);
  return found;
}

function readSteady(cron: string): Steady | undefined {
  const [, minutes] = /^\s*(\*|\*\/\d{1,2}|\d{1,2})(?:\s+\*){4}\s*$/.exec(cron) ?? [];
  if (minutes === undefined) return undefined;
  if (minutes === "*") return { stepMs: minuteMs, offsetMs: 0 };
  if (!minutes.startsWith("*")) {
    const minute = Number(minutes);
    return minute < minutesOfHour ? { stepMs: minutesOfHour * minuteMs, offsetMs: minute * minuteMs } : undefined;
  }
  const every = Number(minutes.slice(2));
  return every > 0 && minutesOfHour % every === 0 ? { stepMs: every * minuteMs, offsetMs: 0 } : undefined;
}

function newestSteady({ stepMs, offsetMs }: Steady, at: number): number {
  return Math.floor((at - offsetMs) / stepMs) * stepMs + offsetMs;
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
