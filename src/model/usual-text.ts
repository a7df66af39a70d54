import type { Usual } from "./baseline.ts";
import type { ValueUnit } from "./evidence.ts";
import { formatValue } from "./format.ts";

/** `usual 120 to 180 on Mondays at 10:00 UTC, 9.3 deviations above`. The same text on every machine. */
export function usualText(usual: Usual, value: number | undefined, unit: ValueUnit): string {
  const { low, high, median, deviation, time } = usual;
  const [from, to] = [formatValue(low, unit), formatValue(high, unit)];
  const range = from === to ? formatValue(median, unit) : `${from} to ${to}`;
  const parts = [`usual ${range}${time === undefined ? "" : ` ${time}`}`];
  if (value !== undefined && value !== median) {
    const side = value > median ? "above" : "below";
    if (deviation > 0) parts.push(`${formatValue(Math.abs(value - median) / deviation, "number")} deviations ${side}`);
    else if (median !== 0) parts.push(`${formatValue(Math.abs(value / median - 1), "ratio")} ${side}`);
  }
  return parts.join(", ");
}
