import { createScriptedSource } from "../../src/sources/scripted/scripted-source.ts";
import { readOnlyLogs, sharedElasticsearch, sharedReadOnlyElasticsearch } from "../support/services/elasticsearch.ts";
import { startOrSkip } from "../support/services/service-missing.ts";
import type { FilterKind } from "../support/source-expectation.ts";
import { sourceContract } from "./source.contract.ts";
import { elasticsearchUnderTest } from "./source-elasticsearch.ts";

const scriptedFilters: Readonly<Record<FilterKind, Record<string, unknown>>> = {
  slow: { duration_ms: { gte: 250 } },
  server_error: { "http.response.status_code": { gte: 500 } },
  not_health: { not: { "url.path": { prefix: "/health" } } },
  broken: { "url.path": { resembles: "x" } },
};

sourceContract({
  name: "scripted",
  windowByWindow: true,
  async create({ events }) {
    const script = { events: { events: events.map((event) => ({ ...event })) } };
    return {
      source: createScriptedSource({ name: "scripted", script }),
      target: "events",
      missingTarget: "nowhere",
      filterFor: (kind) => scriptedFilters[kind],
      async close() {},
    };
  },
});

sourceContract({
  name: "elasticsearch 8.19, dynamic mapping",
  async create(dataset, context) {
    const service = await startOrSkip(context, sharedElasticsearch);
    return elasticsearchUnderTest({ service, dataset, index: "logs-contract-dynamic", mapping: "dynamic" });
  },
});

sourceContract({
  name: "elasticsearch 8.19, keywords",
  short: true,
  async create(dataset, context) {
    const service = await startOrSkip(context, sharedElasticsearch);
    return elasticsearchUnderTest({ service, dataset, index: "logs-contract-keyword", mapping: "keyword" });
  },
});

sourceContract({
  name: "elasticsearch 8.8, as a user that may only read logs-*",
  short: true,
  // The t-digest of that version adds its values in a random order.
  digestsVary: true,
  async create(dataset, context) {
    const service = await startOrSkip(context, () => sharedReadOnlyElasticsearch("8.8.2"));
    const [{ name: user, password }] = readOnlyLogs.users;
    const auth = { user, password };
    return elasticsearchUnderTest({ service, dataset, index: "logs-contract", mapping: "keyword", auth });
  },
});
