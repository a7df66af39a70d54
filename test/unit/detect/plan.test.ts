import { expect } from "chai";
import { planTick } from "../../../src/detect/plan.ts";
import type { Rule, When } from "../../../src/model/rule.ts";
import { buildAlert, day, hour, minute, start } from "../../support/alerts.ts";
import { buildRule } from "../../support/rules.ts";

const delayMs = 10_000;
const staleAfterMs = 5 * minute;

function plan(rules: readonly Rule[], more: Partial<Parameters<typeof planTick>[0]> = {}) {
  return planTick({
    tick: start,
    rules,
    timings: new Map([
      ["logs", { delayMs, staleAfterMs }],
      ["other", { delayMs: 0, staleAfterMs: undefined }],
    ]),
    alerts: new Map(),
    newRules: new Set(),
    ...more,
  });
}

function only(rules: readonly Rule[], more: Partial<Parameters<typeof planTick>[0]> = {}) {
  const plans = plan(rules, more);
  expect(plans).to.have.length(1);
  const [first] = plans;
  if (first === undefined) throw new Error("no plan");
  return first;
}

const changeBy = (versus: "previous" | number): Partial<When> => ({ form: "change", versus, up: 2, floor: 0 });
const absent = (knownForMs: number): Partial<When> => ({ form: "absent", knownForMs });

describe("plan", () => {
  it("asks for the window that ends at the tick less the source's delay", () => {
    const { batch } = only([buildRule()]);
    expect(batch.questions[0]?.window).to.deep.equal({ from: start - delayMs - 5 * minute, to: start - delayMs });
  });

  it("makes one batch a source, and asks a source that is not configured too, so that it fails where it is seen", () => {
    const rules = [buildRule({ id: "a" }), buildRule({ id: "b", signal: { source: "gone" } }), buildRule({ id: "c" })];
    const plans = plan(rules);
    expect(plans.map((each) => [each.source, each.rules.map(({ rule }) => rule.id)])).to.deep.equal([
      ["logs", ["a", "c"]],
      ["gone", ["b"]],
    ]);
  });

  it("gives equal windows as one object and asks one probe for all rules of a target", () => {
    const { batch, rules } = only([buildRule({ id: "a" }), buildRule({ id: "b" })]);
    expect(batch.questions[0]?.window).to.equal(batch.questions[1]?.window);
    expect(batch.probes).to.deep.equal([
      { target: "logs", window: { from: start - delayMs - staleAfterMs, to: start - delayMs } },
    ]);
    expect(rules.map(({ freshProbe }) => freshProbe)).to.deep.equal([0, 0]);
  });

  it("asks the rule's own query object, so that a source may keep what it derived from it", () => {
    const rule = buildRule();
    expect(only([rule]).batch.questions[0]?.query).to.equal(rule.signal.query);
  });

  it("asks of what is not inactive in any case", () => {
    const rule = buildRule({ signal: { by: ["service"] }, limits: { when: changeBy("previous") } });
    const alerts = new Map([[rule.id, [buildAlert(rule, { labels: { service: "cart" } })]]]);
    const { batch } = only([rule], { alerts });
    expect(batch.questions.map(({ mustAnswer }) => mustAnswer)).to.deep.equal([
      [{ service: "cart" }],
      [{ service: "cart" }],
    ]);
  });

  for (const [versus, back] of [
    ["previous", 5 * minute],
    [day, day],
  ] as const) {
    it(`compares with the window ${versus === "previous" ? "before" : "a day earlier"} and asks whether there was data`, () => {
      const { batch, rules } = only([buildRule({ limits: { when: changeBy(versus) } })]);
      const planned = rules[0]?.references.get(back);
      const earlier = { from: start - delayMs - 5 * minute - back, to: start - delayMs - back };
      expect(batch.questions[planned?.answer ?? -1]?.window).to.deep.equal(earlier);
      expect(batch.probes[planned?.probe ?? -1]).to.deep.equal({ target: "logs", window: earlier });
    });
  }

  for (const { what, tick, versus, back } of [
    // Clocks in Berlin: put forward on 2026-03-29 at 01:00Z, back on 2026-10-25 at 01:00Z.
    { what: "25 hours on the day they are put back", tick: "2026-10-25T11:00:00Z", versus: day, back: 25 * hour },
    { what: "23 hours on the day they are put forward", tick: "2026-03-29T10:00:00Z", versus: day, back: 23 * hour },
    { what: "24 hours on any other day", tick: "2026-10-27T11:00:00Z", versus: day, back: day },
    { what: "a week and an hour", tick: "2026-10-28T11:00:00Z", versus: 7 * day, back: 7 * day + hour },
    { what: "36 hours where it is no whole day", tick: "2026-10-25T11:00:00Z", versus: 36 * hour, back: 36 * hour },
    { what: "the window itself for the one before", tick: "2026-10-25T11:00:00Z", versus: "previous", back: day },
  ] as const) {
    it(`goes back by the clocks of the rule's timezone: ${what}`, () => {
      const rule = buildRule({
        schedule: { cron: "0 12 * * *", timezone: "Europe/Berlin" },
        signal: { windowMs: versus === "previous" ? day : hour },
        limits: { when: changeBy(versus) },
      });
      const { batch, rules } = only([rule], { tick: Date.parse(tick) + delayMs });
      const [planned] = rules[0]?.references.values() ?? [];
      const to = Date.parse(tick) - back;
      const earlier = { from: to - rule.signal.windowMs, to };
      expect(batch.questions[planned?.answer ?? -1]?.window).to.deep.equal(earlier);
      expect(batch.probes[planned?.probe ?? -1]?.window).to.deep.equal(earlier);
    });
  }

  it("asks what an override of another form needs, each earlier window once", () => {
    const base = buildRule({ signal: { by: ["service"] } });
    const override = (service: string, when: Partial<When>) => ({
      where: { service: [service] },
      limits: buildRule({ limits: { when } }).limits,
    });
    const rule: Rule = {
      ...base,
      overrides: [override("a", changeBy("previous")), override("b", changeBy(day)), override("c", changeBy(day))],
    };
    const { rules, batch } = only([rule]);
    expect([...(rules[0]?.references.keys() ?? [])]).to.deep.equal([5 * minute, day]);
    expect(batch.questions).to.have.length(3);
  });

  describe("for absence", () => {
    const rule = buildRule({ signal: { by: ["job"] }, limits: { when: absent(7 * day) } });

    it("looks back `known_for` up to the window when the rule is new, and never again", () => {
      const first = only([rule], { newRules: new Set([rule.id]) });
      expect(first.batch.questions[first.rules[0]?.lookback ?? -1]?.window).to.deep.equal({
        from: start - delayMs - 7 * day,
        to: start - delayMs - 5 * minute,
      });
      expect(only([rule]).rules[0]?.lookback).to.equal(undefined);
    });

    it("does not look back for the ungrouped label set, which is always known", () => {
      const ungrouped = buildRule({ limits: { when: absent(day) } });
      expect(only([ungrouped], { newRules: new Set([ungrouped.id]) }).rules[0]?.lookback).to.equal(undefined);
    });

    it("does not ask whether the source is fresh: silence is what it is about", () => {
      expect(only([rule]).batch.probes).to.deep.equal([]);
    });

    it("looks back for an override that watches for absence, and asks for freshness for the rest", () => {
      const mixed: Rule = {
        ...buildRule({ signal: { by: ["job"] } }),
        overrides: [{ where: { job: ["a"] }, limits: buildRule({ limits: { when: absent(hour) } }).limits }],
      };
      const planned = only([mixed], { newRules: new Set([mixed.id]) });
      expect(planned.rules[0]?.lookback).to.equal(1);
      expect(planned.rules[0]?.freshProbe).to.equal(0);
    });
  });

  it("does not ask whether a source is fresh where that check is off", () => {
    expect(only([buildRule({ signal: { source: "other" } })]).batch.probes).to.deep.equal([]);
  });
});
