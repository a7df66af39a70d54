import type { Query } from "../../model/query.ts";
import { BackfeedError } from "../../support/errors.ts";
import { closest } from "../../support/yaml/closest.ts";
import type { QueryFault } from "../source.ts";
import { findLoosely } from "./access.ts";
import type { FilterParser } from "./filter.ts";
import type { TableView } from "./table.ts";

/** The fields of a query that the table lacks, with what was probably meant. Throws `refused` for a filter that does not parse. */
export async function unknownFields(
  query: Query,
  view: TableView,
  parser: FilterParser,
  signal: AbortSignal,
): Promise<QueryFault[]> {
  const exact = new Set([...Object.keys(query.where), ...query.by]);
  if (query.containing !== undefined) exact.add(query.containing.field);
  if ("field" in query.measure) exact.add(query.measure.field);
  const missing = new Set([...exact].filter((name) => !view.columns.has(name)));
  const filters = query.measure.kind === "ratio" ? [...query.filters, query.measure.bad] : query.filters;
  for (const filter of filters) {
    const { fields } = await parser.parse(filter, signal);
    for (const name of fields) if (findLoosely(view, name) === undefined) missing.add(name);
  }
  const names = [...view.columns.keys()];
  return [...missing].map((name) => {
    const near = closest(name, names);
    const message = `no event of table ${query.target} has the field ${name}`;
    const known = `its fields are ${names.slice(0, 20).join(", ")}${names.length > 20 ? ", …" : ""}`;
    return { query, severity: "error", message, fix: near === undefined ? known : `did you mean ${near}?` };
  });
}

/** What the whole table lacks. */
export function tableFaults(query: Query, view: TableView): QueryFault[] {
  const faults: QueryFault[] = [];
  if (!view.columns.has(view.timestamp)) {
    const message = `no event of table ${query.target} has the timestamp field ${view.timestamp}, so none is in any window`;
    faults.push({
      query,
      severity: "error",
      message,
      fix: "set `timestamp` of the table to the field with the event's time",
    });
  }
  if (view.skippedLines > 0) {
    const message = `${view.skippedLines} lines of table ${query.target} are no events and were skipped`;
    faults.push({ query, severity: "warning", message });
  }
  return faults;
}

const filterFix = {
  fix: "write `filter` and `bad` as one SQL condition over the event's fields, such as status >= 500 AND path LIKE '/cart%'",
  inFilter: true,
} as const;

/** A refusal as a fault of the query; anything else is the source's own trouble and is thrown on. */
export function faultOf(query: Query, error: BackfeedError): QueryFault {
  if (error.kind === "aborted") throw error;
  const ofQuery = error.kind === "refused" || error.kind === "not_found" || error.kind === "limit";
  if (!ofQuery) throw new BackfeedError("unavailable", error.message, { cause: error });
  const { cause } = error;
  const inFilter = cause instanceof BackfeedError && cause.facts["at"] === "filter";
  return { query, severity: "error", message: error.message, ...(inFilter ? filterFix : {}) };
}
