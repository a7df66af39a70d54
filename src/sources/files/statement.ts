import type { Measure, Where } from "../../model/query.ts";
import type { Window } from "../../model/time.ts";
import { type FindColumn, groupTextFor, whereSql } from "./condition.ts";
import { type Column, numbersOf, scalarText } from "./field.ts";
import type { Part, Scan } from "./plan.ts";
import { quoteText } from "./sql.ts";
import type { TableView } from "./table.ts";

/** The filters of a query as SQL over the table's columns. */
export interface BoundFilters {
  readonly filters: readonly string[];
  readonly bad: string | undefined;
  /** The columns that these conditions name. */
  readonly columns: readonly Column[];
}

/** Where a part's numbers stand in a row of the result. */
export interface PartColumns {
  readonly events: number;
  readonly value: number | undefined;
  readonly bad: number | undefined;
  /** The group's text that is this part's member of its family; null when no event can have it. */
  readonly member: { readonly place: number; readonly text: string | null } | undefined;
}

export interface Statement {
  readonly sql: string;
  readonly groupBy: readonly string[];
  /** One per part of the scan. */
  readonly parts: readonly PartColumns[];
  /** Place of the number of all groups, where the statement answers only the first of them. */
  readonly total: number | undefined;
  /** Place of the number of the window in a row, where the statement is of many windows. */
  readonly window: number | undefined;
}

interface Bound {
  /** Most rows that are fetched, one more than can be used. */
  readonly limit: number;
  /** Only with one part: largest groups first, and before them those of these label texts. */
  readonly ranked: { readonly mustAnswer: readonly (readonly string[])[] } | undefined;
  /** Each of them by itself, all within that of the scan: a row says which one it is of. */
  readonly windows?: readonly Window[];
}

/** The statement of a scan: one pass over the window, conditions and measures of all parts side by side. */
export function buildStatement(
  scan: Scan,
  view: TableView,
  boundFilters: (part: Part) => BoundFilters,
  { limit, ranked, windows }: Bound,
): Statement {
  const writer = createWriter(view);
  const groups = scan.groupBy.map((field) => writer.group(field));
  const conditions = new Set<string>();
  const parts = scan.parts.map((part): PartColumns => {
    const { filters, bad, columns } = boundFilters(part);
    writer.use(columns);
    const family = part.family === undefined ? {} : { [part.family.field]: familyValues(scan, part) };
    const condition = writer.condition([...whereSql({ ...part.where, ...family }, writer.find), ...filters]);
    conditions.add(condition);
    const { measure } = part.ask.query;
    const value = writer.measure(measure, condition);
    return {
      events: scan.groupBy.length + writer.aggregate("count(*)", condition),
      value: value === undefined ? undefined : scan.groupBy.length + value,
      bad:
        bad === undefined
          ? undefined
          : scan.groupBy.length + writer.aggregate("count(*)", condition, writer.condition([bad])),
      member: memberOf(part, scan, writer.find),
    };
  });
  const aggregates = writer.aggregates.map((sql, place) => `${sql} AS a${place}`);
  const filled = groups.map((group) => `${group} IS NOT NULL`);
  const matching = [...conditions].join(" OR ") || "FALSE";
  // Without groups there is always one row, also of no events.
  const keys = windows === undefined ? groups : [...groups, "w_place"];
  const body = `FROM (${writer.rows(scan.window)})${windows === undefined ? "" : joinOf(windows)}
    WHERE ${[`(${matching})`, ...filled].join(" AND ")}
    ${keys.length === 0 ? "" : `GROUP BY ${keys.join(", ")}`}`;
  const selected = [...groups, ...aggregates];
  if (windows !== undefined) {
    const sql = `SELECT ${[...selected, "w_place"].join(", ")} ${body} LIMIT ${limit}`;
    return { sql, groupBy: scan.groupBy, parts, total: undefined, window: selected.length };
  }
  const grouped = `SELECT ${selected.join(", ")} ${body}`;
  const [only] = parts;
  if (ranked === undefined || only === undefined || groups.length === 0) {
    return { sql: `${grouped} LIMIT ${limit}`, groupBy: scan.groupBy, parts, total: undefined, window: undefined };
  }
  const events = `a${only.events - groups.length}`;
  const weight = only.bad === undefined ? events : `a${only.bad - groups.length}`;
  const order = [...mustFirst(groups, ranked.mustAnswer), `${weight} DESC`, `${events} DESC`, ...groups.map(jsonText)];
  return {
    sql: `SELECT *, CAST(count(*) OVER () AS DOUBLE) FROM (${grouped}) ORDER BY ${order.join(", ")} LIMIT ${limit}`,
    groupBy: scan.groupBy,
    parts,
    total: groups.length + aggregates.length,
    window: undefined,
  };
}

/** An event is in a row for each window that has it. */
function joinOf(windows: readonly Window[]): string {
  const rows = windows.map(({ from, to }, place) => `(${place}, ${from}, ${to})`).join(", ");
  return ` JOIN (VALUES ${rows}) AS w(w_place, w_from, w_to) ON ts >= w_from AND ts < w_to`;
}

function familyValues(scan: Scan, part: Part): Where[string] {
  const field = part.family?.field;
  return scan.parts.flatMap(({ family }) => (family !== undefined && family.field === field ? [family.value] : []));
}

function memberOf({ family }: Part, scan: Scan, find: FindColumn): PartColumns["member"] {
  if (family === undefined) return undefined;
  const column = find(family.field);
  const text = column === undefined ? undefined : groupTextFor(family.value, column);
  return { place: scan.groupBy.indexOf(family.field), text: text ?? null };
}

function mustFirst(groups: readonly string[], mustAnswer: readonly (readonly string[])[]): string[] {
  if (mustAnswer.length === 0) return [];
  const sets = mustAnswer.map((texts) => `(${texts.map(quoteText).join(", ")})`).join(", ");
  return [`CASE WHEN (${groups.join(", ")}) IN (${sets}) THEN 0 ELSE 1 END`];
}

function jsonText(group: string): string {
  return `CAST(to_json(${group}) AS VARCHAR)`;
}

/** Collects the columns, conditions and aggregates of one statement; equal ones are written once. */
export function createWriter(view: TableView) {
  const used = new Map<string, Column>();
  const marks = new Map<string, string>();
  const lists = new Map<string, string>();
  const aggregates: string[] = [];
  const find: FindColumn = (name) => {
    const column = view.columns.get(name);
    if (column !== undefined) used.set(column.column, column);
    return column;
  };
  const mark = (expression: string, prefix: string) => {
    const name = marks.get(expression) ?? `${prefix}${marks.size}`;
    marks.set(expression, name);
    return name;
  };
  const aggregate = (expression: string, ...conditions: readonly string[]) => {
    const sql = `CAST(${expression.replaceAll("{filter}", `FILTER (WHERE ${conditions.join(" AND ")})`)} AS DOUBLE)`;
    const full = expression.includes("{filter}")
      ? sql
      : `CAST(${expression} FILTER (WHERE ${conditions.join(" AND ")}) AS DOUBLE)`;
    const known = aggregates.indexOf(full);
    return known >= 0 ? known : aggregates.push(full) - 1;
  };
  return {
    find,
    use(columns: readonly Column[]): void {
      for (const column of columns) used.set(column.column, column);
    },
    aggregates,
    aggregate,
    /** Name of a text column that holds the event's group; an event with several values is in several rows. */
    group(field: string): string {
      const column = find(field);
      if (column === undefined) return mark("CAST(NULL AS VARCHAR)", "g");
      if (!column.shape.list) return mark(scalarText(column.column, column.shape), "g");
      const texts = `list_distinct(list_transform(${column.column}, lambda v: ${scalarText("v", column.shape)}))`;
      const name = lists.get(texts) ?? `l${lists.size}`;
      lists.set(texts, name);
      return name;
    },
    /** Name of a boolean column that says whether all conditions hold. */
    condition(conditions: readonly string[]): string {
      if (conditions.length === 0) return "TRUE";
      return mark(`COALESCE(${conditions.map((condition) => `(${condition})`).join(" AND ")}, FALSE)`, "k");
    },
    /** Place of the measure among the aggregates; undefined for what follows from counts alone, and for a field that no event has. */
    measure(measure: Measure, condition: string): number | undefined {
      if (!("field" in measure)) return undefined;
      const column = find(measure.field);
      if (column === undefined) return undefined;
      const many = column.shape.list;
      const expression = measure.kind === "unique" ? column.column : numbersOf(column);
      const value = mark(expression, "v");
      return aggregate(many ? listAggregate(measure, value) : scalarAggregate(measure, value), condition);
    },
    /** The window's events with everything that was named. */
    rows({ from, to }: Window): string {
      const columns = [...used.values()];
      const base = `SELECT * FROM ${view.from(columns)} WHERE ts >= ${from} AND ts < ${to}`;
      const named = [...marks].map(([expression, name]) => `${expression} AS ${name}`);
      // One unnest a level: several in one SELECT would run side by side instead of giving every combination.
      let rows = `SELECT ${["*", ...named].join(", ")} FROM (${base})`;
      for (const [expression, name] of lists) rows = `SELECT *, unnest(${expression}) AS ${name} FROM (${rows})`;
      return rows;
    },
  };
}

type FieldMeasure = Extract<Measure, { field: string }>;

function scalarAggregate(measure: FieldMeasure, value: string): string {
  if (measure.kind === "unique") return `count(DISTINCT ${value})`;
  if (measure.kind === "percentile") return `quantile_cont(${value}, ${measure.percent / 100})`;
  return `${measure.kind}(${value})`;
}

/** Over all elements of all events; `{filter}` stands where the condition belongs. */
function listAggregate(measure: FieldMeasure, value: string): string {
  const all = `flatten(list(${value}) {filter})`;
  if (measure.kind === "unique") return `COALESCE(len(list_distinct(${all})), 0)`;
  if (measure.kind === "percentile") return `list_aggregate(${all}, 'quantile_cont', ${measure.percent / 100})`;
  if (measure.kind === "avg") return `(sum(list_sum(${value})) {filter} / sum(len(${value})) {filter})`;
  return `${measure.kind}(list_${measure.kind}(${value}))`;
}
