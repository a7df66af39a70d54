import type { BurnTier } from "../model/rule.ts";
import { day, hour, minute } from "../support/duration.ts";

/** Tiers that a rule may name in place of its own. */
export interface BurnTierTable {
  /** Where its numbers are from. */
  readonly source: string;
  readonly tiers: readonly BurnTier[];
}

/**
 * By the name that stands in `tiers`. The factors are for a period of 30 days, of which the long windows then spend 2 %,
 * 5 %, 10 % and 10 %: factor = share x period / window. Over another period they spend another share of it.
 */
export const burnTierTables = {
  google: {
    source:
      "Google, The Site Reliability Workbook (2018), chapter 5: table 5-8 (1h, 6h, 3d), and the 1d tier of the listing under it",
    tiers: [
      { longMs: hour, shortMs: 5 * minute, factor: 14.4 },
      { longMs: 6 * hour, shortMs: 30 * minute, factor: 6 },
      { longMs: day, shortMs: 2 * hour, factor: 3 },
      { longMs: 3 * day, shortMs: 6 * hour, factor: 1 },
    ],
  },
} as const satisfies Record<string, BurnTierTable>;

export type BurnTierTableName = keyof typeof burnTierTables;
export const burnTierTableNames = Object.keys(burnTierTables) as [BurnTierTableName, ...BurnTierTableName[]];
