import { formatValue } from "../model/format.ts";
import { isInfinite } from "../model/infinity.ts";
import { formatDuration } from "../support/duration.ts";

const group = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** `0.08` as `8.0%`, as everywhere on the ticket, or with so many digits. What is no number prints as nothing. */
function percent(value: unknown, digits?: unknown): string {
  const number = numberOf(value);
  if (number === undefined) return "";
  if (typeof digits !== "number" || isInfinite(number)) return formatValue(number, "ratio");
  return `${(number * 100).toFixed(Math.max(0, Math.min(6, Math.trunc(digits))))}%`;
}

/** `1234.5` as `1,235`; under 100 with up to two digits after the point. */
function number(value: unknown): string {
  const given = numberOf(value);
  if (given === undefined) return "";
  if (isInfinite(given)) return infinity(given);
  if (Math.abs(given) >= 100) return group.format(given);
  return String(Number(Math.abs(given) < 0.01 ? given.toPrecision(2) : given.toFixed(2)));
}

/** Milliseconds as `40 min`. */
function duration(value: unknown): string {
  const given = numberOf(value);
  if (given === undefined) return "";
  return isInfinite(given) ? infinity(given) : formatDuration(Math.max(0, given));
}

const byteUnits = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** Bytes as `1.5 MiB`. */
function bytes(value: unknown): string {
  let given = numberOf(value);
  if (given === undefined) return "";
  if (isInfinite(given)) return infinity(given);
  let unit = 0;
  while (Math.abs(given) >= 1_024 && unit < byteUnits.length - 1) {
    given /= 1_024;
    unit += 1;
  }
  return `${unit === 0 ? Math.round(given) : given.toFixed(1)} ${byteUnits[unit]}`;
}

function infinity(value: number): string {
  return value < 0 ? "-∞" : "∞";
}

function numberOf(value: unknown): number | undefined {
  const given = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof given === "number" && Number.isFinite(given) ? given : undefined;
}

/** Filters beside Liquid's own. They take ratios, numbers, milliseconds and bytes. */
export const templateFilters = { percent, number, duration, bytes };
