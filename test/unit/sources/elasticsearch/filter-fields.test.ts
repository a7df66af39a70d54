import { expect } from "chai";
import { filterFields } from "../../../../src/sources/elasticsearch/filter-fields.ts";

describe("the fields that a filter asks for", () => {
  it("are found in every kind of query that names one, however nested", () => {
    const filter = {
      bool: {
        must: { term: { a: { value: 1 } } },
        filter: [{ terms: { b: [1, 2], boost: 2 } }, { constant_score: { filter: { range: { c: { gt: 1 } } } } }],
        should: [{ match_phrase: { "d.e": "x" } }, { bool: { must_not: [{ exists: { field: "f" } }] } }],
        minimum_should_match: 1,
      },
    };
    expect(filterFields([filter]).toSorted()).to.deep.equal(["a", "b", "c", "d.e", "f"]);
  });

  it("are none of Lucene text, of patterns, of the server's own and of queries that are not known", () => {
    const others = [
      { exists: { field: "a*" } },
      { term: { _index: "x" } },
      { nested: { path: "p", query: {} } },
      { bool: 3 },
    ];
    expect(filterFields(["status:500", ...others])).to.deep.equal([]);
  });

  it("are sought to a depth that ends", () => {
    let filter: Record<string, unknown> = { term: { deep: 1 } };
    for (let depth = 0; depth < 50; depth++) filter = { bool: { must: [filter] } };
    expect(filterFields([filter])).to.deep.equal([]);
  });
});
