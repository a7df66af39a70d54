import { z } from "zod";
import type { Filter } from "../../model/query.ts";
import { BackfeedError } from "../../support/errors.ts";
import type { Engine } from "./engine.ts";
import { allowedClasses, allowedMacros, allowedOperators, refusedFunctions } from "./filter-language.ts";
import { quoteText } from "./sql.ts";

const maxLength = 10_000;
const maxKept = 2_000;

/** A condition that was found safe, as DuckDB's own syntax tree; it has no column of a table in it yet. */
interface ParsedFilter {
  /** The field names it uses, as written. */
  readonly fields: readonly string[];
  readonly tree: unknown;
}

/** Gives the column expression of a field; undefined where the table has no such field. */
type ResolveField = (name: string) => string | undefined;

export interface FilterParser {
  /** Throws `refused` for what is not one plain condition. */
  parse(filter: Filter, signal: AbortSignal): Promise<ParsedFilter>;
  /** The condition as SQL over the columns that `resolve` gives; an unknown field is NULL. */
  toSql(filter: ParsedFilter, resolve: ResolveField, signal: AbortSignal): Promise<string>;
}

const serialized = z.object({
  error: z.boolean(),
  error_message: z.string().optional(),
  statements: z.array(z.object({ node: z.looseObject({ where_clause: z.unknown().optional() }) })).optional(),
});

/**
 * Reads `filter` and `bad` of rules: one SQL condition over the fields of an event. DuckDB parses it, every node of the
 * tree must be on our list (no sub-query, aggregate, window, parameter, reading function), and what runs is printed from
 * that tree: the text that was written never becomes part of a statement.
 */
export function createFilterParser(engine: Engine): FilterParser {
  const parsed = new Map<string, ParsedFilter>();
  let functions: Promise<ReadonlySet<string>> | undefined;
  const allowedFunctions = async (signal: AbortSignal) => {
    functions ??= loadFunctions(engine, signal);
    try {
      return await functions;
    } catch (error) {
      functions = undefined;
      throw error;
    }
  };
  return {
    async parse(filter, signal) {
      if (typeof filter !== "string") throw refused("a filter of a files source is a SQL condition, not an object");
      const kept = parsed.get(filter);
      if (kept !== undefined) return kept;
      const node = await syntaxTree(engine, filter, signal);
      const fields = new Set<string>();
      checkNode(node, fields, await allowedFunctions(signal));
      const result = { fields: [...fields], tree: node };
      if (parsed.size >= maxKept) parsed.clear();
      parsed.set(filter, result);
      return result;
    },
    async toSql({ tree }, resolve, signal) {
      const bound = bindFields(tree, resolve);
      const statement = { error: false, statements: [{ node: { ...selectNode, where_clause: bound } }] };
      const [row] = await engine.rows("SELECT json_deserialize_sql($1::JSON)", signal, [JSON.stringify(statement)]);
      const sql = String(row?.[0] ?? "");
      const prefix = "SELECT 1 WHERE ";
      if (!sql.startsWith(prefix)) throw new BackfeedError("internal", "DuckDB printed a condition in an unknown form");
      return sql.slice(prefix.length).replace(/;\s*$/, "");
    },
  };
}

const selectNode = {
  type: "SELECT_NODE",
  modifiers: [],
  cte_map: { map: [] },
  select_list: [constant({ id: "INTEGER", type_info: null }, 1)],
  from_table: { type: "EMPTY", alias: "", sample: null, query_location: 0 },
  group_expressions: [],
  group_sets: [],
  aggregate_handling: "STANDARD_HANDLING",
  having: null,
  sample: null,
  qualify: null,
};

function constant(type: object, value: unknown) {
  const isNull = value === undefined;
  return {
    class: "CONSTANT",
    type: "VALUE_CONSTANT",
    alias: "",
    query_location: 0,
    value: isNull ? { type, is_null: true } : { type, is_null: false, value },
  };
}

async function syntaxTree(engine: Engine, filter: string, signal: AbortSignal): Promise<unknown> {
  if (filter.length > maxLength) throw refused(`a filter has at most ${maxLength} characters`);
  if (filter.includes("\0")) throw refused("a filter must not hold a NUL character");
  // Two readings: in brackets no clause can follow the condition, without them no bracket can be closed that it did not open.
  const [row] = await engine.rows("SELECT json_serialize_sql($1::VARCHAR), json_serialize_sql($2::VARCHAR)", signal, [
    `SELECT 1 WHERE (\n${filter}\n)`,
    `SELECT 1 WHERE ${filter}\n`,
  ]);
  const [inBrackets, alone] = (row ?? []).map((text) => serialized.parse(JSON.parse(safeNumbers(String(text)))));
  for (const reading of [inBrackets, alone]) {
    if (reading === undefined || reading.error) {
      throw refused(`not a SQL condition: ${reading?.error_message ?? "DuckDB cannot parse it"}`);
    }
  }
  const node = inBrackets?.statements?.[0]?.node.where_clause;
  if (inBrackets?.statements?.length !== 1 || node === undefined || node === null) {
    throw refused("not a single SQL condition");
  }
  return node;
}

/** JSON.parse knows neither infinite numbers nor DuckDB's "no location"; inside strings the quote before `:` is escaped. */
function safeNumbers(json: string): string {
  return json
    .replace(/"query_location":\d+/g, '"query_location":0')
    .replace(/"value":-?(?:Infinity|NaN|inf|nan)/gi, '"value":1e999');
}

/** Walks the tree and refuses everything that is not on the lists of filter-language.ts. */
function checkNode(node: unknown, fields: Set<string>, functions: ReadonlySet<string>): void {
  if (Array.isArray(node)) {
    for (const member of node) checkNode(member, fields, functions);
    return;
  }
  if (typeof node !== "object" || node === null) return;
  const members = node as Record<string, unknown>;
  const kind = members["class"];
  if (typeof kind === "string") checkExpression(kind, members, fields, functions);
  for (const [name, member] of Object.entries(members)) {
    if (name !== "value" && name !== "cast_type") checkNode(member, fields, functions);
  }
}

function checkExpression(
  kind: string,
  node: Record<string, unknown>,
  fields: Set<string>,
  functions: ReadonlySet<string>,
): void {
  const what = allowedClasses.get(kind);
  if (what !== true) throw refused(`${what ?? kind.toLowerCase()} is not allowed in a filter`);
  if (kind === "COLUMN_REF") fields.add(fieldName(node));
  if (kind === "OPERATOR" && !allowedOperators.has(String(node["type"]))) {
    throw refused(`${String(node["type"]).toLowerCase()} is not allowed in a filter`);
  }
  if (kind === "FUNCTION") {
    const name = String(node["function_name"]).toLowerCase();
    const schema = String(node["schema"] ?? "");
    const foreign = (schema !== "" && schema !== "main") || String(node["catalog"] ?? "") !== "";
    if (foreign || !functions.has(name)) throw refused(`the function ${name}() is not allowed in a filter`);
  }
  if (kind === "CONSTANT") checkConstant(node["value"]);
}

/** The tree passes through JavaScript, so a number that it cannot hold exactly would become another one. */
function checkConstant(value: unknown): void {
  if (typeof value === "object" && value !== null) for (const member of Object.values(value)) checkConstant(member);
  if (typeof value !== "number") return;
  if (!Number.isFinite(value) || (Number.isInteger(value) && Math.abs(value) > Number.MAX_SAFE_INTEGER)) {
    throw refused("a number in the filter is too large; write it in quotes");
  }
}

function bindFields(node: unknown, resolve: ResolveField): unknown {
  if (Array.isArray(node)) return node.map((member) => bindFields(member, resolve));
  if (typeof node !== "object" || node === null) return node;
  const members = node as Record<string, unknown>;
  if (members["class"] === "COLUMN_REF") {
    const column = resolve(fieldName(members));
    return column === undefined
      ? constant({ id: "NULL", type_info: null }, undefined)
      : { ...members, column_names: [column] };
  }
  return Object.fromEntries(Object.entries(members).map(([name, member]) => [name, bindFields(member, resolve)]));
}

function fieldName(node: Record<string, unknown>): string {
  const names = node["column_names"];
  return Array.isArray(names) ? names.join(".") : "";
}

/** What DuckDB itself calls a function without side effects and without a view of the clock, less what reads settings. */
async function loadFunctions(engine: Engine, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const rows = await engine.rows(
    `SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE database_name = 'system'
       AND ((function_type = 'scalar' AND stability = 'CONSISTENT') OR
            (function_type = 'macro' AND function_name IN (${allowedMacros.map(quoteText).join(", ")})))`,
    signal,
  );
  const names = rows.map(([name]) => String(name));
  return new Set(names.filter((name) => !refusedFunctions.some((pattern) => pattern.test(name))));
}

function refused(message: string): BackfeedError {
  return new BackfeedError("refused", message, { retryable: false, facts: { at: "filter" } });
}
