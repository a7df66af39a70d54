import { expect } from "chai";
import { plainText } from "../../../src/model/document.ts";
import type { Rule, When } from "../../../src/model/rule.ts";
import { burnTierTables } from "../../../src/rules/burn-tiers.ts";
import { ticketDocument } from "../../../src/triage/describe.ts";
import { evidenceRequest } from "../../../src/triage/evidence.ts";
import { priorityInputs } from "../../../src/triage/measure.ts";
import { measuredText } from "../../../src/triage/story.ts";
import { buildAlert, day, hour, instance, minute, start, verdictOf } from "../../support/alerts.ts";
import { buildFinding, buildPriority } from "../../support/findings.ts";
import { buildRule } from "../../support/rules.ts";

const when = {
  form: "burn",
  objective: 0.999,
  periodMs: 30 * day,
  tiers: burnTierTables.google.tiers,
} as Partial<When>;
const rule: Rule = buildRule({ signal: { measure: { kind: "ratio", bad: "status:500" } }, limits: { when } });
const slow = { longMs: 3 * day, shortMs: 6 * hour, long: 1.4, short: 1.2, badEvents: 40 };

function findingOf(verdict: Parameters<typeof verdictOf>[1]) {
  const alert = buildAlert(rule, { verdict: verdictOf("breached", verdict) });
  const sums = { bad: 60, total: 1_000 };
  const peak = { at: start, value: 20, threshold: 14.4 };
  return buildFinding(rule, { alerts: [{ ...alert, episode: { ...alert.episode, sums, peak } }] });
}

describe("what is told of a budget that burns", () => {
  const fast = findingOf({
    value: 20,
    threshold: 14.4,
    direction: "above",
    burn: { longMs: hour, shortMs: 5 * minute, long: 20, short: 500, badEvents: 70 },
  });

  it("are both burn rates, the limit, and what that spends", () => {
    expect(measuredText(rule, fast.worst)).to.equal(
      "burn rate 20x over 1 h and 500x over 5 min, limit: above 14.4x in both, which spends 2.0% of the budget in 1 h",
    );
  });

  it("names a window without events as such", () => {
    const burn = { longMs: hour, shortMs: 5 * minute, long: 2, badEvents: 7 };
    const alert = { ...fast.worst, verdict: verdictOf("clear", { value: 2, threshold: 14.4, burn }) };
    expect(measuredText(rule, alert)).to.match(/^burn rate 2x over 1 h and unknown \(no events\) over 5 min, limit/);
  });

  it("on the ticket has its worst as a burn rate, whatever the verdict of now is", () => {
    const failed = { ...fast, worst: { ...fast.worst, verdict: verdictOf("failed") } };
    for (const finding of [fast, failed]) {
      const story = { instance, finding, rule, priority: buildPriority(60, "High"), at: start, page: undefined };
      expect(plainText(ticketDocument(story))).to.match(/Worst\W+20x at /);
    }
  });

  it("is drawn as the share of bad events, with the share that burns as fast as the factor", () => {
    const subject = { rule, alert: fast.worst, title: "x", delayMs: 0, links: [], infra: [] };
    const [section] = evidenceRequest(fast, [subject], start).sections;
    expect(section?.valueUnit).to.equal("times");
    expect(section?.chart).to.deep.include({ unit: "ratio", threshold: 0.0144, stepMs: 5 * minute });
  });

  it("shows the whole long window, and samples of the short one", () => {
    const finding = findingOf({ value: 1.2, threshold: 1, direction: "above", burn: slow });
    const subject = { rule, alert: finding.worst, title: "x", delayMs: 0, links: [], infra: [] };
    const [section] = evidenceRequest(finding, [subject], start).sections;
    expect(section?.chart.window.from).to.be.at.most(start - 3 * day);
    const { window, stepMs = 1 } = section?.chart ?? {};
    expect(((window?.to ?? 0) - (window?.from ?? 0)) / stepMs).to.be.at.most(241);
    expect(section?.samples.window.from).to.equal(start - 6 * hour);
  });

  it("counts the bad events that it fired for, of which a young episode has few", () => {
    expect(priorityInputs(fast, rule, start).badEvents).to.equal(70);
  });

  it("takes objective and period of `burn` for priority, and those of `impact.slo` where it has them", () => {
    expect(priorityInputs(fast, rule, start)).to.include({ burn: 60, budgetPeriodMs: 30 * day });
    const other = { ...rule, impact: { slo: { objective: 0.99, periodMs: 7 * day } } };
    expect(priorityInputs(fast, other, start)).to.include({ burn: 6, budgetPeriodMs: 7 * day });
  });
});
