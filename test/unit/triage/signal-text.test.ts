import { expect } from "chai";
import type { Query } from "../../../src/model/query.ts";
import { signalText } from "../../../src/triage/signal-text.ts";
import { buildRule } from "../../support/rules.ts";

const said = (query: Partial<Query>) => {
  const whole: Query = {
    target: "app",
    where: {},
    filters: [],
    measure: { kind: "count" },
    by: [],
    maxGroups: 200,
    ...query,
  };
  return signalText(buildRule({ id: "r", signal: { query: whole, target: whole.target, by: whole.by } }));
};

describe("what a ticket says was counted", () => {
  it("the bad part of a ratio, and the fields it is grouped by", () => {
    expect(said({ measure: { kind: "ratio", bad: "status >= 500" }, by: ["service"] })).to.equal(
      'ratio of "status >= 500" in app by service (rule r, rules/test.yaml:3)',
    );
  });

  it("exact matches and filters, in text and in query DSL", () => {
    const filters = ["NOT path:\\/health*", { term: { a: 1 } }];
    expect(said({ where: { env: ["prod", "stage"], ok: [true] }, filters, by: ["host", "env"] })).to.equal(
      'count in app where env=prod or stage and ok=true and "NOT path:\\/health*" and {"term":{"a":1}}, by host, env (rule r, rules/test.yaml:3)',
    );
  });

  it("the field of a mean and of a percentile", () => {
    expect(said({ measure: { kind: "avg", field: "took" } })).to.match(/^avg of took in app \(/);
    expect(said({ measure: { kind: "percentile", field: "took", percent: 99.9 } })).to.match(
      /^p99\.9 of took in app \(/,
    );
  });

  it("no more of a condition than people read", () => {
    const text = said({ filters: [`a${"b".repeat(5_000)}`] });
    expect(text)
      .to.match(/b…" \(rule r,/)
      .and.have.length.below(400);
  });

  it("what is new, without naming twice what it is told apart by", () => {
    const newOf = (kind: "value" | "pattern", field: string, by: readonly string[]) =>
      signalText(
        buildRule({
          id: "r",
          signal: { by },
          limits: { when: { form: "new", of: { kind, field }, learnedFromMs: 1, settleMs: 1 } },
        }),
      );
    expect(newOf("value", "error.type", ["service", "error.type"])).to.equal(
      "count of each new value of error.type in logs by service (rule r, rules/test.yaml:3)",
    );
    expect(newOf("pattern", "message", ["pattern"])).to.equal(
      "count of each new pattern of message in logs (rule r, rules/test.yaml:3)",
    );
  });
});
