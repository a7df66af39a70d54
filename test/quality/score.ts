import type { LabelledSeries } from "./nab.ts";
import type { Detector, FiledTicket } from "./run-quality.ts";
import { learningPoints } from "./signals.ts";

const week = 7 * 86_400_000;

/** How well tickets tell what people marked. */
export interface Quality {
  readonly windows: number;
  /** Windows in which the first tick of an alert lies. */
  readonly found: number;
  /** Tickets in a window beyond its first. */
  readonly repeated: number;
  /** Tickets outside all windows. */
  readonly falseTickets: number;
  /** Time that was judged, in weeks. */
  readonly weeks: number;
  /** From the start of each window that was found to its ticket; sum, in milliseconds. */
  readonly delayMs: number;
}

/** Of one detector on one series, after the first tenth, in which nothing is marked and all of them learn. */
export function scoreSeries(
  { name, points, windows }: LabelledSeries,
  detector: Detector,
  tickets: readonly FiledTicket[],
): Quality {
  const from = points[learningPoints(points)]?.at ?? 0;
  const own = tickets.filter((each) => each.series === name && each.detector === detector && each.at >= from);
  const first = new Map<object, number>();
  let [repeated, falseTickets] = [0, 0];
  for (const { at } of own) {
    const window = windows.find((each) => at >= each.from && at <= each.to);
    if (window === undefined) falseTickets += 1;
    else if (first.has(window)) repeated += 1;
    else first.set(window, at - window.from);
  }
  const delayMs = [...first.values()].reduce((sum, delay) => sum + delay, 0);
  const weeks = ((points.at(-1)?.at ?? from) - from) / week;
  return { windows: windows.length, found: first.size, repeated, falseTickets, weeks, delayMs };
}

/** Of several series together. */
export function sumQuality(all: readonly Quality[]): Quality {
  const sum = (member: keyof Quality) => all.reduce((total, each) => total + each[member], 0);
  return {
    windows: sum("windows"),
    found: sum("found"),
    repeated: sum("repeated"),
    falseTickets: sum("falseTickets"),
    weeks: sum("weeks"),
    delayMs: sum("delayMs"),
  };
}
