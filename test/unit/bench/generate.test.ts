import { expect } from "chai";
import { type BenchDocument, failingService, generateDocuments, loadBenchIndex } from "../../bench/generate.ts";
import { sharedElasticsearch } from "../../support/services/elasticsearch.ts";
import { startOrSkip } from "../../support/services/service-missing.ts";

const until = Date.UTC(2026, 0, 1);
const hour = 3_600_000;

describe("the generated logs for measuring", () => {
  it("are the same for the same seed and others for another", () => {
    const first = [...generateDocuments({ documents: 500, until })];
    expect([...generateDocuments({ documents: 500, until })]).to.deep.equal(first);
    expect([...generateDocuments({ documents: 500, until, seed: 2 })]).to.not.deep.equal(first);
  });

  it("lie within the asked time in its order, over 50 services of 4 hosts", () => {
    const documents = [...generateDocuments({ documents: 20_000, until, span: hour })];
    const times = documents.map((document) => Date.parse(document["@timestamp"]));
    expect(times).to.deep.equal([...times].sort((a, b) => a - b));
    expect(times[0]).to.equal(until - hour);
    expect(times.at(-1)).to.be.lessThan(until);
    expect(new Set(documents.map(({ service }) => service.name))).to.have.property("size", 50);
    expect(new Set(documents.map(({ host }) => host.name))).to.have.property("size", 200);
  });

  it("have about 1 % errors, and 30 % in the failing service's last tenth", () => {
    const documents = [...generateDocuments({ documents: 100_000, until, span: hour })];
    const late = (document: BenchDocument) => Date.parse(document["@timestamp"]) >= until - hour / 10;
    const failing = documents.filter((document) => document.service.name === failingService);
    expect(errorRatio(documents.filter(({ service }) => service.name !== failingService))).to.be.closeTo(0.01, 0.002);
    expect(errorRatio(failing.filter((document) => !late(document)))).to.be.closeTo(0.01, 0.01);
    expect(errorRatio(failing.filter(late))).to.be.closeTo(0.3, 0.1);
  });

  it("load completely into a real Elasticsearch", async function () {
    this.timeout(400_000);
    const { client } = await startOrSkip(this, sharedElasticsearch);
    const index = "logs-bench-check";
    const loaded = await loadBenchIndex(client, { documents: 12_345, until, span: hour, index });
    expect(loaded.documents).to.equal(12_345);
    const late = await client.count({ index, query: { range: { "@timestamp": { gte: until - hour / 2 } } } });
    expect(late.count).to.be.closeTo(12_345 / 2, 1);
    await client.indices.delete({ index });
  });
});

function errorRatio(documents: readonly BenchDocument[]): number {
  return documents.filter(({ log }) => log.level === "error").length / documents.length;
}
