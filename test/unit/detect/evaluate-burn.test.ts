import { expect } from "chai";
import fc from "fast-check";
import { type BurnEvaluated, evaluateBurn } from "../../../src/detect/evaluate-burn.ts";
import { budgetSpentBy, burnRate } from "../../../src/model/burn.ts";
import type { Observation } from "../../../src/model/query.ts";
import type { When } from "../../../src/model/rule.ts";
import { burnTierTables } from "../../../src/rules/burn-tiers.ts";
import { day, hour, minute } from "../../../src/support/duration.ts";

const period = 30 * day;
const google: BurnEvaluated["when"] = {
  form: "burn",
  objective: 0.999,
  periodMs: period,
  tiers: burnTierTables.google.tiers,
  forMs: 0,
  minEvents: 0,
  minBadEvents: 0,
};

/** The share of bad events, by the length of the window in minutes; of a million events. */
type Shares = Readonly<Record<number, number | undefined>>;

function windows(shares: Shares): BurnEvaluated["over"] {
  return (windowMs): Observation | undefined => {
    const share = shares[windowMs / minute];
    if (share === undefined) return undefined;
    const events = 1_000_000;
    return { labels: {}, events, badEvents: share * events, value: share };
  };
}

const everywhere = (share: number): Shares =>
  Object.fromEntries([5, 30, 60, 120, 360, 1_440, 4_320].map((length) => [length, share]));

function verdict(shares: Shares, more: Partial<BurnEvaluated> & { readonly burn?: Partial<typeof google> } = {}) {
  const { burn, ...others } = more;
  const when: Extract<When, { form: "burn" }> = { ...google, ...burn };
  return evaluateBurn({ when, until: { forMs: 0 }, state: "inactive", over: windows(shares), ...others });
}

/** `breached 20 > 14.4 (60/5)`. */
function told(result: ReturnType<typeof verdict>): string {
  if (result === "undetermined") return result;
  const { kind, value, threshold, burn, reason } = result;
  const tier = `${(burn?.longMs ?? 0) / minute}/${(burn?.shortMs ?? 0) / minute}`;
  return `${kind} ${value} of ${threshold} (${tier})${reason === undefined ? "" : ` ${reason}`}`;
}

describe("burn rates", () => {
  it("spend the budget of 99.9 % in the times of the SRE Workbook's table 5-4", () => {
    // Error rate, burn rate, time until a budget of 30 days is gone.
    for (const [share, rate, lastsMs] of [
      [0.001, 1, 30 * day],
      [0.002, 2, 15 * day],
      [0.01, 10, 3 * day],
      [1, 1_000, 43.2 * minute],
    ] as const) {
      expect(burnRate(share, 0.999)).to.equal(rate);
      expect(budgetSpentBy(rate, lastsMs, period)).to.be.closeTo(1, 1e-12);
    }
  });

  it("of the table `google` spend the shares of the budget that table 5-8 names", () => {
    const spent = google.tiers.map(({ factor, longMs, shortMs }) => [
      factor,
      longMs / hour,
      shortMs / minute,
      Number(budgetSpentBy(factor, longMs, period).toPrecision(12)),
    ]);
    expect(spent).to.deep.equal([
      [14.4, 1, 5, 0.02],
      [6, 6, 30, 0.05],
      [3, 24, 120, 0.1],
      [1, 72, 360, 0.1],
    ]);
  });

  it("are whole numbers where they are, whatever binary fractions make of 1 - objective", () => {
    expect([burnRate(0.0144, 0.999), burnRate(0.006, 0.999), burnRate(0.003, 0.999)]).to.deep.equal([14.4, 6, 3]);
    expect([burnRate(0.144, 0.99), burnRate(0.0072, 0.9995)]).to.deep.equal([14.4, 14.4]);
  });
});

describe("evaluate burn", () => {
  it("fires a tier strictly over its factor in both windows: error rates of 99.9 % by hand", () => {
    // 14.4, 6, 3 and 1 times 0.1 %; what is over one is over all below it, and the highest speaks.
    for (const [share, expected] of [
      [0.001, "clear 1 of 1 (4320/360)"],
      [0.00101, "breached 1.01 of 1 (4320/360)"],
      [0.003, "breached 3 of 1 (4320/360)"],
      [0.00301, "breached 3.01 of 3 (1440/120)"],
      [0.006, "breached 6 of 3 (1440/120)"],
      [0.00601, "breached 6.01 of 6 (360/30)"],
      [0.0144, "breached 14.4 of 6 (360/30)"],
      [0.01441, "breached 14.41 of 14.4 (60/5)"],
      [1, "breached 1000 of 14.4 (60/5)"],
    ] as const) {
      expect(told(verdict(everywhere(share))), String(share)).to.equal(expected);
    }
  });

  it("does not fire when one of the two windows is at the factor or under it", () => {
    expect(told(verdict({ ...everywhere(0), 60: 0.02, 5: 0.0144 }))).to.equal("clear 14.4 of 14.4 (60/5)");
    expect(told(verdict({ ...everywhere(0), 60: 0.0144, 5: 0.5 }))).to.equal("clear 14.4 of 14.4 (60/5)");
    expect(told(verdict({ ...everywhere(0), 60: 0.02, 5: 0.5 }))).to.equal("breached 20 of 14.4 (60/5)");
  });

  it("tells the slower of the two burn rates as the value, and both beside it", () => {
    const result = verdict({ ...everywhere(0), 60: 0.02, 5: 0.5 });
    expect(result).to.deep.include({ value: 20, threshold: 14.4, direction: "above" });
    expect(result).to.have.deep.property("burn", {
      longMs: hour,
      shortMs: 5 * minute,
      long: 20,
      short: 500,
      badEvents: 20_000,
    });
  });

  it("when nothing fires tells the tier that is nearest to it", () => {
    expect(told(verdict({ ...everywhere(0.0001), 1440: 0.0029, 120: 0.0028 }))).to.equal("clear 2.8 of 3 (1440/120)");
  });

  describe("windows without events", () => {
    it("say nothing: a tier is calm only where its other window says so", () => {
      // All traffic ended five minutes ago: the last hour burns, nobody knows of now.
      expect(told(verdict({ ...everywhere(0), 60: 0.02, 5: undefined }))).to.equal("undetermined");
      expect(told(verdict({ ...everywhere(0), 60: 0.01, 5: undefined }))).to.match(/^clear /);
    });

    it("do not hide that another tier fires", () => {
      expect(told(verdict({ ...everywhere(0.02), 5: undefined }))).to.equal("breached 20 of 6 (360/30)");
    });

    it("everywhere are no verdict at all", () => {
      expect(told(verdict({}))).to.equal("undetermined");
    });
  });

  it("is certain exactly where no number could change it: windows without events filled with nothing and with everything", () => {
    const lengths = [5, 30, 60, 120, 360, 1_440, 4_320];
    const share = fc.oneof(
      fc.constantFrom(undefined, 0, 0.001, 0.003, 0.006, 0.0144),
      fc.double({ min: 0, max: 0.03, noNaN: true }),
    );
    const fires = (shares: readonly (number | undefined)[], filling: number) => {
      const rate = (length: number) => (shares[lengths.indexOf(length)] ?? filling) * 1_000;
      const over = (long: number, short: number, factor: number) =>
        Math.min(rate(long), rate(short)) > factor * (1 + 1e-11);
      return over(60, 5, 14.4) || over(360, 30, 6) || over(1_440, 120, 3) || over(4_320, 360, 1);
    };
    fc.assert(
      fc.property(fc.array(share, { minLength: 7, maxLength: 7 }), (shares) => {
        const result = verdict(Object.fromEntries(lengths.map((length, place) => [length, shares[place]])));
        const kind = result === "undetermined" ? result : result.kind;
        const certain = fires(shares, 0) ? "breached" : fires(shares, 1) ? "undetermined" : "clear";
        expect(kind).to.equal(certain);
      }),
      { numRuns: 2_000 },
    );
  });

  describe("min_bad_events", () => {
    const burn = { minBadEvents: 20_000 };

    it("is of the long window of the tier, and equal is enough", () => {
      expect(told(verdict({ ...everywhere(0), 60: 0.02, 5: 1 }, { burn }))).to.equal("breached 20 of 14.4 (60/5)");
      expect(told(verdict({ ...everywhere(0), 60: 0.019, 5: 1 }, { burn }))).to.equal(
        "clear 19 of 14.4 (60/5) below_floor",
      );
    });

    it("leaves a living alert as it is, and lets a slower tier with more bad events speak", () => {
      const shares = { ...everywhere(0), 60: 0.019, 5: 1 };
      expect(told(verdict(shares, { burn, state: "firing" }))).to.equal("between 19 of 14.4 (60/5) below_floor");
      expect(told(verdict({ ...shares, 360: 0.02, 30: 0.02 }, { burn }))).to.equal("breached 20 of 6 (360/30)");
    });
  });

  describe("until", () => {
    it("without a limit is clear as soon as no tier fires", () => {
      expect(told(verdict(everywhere(0.001), { state: "firing" }))).to.equal("clear 1 of 1 (4320/360)");
    });

    it("below: in every tier one window must burn strictly slower", () => {
      const until = { below: 0.5, forMs: 0 };
      const state = "firing" as const;
      expect(told(verdict(everywhere(0.0005), { until, state }))).to.match(/^between 0.5 /);
      expect(told(verdict(everywhere(0.00049), { until, state }))).to.match(/^clear 0.49 /);
      // Three days remember it for three days; their six hours do not.
      expect(told(verdict({ ...everywhere(0.00049), 4320: 0.01 }, { until, state }))).to.match(/^clear /);
    });
  });
});
