import { expect } from "chai";
import { type Evaluated, evaluate } from "../../../src/detect/evaluate.ts";
import { infinite } from "../../../src/model/infinity.ts";
import type { Measure, Observation } from "../../../src/model/query.ts";
import type { Limits, Until, When } from "../../../src/model/rule.ts";

const modifiers = { forMs: 0, minEvents: 0, minBadEvents: 0 };
const threshold = (limits: { above?: number; below?: number }, more: Partial<typeof modifiers> = {}): When => ({
  form: "threshold",
  ...limits,
  ...modifiers,
  ...more,
});
const change = (limits: { up?: number; down?: number; floor?: number }): When => ({
  form: "change",
  versus: "previous",
  floor: 0,
  ...limits,
  ...modifiers,
});

function limitsOf(when: When, until: Until = { forMs: 0 }): Limits {
  return { when, until, severity: "warning", owner: "default" };
}

function seen(value: number | undefined, events = value ?? 0, badEvents?: number): Observation {
  return { labels: {}, value, events, ...(badEvents === undefined ? {} : { badEvents }) };
}

const count: Measure = { kind: "count" };
const mean: Measure = { kind: "avg", field: "duration" };
const ratio: Measure = { kind: "ratio", bad: "status:500" };

function verdict(overrides: Partial<Evaluated>) {
  return evaluate({
    measure: count,
    limits: limitsOf(threshold({ above: 10 })),
    noData: "keep",
    state: "inactive",
    current: undefined,
    stale: false,
    ...overrides,
  });
}

describe("evaluate", () => {
  describe("above and below", () => {
    it("is breached strictly over `above`, and not at it", () => {
      expect(verdict({ current: seen(11) }).kind).to.equal("breached");
      expect(verdict({ current: seen(10) }).kind).to.equal("clear");
    });

    it("is breached strictly under `below`, and not at it", () => {
      const limits = limitsOf(threshold({ below: 5 }));
      expect(verdict({ limits, current: seen(4) }).kind).to.equal("breached");
      expect(verdict({ limits, current: seen(5) }).kind).to.equal("clear");
    });

    it("takes infinity for a value over every limit, and the verdict is one that can be stored", () => {
      const measure: Measure = { kind: "promql", expression: "x", isShare: false };
      const over = verdict({ measure, current: seen(infinite, 1) });
      expect(over).to.include({ kind: "breached", value: infinite });
      const below = limitsOf(threshold({ below: 5 }));
      expect(verdict({ measure, limits: below, current: seen(-infinite, 1) }).kind).to.equal("breached");
      const rise = limitsOf(change({ up: 3 }));
      const from = (reference: number) =>
        verdict({ measure, limits: rise, current: seen(infinite, 1), reference: seen(reference, 1) });
      expect(from(2)).to.include({ kind: "breached", threshold: 6 });
      expect(from(infinite)).to.include({ kind: "clear", threshold: infinite });
      for (const each of [over, from(2), from(infinite)]) expect(JSON.parse(JSON.stringify(each))).to.deep.equal(each);
    });

    it("with both is breached outside and names the side", () => {
      const limits = limitsOf(threshold({ above: 10, below: 5 }));
      expect(verdict({ limits, current: seen(11) })).to.include({
        kind: "breached",
        direction: "above",
        threshold: 10,
      });
      expect(verdict({ limits, current: seen(4) })).to.include({ kind: "breached", direction: "below", threshold: 5 });
      expect(verdict({ limits, current: seen(7) }).kind).to.equal("clear");
    });

    it("is between when neither `when` nor `until` holds", () => {
      const limits = limitsOf(threshold({ above: 10 }), { below: 5, forMs: 0 });
      expect(verdict({ limits, current: seen(7) }).kind).to.equal("between");
      expect(verdict({ limits, current: seen(5) }).kind).to.equal("between");
      expect(verdict({ limits, current: seen(4) }).kind).to.equal("clear");
    });
  });

  describe("of nothing", () => {
    it("takes the count, rate, sum and number of distinct values as 0", () => {
      for (const measure of [
        count,
        { kind: "rate" },
        { kind: "sum", field: "x" },
        { kind: "unique", field: "x" },
      ] as Measure[]) {
        expect(verdict({ measure, limits: limitsOf(threshold({ below: 1 })) })).to.include({
          kind: "breached",
          value: 0,
        });
      }
    });

    it("gives no data for means, percentiles, extremes and ratios", () => {
      const others: Measure[] = [
        mean,
        { kind: "min", field: "x" },
        { kind: "percentile", field: "x", percent: 95 },
        ratio,
      ];
      for (const measure of others) expect(verdict({ measure }).kind).to.equal("no_data");
    });

    it("does as `no_data` says", () => {
      expect(verdict({ measure: mean, noData: "breach" })).to.include({
        kind: "breached",
        reason: "no_data_is_breach",
      });
      expect(verdict({ measure: mean, noData: "clear" })).to.include({ kind: "clear", reason: "no_data_is_clear" });
    });

    it("gives no data where events had no value to take the mean of", () => {
      expect(verdict({ measure: mean, current: seen(undefined, 12) }).kind).to.equal("no_data");
    });
  });

  describe("floors", () => {
    const limits = limitsOf(threshold({ above: 0.05 }, { minBadEvents: 20 }), { below: 0.02, forMs: 0 });

    it("keep a ratio of few bad events from firing", () => {
      const current = seen(0.5, 20, 10);
      expect(verdict({ measure: ratio, limits, current })).to.include({ kind: "clear", reason: "below_floor" });
      expect(verdict({ measure: ratio, limits, current, state: "pending" }).kind).to.equal("clear");
    });

    it("keep a firing alert from recovering while it is still bad", () => {
      const current = seen(0.5, 20, 10);
      expect(verdict({ measure: ratio, limits, current, state: "firing" })).to.include({
        kind: "between",
        reason: "below_floor",
      });
      expect(verdict({ measure: ratio, limits, current, state: "recovering" }).kind).to.equal("between");
    });

    it("do not keep a firing alert from recovering when it is well", () => {
      expect(verdict({ measure: ratio, limits, current: seen(0.001, 1_000, 1), state: "firing" }).kind).to.equal(
        "clear",
      );
    });

    it("are on bad events and never on traffic: a total outage of a quiet route counts", () => {
      expect(verdict({ measure: ratio, limits, current: seen(1, 20, 20) }).kind).to.equal("breached");
    });

    it("of events hold for means and percentiles", () => {
      const slow = limitsOf(threshold({ above: 100 }, { minEvents: 5 }));
      expect(verdict({ measure: mean, limits: slow, current: seen(200, 4) })).to.include({
        kind: "clear",
        reason: "below_floor",
      });
      expect(verdict({ measure: mean, limits: slow, current: seen(200, 5) }).kind).to.equal("breached");
    });
  });

  describe("baseline", () => {
    const usual = { median: 100, deviation: 5, low: 95, high: 105, season: "week", values: 20 } as const;
    const baseline = (parts: Partial<Extract<When, { form: "baseline" }>> = {}): Limits =>
      limitsOf({
        form: "baseline",
        historyMs: 0,
        season: "week",
        deviations: 6,
        direction: "both",
        minChange: 0.1,
        ...modifiers,
        ...parts,
      });
    const of = (
      value: number,
      parts: Partial<Extract<When, { form: "baseline" }>> = {},
      more: Partial<Evaluated> = {},
    ) => verdict({ measure: mean, limits: baseline(parts), current: seen(value, 1), usual, ...more });

    it("is breached strictly farther from the median than so many deviations, on either side", () => {
      expect([of(131), of(130), of(70), of(69)].map(({ kind }) => kind)).to.deep.equal([
        "breached",
        "clear",
        "clear",
        "breached",
      ]);
      expect(of(131)).to.deep.include({ value: 131, threshold: 130, direction: "above", usual });
      expect(of(69)).to.deep.include({ value: 69, threshold: 70, direction: "below", usual });
      expect([of(101), of(99)].map(({ threshold: limit }) => limit)).to.deep.equal([130, 70]);
    });

    it("is breached on the side that was asked for alone", () => {
      expect([of(131, { direction: "up" }), of(69, { direction: "up" })].map(({ kind }) => kind)).to.deep.equal([
        "breached",
        "clear",
      ]);
      expect([of(131, { direction: "down" }), of(69, { direction: "down" })].map(({ kind }) => kind)).to.deep.equal([
        "clear",
        "breached",
      ]);
    });

    it("needs the share of the median, too, and nothing else where all values were the same", () => {
      const same = { usual: { ...usual, deviation: 0 } };
      expect([of(110, {}, same), of(110.1, {}, same)].map(({ kind }) => kind)).to.deep.equal(["clear", "breached"]);
      expect(of(131, { minChange: 0.5 }).kind).to.equal("clear");
      expect(of(-131, {}, { usual: { ...usual, median: -100 } }).kind).to.equal("breached");
    });

    it("is no data while too little is known, and what the rule makes of no data", () => {
      const unknown = of(131, {}, { usual: undefined });
      expect(unknown).to.deep.include({ kind: "no_data", reason: "too_little_history", value: 131 });
      expect(of(131, {}, { usual: undefined, noData: "clear" }).kind).to.equal("clear");
    });

    it("is failed, not breached above, of a stale source", () => {
      expect(verdict({ limits: baseline(), current: seen(500), usual, stale: true }).kind).to.equal("failed");
      const down = baseline({ direction: "down" });
      expect(verdict({ limits: down, current: seen(5), usual, stale: true }).kind).to.equal("breached");
    });
  });

  describe("change", () => {
    it("is breached beyond the factor up, strictly", () => {
      const limits = limitsOf(change({ up: 3 }));
      expect(verdict({ limits, current: seen(31), reference: seen(10) })).to.include({
        kind: "breached",
        threshold: 30,
        reference: 10,
      });
      expect(verdict({ limits, current: seen(30), reference: seen(10) }).kind).to.equal("clear");
    });

    it("is breached beyond the share down, strictly", () => {
      const limits = limitsOf(change({ down: 0.5 }));
      expect(verdict({ limits, current: seen(4), reference: seen(10) })).to.include({
        kind: "breached",
        direction: "below",
      });
      expect(verdict({ limits, current: seen(5), reference: seen(10) }).kind).to.equal("clear");
    });

    it("takes a vanished group as 0 of what it was", () => {
      expect(
        verdict({ limits: limitsOf(change({ down: 0.5 })), reference: seen(10), referenceHadData: true }).kind,
      ).to.equal("breached");
    });

    it("from 0 is up if the source had data then", () => {
      const limits = limitsOf(change({ up: 3 }));
      expect(verdict({ limits, current: seen(5), referenceHadData: true }).kind).to.equal("breached");
      expect(verdict({ limits, current: seen(5), referenceHadData: false })).to.include({
        kind: "no_data",
        reason: "no_reference",
      });
    });

    it("needs the larger of the two at its floor", () => {
      const limits = limitsOf(change({ up: 3, down: 0.5, floor: 50 }));
      expect(verdict({ limits, current: seen(49), reference: seen(1) })).to.include({
        kind: "clear",
        reason: "below_floor",
      });
      expect(verdict({ limits, current: seen(50), reference: seen(1) }).kind).to.equal("breached");
      expect(verdict({ limits, current: seen(1), reference: seen(50) }).kind).to.equal("breached");
    });

    it("without a reference mean is no data", () => {
      expect(verdict({ measure: mean, limits: limitsOf(change({ up: 2 })), current: seen(5, 1) })).to.include({
        kind: "no_data",
        reason: "no_reference",
      });
    });
  });

  describe("absent", () => {
    const limits = limitsOf({ form: "absent", knownForMs: 1, ...modifiers });

    it("is breached when nothing was reported, and clear when anything was", () => {
      expect(verdict({ limits })).to.include({ kind: "breached", reason: "nothing_reported" });
      expect(verdict({ limits, current: seen(1) }).kind).to.equal("clear");
    });

    it("is judged as ever when the source is stale", () => {
      expect(verdict({ limits, stale: true }).kind).to.equal("breached");
    });
  });

  describe("a stale source", () => {
    it("fails `above`, ratios, means and percentiles, so that an ingest stall recovers nothing", () => {
      expect(verdict({ stale: true, current: seen(0) })).to.include({ kind: "failed", reason: "stale" });
      expect(verdict({ stale: true, current: seen(11) })).to.include({ kind: "failed", reason: "stale" });
      expect(verdict({ stale: true, measure: ratio, current: seen(0.5, 10, 5) }).kind).to.equal("failed");
      expect(
        verdict({ stale: true, measure: mean, limits: limitsOf(threshold({ below: 5 })), current: seen(1, 9) }).kind,
      ).to.equal("failed");
    });

    it("leaves `below` judged as ever", () => {
      const limits = limitsOf(threshold({ below: 5 }));
      expect(verdict({ stale: true, limits, current: seen(1) }).kind).to.equal("breached");
      expect(verdict({ stale: true, limits, current: seen(6) }).kind).to.equal("clear");
    });

    it("leaves a drop judged as ever, and fails a rise", () => {
      const limits = limitsOf(change({ up: 3, down: 0.5 }));
      expect(verdict({ stale: true, limits, current: seen(1), reference: seen(10) }).kind).to.equal("breached");
      expect(verdict({ stale: true, limits, current: seen(90), reference: seen(10) }).kind).to.equal("failed");
    });
  });
});
