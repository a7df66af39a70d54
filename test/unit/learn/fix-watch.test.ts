import { expect } from "chai";
import { FixWatch } from "../../../src/learn/fix-watch.ts";
import type { Finding } from "../../../src/model/finding.ts";
import type { VerdictKind } from "../../../src/model/verdict.ts";
import { finding } from "../../contract/store-builders.ts";
import { hour, minute, start } from "./given.ts";

const week = 7 * 24 * hour;

function fixed(overrides: Partial<Finding> = {}): Finding {
  const { memory, ...rest } = finding("checkout");
  return { ...rest, state: "fixed", memory: { ...memory, clear: { ms: 0, at: undefined } }, ...overrides };
}

describe("FixWatch", () => {
  const { fingerprint } = fixed().worst;
  const rule = { id: "checkout", formerly: [] };
  const verdicts: Readonly<Record<string, VerdictKind>> = { ".": "clear", x: "failed", "!": "breached" };

  /** Ticks every minute from `from`; `.` is clear, `x` says nothing, `!` breaches, a blank was no tick. */
  function ticks(watch: FixWatch, marks: string, from = 0): void {
    for (const [index, mark] of [...marks].entries()) {
      const at = start + (from + index) * minute;
      if (mark !== " ") watch.ticked({ fingerprint, at, previous: at - minute, verdict: verdicts[mark] ?? "no_data" });
    }
  }

  const heldMinutes = (watch: FixWatch) => (watch.due(() => minute)[0]?.clear.ms ?? 0) / minute;

  it("sums the steps whose two ends were evaluated clear", () => {
    for (const [marks, minutes] of [
      [".....", 4],
      ["..x..", 2],
      ["..x.x..", 2],
      [".. ..", 2],
      [".x.x.", 0],
    ] as const) {
      const watch = new FixWatch();
      watch.stored([fixed()]);
      ticks(watch, marks);
      expect(heldMinutes(watch), marks).to.equal(minutes);
    }
  });

  it("begins again after a breach, although it did not last, and says so to the store at once", () => {
    const watch = new FixWatch();
    watch.stored([fixed()]);
    ticks(watch, "....!");
    expect(watch.due(() => week)).to.deep.equal([{ groupKey: fixed().groupKey, clear: { ms: 0, at: undefined } }]);
    ticks(watch, "...", 5);
    expect(heldMinutes(watch)).to.equal(2);
  });

  it("counts a tick once, and goes on from what is stored", () => {
    const watch = new FixWatch();
    watch.stored([fixed({ memory: { ...fixed().memory, clear: { ms: 5 * minute, at: start - minute } } })]);
    ticks(watch, "...");
    ticks(watch, "...");
    expect(heldMinutes(watch)).to.equal(8);
  });

  it("is stored once in a hundredth of its time, and at once when that is reached", () => {
    const watch = new FixWatch();
    watch.stored([fixed()]);
    ticks(watch, ".".repeat(60));
    expect(watch.due(() => week)).to.deep.equal([]);
    expect(watch.due(() => undefined)).to.deep.equal([]);
    expect(watch.due(() => hour)).to.deep.equal([
      { groupKey: fixed().groupKey, clear: { ms: 59 * minute, at: start + 59 * minute } },
    ]);
    ticks(watch, ".", 60);
    expect(watch.due(() => week)).to.have.length(1);
    watch.stored([fixed({ memory: { ...fixed().memory, clear: { ms: hour, at: start + hour } } })]);
    expect(watch.due(() => week)).to.deep.equal([]);
  });

  it("watches only what is fixed, by the rule's present and former names", () => {
    const watch = new FixWatch();
    expect(watch.watches(rule)).to.equal(false);
    watch.stored([fixed()]);
    expect(watch.watches(rule)).to.equal(true);
    expect(watch.watches({ id: "renamed", formerly: ["checkout"] })).to.equal(true);
    expect(watch.watches({ id: "other", formerly: [] })).to.equal(false);
    watch.stored([fixed({ state: "regressed" })]);
    expect(watch.watches(rule)).to.equal(false);
    ticks(watch, "...");
    expect(watch.due(() => minute)).to.deep.equal([]);
  });
});
