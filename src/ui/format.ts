import type { ValueUnit } from "../model/evidence.ts";
import type { Alert, Episode } from "./api/answers.ts";

const number = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const moment = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });

const spans = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
] as const;

/** `8.0%`, `1,234`, `12.5/s`, `14.4x`. */
export function formatValue(value: number, unit: ValueUnit): string {
  // What stands for infinity in JSON (model/infinity.ts).
  if (Math.abs(value) >= Number.MAX_VALUE) return value < 0 ? "-∞" : "∞";
  if (unit === "ratio") return formatShare(value);
  return `${number.format(value)}${{ number: "", per_second: "/s", times: "x" }[unit]}`;
}

export function formatShare(share: number): string {
  const percent = share * 100;
  return `${percent.toFixed(percent !== 0 && Math.abs(percent) < 1 ? 2 : 1)}%`;
}

export function formatCount(count: number): string {
  return whole.format(count);
}

/** In the reader's own timezone. */
export function formatMoment(at: number): string {
  return moment.format(at);
}

/** In at most two units: `2 d 3 h`, `40 min`. */
export function formatSpan(ms: number): string {
  const parts: string[] = [];
  let rest = Math.max(0, ms);
  for (const [unit, size] of spans) {
    const amount = Math.floor(rest / size);
    if (amount > 0) parts.push(`${amount} ${unit}`);
    else if (parts.length > 0) break;
    rest -= amount * size;
    if (parts.length === 2) break;
  }
  return parts.length === 0 ? "under 1 min" : parts.join(" ");
}

export function formatAgo(at: number, now: number): string {
  return at > now ? `in ${formatSpan(at - now)}` : `${formatSpan(now - at)} ago`;
}

/** Only a ratio has a bad part; the evidence, once collected, knows better. */
export function unitOf({ verdict }: Alert): ValueUnit {
  if (verdict.burn !== undefined) return "times";
  return verdict.badEvents === undefined ? "number" : "ratio";
}

export function formatLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels);
  return pairs.length === 0 ? "all" : pairs.map(([name, value]) => `${name}=${value}`).join(", ");
}

/** The share of requests that were bad in this episode; undefined where no whole exists. */
export function badShare({ sums }: Episode): number | undefined {
  return sums.total > 0 ? Math.min(1, sums.bad / sums.total) : undefined;
}

/** Cut for places that must stay small; whole titles stand on the finding's page. */
export function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
