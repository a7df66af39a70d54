import type { Measure, Query } from "../../model/query.ts";
import type { QueryFault } from "../source.ts";
import { enclosingFields, exactField, type FieldTypes } from "./fields.ts";
import { filterFields, writtenFilters } from "./filter-fields.ts";

const numberTypes: ReadonlySet<string> = new Set([
  ...["long", "integer", "short", "byte", "unsigned_long", "double", "float", "half_float", "scaled_float"],
  ...["aggregate_metric_double", "histogram", "boolean"],
]);
const textTypes: ReadonlySet<string> = new Set([
  ...["text", "match_only_text", "keyword", "constant_keyword", "wildcard"],
]);
const dateTypes: ReadonlySet<string> = new Set(["date", "date_nanos"]);

/** Which fields of a query are missing, or cannot be or give what the query takes them for. Pure. */
export function checkFields(query: Query, types: FieldTypes, timestamp: string): readonly QueryFault[] {
  const { target, where, by, measure } = query;
  const faults: QueryFault[] = [];
  const report = (message: string, fix: string) => faults.push({ query, severity: "error", message, fix });
  const missing = (field: string, use: string) =>
    report(
      `no index of ${target} has the field ${field} (${use})`,
      "correct its name: it is written as in the documents, with dots",
    );

  const stamp = types.get(timestamp) ?? [];
  if (!stamp.some((type) => dateTypes.has(type))) {
    const found = stamp.length === 0 ? "is missing" : `is ${stamp.join(" and ")}, not a date`;
    report(`the timestamp field ${timestamp} ${found} in ${target}`, "name the right one as `timestamp` of the source");
  }
  const exact = [
    ...Object.keys(where).map((field) => [field, "where"] as const),
    ...by.map((field) => [field, "by"] as const),
    ...(measure.kind === "unique" ? [[measure.field, "unique"] as const] : []),
  ];
  for (const [field, use] of exact) {
    const { type, problem } = exactField(field, types, "unknown");
    if (problem !== undefined) report(`${use}: ${problem}`, "map it as keyword, or give it a .keyword subfield");
    else if (type === undefined && !isIn("flattened", field, types)) missing(field, use);
    else if (type === "object" || type === "nested") {
      report(`${use}: ${field} is an object`, `name one of its fields, such as ${field}.name`);
    }
  }
  for (const field of filterFields(writtenFilters(query))) {
    if ((types.get(field) ?? []).length > 0 || isIn("flattened", field, types)) continue;
    // No error: a field may be meant to be missing, or come with the first event that has it.
    const message = `no index of ${target} has the field ${field} (filter): no event has a value of it`;
    const fix = "correct its name in `filter` or `bad`: it is written as in the documents, with dots";
    faults.push({ query, severity: "warning", message, fix, inFilter: true });
  }
  const texts = query.containing?.field;
  if (texts !== undefined) {
    const found = types.get(texts) ?? [];
    if (found.length === 0) missing(texts, "pattern_of");
    else if (!found.every((type) => textTypes.has(type))) {
      report(`pattern_of: ${texts} is ${found.join(" and ")}, not text`, "name the field with the log message");
    }
  }
  for (const [field, use] of [...exact, ...(isNumeric(measure) ? [[measure.field, measure.kind] as const] : [])]) {
    if (!isIn("nested", field, types)) continue;
    const message = `${use}: ${field} is inside a nested field: Elasticsearch finds nothing there unless it is mapped with include_in_root`;
    faults.push({
      query,
      severity: "warning",
      message,
      fix: "ask with a `nested` query as DSL in `filter` or `bad`, or map it with include_in_root: true",
    });
  }
  if (isNumeric(measure)) {
    const found = types.get(measure.field) ?? [];
    const allowed = (type: string) => numberTypes.has(type) || (dateTypes.has(type) && isExtreme(measure));
    if (found.length === 0) missing(measure.field, measure.kind);
    else if (!found.every(allowed)) {
      const hint = `measure a number, or unique(${measure.field}), or count with a \`filter\``;
      report(`${measure.kind} needs numbers, and ${measure.field} is ${found.join(" and ")} in ${target}`, hint);
    }
  }
  return faults;
}

/** Whether what holds the field is of that type. */
function isIn(type: string, field: string, types: FieldTypes): boolean {
  return enclosingFields(field).some((outer) => types.get(outer)?.includes(type));
}

function isNumeric(measure: Measure): measure is Extract<Measure, { field: string }> {
  return "field" in measure && measure.kind !== "unique";
}

function isExtreme(measure: Measure): boolean {
  return measure.kind === "min" || measure.kind === "max";
}
