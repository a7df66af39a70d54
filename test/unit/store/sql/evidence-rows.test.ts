import { expect } from "chai";
import { encode } from "../../../../src/store/sql/codec.ts";
import { evidenceOfIntent, readEvidence, readEvidenceRequest } from "../../../../src/store/sql/evidence-rows.ts";
import { chartOf, evidence, evidenceRequest } from "../../../contract/store-builders.ts";

/** As rows were written while a ticket showed one rule alone. */
function before() {
  const { ruleId: _rule, about: _about, infra: _infra, ...request } = evidenceRequest().sections[0] ?? never();
  const { chart: _chart, infra: _none, ...proof } = evidence().sections[0] ?? never();
  return { request, proof };
}

function never(): never {
  throw new Error("no section");
}

describe("rows of evidence", () => {
  it("of before tickets showed several rules are read as one section", () => {
    const { request, proof } = before();
    const bytes = new Uint8Array([137, 80, 78, 71]);
    const row = { outbox_id: "1", body: encode({ collectedAt: 7, ...proof }), chart: bytes };
    expect(readEvidence(row)).to.deep.equal({
      collectedAt: 7,
      sections: [{ ...proof, chart: chartOf(bytes), infra: [] }],
    });
    expect(readEvidence({ ...row, chart: null }).sections[0]?.chart).to.equal(undefined);
    const section = { ...request, ruleId: "", about: [], infra: [] };
    const expected = { sections: [section], moreRules: [] };
    expect(readEvidenceRequest({ outbox_id: "1", request: encode(request) })).to.deep.equal(expected);
    expect(evidenceOfIntent(request, "checkout-errors").sections[0]?.ruleId).to.equal("checkout-errors");
  });

  it("that hold neither are not readable", () => {
    expect(() => readEvidence({ outbox_id: "1", body: encode({ collectedAt: 7 }), chart: null })).to.throw(/series/);
    expect(() => readEvidenceRequest({ outbox_id: "1", request: encode({}) })).to.throw(/source/);
  });
});
