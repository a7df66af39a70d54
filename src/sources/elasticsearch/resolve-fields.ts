import { isOfMetrics, type Query, type QueryFailure } from "../../model/query.ts";
import { fail } from "../query-failure.ts";
import type { FieldCache, FieldMap } from "./fields.ts";
import { queryParts, resolvedParts } from "./query-parts.ts";

const noFields: FieldMap = new Map();

export interface FieldsOfTargets {
  /** The fields of a query's target, or why the query cannot be asked of it. */
  of(query: Query): FieldMap | QueryFailure;
  readonly requests: number;
}

/** The exact fields of each target of these queries that needs any; each target is asked once. */
export async function resolveFields(
  fields: FieldCache,
  queries: readonly Query[],
  signal: AbortSignal,
): Promise<FieldsOfTargets> {
  const needed = new Map<string, Set<string>>();
  for (const query of queries) {
    const { exactFields } = queryParts(query);
    if (exactFields.length === 0) continue;
    const names = needed.get(query.target) ?? new Set();
    needed.set(query.target, names);
    for (const name of exactFields) names.add(name);
  }
  let requests = 0;
  const resolved = [...needed].map(async ([target, names]) => {
    const answer = await fields.resolve(target, names, signal);
    requests += answer.requests;
    return [target, answer.fields] as const;
  });
  const maps = new Map<string, FieldMap | QueryFailure>(await Promise.all(resolved));
  return {
    of(query) {
      const map = maps.get(query.target) ?? noFields;
      return isFailure(map) ? map : (problemOf(query, map) ?? map);
    },
    requests,
  };
}

export function isFailure(map: FieldMap | QueryFailure): map is QueryFailure {
  return "code" in map;
}

function problemOf(query: Query, map: FieldMap): QueryFailure | undefined {
  if (isOfMetrics(query.measure)) return fail("refused", false, "Elasticsearch does not read PromQL");
  if (query.measure.kind === "alerts") return fail("refused", false, "Elasticsearch holds no received alerts");
  const { problem } = resolvedParts(query, map);
  return problem === undefined ? undefined : fail("refused", false, problem);
}
