/** Node classes of DuckDB's syntax tree: true, or what to call the refused thing. A class that is not here is refused. */
export const allowedClasses: ReadonlyMap<string, true | string> = new Map<string, true | string>([
  ["COLUMN_REF", true],
  ["CONSTANT", true],
  ["COMPARISON", true],
  ["CONJUNCTION", true],
  ["OPERATOR", true],
  ["FUNCTION", true],
  ["BETWEEN", true],
  ["CASE", true],
  ["CAST", true],
  ["COLLATE", true],
  ["SUBQUERY", "a sub-query"],
  ["WINDOW", "a window function"],
  ["STAR", "*"],
  ["PARAMETER", "a parameter"],
  ["POSITIONAL_REFERENCE", "a positional reference"],
  ["LAMBDA", "a lambda"],
  ["DEFAULT", "DEFAULT"],
]);

export const allowedOperators: ReadonlySet<string> = new Set([
  "OPERATOR_NOT",
  "OPERATOR_IS_NULL",
  "OPERATOR_IS_NOT_NULL",
  "OPERATOR_COALESCE",
  "OPERATOR_NULLIF",
  "OPERATOR_TRY",
  "COMPARE_IN",
  "COMPARE_NOT_IN",
  "ARRAY_EXTRACT",
  "ARRAY_SLICE",
  "ARRAY_CONSTRUCTOR",
  "STRUCT_EXTRACT",
]);

/** Macros of DuckDB that only compute. */
export const allowedMacros: readonly string[] = [
  "list_any_value",
  "list_avg",
  "list_bool_and",
  "list_bool_or",
  "list_count",
  "list_max",
  "list_min",
  "list_sum",
  "nullif",
  "split_part",
  "date_add",
];

/** Scalar functions without side effects that still have no place in a condition: settings, statements, endless texts. */
export const refusedFunctions: readonly RegExp[] = [
  /^(?:getenv|getvariable|current_setting|version|in_search_path|parse_duckdb_log_message)$/,
  /^(?:pg_|has_|duckdb_|json_(?:de)?serialize|json_execute|query|read_|write_|nextval|currval|txid)/,
  /^(?:repeat|range|generate_series|lpad|rpad|bar|list_resize|array_resize)$/,
];
