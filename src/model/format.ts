import type { ValueUnit } from "./evidence.ts";
import { isInfinite } from "./infinity.ts";

/** A value for people: `8.0%`, `1,234`, `12.5/s`, `14.4x`; `∞` for infinity, `no data` for none. Ratios come as 0..1. The same text on every machine. */
export function formatValue(value: number | undefined, unit: ValueUnit): string {
  if (value === undefined || !Number.isFinite(value)) return "no data";
  if (isInfinite(value)) return value < 0 ? "-∞" : "∞";
  switch (unit) {
    case "ratio":
      return formatPercent(value);
    case "number":
      return formatNumber(value);
    case "per_second":
      return `${formatNumber(value)}/s`;
    case "times":
      return `${formatNumber(value)}x`;
  }
}

/** `8.0%`, `0.12%`, `99.97%`, `100%`: small shares and near misses of 100 % keep the digits that tell them apart. */
function formatPercent(ratio: number): string {
  const percent = ratio * 100;
  const size = Math.abs(percent);
  if (size === 0 || size === 100) return `${percent === 0 ? 0 : percent}%`;
  if (size > 99 && size < 100) return `${cutDown(percent, 100 - size < 0.01 ? 4 : 2)}%`;
  if (size >= 1) return `${grouped(percent, 1)}%`;
  return `${grouped(percent, fractionFor(size, 2))}%`;
}

/** `1,234`, `1,234.5`, `12.5`, `0.034`: at least three significant digits, no trailing zeros, thousands grouped. */
function formatNumber(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 1e15 || size < 1e-6)
    return value
      .toPrecision(3)
      .replace(/\.?0+e/, "e")
      .replace("e+", "e");
  if (Number.isInteger(value)) return grouped(value, 0);
  return trimZeros(grouped(value, size >= 1_000 ? 1 : size >= 1 ? 2 : fractionFor(size, 3)));
}

/** For the labels of an axis, where room is short: `1.2k`, `3M`, `5%`. */
export function formatShort(value: number, unit: ValueUnit): string {
  if (unit === "ratio") return `${trimZeros(grouped(value * 100, Math.abs(value) < 0.1 ? 2 : 1))}%`;
  const suffix = { number: "", per_second: "/s", times: "x" }[unit];
  const size = Math.abs(value);
  for (const [letter, scale] of [
    ["G", 1e9],
    ["M", 1e6],
    ["k", 1e3],
  ] as const) {
    if (size >= scale) return `${trimZeros(grouped(value / scale, 2))}${letter}${suffix}`;
  }
  return `${formatNumber(value)}${suffix}`;
}

/** Decimal places that leave this many significant digits of a number under 1. */
function fractionFor(size: number, digits: number): number {
  return Math.min(20, digits - 1 - Math.floor(Math.log10(size)));
}

function grouped(value: number, fraction: number): string {
  const [whole = "", decimals] = value.toFixed(fraction).split(".");
  const withCommas = whole.replace(/\B(?=(?:\d{3})+$)/g, ",");
  const text = decimals === undefined ? withCommas : `${withCommas}.${decimals}`;
  return /^-[0.,]*$/.test(text) ? text.slice(1) : text;
}

/** Never rounds up, so that 99.999 % does not read as 100 %. */
function cutDown(value: number, fraction: number): string {
  const scale = 10 ** fraction;
  return trimToOne((Math.trunc(value * scale + Math.sign(value) * 1e-6) / scale).toFixed(fraction));
}

function trimToOne(text: string): string {
  return text.replace(/(\.\d\d*?)0+$/, "$1");
}

function trimZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}
