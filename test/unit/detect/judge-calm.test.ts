import { expect } from "chai";
import fc from "fast-check";
import { judgeRule, type RuleJudgement, type SeenLabels, verdictCounts, withEnded } from "../../../src/detect/judge.ts";
import { planTick } from "../../../src/detect/plan.ts";
import { type Labels, labelsKey } from "../../../src/model/labels.ts";
import type { Answer, Measure, Observation } from "../../../src/model/query.ts";
import type { Rule, When } from "../../../src/model/rule.ts";
import { buildAlert, day, hour, instance, minute, tickAt } from "../../support/alerts.ts";
import { buildRule } from "../../support/rules.ts";

const tick = tickAt(1);
const named = (place: number): Labels => ({ service: `s${place}` });

interface Given {
  readonly rule: Rule;
  readonly observations: readonly Observation[];
  readonly known: ReadonlyMap<string, SeenLabels>;
  readonly fresh: boolean;
  readonly notAnswered: number;
  /** A label set whose alert fires. */
  readonly firing?: number | undefined;
}

/** A form of its own that cannot be counted: the same limits for the same label sets, by an override that says nothing new. */
function eachByItself(rule: Rule): Rule {
  return { ...rule, overrides: [{ where: {}, limits: rule.limits }] };
}

function judge({ rule, observations, known, fresh, notAnswered, firing }: Given): RuleJudgement {
  const alerts =
    firing === undefined ? [] : [buildAlert(rule, { labels: rule.signal.by.length > 0 ? named(firing) : {} })];
  const [plan] = planTick({
    tick: tick.at,
    rules: [rule],
    timings: new Map([["logs", { delayMs: 0, staleAfterMs: 5 * minute }]]),
    alerts: new Map([[rule.id, alerts]]),
    newRules: new Set(),
  });
  const [planned] = plan?.rules ?? [];
  if (plan === undefined || planned === undefined) throw new Error("no plan");
  const current: Answer = { kind: "answered", observations, notAnswered };
  const probes = plan.batch.probes.map(() => ({ kind: "answered", any: fresh }) as const);
  return judgeRule({ planned, answer: { answers: [current], probes, requests: 1 }, tick, alerts, known, instance });
}

const measures: readonly Measure[] = [
  { kind: "count" },
  { kind: "ratio", bad: "status:500" },
  { kind: "avg", field: "duration" },
  { kind: "promql", expression: "load", isShare: false },
];
const value = fc.constantFrom(undefined, Number.NaN, 0, 1, 4, 5, 6, 9, 10, 11);
const limit = fc.constantFrom(undefined, undefined, 5, 10);

const given: fc.Arbitrary<Given> = fc
  .record({
    grouped: fc.boolean(),
    measure: fc.constantFrom(...measures),
    above: fc.constantFrom(10, 10, 10, 5, undefined),
    below: fc.constantFrom(undefined, undefined, 1),
    until: fc.record({ above: limit, below: limit }),
    minEvents: fc.constantFrom(0, 3),
    noData: fc.constantFrom("keep" as const, "clear" as const, "breach" as const),
    values: fc.array(fc.record({ value, events: fc.constantFrom(0, 1, 5) }), { maxLength: 6 }),
    /** How long ago label sets were last seen; those in the middle answer too. */
    seenAgo: fc.array(fc.constantFrom(0, minute, hour, 2 * hour, 7 * day - 1, 7 * day, 8 * day), { maxLength: 8 }),
    fresh: fc.constantFrom(true, true, true, false),
    notAnswered: fc.constantFrom(0, 0, 0, 2),
    firing: fc.constantFrom(undefined, undefined, undefined, 1),
  })
  .map(({ grouped, measure, above, below, until, minEvents, noData, values, seenAgo, ...rest }) => {
    const rule = buildRule({
      noData,
      signal: { measure, by: grouped ? ["service"] : [] },
      limits: {
        when: { above, below, minEvents } as Partial<When>,
        until: { ...buildRule().limits.until, ...until },
      },
    });
    const all = values.map(
      (each, place): Observation => ({
        labels: grouped ? named(place) : {},
        ...each,
        ...(measure.kind === "ratio" ? { badEvents: each.events } : {}),
      }),
    );
    const known = seenAgo.map((ago, place) => ({ labels: named(place + 3), seenAt: tick.at - ago }));
    return {
      ...rest,
      rule,
      observations: grouped ? all : all.slice(0, 1),
      known: new Map(known.map((entry) => [labelsKey(entry.labels), entry])),
    };
  });

describe("judging a rule that is calm", () => {
  it("says, keeps and counts the same as judging each label set", () => {
    const seen = { calm: 0, other: 0, missing: 0 };
    fc.assert(
      fc.property(given, (drawn) => {
        const judged = judge(drawn);
        const each = judge({ ...drawn, rule: eachByItself(drawn.rule) });
        expect(each.calm).to.equal(undefined);
        expect(verdictCounts(judged)).to.deep.equal(verdictCounts(each));
        expect(judged.evaluations).to.deep.equal(each.evaluations);
        expect(judged.seen).to.deep.equal(each.seen);
        expect(judged.forgotten).to.deep.equal(each.forgotten);
        expect([judged.notEvaluated, judged.stale, judged.failure]).to.deep.equal([
          each.notEvaluated,
          each.stale,
          each.failure,
        ]);
        if (judged.calm !== undefined) {
          expect(each.evaluations.flatMap(({ alert, ended }) => [alert, ended])).to.satisfy((alerts: unknown[]) =>
            alerts.every((alert) => alert === undefined),
          );
        }
        seen[judged.calm === undefined ? "other" : "calm"] += 1;
        if (judged.calm !== undefined && judged.evaluations.length > drawn.observations.length) seen.missing += 1;
      }),
      { numRuns: 1_500, seed: 20_260_105 },
    );
    expect(seen.calm).to.be.greaterThan(150);
    expect(seen.other).to.be.greaterThan(150);
    expect(seen.missing).to.be.greaterThan(50);
  });

  const quiet: Given = {
    rule: buildRule({ signal: { by: ["service"] } }),
    observations: [{ labels: named(1), value: 1, events: 1 }],
    known: new Map(),
    fresh: true,
    notAnswered: 0,
  };

  it("tells what was known at its tick, also to who asks after it is forgotten", () => {
    const known = new Map([[labelsKey(named(2)), { labels: named(2), seenAt: tick.at - minute }]]);
    const judged = judge({ ...quiet, known });
    known.clear();
    expect(judged.calm).to.deep.equal({ clear: 2 });
    expect(judged.evaluations.map(({ labels }) => labels)).to.deep.equal([named(1), named(2)]);
  });

  it("is no longer calm where alerts of the rule's old form end with it", () => {
    const judged = judge(quiet);
    const both = withEnded(judge({ ...quiet, firing: 1 }), judged);
    expect(judged.calm).to.deep.equal({ clear: 1 });
    expect(both.calm).to.equal(undefined);
    expect(verdictCounts(both)).to.deep.equal({ clear: 2 });
  });
});
