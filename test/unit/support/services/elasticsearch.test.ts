import { Client, errors } from "@elastic/elasticsearch";
import { expect } from "chai";
import { type Elasticsearch, readOnlyLogs, startElasticsearch } from "../../../support/services/elasticsearch.ts";
import { startOrSkip } from "../../../support/services/service-missing.ts";

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
