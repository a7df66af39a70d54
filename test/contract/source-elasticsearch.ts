import type { Client, estypes } from "@elastic/elasticsearch";
import type { ElasticsearchAuth } from "../../src/sources/elasticsearch/connection.ts";
import { createElasticsearchSource } from "../../src/sources/elasticsearch/elasticsearch-source.ts";
import type { Elasticsearch } from "../support/services/elasticsearch.ts";
import type { Dataset } from "../support/source-dataset.ts";
import type { FilterKind } from "../support/source-expectation.ts";
import type { SourceUnderTest } from "./source.contract.ts";

/** How the index was made: by the first document (text with `.keyword`), or by a mapping of exact fields. */
export type IndexMapping = "dynamic" | "keyword";

/** Elasticsearch takes a JSON number with a point for a float, which would not keep 3.18. */
const doubles = { numbers: { match_mapping_type: "double", mapping: { type: "double" } } } as const;
/**
 * Fields where one event says 3 and the next 3.18. Three shards may each see another kind first, at the same time, and
 * Elasticsearch then refuses the events of the shard that lost.
 */
const mixedNumbers = ["duration_ms", "timings"].map((field) => ({
  [field]: { match: field, mapping: { type: "double" as const } },
}));
const mappings: Readonly<Record<IndexMapping, estypes.MappingTypeMapping>> = {
  dynamic: { dynamic_templates: [...mixedNumbers, doubles] },
  keyword: {
    properties: { "@timestamp": { type: "date" }, message: { type: "text" } },
    dynamic_templates: [
      ...mixedNumbers,
      doubles,
      { texts: { match_mapping_type: "string", mapping: { type: "keyword" } } },
    ],
  },
};

function filters(mapping: IndexMapping): Readonly<Record<FilterKind, string>> {
  return {
    slow: "duration_ms:>=250",
    server_error: "http.response.status_code:>=500",
    not_health: `NOT ${mapping === "dynamic" ? "url.path.keyword" : "url.path"}:\\/health*`,
    broken: "http.response.status_code:((",
  };
}

/** Loads the dataset into an index of its own and gives the source that asks it. */
export async function elasticsearchUnderTest({
  service,
  dataset,
  index,
  mapping,
  auth,
}: {
  service: Elasticsearch;
  dataset: Dataset;
  index: string;
  mapping: IndexMapping;
  auth?: ElasticsearchAuth;
}): Promise<SourceUnderTest> {
  await loadDataset(service.client, { dataset, index, mapping });
  const nodes = [service.url];
  const source = createElasticsearchSource({
    name: index,
    nodes,
    timestamp: "@timestamp",
    timeoutMs: 120_000,
    maxConcurrency: 4,
    ...(auth === undefined ? {} : { auth }),
  });
  return {
    source,
    target: `${index}*`,
    missingTarget: "logs-that-nobody-writes",
    filterFor: (kind) => filters(mapping)[kind],
    serviceFilter: {
      language: "lucene",
      template: `service.name${mapping === "dynamic" ? ".keyword" : ""}:{{ labels["service.name"] }}`,
    },
    async close() {
      await source.close();
      await service.client.indices.delete({ index });
    },
  };
}

async function loadDataset(
  client: Client,
  { dataset, index, mapping }: { dataset: Dataset; index: string; mapping: IndexMapping },
): Promise<void> {
  // Several shards, so that what shards cut and what is added up over them is seen.
  const settings = { number_of_shards: 3, number_of_replicas: 0 };
  await client.indices.create({ index, settings, mappings: mappings[mapping] });
  const operations = dataset.events.flatMap((event) => [{ index: { _index: index } }, event]);
  const answer = await client.bulk({ operations, refresh: true });
  if (!answer.errors) return;
  const refused = answer.items.find((item) => item.index?.error !== undefined);
  throw new Error(`the dataset was not loaded: ${JSON.stringify(refused)}`);
}
