import { CronExpressionParser } from "cron-parser";
import { validate } from "node-cron";
import type { Schedule } from "../model/time.ts";
import { closest } from "../support/yaml/closest.ts";
import type { Wrong } from "../support/yaml/fault.ts";
import { shown } from "../support/yaml/shape.ts";

/** A fixed instant to count fires from, so that a rule is right or wrong whatever the day: 2026-01-01T00:00:00Z, a Thursday. */
const reference = new Date(1_767_225_600_000);
/** Enough to see the usual step of any schedule people write; each costs the parser about a millisecond. */
const firesLookedAt = 40;

export interface ScheduleFacts {
  /** The most frequent distance between two fires; of equally frequent ones the smaller. Milliseconds. */
  readonly stepMs: number;
  /** The longest distance between two fires, of the first 40 of a year. */
  readonly longestStepMs: number;
}

const known = new Map<string, ScheduleFacts | Wrong>();

/** Whether a cron expression can be read (by the parser that lists ticks and the one that fires them) and is ever due. */
export function checkSchedule({ cron, timezone }: Schedule): ScheduleFacts | Wrong {
  const key = `${cron}\n${timezone}`;
  let facts = known.get(key);
  if (facts === undefined) {
    facts = readSchedule(cron, timezone);
    if (known.size > 10_000) known.clear();
    known.set(key, facts);
  }
  return facts;
}

function readSchedule(cron: string, timezone: string): ScheduleFacts | Wrong {
  const wrong = {
    message: `${shown(cron)} is no cron expression`,
    fix: "write five fields, such as `* * * * *` (every minute) or `*/5 8-18 * * 1-5` (minute, hour, day, month, weekday)",
  };
  const fields = cron.trim().split(/\s+/);
  if (fields.length < 5 || fields.length > 6 || !/^[\dA-Za-z*,/\- ]+$/.test(fields.join(" "))) return wrong;
  const never = { ...wrong, message: `${shown(cron)} is no cron expression, or is never due` };
  if (!validate(cron)) return never;
  try {
    const expression = CronExpressionParser.parse(cron, { tz: timezone, currentDate: reference });
    const counts = new Map<number, number>();
    let last = expression.next().getTime();
    for (let fire = 0; fire < firesLookedAt; fire++) {
      const next = expression.next().getTime();
      counts.set(next - last, (counts.get(next - last) ?? 0) + 1);
      last = next;
    }
    const [[stepMs] = [0]] = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
    return { stepMs, longestStepMs: Math.max(...counts.keys()) };
  } catch {
    return never;
  }
}

/** Undefined when the timezone is one. */
export function checkTimezone(timezone: string): Wrong | undefined {
  try {
    new Intl.DateTimeFormat("en", { timeZone: timezone });
    if (/^[A-Za-z]/.test(timezone)) return undefined;
  } catch {
    // Reported below: the engine's own error says no more than that.
  }
  const meant = closest(timezone, Intl.supportedValuesOf("timeZone"));
  return {
    message: `${shown(timezone)} is no timezone${meant === undefined ? "" : `, did you mean \`${meant}\`?`}`,
    fix: "write an IANA name such as `UTC` or `Europe/Berlin`",
  };
}
