import type { Query } from "../../model/query.ts";
import { BackfeedError } from "../../support/errors.ts";
import { wordsOf } from "../containing.ts";
import { eventMeasure } from "../event-measure.ts";
import { type Column, isNumeric, textOf } from "./field.ts";
import type { FilterParser } from "./filter.ts";
import { quoteText } from "./sql.ts";
import type { BoundFilters } from "./statement.ts";
import type { TableView } from "./table.ts";

/** A field named in a filter: exactly, or, as SQL reads names, in another case when that is one field only. */
export function findLoosely(view: TableView, name: string): Column | undefined {
  const exact = view.columns.get(name);
  if (exact !== undefined) return exact;
  const lower = name.toLowerCase();
  const near = [...view.columns.values()].filter((column) => column.name.toLowerCase() === lower);
  return near.length === 1 ? near[0] : undefined;
}

/** The query's filters over the columns of a table. Throws `refused` for a bad filter or a measure of text. */
async function bindQuery(
  query: Query,
  view: TableView,
  parser: FilterParser,
  signal: AbortSignal,
): Promise<BoundFilters> {
  checkMeasure(query, view);
  const columns = new Map<string, Column>();
  const resolve = (name: string) => {
    const column = findLoosely(view, name);
    if (column !== undefined) columns.set(column.column, column);
    return column?.column;
  };
  const bind = async (filter: Query["filters"][number]) =>
    parser.toSql(await parser.parse(filter, signal), resolve, signal);
  const filters: string[] = [];
  for (const filter of query.filters) filters.push(await bind(filter));
  if (query.containing !== undefined) {
    const column = view.columns.get(query.containing.field);
    if (column !== undefined) columns.set(column.column, column);
    filters.push(containingSql(query.containing.pieces, column));
  }
  const bad = query.measure.kind === "ratio" ? await bind(query.measure.bad) : undefined;
  return { filters, bad, columns: [...columns.values()] };
}

/** The field's text has these pieces in order; what lies between two words was not kept. A field that the table lacks has none. */
function containingSql(pieces: readonly string[], column: Column | undefined): string {
  if (column === undefined) return "FALSE";
  const like = `%${wordsOf(pieces)
    .map((word) => word.replace(/[\\%_]/g, "\\$&"))
    .join("%")}%`;
  return `COALESCE(${textOf(column)} ILIKE ${quoteText(like)} ESCAPE '\\', FALSE)`;
}

/** Numbers are not made of text, as in Elasticsearch; where a field holds both, its numbers count. */
function checkMeasure(query: Query, view: TableView): void {
  const measure = eventMeasure(query.measure);
  if (!("field" in measure) || measure.kind === "unique") return;
  const shape = view.columns.get(measure.field)?.shape;
  if (shape === undefined || isNumeric(shape) || shape.mixed || shape.type === "BOOLEAN" || shape.type === "NULL")
    return;
  const message = `${measure.kind} needs numbers, and the field ${measure.field} holds text`;
  throw new BackfeedError("refused", message, { retryable: false });
}

/** Keeps what `bindQuery` gave per query object, as long as the table keeps its columns. */
export function createBinder(parser: FilterParser) {
  const kept = new WeakMap<Query, { readonly version: string; readonly bound: BoundFilters }>();
  return async (query: Query, view: TableView, signal: AbortSignal): Promise<BoundFilters> => {
    const last = kept.get(query);
    if (last !== undefined && last.version === view.version) return last.bound;
    const bound = await bindQuery(query, view, parser, signal);
    kept.set(query, { version: view.version, bound });
    return bound;
  };
}

export type Binder = ReturnType<typeof createBinder>;
