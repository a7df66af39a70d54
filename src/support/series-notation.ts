import { BackfeedError } from "./errors.ts";

/** What a series says at one tick: a number, nothing, or that the query failed. */
export type Point = number | undefined | "failed";

const longest = 100_000;
const number = String.raw`[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?`;
const step = String.raw`(?<sign>[+-])(?<step>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)`;
const item = new RegExp(`^(?:(?<start>${number})(?:(?:${step})?x(?<times>\\d+))?|(?<mark>[_!])(?:x(?<marks>\\d+))?)$`);

/**
 * Reads promtool's notation of a series, one value a tick: `3`, `1+2x3` (1 3 5 7), `9-3x2` (9 6 3), `4x2` (4 4 4: n + 1
 * values, as in promtool), `_` no data, `_x3` three times no data, and our own `!` failed query, `!x3` three of them.
 * Throws `rule` with the faulty item; at most 100,000 values.
 */
export function parseNotation(text: string): readonly Point[] {
  const points: Point[] = [];
  for (const word of text.trim().split(/\s+/)) {
    if (word === "") continue;
    const parts = item.exec(word)?.groups;
    if (parts === undefined) {
      const known = 'write numbers, "a+bxn", "axn", "_" (no data) or "!" (failed query)';
      throw new BackfeedError("rule", `"${word}" is no series value: ${known}`);
    }
    const times = parts["mark"] === undefined ? Number(parts["times"] ?? 0) + 1 : Number(parts["marks"] ?? 1);
    if (points.length + times > longest) {
      throw new BackfeedError("rule", `"${word}" makes the series longer than ${longest} values`);
    }
    const start = Number(parts["start"]);
    const by = parts["step"] === undefined ? 0 : Number(parts["step"]) * (parts["sign"] === "-" ? -1 : 1);
    for (let index = 0; index < times; index++) {
      if (parts["mark"] === "_") points.push(undefined);
      else points.push(parts["mark"] === "!" ? "failed" : start + by * index);
    }
  }
  return points;
}
