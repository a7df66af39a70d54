import type { ValueUnit } from "../../model/evidence.ts";
import type { Window } from "../../model/time.ts";

/** A point of a line; a value of undefined (or null, after JSON) is a gap. */
export interface ChartPoint {
  readonly at: number;
  readonly value?: number | null | undefined;
}

/** What else to draw, for instance CPU of the machines under a service. Another unit gets the axis on the right. */
export interface ChartLine {
  readonly title: string;
  readonly unit: ValueUnit;
  readonly points: readonly ChartPoint[];
}

/** Another line, dashed in grey, whose points stand where they are compared. */
export interface ChartReferenceLine {
  readonly title: string;
  readonly points: readonly ChartPoint[];
  readonly limits: readonly { readonly title: string; readonly factor: number }[];
}

/** Everything a chart shows, as plain JSON. Texts may be hostile. */
export interface ChartSpec {
  readonly title: string;
  readonly unit: ValueUnit;
  /** Name of the measured line in the legend, which is only shown when there are other lines. */
  readonly seriesTitle?: string;
  /** The lines are of one kind, such as one a host: all are drawn alike and named in the legend, one too. */
  readonly several?: boolean;
  readonly series: readonly ChartPoint[];
  /** The time axis. Default: from the first to the last point. */
  readonly window?: Window | undefined;
  /** A limit that is always the same; not drawn where there is a reference. */
  readonly threshold?: number | undefined;
  /** What the measured line is compared with, and its multiples that are the limits. */
  readonly reference?: ChartReferenceLine | undefined;
  /** Shaded. */
  readonly episode?: Window | undefined;
  /** Vertical lines, each with its name. At most five; more are left out. */
  readonly marks?: readonly { readonly at: number; readonly label: string }[] | undefined;
  /** At most four; more are left out. */
  readonly lines?: readonly ChartLine[] | undefined;
}

export const chartWidth = 900;
export const chartHeight = 320;
/** More points than pixels show nothing more; with more than this the caller took the wrong step. */
export const maxPoints = 5_000;
export const maxLines = 4;
export const maxMarks = 5;
