/**
 * Stands for infinity, with either sign: over everything that is measured, and unlike Infinity a number that JSON, SQL and
 * the store hold.
 */
export const infinite = Number.MAX_VALUE;

export function isInfinite(value: number): boolean {
  return Math.abs(value) >= infinite;
}

/** A number as it can be kept: infinity by what stands for it; undefined for what is no number. */
export function storable(value: number): number | undefined {
  return Number.isNaN(value) ? undefined : Math.min(infinite, Math.max(-infinite, value));
}
