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
