import type { InfraRequest, ValueUnit } from "../model/evidence.ts";
import { formatValue } from "../model/format.ts";
import { isInfinite } from "../model/infinity.ts";
import { formatLabels } from "../model/labels.ts";
import type { Line, Lines, SeriesPoint } from "../model/query.ts";
import type { Window } from "../model/time.ts";
import { formatDuration } from "../support/duration.ts";

/** A mean that moved by less than this share of itself did not change. */
const sameWithin = 0.1;

interface Means {
  readonly before: number | undefined;
  readonly during: number | undefined;
}

/** `0.31 before, 0.94 in the episode (3.0x)`; of several lines the one that changed the most. Means over the steps. Pure. */
export function infraWords(request: InfraRequest, { lines, more }: Lines, episode: Window): string {
  const measured = lines
    .map((line) => ({ line, means: meansOf(line.points, episode) }))
    .filter(({ means }) => means.before !== undefined || means.during !== undefined);
  const [first] = [...measured].sort((a, b) => distance(b.means) - distance(a.means));
  if (first === undefined) return "no data in this time";
  const words = `${compared(first.means, request)}${perStep(request)}`;
  const named = isAlone(lines, more) ? words : `${nameOf(first.line)} ${words}`;
  if (isAlone(lines, more)) return named;
  const others = measured.filter(({ line }) => line !== first.line);
  const same = others.filter(({ means }) => !changed(means)).length;
  const parts = [
    changed(first.means) || others.length === 0 ? named : `none of ${measured.length} changed; ${named}`,
    ...(others.length > 0 && changed(first.means)
      ? [same === others.length ? unchanged(same) : rankOf(first.means, measured.length)]
      : []),
    ...(more > 0 ? [`${more} smaller not drawn`] : []),
  ];
  return parts.join("; ");
}

function unchanged(others: number): string {
  return others === 1 ? "the other did not change" : `the ${others} others did not change`;
}

function rankOf(means: Means, of: number): string {
  return distance(means) > 0 ? `of ${of} this changed the most` : `the largest of ${of}`;
}

/** A single line of a query without `by` needs no name. */
export function isAlone(lines: readonly Line[], more: number): boolean {
  return lines.length === 1 && more === 0 && Object.keys(lines[0]?.labels ?? {}).length === 0;
}

/** `web-3`; with several labels `host=web-3, zone=a`. */
export function nameOf({ labels }: Line): string {
  const values = Object.values(labels);
  return values.length === 1 ? (values[0] ?? "") : formatLabels(labels);
}

function compared({ before, during }: Means, { unit }: InfraRequest): string {
  if (during === undefined) return `${mean(before, unit)} before, no data in the episode`;
  if (before === undefined) return `${mean(during, unit)} in the episode, no data before`;
  const values = `${mean(before, unit)} before, ${mean(during, unit)} in the episode`;
  if (!changed({ before, during })) return `${values}: did not change`;
  const factor = during / before;
  const tells = Number.isFinite(factor) && factor > 0 && !isInfinite(during) && !isInfinite(before);
  return tells ? `${values} (${times(factor)})` : values;
}

/** No mean is known to more than three digits. */
function mean(value: number | undefined, unit: ValueUnit): string {
  if (value === undefined || isInfinite(value)) return formatValue(value, unit);
  return formatValue(Number(value.toPrecision(3)), unit);
}

/** A count is one of a step. */
function perStep({ ask, stepMs }: InfraRequest): string {
  if ("refused" in ask || "promql" in ask) return "";
  const { kind } = ask.measure;
  return kind === "count" || kind === "sum" || kind === "unique" ? `, per ${formatDuration(stepMs)}` : "";
}

function times(factor: number): string {
  return `${formatValue(factor, "number") === "0" ? "under 0.001" : factor >= 100 ? Math.round(factor) : factor.toPrecision(2)}x`;
}

function changed({ before, during }: Means): boolean {
  if (before === undefined || during === undefined) return true;
  return Math.abs(during - before) > sameWithin * Math.max(Math.abs(before), Math.abs(during));
}

/** How many times as large or as small; what came from nothing or went is the farthest. */
function distance({ before, during }: Means): number {
  if (before === undefined || during === undefined) return 0;
  const [small, large] = [Math.min(Math.abs(before), Math.abs(during)), Math.max(Math.abs(before), Math.abs(during))];
  if (large === 0) return 0;
  return small === 0 ? Number.MAX_VALUE : large / small;
}

function meansOf(points: readonly SeriesPoint[], episode: Window): Means {
  return {
    before: meanOf(points.filter(({ at }) => at < episode.from)),
    during: meanOf(points.filter(({ at }) => at >= episode.from && at < episode.to)),
  };
}

function meanOf(points: readonly SeriesPoint[]): number | undefined {
  const values = points.flatMap(({ value }) => (value === undefined || !Number.isFinite(value) ? [] : [value]));
  const endless = values.find(isInfinite);
  if (endless !== undefined) return endless;
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}
