import type { QueryFailure } from "../../model/query.ts";
import { fail } from "../query-failure.ts";
import { type Connection, connectionLost } from "./connection.ts";
import { classify, type ElasticsearchCause, partialFailure, RequestFailed } from "./failure.ts";
import { type Job, unreadable } from "./jobs.ts";
import type { SearchResult } from "./read-search.ts";

/** Searches in one `_msearch`: more gain nothing (DESIGN.md section 5). */
const chunkSearches = 50;
const chunkBytes = 1_000_000;

/** After so many the rest of the batch is not tried: a server that hangs must not hold a tick for minutes. */
const mostTimeouts = 3;

/** What we read of an answer; Elasticsearch leaves the rest out. `status` stays, so no entry can vanish. */
const filterPath = [
  "status",
  "error",
  "timed_out",
  "_shards.total",
  "_shards.failed",
  "_shards.failures.reason",
  "_clusters.skipped",
  "_clusters.partial",
  "_clusters.failed",
  "hits.total.value",
  "aggregations",
]
  .map((path) => `responses.${path}`)
  .join(",");

/** Sends jobs until none is left, in as few requests as the limits allow. Gives the number of requests. */
export async function runJobs(jobs: readonly Job[], connection: Connection, signal: AbortSignal): Promise<number> {
  let requests = 0;
  let timeouts = 0;
  let vain: RequestFailed | undefined;
  const learnFrom = (failed: RequestFailed) => {
    if (failed.failure.code === "timeout") timeouts += 1;
    if (failed.status === connectionLost || timeouts >= mostTimeouts) vain = failed;
  };

  const send = async (chunk: readonly Job[]): Promise<readonly Job[]> => {
    requests += 1;
    let answer: unknown;
    try {
      answer = await connection.request(
        {
          method: "POST",
          path: "/_msearch",
          querystring: { filter_path: filterPath },
          body: chunkBody(chunk),
          lines: true,
        },
        signal,
        () => vain,
      );
    } catch (error) {
      if (!(error instanceof RequestFailed)) throw error;
      learnFrom(error);
      const { failure } = error;
      if (!error.splittable || chunk.length === 1) return chunk.flatMap((job) => job.fail(failure, true));
      // One search that cannot even be parsed, or one huge answer, spoils the request: find it by halves.
      const half = Math.ceil(chunk.length / 2);
      return (await Promise.all([send(chunk.slice(0, half)), send(chunk.slice(half))])).flat();
    }
    const results = (answer as { responses?: readonly SearchResult[] } | null)?.responses;
    if (!Array.isArray(results) || results.length !== chunk.length) {
      const failure = fail("unreachable", true, "what answers there is not Elasticsearch, or its answer is not whole");
      return chunk.flatMap((job) => job.fail(failure, false));
    }
    return chunk.flatMap((job, index) => settle(job, results[index] ?? {}, connection.redact));
  };

  let left = jobs;
  while (left.length > 0) left = (await Promise.all(chunksOf(left).map(send))).flat();
  return requests;
}

function settle(job: Job, result: SearchResult, redact: (text: string) => string): readonly Job[] {
  const failure = failureOf(result, { redact, target: job.target });
  if (failure !== undefined) return job.fail(failure, false);
  try {
    return job.settle(result);
  } catch (error) {
    // Whatever form the answer has, it must not end the tick of all other rules.
    return job.fail(unreadable(error instanceof Error ? error.message : String(error)), false);
  }
}

/** Why a search's answer is not a full and certain one; undefined when it is. */
export function failureOf(
  result: SearchResult,
  options: { redact: (text: string) => string; target: string },
): QueryFailure | undefined {
  const { error, status = 200, _shards: shards, _clusters: clusters } = result;
  if (error !== undefined || status >= 400) {
    const cause: ElasticsearchCause | undefined = typeof error === "string" ? { reason: error } : error;
    return classify(status, cause, options);
  }
  const failed = shards?.failed ?? 0;
  if (failed > 0) return partialFailure(shards?.failures ?? [], { failed, total: shards?.total ?? failed }, options);
  if (result.timed_out === true) {
    return fail("timeout", true, "Elasticsearch ran out of time in the search and gave only a part");
  }
  const missing = (clusters?.skipped ?? 0) + (clusters?.partial ?? 0) + (clusters?.failed ?? 0);
  if (missing > 0) return fail("partial", true, `${missing} remote clusters gave no full answer`);
  return undefined;
}

function chunkBody(chunk: readonly Job[]): string {
  let body = "";
  for (const { target, body: search } of chunk) {
    // Without allow_no_indices=false a pattern that matches nothing would look like a window without events.
    body += `{"index":${JSON.stringify(target.split(","))},"allow_no_indices":false,"ignore_unavailable":false}\n${search}\n`;
  }
  return body;
}

function chunksOf(jobs: readonly Job[]): Job[][] {
  const chunks: Job[][] = [];
  let chunk: Job[] = [];
  let bytes = 0;
  for (const job of jobs) {
    const size = job.body.length;
    if (job.apart) chunks.push([job]);
    else if (chunk.length > 0 && (chunk.length === chunkSearches || bytes + size > chunkBytes)) {
      chunks.push(chunk);
      chunk = [job];
      bytes = size;
    } else {
      chunk.push(job);
      bytes += size;
    }
  }
  return chunk.length === 0 ? chunks : [...chunks, chunk];
}
