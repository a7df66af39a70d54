import type { Filter, Query } from "../../model/query.ts";
import { isMapping } from "../../support/mapping.ts";

/** Queries of the DSL that name one field as their key. */
const byField: ReadonlySet<string> = new Set([
  ...["term", "terms", "range", "prefix", "wildcard", "regexp", "fuzzy"],
  ...["match", "match_phrase", "match_phrase_prefix"],
]);
/** Options that stand beside the field. */
const options: ReadonlySet<string> = new Set(["boost", "_name"]);
const mostDepth = 20;

/** What a query's rule has under `filter` and `bad`. */
export function writtenFilters({ filters, measure }: Query): readonly Filter[] {
  return measure.kind === "ratio" ? [...filters, measure.bad] : filters;
}

/**
 * The fields that filters written as DSL ask for, where the DSL says them plainly: Lucene text, patterns of fields, fields of the
 * server's own and queries that are not known here say none.
 */
export function filterFields(filters: readonly Filter[]): readonly string[] {
  const found = new Set<string>();
  const visit = (query: unknown, depth: number): void => {
    if (depth > mostDepth || !isMapping(query)) return;
    for (const [kind, body] of Object.entries(query)) {
      if (!isMapping(body)) continue;
      if (byField.has(kind)) Object.keys(body).forEach(add);
      else if (kind === "exists" && typeof body["field"] === "string") add(body["field"]);
      else if (kind === "constant_score") visit(body["filter"], depth + 1);
      else if (kind === "bool") {
        for (const clause of ["must", "filter", "should", "must_not"]) {
          for (const inner of [body[clause]].flat()) visit(inner, depth + 1);
        }
      }
    }
  };
  const add = (field: string) => {
    if (field !== "" && !options.has(field) && !field.startsWith("_") && !/[*,\s]/.test(field)) found.add(field);
  };
  for (const filter of filters) if (typeof filter !== "string") visit(filter, 0);
  return [...found];
}
