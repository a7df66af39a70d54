import { setImmediate as yieldToIo } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Client, estypes } from "@elastic/elasticsearch";
import { startElasticsearch } from "../support/services/elasticsearch.ts";

const hour = 3_600_000;
const serviceCount = 50;
const hostsPerService = 4;
const batchSize = 5_000;
/** Bulk requests under way at once: two keep the server busy, and memory stays at a few batches. */
const parallel = 2;
/** The service that fails: 30 % errors and slow answers in the last tenth of the time. */
export const failingService = "service-07";

const errorTypes = ["TimeoutException", "ConnectionRefused", "NullPointerException", "ValidationError", "OutOfStock"];
const paths = ["/", "/login", "/search", "/cart", "/checkout", "/orders", "/profile", "/health"];

/** One log event of the made-up estate. */
export interface BenchDocument {
  readonly "@timestamp": string;
  readonly service: { readonly name: string };
  readonly host: { readonly name: string };
  readonly log: { readonly level: "debug" | "info" | "warn" | "error" };
  readonly http: { readonly response: { readonly status_code: number } };
  readonly url: { readonly path: string };
  readonly user: { readonly id: string };
  readonly duration_ms: number;
  readonly error?: { readonly type: string };
  readonly message: string;
}

export interface BenchOptions {
  /** How many, for example 1_000_000. */
  readonly documents: number;
  /** Milliseconds since 1970. Every document lies before it. */
  readonly until: number;
  /** Milliseconds that the documents spread over evenly, oldest first. Default one day. */
  readonly span?: number;
  readonly seed?: number;
}

/**
 * The same options give the same documents: 50 services of falling traffic (the busiest has about 50 times the requests of
 * the least), 4 hosts each, 1 % errors, log-normal durations with a median of 80 ms; `failingService` breaks towards the end.
 */
export function* generateDocuments({
  documents,
  until,
  span = 24 * hour,
  seed = 1,
}: BenchOptions): Generator<BenchDocument> {
  const random = seededRandom(seed);
  const pick = <Item>(items: readonly [Item, ...Item[]] | readonly Item[]): Item =>
    items[Math.floor(random() * items.length)] as Item;
  for (let position = 0; position < documents; position += 1) {
    const age = 1 - position / documents;
    // Squaring the even draw gives the first services most of the traffic.
    const service = `service-${String(Math.floor(random() ** 2 * serviceCount)).padStart(2, "0")}`;
    const broken = service === failingService && age <= 0.1;
    const failed = random() < (broken ? 0.3 : 0.01);
    const duration = Math.exp(Math.log(broken ? 400 : 80) + 0.8 * normal(random));
    const path = pick(paths);
    const status = failed ? pick([500, 502, 503, 504]) : random() < 0.03 ? pick([400, 401, 404, 429]) : 200;
    const error = failed ? pick(errorTypes) : undefined;
    yield {
      "@timestamp": new Date(Math.floor(until - age * span)).toISOString(),
      service: { name: service },
      host: { name: `${service}-${Math.floor(random() * hostsPerService)}` },
      log: { level: failed ? "error" : status >= 400 ? "warn" : random() < 0.1 ? "debug" : "info" },
      http: { response: { status_code: status } },
      url: { path },
      user: { id: `user-${Math.floor(random() * 20_000)}` },
      duration_ms: Math.round(duration * 100) / 100,
      ...(error === undefined ? {} : { error: { type: error } }),
      message: error === undefined ? `GET ${path} ${status}` : `GET ${path} ${status}: ${error} in ${service}`,
    };
  }
}

const keyword = { type: "keyword" } as const;
const mapping: estypes.MappingTypeMapping = {
  dynamic: "strict",
  properties: {
    "@timestamp": { type: "date" },
    service: { properties: { name: keyword } },
    host: { properties: { name: keyword } },
    log: { properties: { level: keyword } },
    http: { properties: { response: { properties: { status_code: { type: "long" } } } } },
    url: { properties: { path: keyword } },
    user: { properties: { id: keyword } },
    duration_ms: { type: "float" },
    error: { properties: { type: keyword } },
    message: { type: "text" },
  },
};

/**
 * Creates the index (default `logs-bench`) and fills it, searchable when done. Holds at most two batches of 5,000 documents
 * at a time. Gives what was loaded and how fast; throws when the index exists or a document is refused.
 */
export async function loadBenchIndex(
  client: Client,
  { index = "logs-bench", ...options }: BenchOptions & { readonly index?: string },
): Promise<{ index: string; documents: number; seconds: number; documentsPerSecond: number }> {
  const started = performance.now();
  // Refreshing and syncing while loading costs half the speed, and nobody searches yet.
  const settings = { number_of_shards: 1, number_of_replicas: 0, refresh_interval: "-1" };
  await client.indices.create({
    index,
    mappings: mapping,
    settings: { ...settings, translog: { durability: "async" } },
  });
  const batches = batchesOf(generateDocuments(options));
  await Promise.all(Array.from({ length: parallel }, () => sendBatches(client, index, batches)));
  await client.indices.putSettings({
    index,
    settings: { refresh_interval: "1s", translog: { durability: "request" } },
  });
  await client.indices.refresh({ index });
  const { count } = await client.count({ index });
  if (count !== options.documents) throw new Error(`${count} documents in ${index} instead of ${options.documents}`);
  const seconds = (performance.now() - started) / 1000;
  return { index, documents: count, seconds, documentsPerSecond: Math.round(count / seconds) };
}

/** Each sender takes the next batch when its last one was stored, so that the generator never runs ahead. */
async function sendBatches(client: Client, index: string, batches: Iterator<string[]>): Promise<void> {
  for (let batch = batches.next(); batch.done !== true; batch = batches.next()) {
    const answer = await client.bulk({ index, operations: batch.value, filter_path: ["errors", "items.*.error"] });
    if (answer.errors) throw new Error(`bulk refused: ${JSON.stringify(answer.items).slice(0, 500)}`);
    await yieldToIo();
  }
}

/** Bulk lines as text: the client passes strings on as they are. */
function* batchesOf(documents: Iterable<BenchDocument>): Generator<string[]> {
  let lines: string[] = [];
  for (const document of documents) {
    lines.push('{"index":{}}', JSON.stringify(document));
    if (lines.length < 2 * batchSize) continue;
    yield lines;
    lines = [];
  }
  if (lines.length > 0) yield lines;
}

/** mulberry32 (Tommy Ettinger, public domain): 0 <= value < 1, the same sequence for the same seed everywhere. */
function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A standard normal value (Box and Muller, 1958). */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** `npx tsx test/bench/generate.ts 1000000` loads that many and prints the speed. */
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const elasticsearch = await startElasticsearch({ heap: "1g", optimised: true });
  try {
    const documents = Number(process.argv[2] ?? 100_000);
    const loaded = await loadBenchIndex(elasticsearch.client, { documents, until: Date.UTC(2026, 0, 1) });
    const memory = Math.round(process.resourceUsage().maxRSS / 1024);
    console.log(
      `${loaded.documents} documents in ${loaded.seconds.toFixed(1)} s: ${loaded.documentsPerSecond} a second, ${memory} MB`,
    );
  } finally {
    await elasticsearch.stop();
  }
}
