import type { EChartsOption, LineSeriesOption } from "echarts";
import type { ValueUnit } from "../../model/evidence.ts";
import { formatShort, formatValue } from "../../model/format.ts";
import type { Window } from "../../model/time.ts";
import { cleanText } from "../../support/clean-text.ts";
import { formatDay, formatTick, niceAxis, timeTicks } from "./axis.ts";
import { type ChartLine, type ChartPoint, type ChartSpec, maxLines, maxMarks } from "./chart-spec.ts";
import { infiniteAtEdge } from "./infinite-points.ts";

/** Opaque colours only: the renderer draws transparent areas opaque. Chosen to be told apart also without red and green. */
const palette = {
  text: "#1f2937",
  muted: "#6b7280",
  grid: "#e5e7eb",
  axis: "#9ca3af",
  measured: "#1d4ed8",
  threshold: "#b91c1c",
  episode: "#fdecea",
  mark: "#6d28d9",
  others: ["#b45309", "#0f766e", "#7c3aed", "#4b5563"],
} as const;

const maxTitle = 100;
const maxLineTitle = 30;
const maxMarkLabel = 24;
/** Of lines of one kind, of which five stand side by side: characters, and pixels. */
const maxKindTitle = 20;
const kindTitleWidth = 134;

/** The chart as ECharts options. Pure: the same spec gives the same options. */
export function chartOption(given: ChartSpec): EChartsOption {
  const spec = infiniteAtEdge(given);
  const lines = (spec.lines ?? []).slice(0, maxLines);
  const window = spec.window ?? spanOf([spec.series, ...lines.map((line) => line.points)]);
  const rightUnit = lines.find((line) => line.unit !== spec.unit)?.unit;
  const left = lines.filter((line) => line.unit === spec.unit).map((line) => line.points);
  const right = lines.filter((line) => line.unit !== spec.unit).map((line) => line.points);
  const ticks = timeTicks(window);
  const several = spec.several === true;
  const compared = referenceLines(spec);
  const below = several || compared.length > 0;
  const name = oneLine(spec.seriesTitle ?? "measured", several ? maxKindTitle : maxLineTitle);
  const measured = lineSeries(several ? `1: ${name}` : name, spec.series, palette.measured, 0);
  return {
    animation: false,
    useUTC: true,
    backgroundColor: "#ffffff",
    textStyle: { fontFamily: "Inter", color: palette.text },
    title: {
      text: oneLine(spec.title, maxTitle),
      subtext: subtitle(given, window),
      left: 20,
      top: 12,
      itemGap: 6,
      textStyle: { fontFamily: "Inter", fontSize: 16, fontWeight: 600, color: palette.text },
      subtextStyle: { fontFamily: "Inter", fontSize: 12, color: palette.muted },
    },
    ...(below ? { legend: legendBelow() } : lines.length === 0 ? {} : { legend: legend() }),
    grid: { left: 64, right: rightUnit === undefined ? 28 : 64, top: below ? 98 : 76, bottom: 36 },
    xAxis: {
      type: "time",
      min: window.from,
      max: window.to,
      axisLine: { lineStyle: { color: palette.axis } },
      axisTick: { show: true, lineStyle: { color: palette.axis }, customValues: ticks.at },
      axisLabel: {
        customValues: ticks.at,
        color: palette.muted,
        fontSize: 12,
        hideOverlap: true,
        formatter: (value: number) => formatTick(value, ticks.stepMs),
      },
      splitLine: { show: false },
    },
    yAxis: [
      valueAxis([spec.series, ...left], spec.unit, limitsOnAxis(spec), "left"),
      ...(rightUnit === undefined ? [] : [valueAxis(right, rightUnit, [], "right")]),
    ],
    series: [
      { ...measured, z: 4, ...marks(spec, window) },
      ...compared,
      ...lines.map((line, place) => otherLine(line, place, spec.unit, several)),
    ],
  };
}

/** Numbered, since two titles may look alike. Of one kind with the first they are drawn as it is, else dashed. */
function otherLine(line: ChartLine, place: number, unit: ValueUnit, several: boolean): LineSeriesOption {
  const title = `${place + (several ? 2 : 1)}: ${oneLine(line.title, several ? maxKindTitle : maxLineTitle)}`;
  const colour = palette.others[place % palette.others.length] ?? palette.muted;
  const series = lineSeries(title, line.points, colour, line.unit === unit ? 0 : 1);
  return several ? series : { ...series, lineStyle: { color: colour, width: 1.5, type: [5, 3] } };
}

/** What was measured earlier, in grey, and the limits that follow it, under the measured line. */
function referenceLines({ reference }: ChartSpec): readonly LineSeriesOption[] {
  if (reference === undefined) return [];
  const { title, points, limits } = reference;
  const earlier = lineSeries(oneLine(title, maxLineTitle), points, palette.muted, 0);
  return [
    { ...earlier, z: 3, lineStyle: { color: palette.muted, width: 1.5, type: [5, 3] } },
    ...limits.map((limit): LineSeriesOption => {
      const followed = lineSeries(
        oneLine(limit.title, maxLineTitle),
        multiplied(points, limit.factor),
        palette.threshold,
        0,
      );
      return { ...followed, z: 3, lineStyle: { color: palette.threshold, width: 1.5, type: [6, 4] } };
    }),
  ];
}

function multiplied(points: readonly ChartPoint[], factor: number): readonly ChartPoint[] {
  return points.map(({ at, value }) => ({ at, value: typeof value === "number" ? value * factor : value }));
}

/** Limits that the axis has room for. A multiple far over everything measured is cut off, or it alone would be seen. */
function limitsOnAxis({ series, threshold, reference }: ChartSpec): readonly number[] {
  if (reference === undefined) return threshold === undefined ? [] : [threshold];
  const earlier = finiteValues(reference.points);
  const highest = Math.max(0, ...finiteValues(series), ...earlier) * 1.5;
  const limits = reference.limits.flatMap(({ factor }) => finiteValues(multiplied(reference.points, factor)));
  return [...earlier, ...limits.map((limit) => Math.min(limit, highest))];
}

function finiteValues(points: readonly ChartPoint[]): readonly number[] {
  return points.flatMap(({ value }) => (typeof value === "number" && Number.isFinite(value) ? [value] : []));
}

function lineSeries(name: string, points: readonly ChartPoint[], colour: string, axis: number): LineSeriesOption {
  const value = (place: number) => {
    const number = points[place]?.value;
    return typeof number === "number" && Number.isFinite(number) ? number : null;
  };
  return {
    name,
    type: "line",
    yAxisIndex: axis,
    connectNulls: false,
    silent: true,
    showSymbol: true,
    symbol: "circle",
    itemStyle: { color: colour },
    lineStyle: { color: colour, width: 2 },
    data: points.map((point, place) => {
      // A point between two gaps has no line to be seen by.
      const alone = value(place) !== null && value(place - 1) === null && value(place + 1) === null;
      return { value: [point.at, value(place)], symbolSize: alone ? 5 : 0 };
    }),
  };
}

function marks(
  { threshold, reference, episode, unit, marks: named = [] }: ChartSpec,
  window: Window,
): Pick<LineSeriesOption, "markLine" | "markArea"> {
  const from = episode === undefined ? window.to : Math.max(episode.from, window.from);
  const to = episode === undefined ? window.from : Math.min(episode.to, window.to);
  const lines = [
    ...(threshold === undefined || reference !== undefined ? [] : [thresholdLine(threshold, unit)]),
    ...named
      .slice(0, maxMarks)
      .filter(({ at }) => at >= window.from && at <= window.to)
      .map(deployLine),
  ];
  return {
    ...(from >= to
      ? {}
      : {
          markArea: {
            silent: true,
            itemStyle: { color: palette.episode },
            data: [[{ xAxis: from }, { xAxis: to }]],
          },
        }),
    // By default a line is drawn at its value rounded to two digits: 0.5 % would stand at 1 %.
    ...(lines.length === 0 ? {} : { markLine: { silent: true, symbol: "none", precision: -1, data: lines } }),
  };
}

function thresholdLine(threshold: number, unit: ValueUnit) {
  return {
    yAxis: threshold,
    lineStyle: { color: palette.threshold, width: 1.5, type: [6, 4] },
    label: {
      ...markLabel(palette.threshold),
      formatter: () => `threshold ${formatValue(threshold, unit)}`,
      position: "insideStartTop" as const,
    },
  };
}

/** What went out: its name runs up along the line, so that two of the same hour stay apart. */
function deployLine({ at, label }: { readonly at: number; readonly label: string }) {
  return {
    xAxis: at,
    lineStyle: { color: palette.mark, width: 1.5, type: [2, 3] },
    label: {
      ...markLabel(palette.mark),
      formatter: () => oneLine(label, maxMarkLabel),
      position: "insideEndTop" as const,
    },
  };
}

function markLabel(color: string) {
  // Lines may run through the label.
  return { color, fontFamily: "Inter", fontSize: 12, backgroundColor: "#ffffff", padding: [1, 3], borderRadius: 2 };
}

function valueAxis(
  all: readonly (readonly ChartPoint[])[],
  unit: ValueUnit,
  limits: readonly number[],
  position: "left" | "right",
) {
  const values = all.flatMap((points) => points.flatMap(({ value }) => (typeof value === "number" ? [value] : [])));
  const { min, max, interval } = niceAxis([...values, ...limits], unit);
  return {
    type: "value" as const,
    position,
    min,
    max,
    interval,
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: { color: palette.muted, fontSize: 12, formatter: (value: number) => formatShort(value, unit) },
    splitLine: { show: position === "left", lineStyle: { color: palette.grid } },
  };
}

function legend() {
  const textStyle = { fontFamily: "Inter", fontSize: 12, color: palette.muted };
  return { right: 24, top: 36, itemWidth: 22, itemHeight: 8, icon: "rect", textStyle, selectedMode: false } as const;
}

/** A row of its own, each name in a place of one width: the renderer cannot measure the font. */
function legendBelow() {
  const below = { ...legend(), left: 20, right: undefined, top: 62, itemGap: 20 };
  return { ...below, textStyle: { ...below.textStyle, width: kindTitleWidth, overflow: "truncate" } } as const;
}

/** Says what a reader cannot see: the day, the exact extremes, and what the shading means. */
function subtitle(spec: ChartSpec, window: Window): string {
  const { series, unit, episode, several, lines = [], marks: named = [] } = spec;
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const all = several === true ? [series, ...lines.map(({ points }) => points)].flat() : series;
  for (const { value } of all) {
    if (typeof value === "number" && Number.isFinite(value))
      [low, high] = [Math.min(low, value), Math.max(high, value)];
  }
  const [first, last] = [formatDay(window.from), formatDay(Math.max(window.from, window.to - 1))];
  const parts = [
    first === last ? `${first}, UTC` : `${first} to ${last}, UTC`,
    low > high ? "no data in this time" : `lowest ${formatValue(low, unit)}, highest ${formatValue(high, unit)}`,
    ...(episode === undefined ? [] : ["shaded: the episode"]),
    ...(named.length === 0 ? [] : ["dotted: a deploy"]),
  ];
  return parts.join("  ·  ");
}

function spanOf(all: readonly (readonly ChartPoint[])[]): Window {
  const instants = all.flatMap((points) => points.map((point) => point.at));
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const at of instants) [from, to] = [Math.min(from, at), Math.max(to, at)];
  return from < to ? { from, to } : { from: instants[0] ?? 0, to: (instants[0] ?? 0) + 60_000 };
}

/** Two characters that XML cannot hold at all are not control characters. */
function oneLine(text: string, maxLength: number): string {
  return cleanText(text.replace(/[\ufffe\uffff]/g, ""), { maxLength, singleLine: true });
}
