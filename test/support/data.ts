import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import type { Client, estypes } from "@elastic/elasticsearch";
import { type AccessDocument, parseAccessLine } from "./apache-access.ts";
import { flattenSnapshots, type NginxDocument, NginxSnapshot } from "./nginx-status.ts";
import { parseSshdLine } from "./sshd-auth.ts";

const raw = {
  access: "elastic-examples/apache_access.log.gz",
  nginx: "elastic-examples/nginxplus_status.ndjson.gz",
} as const;

/** The real auth.log that is shipped under examples/. */
export const sshdLogFile = projectFile("examples/sshd/auth.log.gz");

/** One point of a metric series: `at` in milliseconds since 1970, UTC. */
export interface MetricPoint {
  readonly at: number;
  readonly value: number;
}

/** Path of a file in the real data beside the project, or undefined where that folder is absent. */
export function sharedDataFile(path: string): string | undefined {
  const file = projectFile(`../shared/data/${path}`);
  return existsSync(file) ? file : undefined;
}

/** The 10,000 real Apache lines of 17 to 20 May 2015 as documents, in the log's order. */
export async function readAccessLog(): Promise<AccessDocument[]> {
  const file = sharedDataFile(raw.access);
  if (file !== undefined) return (await readLines(file)).map((line) => parseAccessLine(line));
  return fallBack(raw.access, "examples/apache/access.ndjson.gz");
}

/** What NGINX Plus of nginx.org counted in 500 snapshots, 5 s apart, of 30 October 2015. */
export async function readNginxStatus(): Promise<NginxDocument[]> {
  const file = sharedDataFile(raw.nginx);
  if (file === undefined) return fallBack(raw.nginx, "examples/nginx/status.ndjson.gz");
  const snapshots = (await readLines(file)).map((line) => NginxSnapshot.parse(JSON.parse(line)));
  return [...flattenSnapshots(snapshots)];
}

/** A series of the NAB collection, such as `realKnownCause/ec2_request_latency_system_failure.csv`, repeated timestamps dropped. */
export async function readMetricSeries(name: string): Promise<MetricPoint[]> {
  const shared = sharedDataFile(`nab/data/${name}`);
  const shipped = projectFile(`examples/metrics/${name.split("/").at(-1)}.gz`);
  if (shared === undefined) sayFallBack(name, shipped);
  const points = new Map<number, number>();
  for (const line of (await readLines(shared ?? shipped)).slice(1)) {
    const [timestamp = "", value] = line.split(",");
    const at = Date.parse(timestamp.includes("T") ? timestamp : `${timestamp.replace(" ", "T")}Z`);
    if (!points.has(at)) points.set(at, Number(value));
  }
  return [...points].map(([at, value]) => ({ at, value })).sort((a, b) => a.at - b.at);
}

/** Moves documents in time, together, so that the newest lies at `endsAt` (milliseconds since 1970). */
export function shiftToEndAt<Document extends { readonly "@timestamp": string }>(
  documents: readonly Document[],
  endsAt: number,
): Document[] {
  const times = documents.map((document) => Date.parse(document["@timestamp"]));
  const newest = times.reduce((latest, time) => Math.max(latest, time), Number.NEGATIVE_INFINITY);
  return documents.map((document, position) => ({
    ...document,
    "@timestamp": new Date((times[position] ?? newest) + endsAt - newest).toISOString(),
  }));
}

/** The fields of both sample sets: names exact, addresses as such, the message searchable by word. */
const sampleMapping: estypes.MappingTypeMapping = {
  dynamic_templates: [
    { text: { path_match: "message", mapping: { type: "text" } } },
    { names: { match_mapping_type: "string", mapping: { type: "keyword", ignore_above: 2048 } } },
  ],
  properties: {
    "@timestamp": { type: "date" },
    message: { type: "text" },
    source: { properties: { ip: { type: "ip" } } },
    service: { properties: { name: { type: "keyword" } } },
    event: { properties: { dataset: { type: "keyword" } } },
    url: {
      properties: {
        path: { type: "keyword", ignore_above: 2048 },
        query: { type: "keyword", ignore_above: 2048 },
      },
    },
    user_agent: { properties: { original: { type: "keyword", ignore_above: 2048 } } },
    http: {
      properties: {
        version: { type: "keyword" },
        request: {
          properties: { method: { type: "keyword" }, referrer: { type: "keyword", ignore_above: 2048 } },
        },
        response: {
          properties: { status_code: { type: "long" }, body: { properties: { bytes: { type: "long" } } } },
        },
      },
    },
  },
};

/** Creates the index and loads documents into it, searchable when done. Throws when the index exists or a document is refused. */
async function loadDocuments(
  client: Client,
  {
    index,
    documents,
    mapping = sampleMapping,
  }: { index: string; documents: readonly object[]; mapping?: estypes.MappingTypeMapping },
): Promise<void> {
  await client.indices.create({
    index,
    settings: { number_of_shards: 1, number_of_replicas: 0 },
    mappings: mapping,
  });
  const refused: unknown[] = [];
  await client.helpers.bulk({
    datasource: [...documents],
    onDocument: () => ({ index: { _index: index } }),
    onDrop: ({ error }) => refused.push(error),
    retries: 0,
    refreshOnCompletion: index,
  });
  if (refused.length > 0) throw new Error(`${refused.length} documents refused, first: ${JSON.stringify(refused[0])}`);
}

/** Loads the Apache lines into an index; with `endsAt` (milliseconds since 1970) the newest lies there. Gives what was loaded. */
export async function loadAccessLog(
  client: Client,
  { index, endsAt }: { index: string; endsAt?: number },
): Promise<AccessDocument[]> {
  const documents = await readAccessLog();
  const shifted = endsAt === undefined ? documents : shiftToEndAt(documents, endsAt);
  await loadDocuments(client, { index, documents: shifted });
  return shifted;
}

/** Loads the sshd log into an index, as Filebeat's system module would have taken it apart. */
export async function loadSshdLog(client: Client, { index }: { index: string }): Promise<void> {
  const documents = (await readLines(sshdLogFile)).flatMap((line) => parseSshdLine(line) ?? []);
  await loadDocuments(client, { index, documents });
}

function projectFile(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

/** Lines of a text file, gunzipped by its ending. */
async function readLines(file: string): Promise<string[]> {
  const content = await readFile(file);
  const text = (file.endsWith(".gz") ? gunzipSync(content) : content).toString("utf8");
  return text.split("\n").filter((line) => line !== "");
}

async function fallBack<Document>(missing: string, example: string): Promise<Document[]> {
  sayFallBack(missing, example);
  return (await readLines(projectFile(example))).map((line) => JSON.parse(line) as Document);
}

function sayFallBack(missing: string, example: string): void {
  console.error(`../shared/data/${missing} is absent: using ${example}`);
}
