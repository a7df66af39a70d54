import type { Window } from "../../model/time.ts";

/** A ratio's whole and its bad part. */
export interface Parts {
  readonly total: number;
  readonly bad: number;
}

/** What a value says of the window that ends then. */
type PartsAt = (end: number) => Parts | undefined | "failed";

const nothing: Parts = { total: 0, bad: 0 };
/** By series: the sums of all values whose windows lie end to end up to an instant. */
const sumsOfSeries = new WeakMap<object, Map<number, Parts>>();

/** A series whose values each say a part of a window. */
export interface PartSeries {
  /** What its sums are kept under. */
  readonly series: object;
  /** How long a window each value is for; undefined: it is for windows of any length. */
  readonly eachMs: number | undefined;
  /** Where its first window ends. */
  readonly first: number;
  readonly partsAt: PartsAt;
}

/**
 * What a window holds: the sum of the values whose windows lie in it end to end, `newest` the last of them. `untold` for one
 * that is no multiple of `eachMs`.
 */
export function sumOver(
  { from, to }: Window,
  newest: Parts | undefined,
  values: PartSeries,
): Parts | undefined | "untold" {
  const { eachMs } = values;
  if (eachMs === undefined || to - from === eachMs) return newest;
  if ((to - from) % eachMs !== 0) return "untold";
  const [until, before] = [sumUntil(to, eachMs, values), sumUntil(from, eachMs, values)];
  return { total: until.total - before.total, bad: until.bad - before.bad };
}

/** Each value is added once, however many windows it lies in. */
function sumUntil(end: number, eachMs: number, { series, first, partsAt }: PartSeries): Parts {
  const sums = sumsOfSeries.get(series) ?? new Map<number, Parts>();
  sumsOfSeries.set(series, sums);
  const open: number[] = [];
  let at = end;
  for (; at >= first && !sums.has(at); at -= eachMs) open.push(at);
  let sum = sums.get(at) ?? nothing;
  for (const place of open.reverse()) {
    const parts = partsAt(place);
    if (parts !== undefined && parts !== "failed") sum = { total: sum.total + parts.total, bad: sum.bad + parts.bad };
    sums.set(place, sum);
  }
  return sum;
}
