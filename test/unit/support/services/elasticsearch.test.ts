import { Client, errors } from "@elastic/elasticsearch";
import { expect } from "chai";
import { loadAccessLog } from "../../../support/data.ts";
import { type Elasticsearch, readOnlyLogs, startElasticsearch } from "../../../support/services/elasticsearch.ts";
import { startOrSkip } from "../../../support/services/service-missing.ts";

for (const version of ["8.19.16", "8.8.2"] as const) {
  describe(`Elasticsearch ${version}`, function () {
    this.timeout(300_000);
    let elasticsearch: Elasticsearch;

    before(async function () {
      elasticsearch = await startOrSkip(this, () => startElasticsearch({ version }));
    });
    after(() => elasticsearch?.stop());

    it("takes the real access log and answers searches by status, address, word and time", async () => {
      const endsAt = Date.UTC(2026, 0, 1);
      const { client } = elasticsearch;
      const loaded = await loadAccessLog(client, { index: "logs-web", endsAt });

      const count = async (query: object) => (await client.count({ index: "logs-web", query })).count;
      expect(await count({ match_all: {} })).to.equal(loaded.length);
      expect(await count({ term: { "http.response.status_code": 404 } })).to.equal(213);
      expect(await count({ term: { "source.ip": "83.149.0.0/16" } })).to.equal(
        loaded.filter(({ source }) => source.ip.startsWith("83.149.")).length,
      );
      expect(await count({ match: { message: "robots.txt" } })).to.be.greaterThan(0);
      expect(await count({ range: { "@timestamp": { gt: endsAt } } })).to.equal(0);
      expect(await count({ range: { "@timestamp": { gte: endsAt } } })).to.be.greaterThan(0);
      const { aggregations } = await client.search({
        index: "logs-web",
        size: 0,
        aggs: { bytes: { sum: { field: "http.response.body.bytes" } } },
      });
      expect(aggregations?.["bytes"]).to.deep.equal({
        value: loaded.reduce((sum, { http }) => sum + (http.response.body?.bytes ?? 0), 0),
      });
    });

    it("is gone with its data after stop, which may be called twice", async () => {
      const { pid, url } = elasticsearch;
      await Promise.all([elasticsearch.stop(), elasticsearch.stop()]);
      expect(() => process.kill(pid, 0)).to.throw("ESRCH");
      expect(await fetch(url).catch(() => "refused")).to.equal("refused");
    });
  });
}

describe("a secured Elasticsearch", function () {
  this.timeout(300_000);
  let elasticsearch: Elasticsearch;

  before(async function () {
    elasticsearch = await startOrSkip(this, () => startElasticsearch({ security: readOnlyLogs }));
    for (const index of ["logs-web", "orders"]) {
      await elasticsearch.client.index({ index, document: { level: "error" }, refresh: true });
    }
  });
  after(() => elasticsearch?.stop());

  it("lets the read-only user search logs and forbids everything else", async () => {
    const { name: username, password } = readOnlyLogs.users[0];
    const reader = new Client({ node: elasticsearch.url, auth: { username, password } });

    expect((await reader.count({ index: "logs-*" })).count).to.equal(1);
    expect((await reader.fieldCaps({ index: "logs-*", fields: "*" })).indices).to.deep.equal(["logs-web"]);
    expect(await statusOf(reader.search({ index: "orders" }))).to.equal(403);
    expect(await statusOf(reader.cluster.health())).to.equal(403);
    expect(await statusOf(reader.index({ index: "logs-web", document: {} }))).to.equal(403);
    await reader.close();
  });

  it("refuses a wrong password", async () => {
    const stranger = new Client({ node: elasticsearch.url, auth: { username: "backfeed", password: "guessed" } });
    expect(await statusOf(stranger.search({ index: "logs-*" }))).to.equal(401);
    await stranger.close();
  });
});

async function statusOf(request: Promise<unknown>): Promise<number | undefined> {
  try {
    await request;
    return 200;
  } catch (error) {
    if (error instanceof errors.ResponseError) return error.statusCode;
    throw error;
  }
}
