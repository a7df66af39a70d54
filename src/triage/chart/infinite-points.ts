import type { ValueUnit } from "../../model/evidence.ts";
import { isInfinite } from "../../model/infinity.ts";
import type { ChartPoint, ChartSpec } from "./chart-spec.ts";

/** How far over the highest (or under the lowest) value, as a share of what lies between, infinity is drawn. */
const beyond = 0.25;

/**
 * The same chart with infinity at the edge of what is drawn with it, since an axis up to infinity shows nothing else; a limit
 * that is infinite is not drawn. Pure.
 */
export function infiniteAtEdge(spec: ChartSpec): ChartSpec {
  const { series, lines = [], reference, threshold, unit } = spec;
  const all = [series, ...lines.map(({ points }) => points), reference?.points ?? []].flat();
  const limit = typeof threshold === "number" && isInfinite(threshold) ? undefined : threshold;
  if (limit === threshold && !all.some(isInfinitePoint)) return spec;
  const edges = (of: ValueUnit) => {
    const points = lines.filter((line) => line.unit === of).flatMap((line) => line.points);
    return edgesOf(
      of === unit ? [...points, ...series, ...(reference?.points ?? [])] : points,
      of === unit ? limit : undefined,
    );
  };
  const move = (points: readonly ChartPoint[], [under, over]: readonly [number, number]) =>
    points.map((point) =>
      isInfinitePoint(point) ? { ...point, value: (point.value ?? 0) < 0 ? under : over } : point,
    );
  return {
    ...spec,
    threshold: limit,
    series: move(series, edges(unit)),
    lines: lines.map((line) => ({ ...line, points: move(line.points, edges(line.unit)) })),
    reference: reference === undefined ? undefined : { ...reference, points: move(reference.points, edges(unit)) },
  };
}

function isInfinitePoint({ value }: ChartPoint): boolean {
  return typeof value === "number" && isInfinite(value);
}

function edgesOf(points: readonly ChartPoint[], limit: number | undefined): readonly [number, number] {
  let [low, high] = [Math.min(0, limit ?? 0), Math.max(0, limit ?? 0)];
  for (const point of points) {
    if (typeof point.value !== "number" || Number.isNaN(point.value) || isInfinitePoint(point)) continue;
    [low, high] = [Math.min(low, point.value), Math.max(high, point.value)];
  }
  const span = high > low ? high - low : 1;
  return [low - beyond * span, high + beyond * span];
}
