import { expect } from "chai";
import type { InfraRequest } from "../../../src/model/evidence.ts";
import { infinite } from "../../../src/model/infinity.ts";
import type { Lines } from "../../../src/model/query.ts";
import { infraWords } from "../../../src/triage/infra-words.ts";

const minute = 60_000;
const episode = { from: 3 * minute, to: 6 * minute };
const query = {
  target: "t",
  where: {},
  filters: [],
  measure: { kind: "avg", field: "cpu" },
  by: [],
  maxGroups: 1,
} as const;
const request: InfraRequest = {
  title: "CPU",
  source: "metrics",
  unit: "number",
  window: { from: 0, to: 6 * minute },
  stepMs: minute,
  ask: query,
};

const points = (...values: readonly (number | undefined)[]) => values.map((value, at) => ({ at: at * minute, value }));
const line = (labels: Record<string, string>, before: number, during: number) => ({
  labels,
  points: points(before, before, before, during, during, during),
});
const one = (...values: readonly (number | undefined)[]): Lines => ({
  lines: [{ labels: {}, points: points(...values) }],
  more: 0,
});
const words = (found: Lines, of: Partial<InfraRequest> = {}) => infraWords({ ...request, ...of }, found, episode);

describe("words of an infrastructure signal", () => {
  it("compare the mean of before with that of the episode", () => {
    expect(words(one(0.3, 0.31, 0.32, 0.9, 0.94, 0.98))).to.equal("0.31 before, 0.94 in the episode (3.0x)");
    expect(words(one(100, 100, 100, 50, 50, 50))).to.equal("100 before, 50 in the episode (0.50x)");
    expect(words(one(25_786_634.7, 25_786_634.7, 25_786_634.7, 4_502_034, 4_502_034, 4_502_034))).to.match(
      /^25,800,000 before, 4,500,000 in the episode/,
    );
    expect(words(one(1, 1, 1, 700, 700, 700))).to.equal("1 before, 700 in the episode (700x)");
  });

  it("say that it did not change, within a tenth of itself", () => {
    expect(words(one(0.31, 0.31, 0.31, 0.32, 0.32, 0.32))).to.match(/: did not change$/);
    expect(words(one(0, 0, 0, 0, 0, 0))).to.equal("0 before, 0 in the episode: did not change");
    expect(words(one(1, 1, 1, 1.2, 1.2, 1.2))).to.match(/\(1\.2x\)$/);
  });

  it("divide nothing by nothing, and name what is missing of the two", () => {
    expect(words(one(0, 0, 0, 12, 12, 12))).to.equal("0 before, 12 in the episode");
    expect(words(one(-1, -1, -1, 2, 2, 2))).to.equal("-1 before, 2 in the episode");
    expect(words(one(undefined, undefined, undefined, 5))).to.equal("5 in the episode, no data before");
    expect(words(one(5, 5, 5))).to.equal("5 before, no data in the episode");
    expect(words(one(undefined, Number.NaN))).to.equal("no data in this time");
    expect(words({ lines: [], more: 0 })).to.equal("no data in this time");
  });

  it("are those of the measure's unit, and of a step where that is what was counted", () => {
    expect(words(one(0.1, 0.1, 0.1, 0.5, 0.5, 0.5), { unit: "ratio" })).to.equal(
      "10.0% before, 50.0% in the episode (5.0x)",
    );
    expect(words(one(1, 1, 1, 5, 5, 5), { ask: { ...query, measure: { kind: "count" } } })).to.equal(
      "1 before, 5 in the episode (5.0x), per 1 min",
    );
  });

  it("of several lines name the one that changed the most, and say what of the others", () => {
    const quiet = [line({ host: "web-1" }, 1, 1), line({ host: "web-2" }, 9, 9)];
    const hot = line({ host: "web-3" }, 0.3, 0.9);
    expect(words({ lines: [...quiet, hot], more: 0 })).to.equal(
      "web-3 0.3 before, 0.9 in the episode (3.0x); the 2 others did not change",
    );
    expect(words({ lines: [...quiet.slice(1), hot], more: 0 })).to.match(/; the other did not change$/);
    expect(words(one(5, 5, 5, infinite, 5, 5))).to.equal("5 before, ∞ in the episode");
    expect(words({ lines: [hot, line({ host: "web-4" }, 1, 2)], more: 7 })).to.equal(
      "web-3 0.3 before, 0.9 in the episode (3.0x); of 2 this changed the most; 7 smaller not drawn",
    );
    const young = ["a", "b"].map((host) => ({ labels: { host }, points: points(undefined, undefined, undefined, 5) }));
    expect(words({ lines: young, more: 0 })).to.equal("a 5 in the episode, no data before; the largest of 2");
    expect(words({ lines: quiet, more: 0 })).to.match(/^none of 2 changed; web-1 1 before/);
    expect(words({ lines: [line({ host: "a", zone: "eu" }, 1, 4)], more: 0 })).to.equal(
      "host=a, zone=eu 1 before, 4 in the episode (4.0x)",
    );
  });
});
