import type { Labels } from "./labels.ts";

/** An operator's word that some alerts need no ticket for a while. Judging goes on as ever; only telling rests. */
export interface Silence {
  readonly id: string;
  /** Each of these labels must have exactly this value; with a rule it may be empty. */
  readonly matchers: Labels;
  /** Only alerts of this rule. */
  readonly ruleId: string | undefined;
  /** Who made it. */
  readonly author: string;
  readonly reason: string;
  readonly startsAt: number;
  /** For each finding only until its band is above the one it had when it was silenced; then `endsAt` is the latest. */
  readonly untilWorse?: boolean;
  /** It holds in [startsAt, endsAt). */
  readonly endsAt: number;
  readonly createdAt: number;
  /** When an operator ended it early. */
  readonly endedAt: number | undefined;
}

/** What a silence looks at. */
interface SilenceableAlert {
  readonly ruleId: string;
  /** The id under which the store knows the rule, so that a silence outlives a rename. */
  readonly ruleIdentity?: string;
  readonly labels: Labels;
}

/** When it stops to hold. */
export function silenceEnd({ endsAt, endedAt }: Pick<Silence, "endsAt" | "endedAt">): number {
  return Math.min(endsAt, endedAt ?? endsAt);
}

export function isActive(silence: Silence, at: number): boolean {
  return silence.startsAt <= at && at < silenceEnd(silence);
}

/** Whether there are alerts and a silence matches each of them; different ones may do so. Whether it is active is not asked. */
export function areSilenced(alerts: readonly SilenceableAlert[], silences: readonly Silence[]): boolean {
  return alerts.length > 0 && alerts.every((alert) => silences.some((silence) => isSilencing(silence, alert)));
}

/** Whether it is about an alert. One that names neither rule nor label is about nothing; whether it is active is not asked. */
export function isSilencing({ ruleId, matchers }: Silence, alert: SilenceableAlert): boolean {
  const wanted = Object.entries(matchers);
  if (ruleId === undefined && wanted.length === 0) return false;
  if (ruleId !== undefined && ruleId !== alert.ruleId && ruleId !== alert.ruleIdentity) return false;
  return wanted.every(([name, value]) => Object.hasOwn(alert.labels, name) && alert.labels[name] === value);
}
