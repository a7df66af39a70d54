import { stopwatch } from "../../src/support/clock.ts";
import { readLabelledSeries } from "./nab.ts";
import { detectors, fileTickets } from "./run-quality.ts";
import { type Quality, scoreSeries, sumQuality } from "./score.ts";

/*
 * `npm run quality`: how well `baseline` tells what people marked in real series, beside a fixed limit and a z-score. docs/quality.md
 * says how to read it.
 */

const hour = 3_600_000;
const series = await readLabelledSeries();
const elapsed = stopwatch();
const tickets = await fileTickets(series);

const row = (name: string, cells: readonly string[]) => console.log(`| ${[name, ...cells].join(" | ")} |`);

function cellsOf({ windows, found, repeated, falseTickets, weeks, delayMs }: Quality): readonly string[] {
  const all = found + repeated + falseTickets;
  return [
    `${found} of ${windows}`,
    String(windows - found),
    String(repeated),
    `${falseTickets} (${(falseTickets / weeks).toFixed(2)})`,
    all === 0 ? "-" : `${Math.round((100 * found) / all)}%`,
    found === 0 ? "-" : `${(delayMs / found / hour).toFixed(1)} h`,
  ];
}

const heads = ["found", "missed", "repeated", "false (a week)", "precision", "delay"];
row("series", ["detector", ...heads]);
row("---", ["---", ...heads.map(() => "---")]);
for (const each of series) {
  for (const detector of detectors) row(each.name, [detector, ...cellsOf(scoreSeries(each, detector, tickets))]);
}
console.log("");
row(`all ${series.length} series`, heads);
row(
  "---",
  heads.map(() => "---"),
);
for (const detector of detectors) {
  row(detector, cellsOf(sumQuality(series.map((each) => scoreSeries(each, detector, tickets)))));
}
const [baseline, ...references] = detectors.map((detector) =>
  sumQuality(series.map((each) => scoreSeries(each, detector, tickets))),
);
const isReached = references.every(
  ({ found, falseTickets }) =>
    baseline !== undefined && baseline.found > found && baseline.falseTickets < falseTickets && baseline.repeated === 0,
);
console.log(
  `\nmore windows than either, fewer false tickets, at most one a window: ${isReached ? "reached" : "NOT reached"}`,
);
process.exitCode = isReached ? 0 : 1;
const points = series.reduce((sum, each) => sum + each.points.length, 0);
console.log(`\n${points} values judged by each of ${detectors.length} in ${(elapsed() / 1_000).toFixed(0)} s`);
