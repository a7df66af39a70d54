import type { Filter, Measure, Query, Scalar } from "../../model/query.ts";
import { canonicalJson } from "../../support/hashing.ts";
import { wordsOf } from "../containing.ts";
import type { ExactField, FieldMap } from "./fields.ts";

/** What a query is on every tick, made once and kept with the query object. */
export interface QueryParts {
  /** Equal for equal queries. */
  readonly key: string;
  /** Each filter as a JSON clause. */
  readonly filters: readonly string[];
  /** The bad part of a ratio as a JSON clause. */
  readonly bad: string | undefined;
  /** Fields that must be compared exactly. */
  readonly exactFields: readonly string[];
}

/** One way to share a search: everything equal but the value of `field`. */
interface FamilyPart {
  readonly key: string;
  readonly field: string;
  /** As text: the way a bucket's key prints. */
  readonly value: string;
  /** JSON clauses of all but `field`, joined by commas. */
  readonly clauses: string;
}

/** What a query is on a target whose fields are known. */
export interface ResolvedParts {
  /** Why it cannot be asked rightly; undefined when it can. */
  readonly problem: string | undefined;
  /** Equal for queries that can share one search whatever they measure. */
  readonly scopeKey: string;
  /** JSON clauses of `where` and filters, joined by commas. */
  readonly clauses: string;
  readonly families: readonly FamilyPart[];
  readonly by: readonly ExactField[];
  /** Where `unique` counts. */
  readonly measured: string | undefined;
}

const partsOf = new WeakMap<Query, QueryParts>();
const resolvedOf = new WeakMap<Query, { fields: FieldMap; parts: ResolvedParts }>();

export function queryParts(query: Query): QueryParts {
  const kept = partsOf.get(query);
  if (kept !== undefined) return kept;
  const { measure, where, by } = query;
  const parts: QueryParts = {
    key: canonicalJson(query),
    filters: [...query.filters.map(filterClause), ...containingClauses(query)],
    bad: measure.kind === "ratio" ? filterClause(measure.bad) : undefined,
    exactFields: [...Object.keys(where), ...by, ...(measure.kind === "unique" ? [measure.field] : [])],
  };
  partsOf.set(query, parts);
  return parts;
}

export function resolvedParts(query: Query, fields: FieldMap): ResolvedParts {
  const kept = resolvedOf.get(query);
  if (kept?.fields === fields) return kept.parts;
  const parts = resolve(query, fields);
  resolvedOf.set(query, { fields, parts });
  return parts;
}

function resolve(query: Query, fields: FieldMap): ResolvedParts {
  const { filters, bad, exactFields } = queryParts(query);
  const { measure, by, maxGroups, target } = query;
  const exact = (name: string): ExactField =>
    fields.get(name) ?? { name, type: undefined, keysAreValues: false, problem: undefined };
  const where = Object.entries(query.where)
    .map(([name, values]) => ({ field: exact(name), values }))
    .sort((a, b) => (a.field.name < b.field.name ? -1 : 1));
  const clauses = where.map(({ field, values }) => exactClause(field.name, values));
  // Most bad first or largest first: searches that cut differently cannot be one.
  const order = by.length === 1 ? (bad ?? "") : "";
  const shape = [target, by.map((name) => exact(name).name), maxGroups, order];
  const families: FamilyPart[] = [];
  if (by.length < 2 && maxGroups <= 1_000) {
    for (const [index, { field, values }] of where.entries()) {
      const value = values.length === 1 ? bucketText(field, values[0]) : undefined;
      if (value === undefined) continue;
      const others = [...clauses.toSpliced(index, 1), ...filters].join(",");
      const key = JSON.stringify([shape, field.name, others, costClass(measure)]);
      families.push({ key, field: field.name, value, clauses: others });
    }
  }
  const all = [...clauses, ...filters].join(",");
  return {
    problem: exactFields.map((name) => exact(name).problem).find((problem) => problem !== undefined),
    scopeKey: JSON.stringify([shape, all]),
    clauses: all,
    families,
    by: by.map(exact),
    measured: measure.kind === "unique" ? exact(measure.field).name : "field" in measure ? measure.field : undefined,
  };
}

/** Counting distinct values or percentiles for a whole family costs memory per value: only those who ask for it pay. */
function costClass(measure: Measure): string {
  return measure.kind === "unique" || measure.kind === "percentile" ? `${measure.kind} ${measure.field}` : "";
}

/** How the bucket of this value is called, where that is certain. */
function bucketText(field: ExactField, value: Scalar | undefined): string | undefined {
  if (value === undefined || !field.keysAreValues) return undefined;
  const text = String(value);
  if (field.type === "boolean") return text === "true" || text === "false" ? text : undefined;
  if (field.type === undefined || field.type.endsWith("keyword")) return text;
  return /^(0|-?[1-9]\d{0,14})$/.test(text) ? text : undefined;
}

/** The field holds one of the values. */
export function exactClause(field: string, values: readonly Scalar[]): string {
  const [first] = values;
  if (values.length === 1 && first !== undefined) return JSON.stringify({ term: { [field]: { value: first } } });
  const sorted = [...values].sort((a, b) => (String(a) < String(b) ? -1 : 1));
  return JSON.stringify({ terms: { [field]: sorted } });
}

/**
 * The field has a text with these pieces: as phrases where it is analysed, else as one wildcard. Each half finds nothing
 * where the other belongs, so nobody has to know how the field is mapped.
 */
function containingClauses({ containing }: Query): readonly string[] {
  if (containing === undefined) return [];
  const { field, pieces } = containing;
  if (pieces.length === 0) return [JSON.stringify({ exists: { field } })];
  const phrases = pieces.map((piece) => ({ match_phrase: { [field]: piece } }));
  const value = `*${wordsOf(pieces)
    .map((word) => word.replace(/[\\*?]/g, "\\$&"))
    .join("*")}*`;
  const whole = { wildcard: { [field]: { value, case_insensitive: true } } };
  return [JSON.stringify({ bool: { should: [{ bool: { filter: phrases } }, whole], minimum_should_match: 1 } })];
}

/** Lucene text as `query_string` (types are checked: lenient would hide a mistake as zero events), an object as it is. */
function filterClause(filter: Filter): string {
  if (typeof filter === "string") {
    return JSON.stringify({ query_string: { query: filter, analyze_wildcard: false, lenient: false } });
  }
  return JSON.stringify(filter);
}
