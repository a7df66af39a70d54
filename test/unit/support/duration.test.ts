import { expect } from "chai";
import { formatDuration, parseDuration } from "../../../src/support/duration.ts";

describe("durations", () => {
  for (const [text, ms] of [
    ["90s", 90_000],
    ["5m", 300_000],
    ["1h30m", 5_400_000],
    ["7d", 604_800_000],
    ["4w", 2_419_200_000],
    ["250ms", 250],
    ["0s", 0],
  ] as const) {
    it(`reads ${text}`, () => expect(parseDuration(text)).to.equal(ms));
  }

  for (const text of ["", "5", "5 m", "m5", "5min", "-5m", "1.5h", "99999999999999w"]) {
    it(`reads nothing from "${text}"`, () => expect(parseDuration(text)).to.equal(undefined));
  }

  for (const [ms, text] of [
    [15_000, "15 s"],
    [2_400_000, "40 min"],
    [5_400_000, "1 h 30 min"],
    [3_600_000, "1 h"],
    [183_600_000, "2 d 3 h"],
    [86_400_000 + 60_000, "1 d"],
    [999, "999 ms"],
    [0, "0 ms"],
  ] as const) {
    it(`writes ${ms} ms as ${text}`, () => expect(formatDuration(ms)).to.equal(text));
  }
});
