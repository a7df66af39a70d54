import type { Query, QueryFailure } from "../../model/query.ts";
import { asError } from "../query-failure.ts";
import type { QueryFault } from "../source.ts";
import { checkFields } from "./check-fields.ts";
import type { ElasticsearchContext } from "./elasticsearch-source.ts";
import { runJobs } from "./execute.ts";
import { RequestFailed } from "./failure.ts";
import { askNormalized, askTypes, askUnmapped, exactField, type FieldMap, type FieldTypes } from "./fields.ts";
import { filterFields, writtenFilters } from "./filter-fields.ts";
import type { Job } from "./jobs.ts";
import { queryParts, resolvedParts } from "./query-parts.ts";
import { collectMetrics } from "./search-body.ts";

const mostIndicesNamed = 3;

/** The same fault again tomorrow, unless somebody changes the rule, the index or the rights. */
const faultCodes: ReadonlySet<QueryFailure["code"]> = new Set([
  "refused",
  "unknown_target",
  "unauthorized",
  "too_many_groups",
  "unknown_field",
]);

/**
 * What is wrong with queries, as only Elasticsearch can tell: index, rights, fields and their types, then each query
 * once over one document. Throws BackfeedError when Elasticsearch cannot be reached or cannot answer now.
 */
export async function checkQueries(
  context: ElasticsearchContext,
  queries: readonly Query[],
  signal: AbortSignal,
): Promise<readonly QueryFault[]> {
  const targets = new Map<string, Query[]>();
  for (const query of queries) targets.set(query.target, [...(targets.get(query.target) ?? []), query]);
  const faults: QueryFault[] = [];
  const jobs: Job[] = [];
  const onUnavailable = (failure: QueryFailure) => {
    if (!faultCodes.has(failure.code)) throw asError(failure);
  };
  for (const [target, some] of targets) {
    const learned = await learn(context, target, some, signal);
    if ("code" in learned) {
      onUnavailable(learned);
      faults.push(...some.map((query): QueryFault => ({ query, severity: "error", message: learned.message })));
      continue;
    }
    const [first] = some;
    if (first !== undefined) {
      faults.push(...learned.warnings.map((message): QueryFault => ({ query: first, severity: "warning", message })));
    }
    for (const query of some) {
      const found = checkFields(query, learned.types, context.settings.timestamp);
      faults.push(...found);
      if (found.some(({ severity }) => severity === "error")) continue;
      const fail = (failure: QueryFailure) => {
        onUnavailable(failure);
        faults.push({ query, severity: "error", message: failure.message, ...filterFix(query, failure) });
      };
      jobs.push(trialJob(query, learned.fields, context, fail));
    }
  }
  await runJobs(jobs, context.connection, signal);
  return faults;
}

/** Fields, types and rights were asked before: what is still refused is what the query is written in. */
function filterFix(query: Query, { code }: QueryFailure): Pick<QueryFault, "fix" | "inFilter"> {
  const written = writtenFilters(query);
  if (code !== "refused" || written.length === 0) return {};
  const lucene =
    "correct the Lucene query string in `filter` or `bad`: close each quote and bracket, put a term on both sides of AND and OR, and a \\ before / : ( ) [ ] that are meant as text";
  const dsl = "correct the query DSL in `filter` or `bad`: it is what stands under `query` of a search";
  return { fix: written.some((filter) => typeof filter === "string") ? lucene : dsl, inFilter: true };
}

interface Learned {
  readonly types: FieldTypes;
  readonly fields: FieldMap;
  /** About the target, whatever is asked of it. */
  readonly warnings: readonly string[];
}

async function learn(
  { connection, settings, logger }: ElasticsearchContext,
  target: string,
  queries: readonly Query[],
  signal: AbortSignal,
): Promise<Learned | QueryFailure> {
  const measured = queries.flatMap(({ measure, containing }) => [
    ...("field" in measure ? [measure.field] : []),
    ...(containing === undefined ? [] : [containing.field]),
  ]);
  const names = [
    ...new Set([settings.timestamp, ...measured, ...queries.flatMap((query) => queryParts(query).exactFields)]),
  ];
  try {
    const inFilters = filterFields(queries.flatMap(writtenFilters));
    const types = await askTypes(connection, target, [...new Set([...names, ...inFilters])], signal);
    const normalized = await askNormalized({ connection, logger, target, fields: names, signal });
    const fields = new Map(names.map((name) => [name, exactField(name, types, normalized.names)]));
    const warnings: string[] = [];
    if (normalized.names === "unknown") {
      const but = "everything is answered, but with more requests";
      warnings.push(`the credentials lack view_index_metadata on ${target}: ${but}`);
    }
    const unseen = await askUnmapped(connection, target, settings.timestamp, signal);
    if (unseen.length > 0) {
      const some = unseen.slice(0, mostIndicesNamed).join(", ");
      const more = unseen.length > mostIndicesNamed ? ` and ${unseen.length - mostIndicesNamed} more` : "";
      warnings.push(`${some}${more} of ${target} has no field ${settings.timestamp}: no event there is ever seen`);
    }
    return { types, fields, warnings };
  } catch (error) {
    if (error instanceof RequestFailed) return error.failure;
    throw error;
  }
}

/**
 * The query over the first document that matches, in any time: with a window the server could see that no shard has a
 * part in it and would not even read the filter.
 */
function trialJob(
  query: Query,
  fields: FieldMap,
  { settings }: ElasticsearchContext,
  onFailure: (failure: QueryFailure) => void,
): Job {
  const parts = resolvedParts(query, fields);
  const window = { from: 0, to: 0 };
  const metrics = collectMetrics([
    { asked: { question: { query, window, mustAnswer: [] }, positions: [] }, parts, value: undefined },
  ]);
  const by = parts.by.map(({ name }, index) => `"b${index}":{"terms":{"field":${JSON.stringify(name)},"size":1}}`);
  const aggregations = [metrics.json, ...by].filter((json) => json !== "").join(",");
  const limits = `"size":0,"terminate_after":1,"track_total_hits":1,"timeout":"${settings.timeoutMs}ms"`;
  return {
    target: query.target,
    apart: false,
    body: `{${limits},"query":{"bool":{"filter":[${parts.clauses}]}},"aggs":{${aggregations}}}`,
    settle: () => [],
    fail(failure) {
      onFailure(failure);
      return [];
    },
  };
}
