import type { ValueUnit } from "./evidence.ts";

/** A measured value for people: `8.0%`, `1,234`, `0.035`, `12.5/s`. English notation, whatever the machine's locale. */
export function formatValue(value: number, unit: ValueUnit): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "not a number" : value > 0 ? "infinite" : "minus infinite";
  switch (unit) {
    case "ratio":
      return `${formatShare(value)}%`;
    case "per_second":
      return `${formatNumber(value)}/s`;
    case "number":
      return formatNumber(value);
  }
}

/** One decimal, and two digits that say something where one decimal would say 0.0 or 100.0 of what is neither. */
function formatShare(share: number): string {
  const percent = share * 100;
  const short = percent.toFixed(1);
  if ((short === "0.0" && percent !== 0) || (short === "100.0" && percent !== 100))
    return Number(percent.toPrecision(4)).toString();
  return short;
}

/** Whole numbers whole; others with three digits that count. */
export function formatNumber(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString("en-US");
  if (Math.abs(value) >= 1_000) return Math.round(value).toLocaleString("en-US");
  return Number(value.toPrecision(3)).toLocaleString("en-US", { maximumFractionDigits: 10 });
}
