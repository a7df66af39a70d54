/**
 * The factor that makes the median absolute deviation of normally distributed values their standard deviation:
 * 1 / (the normal distribution's 75 % quantile). Rousseeuw and Croux, "Alternatives to the Median Absolute Deviation",
 * Journal of the American Statistical Association 88, 1993.
 */
const normalConsistency = 1.4826;

/**
 * The same for the mean absolute deviation: the square root of pi / 2. It stands in where more than half of the values are the
 * same and the median deviation is 0 whatever the others are. Iglewicz and Hoaglin, "How to Detect and Handle Outliers", ASQC, 1993.
 */
const normalConsistencyOfMean = 1.2533;

export interface RobustSpread {
  readonly median: number;
  /**
   * Robust standard deviation: `normalConsistency` x the median absolute deviation from the median; where that is 0,
   * `normalConsistencyOfMean` x the mean absolute deviation from it. 0 where all values are the same.
   */
  readonly deviation: number;
}

/**
 * Median, and the spread around it, of at least one finite value, in any order; neither moves far while fewer than half of
 * the values are outliers. Of an even number the median is the mean of the two in the middle.
 */
export function robustSpread(values: readonly number[]): RobustSpread {
  const sorted = Float64Array.from(values).sort();
  const median = middleOf(sorted);
  const distances = new Float64Array(sorted.length);
  for (let place = 0; place < sorted.length; place++) distances[place] = Math.abs((sorted[place] ?? 0) - median);
  distances.sort();
  const middle = middleOf(distances);
  return { median, deviation: middle > 0 ? normalConsistency * middle : normalConsistencyOfMean * meanOf(distances) };
}

function meanOf(values: Float64Array): number {
  let mean = 0;
  for (const value of values) mean += value / values.length;
  return mean;
}

function middleOf(sorted: Float64Array): number {
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? Number.NaN;
  // Halved before they are added: the sum of two large numbers may be none.
  return sorted.length % 2 === 1 ? upper : (sorted[half - 1] ?? Number.NaN) / 2 + upper / 2;
}
