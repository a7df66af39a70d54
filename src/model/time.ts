/** Half-open `[from, to)`, milliseconds UTC. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

/** When a rule is due: a cron expression of five fields (or six, seconds first) read in an IANA timezone. */
export interface Schedule {
  readonly cron: string;
  readonly timezone: string;
}

/** One text per schedule: rules with the same text are evaluated together. */
export function scheduleKey(schedule: Schedule): string {
  return schedule.timezone === "UTC" ? schedule.cron : `${schedule.cron} ${schedule.timezone}`;
}

/** ISO 8601 in UTC to the second it lies in: what people read and what tests write. Trackers' times have milliseconds. */
export function formatInstant(at: number): string {
  return new Date(at).toISOString().replace(/\.\d{3}Z$/, "Z");
}
