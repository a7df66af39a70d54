import { expect } from "chai";
import { readRuleFile } from "../../../src/rules/read-rule-file.ts";
import { selectRules } from "../../../src/rules/select-rules.ts";

const context = { sources: { logs: { type: "elasticsearch" } }, owners: undefined } as const;

function selected(...parts: readonly string[]) {
  const rules = parts.map(
    (part, place) => `
  - { id: rule-${place}, problem: checkout-down, title: t, why: w, when: { above: 1 },
      signal: { source: logs, index: "logs-*", measure: count, window: 5m, by: [service, region] }, ${part} }`,
  );
  const text = `apiVersion: backfeed/v1\nrules:${rules.join("")}\n`;
  const { rules: running, faults } = selectRules([readRuleFile("a.yaml", Buffer.from(text), context)], []);
  return {
    running: running.map(({ id }) => id),
    faults: faults.map(({ severity, ruleId, message }) => `${severity} ${ruleId}: ${message}`),
  };
}

describe("rules of one problem", () => {
  it("agree whatever the order in which they name the labels of their group", () => {
    expect(selected("group: [service, region]", "group: [region, service]")).to.deep.equal({
      running: ["rule-0", "rule-1"],
      faults: [],
    });
  });

  it("that group by other labels could never share a ticket: the first stands, the other is refused", () => {
    const { running, faults } = selected("group: [service]", "group: []");
    expect(running).to.deep.equal(["rule-0"]);
    expect(faults).to.have.length(1);
    expect(faults[0])
      .to.match(/^error rule-1: its problem `checkout-down` is also that of rule `rule-0` \(a\.yaml:3\)/)
      .and.include("groups by service and not by nothing");
  });

  it("of different owners run, and it is said which of them gets the ticket", () => {
    const { running, faults } = selected("owner: shop", "owner: payments, severity: critical", "owner: shop");
    expect(running).to.have.length(3);
    expect(faults).to.have.length(1);
    expect(faults[0]).to.include("warning rule-1").and.include("goes to `payments` while `rule-1` fires");
    expect(selected("owner: shop", "owner: payments").faults[0]).to.include("the owner of whichever alert is worse");
  });
});
