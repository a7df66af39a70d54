import type { QueryFailure } from "../../model/query.ts";
import { cleanText } from "../../support/clean-text.ts";
import { fail } from "../query-failure.ts";

/** What Elasticsearch says of a fault; only the parts we read. */
export interface ElasticsearchCause {
  readonly type?: string;
  readonly reason?: string;
  readonly root_cause?: readonly ElasticsearchCause[];
  readonly caused_by?: ElasticsearchCause;
  readonly failed_shards?: readonly { readonly reason?: ElasticsearchCause }[];
}

/** A request that gave no answer. `whole` tells that splitting what was asked may help. */
export class RequestFailed extends Error {
  override readonly name = "RequestFailed";
  readonly failure: QueryFailure;
  readonly splittable: boolean;
  readonly status: number | undefined;

  constructor(failure: QueryFailure, options: { splittable?: boolean; status?: number; cause?: unknown } = {}) {
    super(failure.message, { cause: options.cause });
    this.failure = failure;
    this.splittable = options.splittable ?? false;
    this.status = options.status;
  }
}

const longestReason = 240;
const overloadedTypes = new Set([
  "circuit_breaking_exception",
  "es_rejected_execution_exception",
  "task_cancelled_exception",
]);
const rightsHint = "the credentials need the privileges read and view_index_metadata on the rule's index";

/** The most telling type and reason: the innermost ones that say something, cut to one line. */
function explain(cause: ElasticsearchCause | undefined, redact: (text: string) => string) {
  const found: ElasticsearchCause[] = [];
  collect(cause, found, 0);
  const types = found.map((part) => part.type ?? "");
  const [first] = found.filter((part) => part.reason !== undefined && part.type !== "search_phase_execution_exception");
  const deepest = found.findLast((part) => part.type === "parse_exception" && part.reason !== undefined);
  const reason = (deepest ?? first)?.reason ?? "no reason given";
  const [line = ""] = reason.split("Was expecting");
  return { types, reason: cleanText(redact(line), { maxLength: longestReason, singleLine: true }) };
}

function collect(cause: ElasticsearchCause | undefined, found: ElasticsearchCause[], depth: number): void {
  if (cause === undefined || depth > 6 || found.length > 50) return;
  found.push(cause);
  for (const root of cause.root_cause ?? []) collect(root, found, depth + 1);
  for (const shard of (cause.failed_shards ?? []).slice(0, 3)) collect(shard.reason, found, depth + 1);
  collect(cause.caused_by, found, depth + 1);
}

/** What became of a request or of one search in it, by HTTP status and Elasticsearch's error types. */
export function classify(
  status: number,
  cause: ElasticsearchCause | undefined,
  { redact, target }: { redact: (text: string) => string; target?: string },
): QueryFailure {
  const { types, reason } = explain(cause, redact);
  const has = (type: string) => types.includes(type);
  if (status === 401)
    return fail("unauthorized", false, `Elasticsearch does not accept the credentials (401): ${reason}`);
  if (status === 403 || has("security_exception")) {
    return fail("unauthorized", false, `Elasticsearch does not allow this (403): ${rightsHint}; ${reason}`);
  }
  if (has("index_not_found_exception") || has("index_closed_exception")) return unknownTarget(target, reason);
  if (has("too_many_buckets_exception")) {
    return fail(
      "too_many_groups",
      false,
      `Elasticsearch refuses so many groups: narrow the rule or its \`by\`; ${reason}`,
    );
  }
  if (types.some((type) => overloadedTypes.has(type))) {
    return fail("overloaded", true, `Elasticsearch is overloaded and turned the search away: ${reason}`);
  }
  if (status === 429)
    return fail("rate_limited", true, `Elasticsearch or a proxy asks for fewer requests (429): ${reason}`);
  if (status >= 500) return fail("unreachable", true, `Elasticsearch cannot answer now (${status}): ${reason}`);
  return fail("refused", false, `Elasticsearch refuses the search (${status}): ${reason}${bareWordHint(reason)}`);
}

function unknownTarget(target: string | undefined, reason: string): QueryFailure {
  const named = target ?? "the index";
  if (target !== undefined && !/[*,]/.test(target)) {
    return fail(
      "unknown_target",
      true,
      `${named} does not exist or is closed: correct the rule's \`index\`, or create it; ${reason}`,
    );
  }
  return fail(
    "unknown_target",
    true,
    `no index matches ${named} yet, or the credentials may not see any (${rightsHint}); ${reason}`,
  );
}

function bareWordHint(reason: string): string {
  if (!reason.startsWith("failed to create query")) return "";
  return ". A word without a field is looked for in every field, also in numbers: write message:word";
}

/** Shards that failed while others answered: never an answer. */
export function partialFailure(
  failures: readonly { readonly reason?: ElasticsearchCause }[],
  counts: { failed: number; total: number },
  options: { redact: (text: string) => string; target: string },
): QueryFailure {
  const { types, reason } = explain(failures[0]?.reason, options.redact);
  const said = `${counts.failed} of ${counts.total} shards gave no answer: ${reason}`;
  if (types.some((type) => overloadedTypes.has(type))) return fail("overloaded", true, said);
  if (types.some((type) => refusedByShard.has(type))) return fail("refused", false, said);
  return fail("partial", true, said);
}

/** A shard says these of the question, not of itself: an old index with another mapping, mostly. */
const refusedByShard = new Set([
  "illegal_argument_exception",
  "query_shard_exception",
  "parse_exception",
  "parsing_exception",
  "number_format_exception",
]);
