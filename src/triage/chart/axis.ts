import type { ValueUnit } from "../../model/evidence.ts";
import type { Window } from "../../model/time.ts";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const steps = [1, 2, 5, 10, 15, 30]
  .map((minutes) => minutes * minute)
  .concat(
    [1, 2, 3, 6, 12].map((hours) => hours * hour),
    [1, 2, 7, 14, 28].map((days) => days * day),
  );
const maxTicks = 10;

/** Round instants in UTC, at most ten, for the time axis of a window. */
export function timeTicks({ from, to }: Window): { readonly at: number[]; readonly stepMs: number } {
  const span = to - from;
  const stepMs = steps.find((step) => span / step <= maxTicks) ?? Math.ceil(span / maxTicks / day) * day;
  const at: number[] = [];
  for (let tick = Math.ceil(from / stepMs) * stepMs; tick <= to; tick += stepMs) at.push(tick);
  return { at, stepMs };
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

/** `10:05`; at midnight, and where steps are days, `5 Jan`. */
export function formatTick(at: number, stepMs: number): string {
  const date = new Date(at);
  if (stepMs >= day || at % day === 0) return `${date.getUTCDate()} ${months[date.getUTCMonth()]}`;
  return date.toISOString().slice(11, 16);
}

/** `5 Jan 2026`. */
export function formatDay(at: number): string {
  const date = new Date(at);
  return `${date.getUTCDate()} ${months[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
}

/** From zero (or below, for negative values) to a round number over the largest, in four or five round steps. */
export function niceAxis(
  values: readonly number[],
  unit: ValueUnit,
): { readonly min: number; readonly max: number; readonly interval: number } {
  let [low, high] = [0, 0];
  for (const value of values) {
    if (Number.isFinite(value)) [low, high] = [Math.min(low, value), Math.max(high, value)];
  }
  // Nothing but zeros, or so near to it that steps could not be told apart.
  if (high - low < 1e-12) return { min: low < 0 ? -1 : 0, max: 1, interval: unit === "ratio" ? 0.25 : 1 };
  const wholeRatio = unit === "ratio" && low === 0 && high > 0.8 && high <= 1;
  if (wholeRatio) return { min: 0, max: 1, interval: 0.2 };
  const interval = niceStep((high - low) / 4);
  // A little room over the highest value, so that it does not lie on the border.
  const max = Math.ceil((high + (high - low) * 0.05) / interval) * interval;
  const min = low === 0 ? 0 : Math.floor((low - (high - low) * 0.05) / interval) * interval;
  return { min: clean(min), max: clean(max), interval: clean(interval) };
}

function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough * 0.999) ?? 10;
  return step * power;
}

/** 0.30000000000000004 as 0.3. */
function clean(value: number): number {
  return Number(value.toPrecision(12));
}
