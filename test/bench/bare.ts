import { createServer } from "node:http";
import { Agent, request } from "undici";
import { labelsKey } from "../../src/model/labels.ts";
import type { Query } from "../../src/model/query.ts";
import type { Rule } from "../../src/model/rule.ts";

const inFlight = 4;

/** One request as it goes over the wire. */
export interface BareRequest {
  readonly path: string;
  readonly body: string;
}

/** Sends requests without any logic of ours: keep-alive, four in flight, answers read to their end. */
export async function sendAll(url: string, requests: readonly BareRequest[], agent: Agent): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      for (let one = requests[next++]; one !== undefined; one = requests[next++]) {
        const headers = { "content-type": one.path.includes("_msearch") ? "application/x-ndjson" : "application/json" };
        const { statusCode, body } = await request(`${url}${one.path}`, {
          method: "POST",
          headers,
          body: one.body,
          dispatcher: agent,
        });
        const text = await body.text();
        if (statusCode !== 200) throw new Error(`${one.path}: ${statusCode} ${text.slice(0, 300)}`);
      }
    }),
  );
}

export function bareAgent(): Agent {
  return new Agent({ connections: inFlight, keepAliveTimeout: 60_000 });
}

/** Every question of the rules as a search of its own. */
export function oneSearchEach(rules: readonly Rule[], at: number): readonly BareRequest[] {
  return searches(rules, at).map((body) => ({ path: "/logs-bench/_search", body: JSON.stringify(body) }));
}

/** The same searches, fifty to a `_msearch`. */
export function multiSearches(rules: readonly Rule[], at: number): readonly BareRequest[] {
  const all = searches(rules, at);
  const requests: BareRequest[] = [];
  for (let from = 0; from < all.length; from += 50) {
    const lines = all.slice(from, from + 50).flatMap((body) => ['{"index":"logs-bench"}', JSON.stringify(body)]);
    requests.push({ path: "/_msearch", body: `${lines.join("\n")}\n` });
  }
  return requests;
}

function searches(rules: readonly Rule[], at: number): readonly object[] {
  return rules.flatMap((rule) => {
    const { windowMs, query } = rule.signal;
    const current = search(query, at - windowMs, at);
    return rule.limits.when.form === "change" ? [current, search(query, at - 2 * windowMs, at - windowMs)] : [current];
  });
}

/** What a person would write for this question: no sharing, no cached parts. */
function search(query: Query, from: number, to: number): object {
  const filter: object[] = [{ range: { "@timestamp": { gte: from, lt: to, format: "epoch_millis" } } }];
  for (const [field, values] of Object.entries(query.where)) filter.push({ terms: { [field]: values } });
  for (const each of query.filters) filter.push({ query_string: { query: each as string } });
  const measured = aggregationOf(query);
  const [by] = query.by;
  const grouped =
    by === undefined ? measured : { groups: { terms: { field: by, size: query.maxGroups + 1 }, aggs: measured } };
  return {
    size: 0,
    track_total_hits: true,
    query: { bool: { filter } },
    ...(Object.keys(grouped).length > 0 ? { aggs: grouped } : {}),
  };
}

/** What a rule's search measures, asked barely: by `labelsKey`. */
export async function bareValues(
  url: string,
  { signal }: Rule,
  at: number,
  agent: Agent,
): Promise<ReadonlyMap<string, number | undefined>> {
  const { query, windowMs } = signal;
  const { body } = await request(`${url}/${query.target}/_search`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(search(query, at - windowMs, at)),
    dispatcher: agent,
  });
  const answer = (await body.json()) as {
    readonly hits: { readonly total: { readonly value: number } };
    readonly aggregations?: Measured & { readonly groups?: { readonly buckets: readonly (Measured & Group)[] } };
  };
  const [by] = query.by;
  if (by === undefined) return new Map([["{}", measuredOf(query, answer.aggregations ?? {}, answer.hits.total.value)]]);
  const buckets = answer.aggregations?.groups?.buckets ?? [];
  return new Map(buckets.map((each) => [labelsKey({ [by]: each.key }), measuredOf(query, each, each.doc_count)]));
}

interface Group {
  readonly key: string;
  readonly doc_count: number;
}

interface Measured {
  readonly value?: { readonly value?: number | null; readonly values?: Readonly<Record<string, number | null>> };
  readonly bad?: { readonly doc_count: number };
}

function measuredOf({ measure }: Query, { value, bad }: Measured, events: number): number | undefined {
  if (measure.kind === "count") return events;
  if (measure.kind === "ratio") return bad === undefined || events === 0 ? undefined : bad.doc_count / events;
  return (measure.kind === "percentile" ? Object.values(value?.values ?? {})[0] : value?.value) ?? undefined;
}

function aggregationOf({ measure }: Query): object {
  switch (measure.kind) {
    case "count":
    case "rate":
      return {};
    case "unique":
      return { value: { cardinality: { field: measure.field } } };
    case "percentile":
      return { value: { percentiles: { field: measure.field, percents: [measure.percent] } } };
    case "ratio":
      return { bad: { filter: { query_string: { query: measure.bad as string } } } };
    case "promql":
    case "alerts":
      throw new Error("documents are asked for neither PromQL nor received alerts");
    default:
      return { value: { [measure.kind]: { field: measure.field } } };
  }
}

/** Stands before Elasticsearch and keeps what passes, so that our own plan can be sent again without us. */
export async function recordingProxy(
  target: string,
): Promise<{ url: string; recorded: BareRequest[]; stop: () => Promise<void> }> {
  const recorded: BareRequest[] = [];
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const body = Buffer.concat(chunks).toString("utf8");
      const path = incoming.url ?? "/";
      if (path.includes("_msearch") || path.includes("_search")) recorded.push({ path, body });
      const headers: Record<string, string> = { "accept-encoding": "identity" };
      for (const [name, value] of Object.entries(incoming.headers)) {
        if (typeof value === "string" && name !== "accept-encoding") headers[name] = value;
      }
      for (const name of ["host", "connection", "content-length", "transfer-encoding", "keep-alive"])
        delete headers[name];
      const method = incoming.method === "GET" ? "GET" : "POST";
      request(`${target}${path}`, { method, headers, ...(body === "" ? {} : { body }) })
        .then(async (answer) => {
          const bytes = Buffer.from(await answer.body.arrayBuffer());
          const type = answer.headers["content-type"] ?? "application/json";
          outgoing.writeHead(answer.statusCode, { "content-type": type, "x-elastic-product": "Elasticsearch" });
          outgoing.end(bytes);
        })
        .catch((error: Error) => outgoing.destroy(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const stop = () => new Promise<void>((resolve) => server.close(() => resolve()) && server.closeAllConnections());
  return { url: `http://127.0.0.1:${port}`, recorded, stop };
}

/** The same requests for another instant: every time in them moves by `byMs`. */
export function shifted(requests: readonly BareRequest[], byMs: number): readonly BareRequest[] {
  const move = (text: string) =>
    text
      .replace(/\b1[5-9]\d{11}\b/g, (digits) => String(Number(digits) + byMs))
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, (iso) => new Date(Date.parse(iso) + byMs).toISOString());
  return requests.map(({ path, body }) => ({ path, body: move(body) }));
}
