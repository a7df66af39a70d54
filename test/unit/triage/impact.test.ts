import { expect } from "chai";
import type { Finding } from "../../../src/model/finding.ts";
import type { Answer, BatchAnswer, ProbeAnswer } from "../../../src/model/query.ts";
import type { Rule, When } from "../../../src/model/rule.ts";
import { needsImpact, planImpact, readImpact } from "../../../src/triage/impact.ts";
import { priorityInputs } from "../../../src/triage/measure.ts";
import { buildAlert, day, hour, minute, start, verdictOf } from "../../support/alerts.ts";
import { buildFinding } from "../../support/findings.ts";
import { buildRule } from "../../support/rules.ts";

const week = 7 * day;
const delayMs = 10_000;
const ratio = (impact: Rule["impact"] = {}): Rule =>
  buildRule({ signal: { measure: { kind: "ratio", bad: "status:500" }, by: ["service"] }, impact });
const counted = (impact: Rule["impact"] = {}, when: Partial<When> = {}): Rule =>
  buildRule({ impact, limits: { when } });

const labels = { service: "cart" };
function ratioFinding(rule: Rule, sums = { bad: 60, total: 1_000 }, lastedMs = 40 * minute): Finding {
  const episode = { ...buildAlert(rule).episode, sums, lastBreachAt: start + lastedMs };
  return buildFinding(rule, { alerts: [buildAlert(rule, { labels, episode })] });
}

function value(of: number | undefined, badEvents?: number): Answer {
  const bad = badEvents === undefined ? {} : { badEvents };
  return { kind: "answered", observations: [{ labels: {}, value: of, events: of ?? 0, ...bad }], notAnswered: 0 };
}
const failed: Answer & ProbeAnswer = {
  kind: "failed",
  failure: { code: "timeout", message: "late", retryable: true },
};
const had: ProbeAnswer = { kind: "answered", any: true };
const hadNot: ProbeAnswer = { kind: "answered", any: false };

function plan(finding: Finding, rule: Rule, at = start) {
  const [source] = planImpact([{ finding, rule }], at, () => delayMs);
  const [first] = source?.plans ?? [];
  if (source === undefined || first === undefined) throw new Error("nothing was planned");
  return { batch: source.batch, plan: first };
}

function read(finding: Finding, rule: Rule, answers: readonly Answer[], probes: readonly ProbeAnswer[] = [had]) {
  const answer: BatchAnswer = { answers, probes, requests: 1 };
  return readImpact(plan(finding, rule).plan, answer, start);
}

describe("impact", () => {
  describe("what is asked", () => {
    it("is asked for an open finding, again after 15 minutes and not before", () => {
      const finding = buildFinding(counted());
      const impact = { askedAt: start, usersBad: undefined, usersTotal: undefined, trend: undefined };
      expect(needsImpact(finding, start)).to.equal(true);
      expect(needsImpact({ ...finding, impact }, start + 15 * minute - 1)).to.equal(false);
      expect(needsImpact({ ...finding, impact }, start + 15 * minute)).to.equal(true);
      const over = { ...finding, state: "quiet", episode: { ...finding.episode, endedAt: start + hour } } as const;
      expect(needsImpact(over, start + day)).to.equal(false);
    });

    it("is, of users, the bad part and the whole, over the group and the episode", () => {
      const rule = ratio({ usersField: "user.id" });
      const { batch } = plan(ratioFinding(rule), rule, start + hour);
      const window = { from: start - 5 * minute - delayMs, to: start + hour - delayMs };
      const [bad, whole] = batch.questions;
      expect(bad).to.deep.include({ window });
      expect(bad?.query).to.deep.include({
        where: { service: ["cart"] },
        filters: ["status:500"],
        by: [],
        measure: { kind: "unique", field: "user.id" },
      });
      expect(whole?.window).to.deep.equal(window);
      expect(whole?.query.filters).to.deep.equal([]);
    });

    it("is, of users of a long episode, its last day", () => {
      const rule = counted({ usersField: "user.id" });
      const { batch } = plan(buildFinding(rule), rule, start + 5 * day);
      const to = start + 5 * day - delayMs;
      expect(batch.questions[0]?.window).to.deep.equal({ from: to - day, to });
    });

    it("has no whole to ask users of where there is none", () => {
      const rule = counted({ usersField: "user.id" });
      expect(plan(buildFinding(rule), rule).plan.usersTotal).to.equal(undefined);
    });

    it("is, for the trend, this window, the one a week ago, and whether there was data then", () => {
      const rule = counted();
      const { batch } = plan(buildFinding(rule), rule);
      const window = { from: start - delayMs - 5 * minute, to: start - delayMs };
      const earlier = { from: window.from - week, to: window.to - week };
      expect(batch.questions.map((question) => question.window)).to.deep.equal([window, earlier]);
      expect(batch.probes).to.deep.equal([{ target: "logs", window: earlier }]);
    });

    it("is nothing of the trend for absence, by an override too", () => {
      const absent = { form: "absent", knownForMs: day } as Partial<When>;
      expect(plan(buildFinding(counted({}, absent)), counted({}, absent)).plan.now).to.equal(undefined);
      const overridden: Rule = {
        ...ratio(),
        overrides: [{ where: { service: ["cart"] }, limits: counted({}, absent).limits }],
      };
      expect(plan(ratioFinding(overridden), overridden).plan.now).to.equal(undefined);
    });

    it("is one batch a source for all findings", () => {
      const rule = counted();
      const asked = planImpact(
        [1, 2].map(() => ({ finding: buildFinding(rule), rule })),
        start,
        () => 0,
      );
      expect(asked.map(({ batch, plans }) => [batch.questions.length, plans.length])).to.deep.equal([[4, 2]]);
    });
  });

  describe("what the answers say", () => {
    const rule = counted();
    const finding = buildFinding(rule);
    const trend = (now: Answer, lastWeek: Answer, probe: ProbeAnswer = had) =>
      read(finding, rule, [now, lastWeek], [probe]).trend;

    it("is the value now against a week ago", () => expect(trend(value(30), value(5))).to.equal(6));

    it("is the bad part for a ratio", () => {
      const whole = ratio();
      expect(read(ratioFinding(whole), whole, [value(0.06, 60), value(0.02, 10)]).trend).to.equal(6);
    });

    it("is from zero when nothing was bad while the source had data, and not measured when it had none", () => {
      expect(trend(value(30), value(0))).to.equal("from_zero");
      expect(trend(value(30), value(0), hadNot)).to.equal(undefined);
      expect(trend(value(0), value(0))).to.equal(undefined);
    });

    it("is inverted for what is bad when low, also when this tick saw nothing", () => {
      const low = counted({}, { above: undefined, below: 5 } as Partial<When>);
      const peak = { at: start, value: 1, threshold: 5 };
      for (const verdict of [verdictOf("breached", { direction: "below" }), verdictOf("failed")]) {
        const episode = { ...buildAlert(low).episode, peak };
        const dropped = buildFinding(low, { alerts: [buildAlert(low, { episode, verdict })] });
        expect(read(dropped, low, [value(2), value(8)]).trend).to.equal(4);
        const impact = read(dropped, low, [value(0), value(8)]);
        expect(priorityInputs({ ...dropped, impact }, low, start).trend).to.equal("to_zero");
      }
    });

    it("is not measured where an answer failed, and never zero", () => {
      for (const [answers, probe] of [
        [[failed, value(5)], had],
        [[value(5), failed], had],
        [[value(5), value(5)], failed],
      ] as const) {
        expect(read(finding, rule, answers, [probe]).trend).to.equal(undefined);
      }
      const users = ratio({ usersField: "user.id" });
      const impact = read(ratioFinding(users), users, [failed, value(9), value(1, 1), value(1, 1)]);
      expect(impact).to.include({ usersBad: undefined, usersTotal: 9 });
    });

    it("tells users that were not measured from those that no rule asks for", () => {
      const users = ratio({ usersField: "user.id" });
      const unanswered = [failed, failed, failed, failed];
      expect(read(ratioFinding(users), users, unanswered)).to.include({ usersBad: undefined, usersAsked: true });
      expect(read(finding, rule, [failed, failed])).to.include({ usersBad: undefined, usersAsked: false });
      const before = read(ratioFinding(users), users, unanswered);
      expect(read({ ...finding, impact: before }, rule, [failed, failed]).usersAsked).to.equal(false);
    });

    it("takes a user count of zero as measured", () => {
      const users = ratio({ usersField: "user.id" });
      const impact = read(ratioFinding(users), users, [value(0), value(9), value(1, 1), value(1, 1)]);
      expect(impact.usersBad).to.equal(0);
    });
  });
});
