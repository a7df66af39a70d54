import type { Scalar } from "../../model/query.ts";
import { isMapping } from "../../support/mapping.ts";

/** Conditions as our signals have them. */
export interface Conditions {
  readonly where?: Readonly<Record<string, Scalar | readonly Scalar[]>>;
  readonly filter?: string | Readonly<Record<string, unknown>>;
}

export interface TranslatedFilters extends Conditions {
  /** Fields that are compared exactly now. */
  readonly exact: readonly string[];
  /** Why they cannot be asked. */
  readonly refused: string | undefined;
}

/** What Elasticsearch took before version 5, or what is no part of its query DSL. */
const foreign: Readonly<Record<string, string>> = {
  eql: "`eql` asks Elasticsearch in another language, which is not asked here",
  esql: "`esql` asks Elasticsearch in another language, which is not asked here",
  and: "`and` is a filter of Elasticsearch 1: write `bool` with `must`",
  or: "`or` is a filter of Elasticsearch 1: write `bool` with `should`",
  not: "`not` is a filter of Elasticsearch 1: write `bool` with `must_not`",
  missing: "`missing` is a filter of Elasticsearch 1: write `bool` with `must_not` and `exists`",
};

/**
 * ElastAlert's list of filters, of which all must hold, as `where` and `filter`: `term` and `terms` are exact matches where the field
 * surely is one of whole values, one `query_string` is Lucene text, and everything else goes on as the query DSL that it is.
 * `asWhere: false` where there is no `where`.
 */
export function translateFilters(filters: readonly unknown[], { asWhere = true } = {}): TranslatedFilters {
  const where: Record<string, Scalar | readonly Scalar[]> = {};
  const lucene: string[] = [];
  const dsl: Readonly<Record<string, unknown>>[] = [];
  let refused: string | undefined;
  for (const outer of filters) {
    const filter = unwrapped(outer);
    if (filter === undefined) {
      refused ??= "a filter must be a mapping such as `term: { field: value }`";
      continue;
    }
    const [kind = "", body] = Object.entries(filter)[0] ?? [];
    refused ??= foreign[kind];
    const match = asWhere ? exactMatch(kind, body) : undefined;
    if (match !== undefined && !Object.hasOwn(where, match.field)) where[match.field] = match.values;
    else if (kind === "query_string" && isPlainQuery(body)) lucene.push(body.query);
    else dsl.push(filter);
  }
  const filter = joined(lucene, dsl);
  return {
    ...(Object.keys(where).length === 0 ? {} : { where }),
    ...(filter === undefined ? {} : { filter }),
    exact: Object.keys(where),
    refused,
  };
}

/** Old rules wrap a query: `query: { query_string: … }`. */
function unwrapped(filter: unknown): Readonly<Record<string, unknown>> | undefined {
  if (!isMapping(filter)) return undefined;
  const keys = Object.keys(filter);
  if (keys.length !== 1) return undefined;
  return keys[0] === "query" ? unwrapped(filter["query"]) : filter;
}

function isPlainQuery(body: unknown): body is { readonly query: string } {
  return (
    isMapping(body) &&
    typeof body["query"] === "string" &&
    body["query"].trim() !== "" &&
    Object.keys(body).length === 1
  );
}

function exactMatch(
  kind: string,
  body: unknown,
): { readonly field: string; readonly values: Scalar | readonly Scalar[] } | undefined {
  if ((kind !== "term" && kind !== "terms") || !isMapping(body)) return undefined;
  const entries = Object.entries(body);
  const [field, value] = entries[0] ?? [];
  if (entries.length !== 1 || field === undefined) return undefined;
  if (kind === "terms") {
    const isList = Array.isArray(value) && value.length > 0 && value.length <= 1_000 && value.every(isScalar);
    return isList && value.every((each) => isWhole(field, each)) ? { field, values: value } : undefined;
  }
  const plain = isMapping(value) && Object.keys(value).length === 1 ? value["value"] : value;
  return isScalar(plain) && isWhole(field, plain) ? { field, values: plain } : undefined;
}

/**
 * Whether `where` finds what `term` does. A `term` on analysed text finds documents with that word in it, and whether a field is text
 * stands in the index alone: only the name of a keyword beside one says that it is none, and numbers are not analysed.
 */
function isWhole(field: string, value: Scalar): boolean {
  return field.endsWith(".keyword") || typeof value !== "string";
}

function isScalar(value: unknown): value is Scalar {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

function joined(lucene: readonly string[], dsl: readonly Readonly<Record<string, unknown>>[]): Conditions["filter"] {
  if (dsl.length === 0) return lucene.length > 1 ? lucene.map((query) => `(${query})`).join(" AND ") : lucene[0];
  const all = [...dsl, ...lucene.map((query) => ({ query_string: { query } }))];
  const [only] = all;
  return all.length === 1 ? only : { bool: { filter: all } };
}

/** Two conditions as one. */
export function both(one: Conditions["filter"], other: Readonly<Record<string, unknown>>): Conditions["filter"] {
  if (one === undefined) return other;
  return { bool: { filter: [typeof one === "string" ? { query_string: { query: one } } : one, other] } };
}
