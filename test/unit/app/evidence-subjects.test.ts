import { expect } from "chai";
import { evidenceSubjects } from "../../../src/app/evidence-subjects.ts";
import type { Rule, When } from "../../../src/model/rule.ts";
import { evidenceRequest } from "../../../src/triage/evidence.ts";
import { buildFinding } from "../../support/findings.ts";
import { buildRule } from "../../support/rules.ts";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

describe("what a ticket's chart is compared with", () => {
  const change = (parts: object): Partial<When> => ({ form: "change", floor: 0, ...parts }) as Partial<When>;
  const chartOf = (rule: Rule, at: number, startedAt = at) => {
    const finding = buildFinding(rule);
    const context = {
      voice: { titleOf: () => "t", linksOf: () => [], infraOf: () => [] },
      timings: new Map([["logs", { delayMs: minute, staleAfterMs: undefined }]]),
    } as unknown as Parameters<typeof evidenceSubjects>[3];
    const begun = { ...finding, episode: { ...finding.episode, startedAt } };
    const subjects = evidenceSubjects(begun, new Map([[rule.id, rule]]), at, context);
    const [section] = evidenceRequest(begun, subjects, at).sections;
    return section?.chart;
  };
  const at = Date.parse("2026-01-05T10:00:00Z");

  it("is nothing for a limit that is always the same", () => {
    expect(chartOf(buildRule(), at)).to.have.property("threshold").and.not.equal(undefined);
    expect(chartOf(buildRule(), at)).to.not.have.property("reference");
  });

  it("is the same window as much earlier as the rule says, with a limit for each direction", () => {
    const rule = buildRule({ limits: { when: change({ versus: 7 * day, up: 3, down: 0.75 }) } });
    expect(chartOf(rule, at)?.reference).to.deep.equal({
      backMs: 7 * day,
      limits: [
        { direction: "above", factor: 3 },
        { direction: "below", factor: 0.25 },
      ],
    });
  });

  it("is the window before, or the step before where a long episode is drawn in coarser ones", () => {
    const rule = buildRule({ limits: { when: change({ versus: "previous", up: 2 }) } });
    expect(chartOf(rule, at)?.reference?.backMs).to.equal(5 * minute);
    const long = chartOf(rule, at, at - 2 * day);
    expect(long?.stepMs).to.be.greaterThan(5 * minute);
    expect(long?.reference?.backMs).to.equal(long?.stepMs);
  });

  it("is what an override compares with, and goes by the rule's clock where clocks were changed", () => {
    const rule = buildRule({
      signal: { by: ["service"] },
      schedule: { cron: "* * * * *", timezone: "Europe/Berlin" },
      limits: { when: change({ versus: "previous", up: 2 }) },
    });
    const { labels } = buildFinding(rule).worst;
    const limits = buildRule({ limits: { when: change({ versus: day, up: 4 }) } }).limits;
    const where = Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, [value]]));
    const overridden = { ...rule, overrides: [{ where, limits }] };
    // On 25 October 2026 the clock is put back: noon is 25 hours after noon.
    const noon = Date.parse("2026-10-25T11:00:00Z");
    expect(chartOf(overridden, noon)?.reference).to.deep.equal({
      backMs: 25 * hour,
      limits: [{ direction: "above", factor: 4 }],
    });
  });
});
