/** After what the usual values repeat themselves: a week, a day, or never. The longer before the shorter. */
export const seasons = ["week", "day", "none"] as const;
export type Season = (typeof seasons)[number];

/** Which side of the usual is bad. */
export const deviationDirections = ["up", "down", "both"] as const;
export type DeviationDirection = (typeof deviationDirections)[number];

/** What was usual of one label set, and of how much that is known. */
export interface Usual {
  /** Half of the values lay under it. */
  readonly median: number;
  /** Robust standard deviation: 1.4826 x the median of the distances from the median. */
  readonly deviation: number;
  /** The median less and plus a deviation: between them lay most. Not under 0 for what is never under it. */
  readonly low: number;
  readonly high: number;
  /** The season whose values these are; a shorter one than the rule's where that has too few. */
  readonly season: Season;
  /** Which time of the season, for people: `on Mondays at 10:00 UTC`. */
  readonly time?: string;
  /** How many values were compared with. */
  readonly values: number;
}

/** What one window gave for label sets of one rule, to be compared with later. */
export interface MeasuredWindow {
  /** Start of the window. */
  readonly from: number;
  /** By `labelSetHash`. */
  readonly values: ReadonlyMap<string, number>;
}

const dayMs = 86_400_000;
const hourMs = 3_600_000;
const minuteMs = 60_000;

export const seasonMs: Readonly<Record<Exclude<Season, "none">, number>> = { week: 7 * dayMs, day: dayMs };

/** Fewer values than this say nothing of what is usual. */
export const leastValues = 12;
/** Slots on each side of the same time of a season that are compared with, too. */
export const neighbours = 2;
/** Earlier seasons that have at least `leastValues` values. */
export const leastSeasons = Math.ceil(leastValues / (2 * neighbours + 1));

/** Slots of a history at most: four weeks of five minutes. */
const mostSlots = 8_064;
/** Values of one rule at most, over all its label sets. */
export const mostMeasuredValues = 2_000_000;

/** How the time that values are remembered of is cut into slots; one value is remembered of each. */
export interface HistorySlots {
  /** The longest `history` of the rule's limits. */
  readonly historyMs: number;
  /** As long as a window, and longer where the history would have more than `mostSlots`. */
  readonly slotMs: number;
  /** All that limits can look at, and the one that goes on. An hour more: since then the clock may have been put back. */
  readonly slots: number;
}

export function historySlots(windowMs: number, historyMs: number): HistorySlots {
  const least = historyMs / mostSlots;
  const slotMs = least <= windowMs ? windowMs : Math.ceil(least / minuteMs) * minuteMs;
  return { historyMs, slotMs, slots: Math.ceil((historyMs + hourMs) / slotMs) + neighbours + 1 };
}

/** The slot in which an instant lies, counted from 1970. */
export function slotOf(instant: number, { slotMs }: HistorySlots): number {
  return Math.floor(instant / slotMs);
}
