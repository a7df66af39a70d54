import { dueTicks } from "../../detect/schedule.ts";
import type { Rule } from "../../model/rule.ts";
import { type Schedule, scheduleKey } from "../../model/time.ts";
import { day } from "../../support/duration.ts";
import { BackfeedError } from "../../support/errors.ts";

/** A year of minutes. */
const mostInstants = 366 * 1_440;

/** One instant, and the keys of the schedules that are due at it. */
export interface Instant {
  readonly at: number;
  readonly schedules: readonly string[];
}

/** All instants of the rules' schedules in `[from, to]`, oldest first. Throws `invalid_request` for more than a year of minutes. */
export function instantsBetween(rules: readonly Rule[], from: number, to: number): readonly Instant[] {
  const schedules = new Map(rules.map(({ schedule }) => [scheduleKey(schedule), schedule]));
  const byInstant = new Map<number, string[]>();
  for (const [key, schedule] of schedules) {
    for (const at of ticksBetween(schedule, from, to)) {
      const due = byInstant.get(at);
      if (due === undefined) byInstant.set(at, [key]);
      else due.push(key);
    }
    if (byInstant.size > mostInstants) {
      throw new BackfeedError(
        "invalid_request",
        "the range has more ticks than a year of minutes: choose a shorter one",
      );
    }
  }
  return Array.from(byInstant, ([at, due]) => ({ at, schedules: due })).sort((a, b) => a.at - b.at);
}

/** A day at a time, since a list of ticks has a limit. */
function* ticksBetween(schedule: Schedule, from: number, to: number): Generator<number> {
  for (let after = from - 1; after < to; after += day) yield* dueTicks(schedule, after, Math.min(after + day, to));
}
