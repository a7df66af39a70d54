import { readFile } from "node:fs/promises";
import { z } from "zod";
import { type MetricPoint, readMetricSeries, sharedDataFile } from "../support/data.ts";
import { ServiceMissing } from "../support/services/service-missing.ts";

const minute = 60_000;

/** A series of the NAB collection with the times that people marked as anomalous. */
export interface LabelledSeries {
  readonly name: string;
  readonly stepMs: number;
  /** At multiples of the step, the first of each; gaps are gaps. */
  readonly points: readonly MetricPoint[];
  /** In which an alert is right: of points, both ends included. */
  readonly windows: readonly { readonly from: number; readonly to: number }[];
}

const labelsFile = z.record(z.string(), z.array(z.tuple([z.string(), z.string()])));

/** Those that are not one value each five minutes. */
const otherSteps: Readonly<Record<string, number>> = {
  "realKnownCause/nyc_taxi.csv": 30 * minute,
  "realKnownCause/ambient_temperature_system_failure.csv": 60 * minute,
};

/** All series that are there, by name. Throws `ServiceMissing` where the collection is not beside the project. */
export async function readLabelledSeries(): Promise<readonly LabelledSeries[]> {
  const path = sharedDataFile("nab/labels/combined_windows.json");
  if (path === undefined) throw new ServiceMissing("../shared/data/nab is absent: the labelled series are not there");
  const labels = labelsFile.parse(JSON.parse(await readFile(path, "utf8")));
  const series: LabelledSeries[] = [];
  for (const [name, marked] of Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const file = [name, `${name}.gz`].find((each) => sharedDataFile(`nab/data/${each}`) !== undefined);
    if (file === undefined) continue;
    const stepMs = otherSteps[name] ?? 5 * minute;
    const bySlot = new Map<number, number>();
    for (const { at, value } of await readMetricSeries(file)) {
      const slot = slotOf(at, stepMs);
      if (!bySlot.has(slot)) bySlot.set(slot, value);
    }
    series.push({
      name,
      stepMs,
      points: [...bySlot].map(([at, value]) => ({ at, value })),
      windows: marked.map(([from, to]) => ({ from: slotOf(instantOf(from), stepMs), to: instantOf(to) })),
    });
  }
  return series;
}

function instantOf(text: string): number {
  return Date.parse(`${text.slice(0, 19).replace(" ", "T")}Z`);
}

function slotOf(at: number, stepMs: number): number {
  return Math.floor(at / stepMs) * stepMs;
}
