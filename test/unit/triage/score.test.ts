import { expect } from "chai";
import fc from "fast-check";
import { type Band, compareBands, defaultPriorityScale } from "../../../src/model/priority.ts";
import { severities } from "../../../src/model/rule.ts";
import { type PriorityInputs, priorityLine, type Reach, score } from "../../../src/triage/score.ts";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

function inputs(overrides: Partial<PriorityInputs>): PriorityInputs {
  return {
    severity: "warning",
    reach: undefined,
    durationMs: 0,
    burn: undefined,
    budgetShare: undefined,
    budgetPeriodMs: undefined,
    episodes: 1,
    backAfterDone: false,
    trend: undefined,
    badEvents: undefined,
    ...overrides,
  };
}

const requests = (share: number): Reach => ({ share, absolute: undefined, of: "requests", declared: false });
const users = (absolute: number, share?: number): Reach => ({ share, absolute, of: "users", declared: false });
const events = (absolute: number): Reach => ({ share: undefined, absolute, of: "events", declared: false });

/** PRIORITY.md, "Worked cases", row by row. */
const cases: readonly [
  name: string,
  given: Partial<PriorityInputs>,
  points: number,
  band: Band,
  why?: "floor" | "cap",
][] = [
  [
    "checkout fails",
    { severity: "critical", reach: requests(0.06), durationMs: 40 * minute, burn: 60, budgetShare: 0.0556, trend: 6 },
    70,
    "High",
  ],
  [
    "total outage",
    {
      severity: "critical",
      reach: requests(1),
      durationMs: 90 * minute,
      burn: 1_000,
      budgetShare: 2.08,
      trend: "from_zero",
    },
    80,
    "Highest",
  ],
  [
    "slow leak",
    { reach: requests(0.011), durationMs: 4 * day, burn: 1.1, budgetShare: 0.16, episodes: 3, trend: 1.3 },
    53,
    "Medium",
  ],
  [
    "nightly batch",
    { reach: users(40), durationMs: 14 * minute, episodes: 7, backAfterDone: true, trend: 1.3 },
    31,
    "Medium",
    "floor",
  ],
  ["new log pattern", { reach: events(120), durationMs: 20 * minute }, 17, "Low"],
  ["memory warning", { durationMs: 2 * day, episodes: 2, trend: 1 }, 27, "Low"],
  [
    "low traffic",
    { severity: "high", reach: requests(0.1), durationMs: 20 * minute, burn: 100, badEvents: 1, trend: 1.5 },
    59,
    "Medium",
    "cap",
  ],
  [
    "outage without SLO",
    { severity: "critical", reach: requests(1), durationMs: 45 * minute, trend: "from_zero" },
    53,
    "High",
    "floor",
  ],
  [
    "third party",
    { severity: "high", reach: requests(0.3), durationMs: 3 * hour, burn: 60, budgetShare: 0.25, trend: 4 },
    71,
    "High",
  ],
  [
    "budget eaten slowly",
    { severity: "high", durationMs: 6 * hour, burn: 1.2, budgetShare: 0.3, trend: 1 },
    45,
    "High",
    "floor",
  ],
  ["few are slow", { reach: users(30, 0.03), durationMs: 6 * hour, burn: 0.5, trend: 1 }, 28, "Low"],
  [
    "nobody touched",
    { severity: "critical", reach: users(0, 0), durationMs: 2 * day, episodes: 5, trend: 1 },
    44,
    "Low",
    "cap",
  ],
  ["dead job", { severity: "critical", durationMs: 2 * day }, 30, "Medium", "floor"],
  ["plain count", {}, 10, "Low", "floor"],
  ["chatter", { severity: "info", durationMs: 20 * minute }, 3, "None"],
];

describe("score", () => {
  for (const [name, given, points, band, why] of cases) {
    it(`gives ${points} and ${band} for the worked case "${name}"`, () => {
      const complete = inputs(given);
      const priority = score(complete, defaultPriorityScale);
      const shown = `${JSON.stringify(complete)} -> ${priorityLine(priority)}`;
      expect(priority.score, shown).to.equal(points);
      expect(priority.band, shown).to.equal(band);
      expect(priority.adjustment?.kind, shown).to.equal(why);
    });
  }

  it("prints every part on the ticket's line, in order", () => {
    const given = inputs({
      severity: "critical",
      reach: requests(0.06),
      durationMs: 40 * minute,
      burn: 60,
      budgetShare: 0.0556,
      budgetPeriodMs: 30 * day,
      trend: 6,
    });
    expect(priorityLine(score(given, defaultPriorityScale))).to.equal(
      "70/100 High: severity critical 20 + reach 6.0% of requests 12 + lasted 40 min 3 + burn 60x, 5.6% of the 30-day budget 25 + first episode 0 + 6x last week 10",
    );
  });

  it("prints what could not be measured and does not rescale", () => {
    expect(priorityLine(score(inputs({}), defaultPriorityScale))).to.equal(
      "10/100 Low: severity warning 10 + reach not measured + lasted 0 min 0 + budget not measured + first episode 0 + trend not measured (floor: warning is at least Low)",
    );
  });

  it("never falls in score or band when severity, reach, duration, burn, share or episodes grow", () => {
    const arbitrary = fc.record({
      severity: fc.constantFrom(...severities),
      share: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
      absolute: fc.option(fc.nat(200_000), { nil: undefined }),
      durationMs: fc.nat(3 * day),
      burn: fc.option(fc.double({ min: 0, max: 1_000, noNaN: true }), { nil: undefined }),
      budgetShare: fc.option(fc.double({ min: 0, max: 3, noNaN: true }), { nil: undefined }),
      episodes: fc.integer({ min: 1, max: 9 }),
      badEvents: fc.option(fc.nat(100), { nil: undefined }),
      backAfterDone: fc.boolean(),
      trend: fc.option(fc.double({ min: 0, max: 10, noNaN: true }), { nil: undefined }),
    });
    type Drawn = typeof arbitrary extends fc.Arbitrary<infer Value> ? Value : never;
    const complete = ({ share, absolute, ...rest }: Drawn) =>
      inputs({
        ...rest,
        reach:
          share === undefined && absolute === undefined ? undefined : { share, absolute, of: "users", declared: false },
      });
    const larger = (value: number | undefined, by: number) => (value === undefined ? undefined : value + by);
    const grown: ((drawn: Drawn, by: number) => Drawn)[] = [
      (drawn) => ({ ...drawn, severity: severities[Math.min(4, severities.indexOf(drawn.severity) + 1)]! }),
      (drawn, by) => ({ ...drawn, share: drawn.share === undefined ? undefined : Math.min(1, drawn.share + by / 100) }),
      (drawn, by) => ({ ...drawn, absolute: larger(drawn.absolute, by * 100) }),
      (drawn, by) => ({ ...drawn, durationMs: drawn.durationMs + by * hour }),
      (drawn, by) => ({ ...drawn, burn: larger(drawn.burn, by) }),
      (drawn, by) => ({ ...drawn, budgetShare: larger(drawn.budgetShare, by / 20) }),
      (drawn, by) => ({ ...drawn, episodes: drawn.episodes + by }),
    ];
    fc.assert(
      fc.property(arbitrary, fc.constantFrom(...grown), fc.nat(20), (drawn, grow, by) => {
        const less = score(complete(drawn), defaultPriorityScale);
        const more = score(complete(grow(drawn, by)), defaultPriorityScale);
        expect(more.score).to.be.at.least(less.score);
        expect(compareBands(more.band, less.band)).to.be.at.least(0);
      }),
      { numRuns: 2_000 },
    );
  });

  it("never writes a factor that reaches a cut which the number itself does not", () => {
    const trendText = (trend: number) =>
      score(inputs({ trend }), defaultPriorityScale).parts.find(({ name }) => name === "trend")?.text;
    expect([0.896, 0.9, 1.19, 1.999, 14.4, 0.3].map(trendText)).to.deep.equal(
      ["0.89x", "0.9x", "1.1x", "1.9x", "14.4x", "0.3x"].map((factor) => `${factor} last week`),
    );
  });

  it("stays within 0 and 100", () => {
    const all = inputs({
      severity: "critical",
      reach: requests(1),
      durationMs: 9 * day,
      burn: 1_000,
      budgetShare: 9,
      episodes: 50,
      backAfterDone: true,
      trend: 99,
    });
    expect(score(all, defaultPriorityScale).score).to.equal(100);
  });

  it("says of a score that files no ticket that it is under Low, which is true on a ticket that is there, too", () => {
    const priority = score(inputs({ severity: "low" }), defaultPriorityScale);
    expect(priorityLine(priority)).to.match(/^5\/100 under Low: severity low 5 \+ /);
  });
});
