import { expect } from "chai";
import { defaultTicketPolicy, limitsFor, type Rule } from "../../../src/model/rule.ts";
import type { RuleContext } from "../../../src/rules/context.ts";
import { readRuleFile } from "../../../src/rules/read-rule-file.ts";

const context: RuleContext = {
  sources: {
    logs: { type: "elasticsearch" },
    metrics: { type: "prometheus" },
    access: { type: "files", tables: ["access"] },
  },
  owners: ["default", "payments", "search"],
};
const minute = 60_000;

function rulesOf(yaml: string): readonly Rule[] {
  const { entries, faults } = readRuleFile("rules/test.yaml", new TextEncoder().encode(yaml), context);
  expect(faults).to.deep.equal([]);
  return entries.flatMap(({ rule }) => (rule === undefined ? [] : [rule]));
}

function ruleOf(rest: string, defaults = ""): Rule {
  const [rule] = rulesOf(
    `apiVersion: backfeed/v1\n${defaults}\nrules:\n  - id: errors\n    title: x\n    why: y\n${rest}`,
  );
  if (rule === undefined) throw new Error("no rule");
  return rule;
}

const smallest = `    signal: { source: logs, index: "logs-*", measure: count, window: 5m }\n    when: { above: 5 }\n`;

describe("compiling a rule", () => {
  it("keeps which deploys are suspects, a day back where no window is written", () => {
    const deploysOf = (written: string) =>
      ruleOf(`${smallest}    evidence: { deploys: ${written} }\n`).evidence.deploys;
    expect(deploysOf("none")).to.equal("none");
    expect(deploysOf("{ service: checkout, window: 6h }")).to.deep.equal({
      service: "checkout",
      windowMs: 360 * minute,
    });
    expect(deploysOf("{ environment: live }")).to.deep.equal({ environment: "live", windowMs: 1_440 * minute });
    expect(ruleOf(smallest).evidence).to.not.have.property("deploys");
    const defaults = "defaults: { evidence: { deploys: { window: 2h } } }";
    const merged = ruleOf(`${smallest}    evidence: { deploys: { service: cart } }\n`, defaults);
    expect(merged.evidence.deploys).to.deep.equal({ service: "cart", windowMs: 120 * minute });
    expect(ruleOf(`${smallest}    evidence: { deploys: none }\n`, defaults).evidence.deploys).to.equal("none");
  });

  it("takes an expression in place of a measure: nothing is clear, the window is a step, and there are no samples", () => {
    const signal = `{ source: metrics, promql: "sum by (a) (x)", by: [a] }`;
    const rule = ruleOf(`    schedule: "*/5 * * * *"\n    signal: ${signal}\n    when: { above: 5 }\n`);
    expect(rule.signal).to.deep.include({
      target: "",
      windowMs: 5 * minute,
      measure: { kind: "promql", expression: "sum by (a) (x)", isShare: false },
    });
    expect(rule).to.deep.include({ noData: "clear", group: ["a"] });
    expect(rule.evidence.samples).to.equal(0);
    const more = ruleOf(
      `    signal: { source: metrics, promql: y, by: [a], window: 30s }\n    when: { above: 5% }\n    no_data: keep\n`,
    );
    expect(more.signal.measure).to.include({ isShare: true });
    expect(more)
      .to.include({ noData: "keep" })
      .and.have.nested.property("signal.windowMs", minute / 2);
    // Another text of the expression is the same rule, as another filter is; other labels are not.
    const shape = (promql: string, by: string) =>
      ruleOf(`    signal: { source: metrics, promql: ${promql}, by: [${by}] }\n    when: { above: 5 }\n`).shape;
    expect(shape("x", "a")).to.equal(shape("y", "a")).and.not.equal(shape("x", "b"));
  });

  it("fills in what RULES.md says holds when nothing is written", () => {
    const rule = ruleOf(smallest);
    expect(rule).to.deep.include({
      id: "errors",
      identity: "errors",
      problem: "errors",
      formerly: [],
      mode: "file",
      schedule: { cron: "* * * * *", timezone: "UTC" },
      noData: "keep",
      keepForMs: 24 * 60 * minute,
      knownForMs: 7 * 24 * 60 * minute,
      group: [],
      overrides: [],
      impact: {},
      evidence: { samples: 5, fields: [], infra: [] },
      ticket: defaultTicketPolicy,
      location: { file: "rules/test.yaml", line: 4 },
    });
    expect(rule.limits).to.deep.equal({
      when: { form: "threshold", above: 5, forMs: 0, minEvents: 0, minBadEvents: 0 },
      until: { forMs: 10 * minute },
      severity: "warning",
      owner: "default",
    });
    expect(rule.signal.query).to.deep.equal({
      target: "logs-*",
      where: {},
      filters: [],
      measure: { kind: "count" },
      by: [],
      maxGroups: 200,
    });
  });

  it("freezes rules to the bottom", () => {
    const rule = ruleOf(smallest);
    expect(Object.isFrozen(rule.signal.query.where)).to.equal(true);
    expect(Object.isFrozen(rule.limits.when)).to.equal(true);
  });

  it("merges defaults key by key, and lets lists and filters replace", () => {
    const rule = ruleOf(
      `    signal: { where: { region: [eu, us] }, filter: "b:2", by: [region], measure: rate, window: 10m }\n    when: { above: 5 }\n`,
      `defaults: { owner: payments, timezone: Europe/Berlin, signal: { source: logs, index: "logs-*", filter: { term: { a: 1 } }, where: { env: prod, region: asia }, by: [host] }, when: { for: 5m } }`,
    );
    expect(rule.limits.owner).to.equal("payments");
    expect(rule.limits.when).to.deep.include({ above: 5, forMs: 5 * minute });
    expect(rule.schedule.timezone).to.equal("Europe/Berlin");
    expect(rule.signal.by).to.deep.equal(["region"]);
    expect(rule.signal.query.where).to.deep.equal({ env: ["prod"], region: ["eu", "us"] });
    expect(rule.signal.query.filters).to.deep.equal(["b:2"]);
  });

  it("replaces the form of default limits and keeps their modifiers", () => {
    const rule = ruleOf(
      `    signal: { source: logs, index: x, measure: count, window: 5m }\n    when: { change: { versus: 1w, up: +50% } }\n`,
      "defaults: { when: { above: 5, for: 5m } }",
    );
    expect(rule.limits.when).to.deep.equal({
      form: "change",
      versus: 7 * 24 * 60 * minute,
      up: 1.5,
      floor: 0,
      forMs: 5 * minute,
      minEvents: 0,
      minBadEvents: 0,
    });
  });

  it("merges overrides key by key, another form replacing the form only", () => {
    const rule = ruleOf(`    severity: critical
    owner: payments
    signal: { source: logs, index: x, measure: ratio, bad: "s:500", by: [service.name], window: 5m }
    when: { above: 5%, for: 5m, min_bad_events: 20 }
    until: { below: 2%, for: 15m }
    overrides:
      - { where: { service.name: [search, cart] }, when: { above: 10% }, severity: high, owner: search }
      - { where: { service.name: 7 }, until: { for: 1h } }
      - { where: { service.name: quiet }, when: { change: { versus: previous, up: 3x, floor: 0.1 } } }
`);
    const base = rule.limits;
    expect(limitsFor(rule, { "service.name": "cart" })).to.deep.equal({
      when: { ...base.when, above: 0.1 },
      until: base.until,
      severity: "high",
      owner: "search",
    });
    expect(limitsFor(rule, { "service.name": "7" }).until).to.deep.equal({ below: 0.02, forMs: 60 * minute });
    expect(limitsFor(rule, { "service.name": "quiet" }).when).to.deep.equal({
      form: "change",
      versus: "previous",
      up: 3,
      floor: 0.1,
      forMs: 5 * minute,
      minEvents: 0,
      minBadEvents: 20,
    });
    expect(limitsFor(rule, { "service.name": "other" })).to.equal(base);
  });

  it("keeps an absent label set for a week, and knows it as long as the form says", () => {
    const rule = ruleOf(
      `    signal: { source: logs, index: x, measure: count, by: [host], window: 5m }\n    when: { absent: { known_for: 14d } }\n`,
    );
    expect(rule.limits.when).to.deep.include({ form: "absent", knownForMs: 14 * 24 * 60 * minute });
    expect(rule.knownForMs).to.equal(14 * 24 * 60 * minute);
    expect(rule.keepForMs).to.equal(7 * 24 * 60 * minute);
  });

  for (const [written, measure] of [
    ["p99.9(event.duration)", { kind: "percentile", field: "event.duration", percent: 99.9 }],
    ["p50( event.duration )", { kind: "percentile", field: "event.duration", percent: 50 }],
    ["sum(http.response.body.bytes)", { kind: "sum", field: "http.response.body.bytes" }],
    ["unique(user.id)", { kind: "unique", field: "user.id" }],
    ["avg(größe)", { kind: "avg", field: "größe" }],
  ] as const) {
    it(`reads the measure ${written}`, () => {
      const rule = ruleOf(
        `    signal: { source: logs, index: x, measure: "${written}", window: 5m }\n    when: { above: 5 }\n`,
      );
      expect(rule.signal.measure).to.deep.equal(measure);
    });
  }

  it("reads shares without the noise of binary fractions", () => {
    const rule = ruleOf(`    signal: { source: logs, index: x, measure: ratio, bad: "s:500", window: 5m }
    when: { above: 0.07 }
    impact: { reach: 100%, slo: { objective: 99.9%, period: 30d } }
`);
    expect(rule.impact).to.deep.equal({ declaredReach: 1, slo: { objective: 0.999, periodMs: 30 * 24 * 60 * minute } });
    expect(ruleOf(smallest.replace("count", "avg(x)").replace("above: 5", "above: 7%")).limits.when).to.include({
      above: 0.07,
    });
  });

  describe("shape", () => {
    const by = `    signal: { source: logs, index: x, measure: count, by: [a, b], window: 5m }\n    when: { above: 5 }\n`;
    const shape = ruleOf(by).shape;
    for (const [what, changed] of [
      ["threshold", by.replace("above: 5", "above: 6")],
      ["severity and owner", `${by}    severity: low\n    owner: payments\n`],
      ["index and filter", by.replace("index: x", "index: y, filter: z")],
      ["the order of by", by.replace("[a, b]", "[b, a]")],
      ["window and schedule", `${by.replace("5m", "10m")}    schedule: "*/2 * * * *"\n`],
    ] as const) {
      it(`is the same with another ${what}`, () => expect(ruleOf(changed).shape).to.equal(shape));
    }
    for (const [what, changed] of [
      ["by", by.replace("[a, b]", "[a]")],
      ["group", `${by}    group: [a]\n`],
      ["source", by.replace("source: logs, index: x", "source: access, table: access")],
      ["measure", by.replace("measure: count", "measure: rate")],
      ["form of when", by.replace("above: 5", "change: { versus: 1d, up: 2x }")],
    ] as const) {
      it(`is another with another ${what}`, () => expect(ruleOf(changed).shape).to.not.equal(shape));
    }
  });
});
