import type { MetricPoint } from "../support/data.ts";

/** Fewer values than a baseline needs say nothing of mean and deviation either. */
const leastValues = 12;

/** How much of a series is looked at before it is judged: a tenth. */
export function learningPoints(points: readonly MetricPoint[]): number {
  return Math.floor(points.length / 10);
}

/** Each value as a share of the 99.9th percentile (nearest rank) of the first tenth. */
export function sharesOfPercentile(points: readonly MetricPoint[]): readonly MetricPoint[] {
  const first = points.slice(0, learningPoints(points)).map(({ value }) => value);
  const limit = first.sort((a, b) => a - b)[Math.ceil(0.999 * first.length) - 1] ?? Number.NaN;
  // As a distance where a share is none: over the limit is over 1 either way.
  return points.map(({ at, value }) => ({ at, value: limit > 0 ? value / limit : 1 + value - limit }));
}

/** Each value's distance from the mean of all before it, in their standard deviations; Welford's sums. */
export function zScores(points: readonly MetricPoint[]): readonly MetricPoint[] {
  let [count, mean, squares] = [0, 0, 0];
  return points.flatMap(({ at, value }) => {
    const deviation = Math.sqrt(squares / count);
    const distance = Math.abs(value - mean);
    const known = count >= leastValues;
    count += 1;
    const before = mean;
    mean += (value - before) / count;
    squares += (value - before) * (value - mean);
    if (!known) return [];
    return [{ at, value: distance === 0 ? 0 : distance / deviation }];
  });
}
