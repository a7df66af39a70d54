import type { Labels } from "../../model/labels.ts";
import type { Query, Question } from "../../model/query.ts";
import { BackfeedError } from "../../support/errors.ts";
import { asError } from "../query-failure.ts";
import type { ElasticsearchContext } from "./elasticsearch-source.ts";
import { failureOf } from "./execute.ts";
import { RequestFailed } from "./failure.ts";
import type { Asked, Member } from "./plan.ts";
import { exactClause, queryParts, resolvedParts } from "./query-parts.ts";
import type { SearchResult } from "./read-search.ts";

export interface LabelledScope {
  readonly member: Member;
  /** JSON clauses of the query and of its label set, joined by commas. */
  readonly clauses: string;
}

/** The part of the target that belongs to one label set of a query. Throws BackfeedError. */
export async function scopeOf(
  { fields }: ElasticsearchContext,
  { query, window, labels }: { query: Query; window: Question["window"]; labels: Labels },
  signal: AbortSignal,
): Promise<LabelledScope> {
  const names = new Set([...queryParts(query).exactFields, ...Object.keys(labels)]);
  const { fields: map } = names.size === 0 ? { fields: new Map() } : await fields.resolve(query.target, names, signal);
  if ("code" in map) throw asError(map);
  const parts = resolvedParts(query, map);
  if (parts.problem !== undefined) throw new BackfeedError("refused", parts.problem);
  const exact = Object.entries(labels).map(([name, value]) => exactClause(map.get(name)?.name ?? name, [value]));
  const asked: Asked = { question: { query, window, mustAnswer: [] }, positions: [] };
  return {
    member: { asked, parts, value: undefined },
    clauses: [parts.clauses, ...exact].filter((clause) => clause !== "").join(","),
  };
}

interface OneSearch {
  readonly target: string;
  readonly body: string;
  /** What of the answer is read. */
  readonly filterPath: readonly string[];
}

/** One search outside a tick. Throws BackfeedError, also for a partial answer. */
export function searchOnce(
  context: ElasticsearchContext,
  search: OneSearch,
  signal: AbortSignal,
): Promise<SearchResult> {
  const path = `/${encodeURIComponent(search.target)}/_search`;
  return searchPath(context, { ...search, path, querystring: { allow_no_indices: "false" } }, signal);
}

/** The same over what the body itself names. Throws BackfeedError, also for a partial answer. */
export async function searchPath(
  { connection }: ElasticsearchContext,
  {
    target,
    body,
    filterPath,
    path,
    querystring,
  }: OneSearch & { readonly path: string; readonly querystring?: Readonly<Record<string, string>> },
  signal: AbortSignal,
): Promise<SearchResult> {
  const always = ["timed_out", "_shards.total", "_shards.failed", "_shards.failures.reason", "_clusters"];
  try {
    const answer = await connection.request(
      {
        method: "POST",
        target,
        path,
        querystring: { ...querystring, filter_path: [...always, ...filterPath].join(",") },
        body,
      },
      signal,
    );
    const result = (answer ?? {}) as SearchResult;
    const failure = failureOf(result, { redact: connection.redact, target });
    if (failure !== undefined) throw asError(failure);
    return result;
  } catch (error) {
    if (error instanceof RequestFailed) throw asError(error.failure, error.cause);
    throw error;
  }
}
