import { expect } from "chai";
import type { Finding, FindingEpisode } from "../../../src/model/finding.ts";
import type { Rule, When } from "../../../src/model/rule.ts";
import { priorityInputs } from "../../../src/triage/measure.ts";
import { buildAlert, day, hour, minute, start, verdictOf } from "../../support/alerts.ts";
import { buildFinding } from "../../support/findings.ts";
import { buildRule } from "../../support/rules.ts";

const slo = { objective: 0.999, periodMs: 30 * day };
const ratio = (impact: Rule["impact"] = {}): Rule =>
  buildRule({ signal: { measure: { kind: "ratio", bad: "status:500" }, by: ["service"] }, impact });
const counted = (impact: Rule["impact"] = {}, when: Partial<When> = {}): Rule =>
  buildRule({ impact, limits: { when } });

function ratioFinding(rule: Rule): Finding {
  const sums = { bad: 60, total: 1_000 };
  const episode = { ...buildAlert(rule).episode, sums, lastBreachAt: start + 40 * minute };
  return buildFinding(rule, { alerts: [buildAlert(rule, { labels: { service: "cart" }, episode })] });
}

const inputs = (finding: Finding, rule: Rule, at = start + hour) => priorityInputs(finding, rule, at);

describe("measure", () => {
  const impact = { askedAt: start, usersBad: 30, usersTotal: 1_000, trend: 2 } as const;

  it("takes share, burn, duration and budget of this episode", () => {
    const rule = ratio({ slo });
    const given = inputs(ratioFinding(rule), rule);
    expect(given.durationMs).to.equal(40 * minute);
    expect(given.burn).to.be.closeTo(60, 1e-9);
    expect(given.budgetShare).to.be.closeTo(0.0556, 1e-4);
    expect(given).to.deep.include({ budgetPeriodMs: 30 * day, badEvents: 60, episodes: 1, backAfterDone: false });
    expect(given.reach).to.deep.equal({ share: 0.06, absolute: undefined, of: "requests", declared: false });
  });

  it("counts at least the window's bad events, of which a young episode's sums have a step's part", () => {
    const rule = ratio();
    const finding = ratioFinding(rule);
    const sums = { bad: 2.4, total: 40 };
    const young = (badEvents: number | undefined): Finding => {
      const verdict = verdictOf("breached", badEvents === undefined ? {} : { badEvents });
      return { ...finding, episode: { ...finding.episode, sums }, worst: { ...finding.worst, verdict } };
    };
    expect(inputs(young(12), rule).badEvents).to.equal(12);
    expect(inputs(young(1), rule).badEvents).to.equal(2.4);
    expect(inputs(young(undefined), rule).badEvents).to.equal(2.4);
  });

  it("measures no burn without an objective or without a whole", () => {
    expect(inputs(ratioFinding(ratio()), ratio())).to.include({ burn: undefined, budgetShare: undefined });
    const rule = counted({ slo });
    expect(inputs(buildFinding(rule), rule)).to.include({ burn: undefined, budgetShare: undefined });
  });

  it("sums the budget over the finding's episodes in the period", () => {
    const rule = ratio({ slo: { ...slo, periodMs: 7 * day } });
    const finding = ratioFinding(rule);
    const past = (daysAgo: number, budgetShare: number | undefined): FindingEpisode => ({
      ...finding.episode,
      endedAt: start - daysAgo * day,
      budgetShare,
    });
    const given = inputs({ ...finding, pastEpisodes: [past(1, 0.5), past(6, undefined), past(7.1, 9)] }, rule, start);
    expect(given.budgetShare).to.be.closeTo(0.5 + (finding.episode.budgetShare ?? 0), 1e-9);
    expect(given.episodes).to.equal(4);
  });

  it("counts episodes of 30 days, this one included", () => {
    const finding = buildFinding(counted());
    const past = (daysAgo: number) => ({ ...finding.episode, endedAt: start - daysAgo * day });
    const given = { ...finding, pastEpisodes: [past(1), past(30), past(31)] };
    expect(inputs(given, counted(), start).episodes).to.equal(3);
  });

  describe("reach", () => {
    const reach = (finding: Finding, rule: Rule) => inputs(finding, rule).reach;

    it("is as declared, whatever was measured", () => {
      const rule = ratio({ declaredReach: 1 });
      expect(reach({ ...ratioFinding(rule), impact }, rule)).to.deep.equal({
        share: 1,
        absolute: undefined,
        of: "users",
        declared: true,
      });
    });

    it("is users and their share where there is a whole, users alone where there is none", () => {
      const rule = ratio({ usersField: "user.id" });
      const users = { absolute: 30, of: "users", declared: false } as const;
      expect(reach({ ...ratioFinding(rule), impact }, rule)).to.deep.equal({ ...users, share: 0.03 });
      const alone = { ...impact, usersTotal: undefined };
      expect(reach({ ...ratioFinding(rule), impact: alone }, rule)).to.deep.equal({ ...users, share: undefined });
    });

    it("never is more than all users, though two distinct counts are estimates", () => {
      const rule = ratio({ usersField: "user.id" });
      expect(reach({ ...ratioFinding(rule), impact: { ...impact, usersTotal: 29 } }, rule)?.share).to.equal(1);
    });

    it("is matched events for what is counted, also when this tick saw nothing", () => {
      const rule = counted();
      const events = { share: undefined, absolute: 20, of: "events", declared: false } as const;
      expect(reach(buildFinding(rule), rule)).to.deep.equal(events);
      const unseen = buildFinding(rule, { alerts: [buildAlert(rule, { verdict: verdictOf("failed") })] });
      expect(reach(unseen, rule)).to.deep.equal(events);
    });

    it("is not measured for a drop, an absence, or a mean", () => {
      const low = counted({}, { above: undefined, below: 5 } as Partial<When>);
      const episode = { ...buildAlert(low).episode, peak: { at: start, value: 1, threshold: 5 } };
      expect(reach(buildFinding(low, { alerts: [buildAlert(low, { episode })] }), low)).to.equal(undefined);
      const absent = counted({}, { form: "absent", knownForMs: day } as Partial<When>);
      const verdict = verdictOf("breached", { reason: "nothing_reported", value: 0, direction: "below" });
      const nothing = { ...buildAlert(absent).episode, peak: { at: start, value: 0, threshold: undefined } };
      expect(
        reach(buildFinding(absent, { alerts: [buildAlert(absent, { episode: nothing, verdict })] }), absent),
      ).to.equal(undefined);
      const mean = buildRule({ signal: { measure: { kind: "avg", field: "duration" } } });
      expect(reach(buildFinding(mean), mean)).to.equal(undefined);
    });
  });
});
