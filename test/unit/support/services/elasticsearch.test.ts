import { Client, errors } from "@elastic/elasticsearch";
import { expect } from "chai";
import { loadAccessLog } from "../../../support/data.ts";
import {
  type Elasticsearch,
  endSharedReadOnlyElasticsearch,
  readOnlyLogs,
  sharedElasticsearch,
  sharedReadOnlyElasticsearch,
} from "../../../support/services/elasticsearch.ts";
import { startOrSkip } from "../../../support/services/service-missing.ts";

/** The real access log, loaded and asked by status, address, word and time. */
async function expectAccessLog({ client }: Elasticsearch): Promise<void> {
  const index = "logs-service-access";
  const endsAt = Date.UTC(2026, 0, 1);
  const loaded = await loadAccessLog(client, { index, endsAt });

  const count = async (query: object) => (await client.count({ index, query })).count;
  expect(await count({ match_all: {} })).to.equal(loaded.length);
  expect(await count({ term: { "http.response.status_code": 404 } })).to.equal(213);
  expect(await count({ term: { "source.ip": "83.149.0.0/16" } })).to.equal(
    loaded.filter(({ source }) => source.ip.startsWith("83.149.")).length,
  );
  expect(await count({ match: { message: "robots.txt" } })).to.be.greaterThan(0);
  expect(await count({ range: { "@timestamp": { gt: endsAt } } })).to.equal(0);
  expect(await count({ range: { "@timestamp": { gte: endsAt } } })).to.be.greaterThan(0);
  const { aggregations } = await client.search({
    index,
    size: 0,
    aggs: { bytes: { sum: { field: "http.response.body.bytes" } } },
  });
  expect(aggregations?.["bytes"]).to.deep.equal({
    value: loaded.reduce((sum, { http }) => sum + (http.response.body?.bytes ?? 0), 0),
  });
  await client.indices.delete({ index });
}

describe("Elasticsearch 8.19.16", function () {
  this.timeout(400_000);

  it("takes the real access log and answers searches by status, address, word and time", async function () {
    await expectAccessLog(await startOrSkip(this, sharedElasticsearch));
  });
});

describe("a secured Elasticsearch", function () {
  this.timeout(400_000);
  let elasticsearch: Elasticsearch;

  before(async function () {
    elasticsearch = await startOrSkip(this, () => sharedReadOnlyElasticsearch("8.19.16"));
    for (const index of ["logs-service-web", "orders"]) {
      await elasticsearch.client.index({ index, document: { level: "error" }, refresh: true });
    }
  });
  after(async () => {
    for (const index of ["logs-service-web", "orders"]) await elasticsearch?.client.indices.delete({ index });
  });

  it("lets the read-only user search logs and forbids everything else", async () => {
    const { name: username, password } = readOnlyLogs.users[0];
    const reader = new Client({ node: elasticsearch.url, auth: { username, password } });

    expect((await reader.count({ index: "logs-service-*" })).count).to.equal(1);
    expect((await reader.fieldCaps({ index: "logs-service-*", fields: "*" })).indices).to.deep.equal([
      "logs-service-web",
    ]);
    expect(await statusOf(reader.search({ index: "orders" }))).to.equal(403);
    expect(await statusOf(reader.cluster.health())).to.equal(403);
    expect(await statusOf(reader.index({ index: "logs-service-web", document: {} }))).to.equal(403);
    await reader.close();
  });

  it("refuses a wrong password", async () => {
    const stranger = new Client({ node: elasticsearch.url, auth: { username: "backfeed", password: "guessed" } });
    expect(await statusOf(stranger.search({ index: "logs-service-*" }))).to.equal(401);
    await stranger.close();
  });
});

describe("Elasticsearch 8.8.2", function () {
  this.timeout(400_000);
  let elasticsearch: Elasticsearch;

  before(async function () {
    elasticsearch = await startOrSkip(this, () => sharedReadOnlyElasticsearch("8.8.2"));
  });
  after(endSharedReadOnlyElasticsearch);

  it("takes the real access log and answers searches by status, address, word and time", () =>
    expectAccessLog(elasticsearch));

  it("is gone with its data after stop, which may be called twice", async () => {
    const { pid, url } = elasticsearch;
    await Promise.all([elasticsearch.stop(), elasticsearch.stop()]);
    expect(() => process.kill(pid, 0)).to.throw("ESRCH");
    expect(await fetch(url).catch(() => "refused")).to.equal("refused");
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
