import { expect } from "chai";
import { raisedInfra } from "../../../src/app/section-infra.ts";
import { buildFinding } from "../../support/findings.ts";
import { buildReceivedAlert } from "../../support/received-alerts.ts";
import { buildRule } from "../../support/rules.ts";

describe("the chart of a received alert", () => {
  const { worst } = buildFinding(buildRule({}));
  const raisedBy = (expression: string | undefined) => {
    const { words } = buildReceivedAlert({}, { expression });
    return { ...worst, verdict: { ...worst.verdict, raised: words } };
  };

  it("is what its expression measures, also while that is no alert, of the source that is named", () => {
    expect(raisedInfra(raisedBy("sum by (job) (up) < 3"), "metrics")).to.deep.equal([
      {
        source: "metrics",
        title: "What the alert's rule measures",
        windowMs: undefined,
        unit: "number",
        ask: { promql: "sum by (job) (up)" },
      },
    ]);
  });

  it("is none where no source is named, no expression is known, or nobody else raised it", () => {
    expect(raisedInfra(raisedBy("up"), undefined)).to.deep.equal([]);
    expect(raisedInfra(raisedBy(undefined), "metrics")).to.deep.equal([]);
    expect(raisedInfra(worst, "metrics")).to.deep.equal([]);
  });
});
