export const bands = ["None", "Low", "Medium", "High", "Highest"] as const;
/** `None` means: no ticket, report only. */
export type Band = (typeof bands)[number];

/** Negative when `a` is the lower band. */
export function compareBands(a: Band, b: Band): number {
  return bands.indexOf(a) - bands.indexOf(b);
}

export type PriorityPartName = "severity" | "reach" | "duration" | "budget" | "recurrence" | "trend";

/** One summand. `text` says what was measured: `reach 6.0% of requests`. */
export interface PriorityPart {
  readonly name: PriorityPartName;
  readonly points: number;
  readonly text: string;
  readonly measured: boolean;
}

/** A rule that lifted or lowered the band whatever the sum. */
export interface PriorityAdjustment {
  readonly kind: "floor" | "cap";
  readonly band: Band;
  readonly text: string;
}

export interface Priority {
  /** 0..100. */
  readonly score: number;
  readonly band: Band;
  readonly parts: readonly PriorityPart[];
  /** The floor or cap that decided the band, when the score alone would have given another. */
  readonly adjustment: PriorityAdjustment | undefined;
}

/** Points from a value on: the last cut that the value reaches counts. Ascending. */
export type Cuts = readonly (readonly [from: number, points: number])[];

/** The numbers of PRIORITY.md; all of them can be set in the service configuration. */
export interface PriorityScale {
  readonly severity: Readonly<Record<"info" | "low" | "warning" | "high" | "critical", number>>;
  /** Share of users or requests, 0..1. */
  readonly reachShare: Cuts;
  /** Users or events. */
  readonly reachAbsolute: Cuts;
  /** Milliseconds above the threshold. */
  readonly duration: Cuts;
  /** How many times faster than allowed the budget burns. */
  readonly burn: Cuts;
  /** Share of the period's budget, 0..1. */
  readonly budgetShare: Cuts;
  /** Episodes in 30 days. */
  readonly recurrence: Cuts;
  readonly backAfterDone: number;
  /** This window against the same window last week. */
  readonly trend: Cuts;
  readonly trendFromZero: number;
  /** Lowest score of each band. */
  readonly bands: Readonly<Record<Exclude<Band, "None">, number>>;
}

const minuteMs = 60_000;

/**
 * Reach follows public severity guides; burn and budget the SRE Workbook's chapter "Alerting on SLOs" (burn rates 1, 3,
 * 6, 14.4) and its example error budget policy (20 % of the budget in one incident).
 */
export const defaultPriorityScale: PriorityScale = {
  severity: { info: 0, low: 5, warning: 10, high: 15, critical: 20 },
  reachShare: [
    [0.001, 4],
    [0.01, 8],
    [0.05, 12],
    [0.25, 16],
    [0.5, 20],
  ],
  reachAbsolute: [
    [10, 2],
    [100, 4],
    [1_000, 8],
    [10_000, 12],
    [100_000, 16],
  ],
  duration: [
    [15 * minuteMs, 3],
    [60 * minuteMs, 5],
    [360 * minuteMs, 8],
    [1_440 * minuteMs, 10],
  ],
  burn: [
    [1, 8],
    [3, 12],
    [6, 20],
    [14.4, 25],
  ],
  budgetShare: [
    [0.02, 4],
    [0.05, 8],
    [0.1, 12],
    [0.2, 20],
    [1, 25],
  ],
  recurrence: [
    [2, 5],
    [3, 9],
    [5, 12],
  ],
  backAfterDone: 3,
  trend: [
    [0.9, 2],
    [1.2, 4],
    [2, 7],
    [4, 10],
  ],
  trendFromZero: 10,
  bands: { Low: 15, Medium: 35, High: 55, Highest: 75 },
};
