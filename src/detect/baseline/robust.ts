/**
 * The factor that makes the median absolute deviation of normally distributed values their standard deviation:
 * 1 / (the normal distribution's 75 % quantile). Rousseeuw and Croux, "Alternatives to the Median Absolute Deviation",
 * Journal of the American Statistical Association 88, 1993.
 */
const normalConsistency = 1.4826;

export interface RobustSpread {
  readonly median: number;
  /** Robust standard deviation: `normalConsistency` x the median absolute deviation from the median. */
  readonly deviation: number;
}

/**
 * Median, and the spread around it, of at least one finite value, in any order; neither moves far while fewer than half of
 * the values are outliers. Of an even number the median is the mean of the two in the middle.
 */
export function robustSpread(values: readonly number[]): RobustSpread {
  const sorted = Float64Array.from(values).sort();
  const median = middleOf(sorted);
  const distances = sorted.map((value) => Math.abs(value - median)).sort();
  return { median, deviation: normalConsistency * middleOf(distances) };
}

function middleOf(sorted: Float64Array): number {
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? Number.NaN;
  // Halved before they are added: the sum of two large numbers may be none.
  return sorted.length % 2 === 1 ? upper : (sorted[half - 1] ?? Number.NaN) / 2 + upper / 2;
}
