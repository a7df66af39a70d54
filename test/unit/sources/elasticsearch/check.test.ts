import { expect } from "chai";
import type { Query } from "../../../../src/model/query.ts";
import { createElasticsearchSource } from "../../../../src/sources/elasticsearch/elasticsearch-source.ts";
import { startFakeElasticsearch } from "./fake-elasticsearch.ts";

const never = new AbortController().signal;

describe("Elasticsearch source: check", () => {
  it("tells how to mend a query that Elasticsearch cannot read", async () => {
    const fake = await startFakeElasticsearch();
    const source = createElasticsearchSource({
      name: "logs",
      nodes: [fake.url],
      timestamp: "@timestamp",
      timeoutMs: 60_000,
      maxConcurrency: 2,
    });
    const cause = { type: "query_shard_exception", reason: "Failed to parse query [a AND (]" };
    const refused = { status: 400, error: { ...cause, root_cause: [cause] } };
    fake.answer(({ path, searches }) =>
      path.startsWith("/_msearch")
        ? { json: { responses: searches.map(() => refused) } }
        : { json: { indices: ["logs-1"], fields: { "@timestamp": { date: { type: "date" } } } } },
    );
    const told = async (filters: Query["filters"]) => {
      const query: Query = { target: "logs-*", where: {}, filters, measure: { kind: "count" }, by: [], maxGroups: 1 };
      const faults = await source.check([query], never);
      const errors = faults.filter(({ severity }) => severity === "error");
      return errors.map(({ fix, inFilter }) => [fix?.split(":")[0], inFilter]);
    };
    expect(await told(["a AND ("])).to.deep.equal([["correct the Lucene query string in `filter` or `bad`", true]]);
    expect(await told([{ nonsense: {} }])).to.deep.equal([["correct the query DSL in `filter` or `bad`", true]]);
    expect(await told([]), "no filter to correct").to.deep.equal([[undefined, undefined]]);
    await source.close();
    await fake.close();
  });
});
