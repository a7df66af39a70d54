import type { Message, Messages, MessagesRequest } from "../../model/query.ts";
import { cutCodePoints } from "../../support/clean-text.ts";
import { BackfeedError } from "../../support/errors.ts";
import { asError } from "../query-failure.ts";
import type { ElasticsearchContext } from "./elasticsearch-source.ts";
import { scopeOf, searchPath } from "./evidence-request.ts";
import { RequestFailed } from "./failure.ts";
import { hitsOf, instantOf, valuesOf } from "./samples.ts";
import { queryJson } from "./search-body.ts";

/** Messages of one answer: a few hundred kilobytes, and with the longest lines a few megabytes. */
const pageSize = 1_000;
const keepAlive = "1m";

/**
 * The newest messages of a window, page by page over one point in time, so that none is given twice and none is left out.
 * Nothing but the text and the instant of each document is read. Throws BackfeedError.
 */
export async function askMessages(
  context: ElasticsearchContext,
  request: MessagesRequest,
  signal: AbortSignal,
): Promise<Messages> {
  const { query, window, limit } = request;
  const { timestamp, timeoutMs } = context.settings;
  const scope = await scopeOf(context, { query, window, labels: {} }, signal);
  const wanted = limit + 1;
  const messages: Message[] = [];
  const pit = await openPointInTime(context, query.target, signal);
  try {
    let after: unknown;
    while (messages.length < wanted) {
      const size = Math.min(pageSize, wanted - messages.length);
      const rest = JSON.stringify({
        size,
        track_total_hits: false,
        timeout: `${timeoutMs}ms`,
        _source: false,
        fields: [{ field: request.field, include_unmapped: true }],
        sort: [{ [timestamp]: { order: "desc", format: "epoch_millis", numeric_type: "date", unmapped_type: "date" } }],
        pit: { id: pit, keep_alive: keepAlive },
        ...(after === undefined ? {} : { search_after: after }),
      });
      const body = `${rest.slice(0, -1)},"query":${queryJson(timestamp, window, scope.clauses)}}`;
      const filterPath = ["hits.hits.fields", "hits.hits.sort"];
      const hits = hitsOf(
        (await searchPath(context, { path: "/_search", target: query.target, body, filterPath }, signal)).hits,
      );
      for (const hit of hits) {
        const [text] = valuesOf(hit, request.field);
        if (typeof text !== "string") continue;
        messages.push({ at: instantOf(hit), text: cutCodePoints(text, request.maxLength) });
      }
      after = hits.at(-1)?.sort;
      if (hits.length < size || after === undefined) break;
    }
  } finally {
    await closePointInTime(context, pit);
  }
  return { messages: messages.slice(0, limit), more: messages.length > limit };
}

async function openPointInTime(
  { connection }: ElasticsearchContext,
  target: string,
  signal: AbortSignal,
): Promise<string> {
  try {
    const answer = await connection.request(
      {
        method: "POST",
        target,
        path: `/${encodeURIComponent(target)}/_pit`,
        querystring: { keep_alive: keepAlive, ignore_unavailable: "false" },
      },
      signal,
    );
    const id = (answer as { id?: unknown } | null)?.id;
    if (typeof id === "string") return id;
  } catch (error) {
    if (error instanceof RequestFailed) throw asError(error.failure, error.cause);
    throw error;
  }
  throw new BackfeedError("unavailable", "what answers there is not Elasticsearch, or its answer is not whole");
}

/** It ends by itself a minute later: whether this is heard changes nothing. */
async function closePointInTime({ connection }: ElasticsearchContext, id: string): Promise<void> {
  const closing = AbortSignal.timeout(5_000);
  await connection
    .request({ method: "DELETE", path: "/_pit", querystring: {}, body: JSON.stringify({ id }) }, closing)
    .catch(() => undefined);
}
