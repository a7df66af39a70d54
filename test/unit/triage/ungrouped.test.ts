import { expect } from "chai";
import type { Query } from "../../../src/model/query.ts";
import { ungrouped } from "../../../src/triage/impact.ts";

const query: Query = {
  target: "logs",
  where: { env: ["prod"] },
  filters: [],
  measure: { kind: "count" },
  by: ["service"],
  maxGroups: 200,
};

describe("the query of one label set", () => {
  it("has its labels as exact matches, and no groups", () => {
    expect(ungrouped(query, { service: "cart" })).to.deep.equal({
      ...query,
      where: { env: ["prod"], service: ["cart"] },
      by: [],
      maxGroups: 1,
    });
  });

  it("of a message pattern asks for the words that all its messages have, since its id is in no event", () => {
    const messages: Query = { ...query, by: [], containing: { field: "message", pieces: [] } };
    const asked = ungrouped(messages, { pattern: "0123456789ab" }, "payment <num> refused: no <*>");
    expect(asked.where).to.deep.equal({ env: ["prod"] });
    expect(asked.containing).to.deep.equal({ field: "message", pieces: ["payment", "refused: no"] });
  });

  it("takes a label that is only called pattern for a field", () => {
    expect(ungrouped(query, { pattern: "stripes" }).where).to.deep.equal({ env: ["prod"], pattern: ["stripes"] });
  });
});
