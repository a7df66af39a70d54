import {
  type HistorySlots,
  historySlots,
  leastValues,
  neighbours,
  type Season,
  seasonMs,
  seasons,
  slotOf,
  type Usual,
} from "../../model/baseline.ts";
import { isNeverNegative } from "../../model/query.ts";
import type { Rule, When } from "../../model/rule.ts";
import { sameTimeBefore } from "../schedule.ts";
import { robustSpread } from "./robust.ts";
import type { ValueHistory } from "./value-history.ts";

export type BaselineWhen = Extract<When, { form: "baseline" }>;

/**
 * A few values tell their middle well and their spread badly: of fewer than this the spread is never taken for less than that
 * of the next shorter season (docs/decisions/0034-baseline.md).
 */
const enoughForSpread = 2 * leastValues;
const slotsByRule = new WeakMap<Rule, { readonly slots: HistorySlots | undefined }>();

/** What a rule must remember for its baselines; undefined for a rule that has none. The same object for the same rule. */
export function historySlotsOf(rule: Rule): HistorySlots | undefined {
  let found = slotsByRule.get(rule);
  if (found === undefined) {
    const limits = [rule.limits, ...rule.overrides.map((override) => override.limits)];
    const lengths = limits.flatMap(({ when }) => (when.form === "baseline" ? [when.historyMs] : []));
    found = { slots: lengths.length === 0 ? undefined : historySlots(rule.signal.windowMs, Math.max(...lengths)) };
    slotsByRule.set(rule, found);
  }
  return found.slots;
}

/** Gives what is usual of a label set in a window that starts at one instant. */
export class UsualValues {
  readonly #rule: Rule;
  readonly #history: HistorySlots;
  readonly #from: number;
  #local: readonly Intl.DateTimeFormatPart[] | undefined;
  readonly #slotsBySeason = new Map<string, readonly number[]>();

  constructor(rule: Rule, history: HistorySlots, from: number) {
    this.#rule = rule;
    this.#history = history;
    this.#from = from;
  }

  get slot(): number {
    return slotOf(this.#from, this.#history);
  }

  /**
   * Median and deviation of the values at the same time of earlier seasons, with `neighbours` slots on each side; of the next
   * shorter season where these are fewer than `leastValues`. Undefined where all values are.
   */
  of(history: ValueHistory, when: BaselineWhen): Usual | undefined {
    return this.#in(seasons.indexOf(when.season), history, when);
  }

  #in(place: number, history: ValueHistory, when: BaselineWhen): Usual | undefined {
    const season = seasons[place];
    if (season === undefined) return undefined;
    const values = this.#values(history, season, when.historyMs);
    if (values.length < leastValues) return this.#in(place + 1, history, when);
    const { median, deviation: own } = robustSpread(values);
    const shorter = values.length < enoughForSpread ? this.#in(place + 1, history, when) : undefined;
    const deviation = Math.max(own, shorter?.deviation ?? 0);
    const least = isNeverNegative(this.#rule.signal.measure) ? 0 : Number.NEGATIVE_INFINITY;
    return {
      median,
      deviation,
      low: Math.max(least, median - deviation),
      high: median + deviation,
      season,
      ...(season === "none" ? {} : { time: this.#time(season) }),
      values: values.length,
    };
  }

  #time(season: Exclude<Season, "none">): string {
    const { timezone } = this.#rule.schedule;
    this.#local ??= localTime(timezone).formatToParts(this.#from);
    const part = (type: string) => this.#local?.find((each) => each.type === type)?.value ?? "";
    const at = `at ${part("hour")}:${part("minute")} ${timezone}`;
    return season === "day" ? at : `on ${part("weekday")}s ${at}`;
  }

  #values(history: ValueHistory, season: Season, historyMs: number): readonly number[] {
    if (season === "none") return history.between(slotOf(this.#from - historyMs, this.#history), this.slot);
    // A loop: this is for every label set of every slot.
    const values: number[] = [];
    for (const slot of this.#slots(season, historyMs)) {
      const value = history.at(slot);
      if (value !== undefined) values.push(value);
    }
    return values;
  }

  /** The same for every label set. By the rule's clock: the same hour of a day with 23 or 25 hours. */
  #slots(season: Exclude<Season, "none">, historyMs: number): readonly number[] {
    const key = `${season} ${historyMs}`;
    const known = this.#slotsBySeason.get(key);
    if (known !== undefined) return known;
    const slots = new Set<number>();
    for (let back = seasonMs[season]; back <= historyMs; back += seasonMs[season]) {
      const middle = slotOf(sameTimeBefore(this.#rule.schedule.timezone, this.#from, back), this.#history);
      for (let apart = -neighbours; apart <= neighbours; apart++) {
        if (middle + apart < this.slot) slots.add(middle + apart);
      }
    }
    const found = [...slots];
    this.#slotsBySeason.set(key, found);
    return found;
  }
}

const localTimes = new Map<string, Intl.DateTimeFormat>();

function localTime(timezone: string): Intl.DateTimeFormat {
  let format = localTimes.get(timezone);
  if (format === undefined) {
    const parts = { weekday: "long", hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
    format = new Intl.DateTimeFormat("en-GB", { timeZone: timezone, ...parts });
    localTimes.set(timezone, format);
  }
  return format;
}

/**
 * How far from the usual a value may lie: `deviations`, and never less than `min_change`, which alone decides where all but
 * a few values were the same (docs/decisions/0034-baseline.md).
 */
export function allowedDistance(
  { median, deviation }: Pick<Usual, "median" | "deviation">,
  { deviations, minChange }: BaselineWhen,
): number {
  return Math.max(deviations * deviation, minChange * Math.abs(median));
}
