import type { Labels } from "../../model/labels.ts";
import type {
  Messages,
  MessagesRequest,
  Query,
  Sample,
  SampleRequest,
  SeriesPoint,
  SeriesRequest,
  Where,
} from "../../model/query.ts";
import { cutCodePoints } from "../../support/clean-text.ts";
import { BackfeedError } from "../../support/errors.ts";
import { whereSql } from "./condition.ts";
import { measured } from "./decode.ts";
import type { Engine } from "./engine.ts";
import { type Column, textOf } from "./field.ts";
import { type BoundFilters, createWriter } from "./statement.ts";
import type { TableView } from "./table.ts";

const maxSteps = 5_000;
/** Shown where no field is asked for and the table has no `message`. */
const defaultFields = 8;

export interface EvidenceContext {
  readonly engine: Engine;
  readonly view: TableView;
  readonly bound: BoundFilters;
  readonly signal: AbortSignal;
}

/** The newest matching events with the fields asked for as text. */
export async function readSamples(request: SampleRequest, context: EvidenceContext): Promise<Sample[]> {
  const { engine, view, bound, signal } = context;
  const used = new Map(bound.columns.map((column) => [column.column, column]));
  const conditions = conditionsOf(request.query, request.labels, bound, view, used);
  if (request.badOnly && bound.bad !== undefined) conditions.push(`(${bound.bad})`);
  const shown = fieldsToShow(request.fields, view);
  for (const column of shown) used.set(column.column, column);
  const { from, to } = request.window;
  const values = shown.map((column) => `left(${textOf(column)}, ${Math.max(1, request.maxValueLength) + 1})`);
  const rows = await engine.rows(
    `SELECT ${["CAST(ts AS DOUBLE)", ...values].join(", ")} FROM ${view.from([...used.values()])}
     WHERE ${[`ts >= ${from} AND ts < ${to}`, ...conditions].join(" AND ")}
     ORDER BY ts DESC, ${view.tieBreak} LIMIT ${Math.max(0, Math.floor(request.limit))}`,
    signal,
  );
  return rows.map(([at, ...texts]) => ({
    at: Number(at),
    fields: shown.flatMap(({ name, shape }, place) => {
      const text = texts[place];
      if (typeof text !== "string") return [];
      const exact = shape.type === "DOUBLE" && !shape.list && text.length <= 32 ? String(Number(text)) : text;
      return [[name, cutCodePoints(exact, request.maxValueLength)] as const];
    }),
  }));
}

/** The newest messages: the texts of one field. */
export async function readMessages(request: MessagesRequest, context: EvidenceContext): Promise<Messages> {
  const { query, field, window, limit, maxLength } = request;
  const wanted = {
    query,
    labels: {},
    window,
    badOnly: false,
    limit: limit + 1,
    fields: [field],
    maxValueLength: maxLength,
  };
  const samples = await readSamples(wanted, context);
  const messages = samples.flatMap(({ at, fields }) => fields.map(([, text]) => ({ at, text })));
  return { messages: messages.slice(0, limit), more: messages.length > limit };
}

/** The measure for each step of the window; the last step may be shorter. */
export async function readSeries(request: SeriesRequest, context: EvidenceContext): Promise<SeriesPoint[]> {
  const { query, labels, window, stepMs } = request;
  const steps = Math.ceil((window.to - window.from) / stepMs);
  if (!(steps <= maxSteps)) throw new BackfeedError("limit", `a series has at most ${maxSteps} steps`);
  const { engine, view, bound, signal } = context;
  const writer = createWriter(view);
  writer.use(bound.columns);
  const condition = writer.condition([
    ...whereSql({ ...query.where }, writer.find),
    ...labelsSql(labels, writer.find),
    ...bound.filters,
  ]);
  const events = writer.aggregate("count(*)", condition);
  const value = writer.measure(query.measure, condition);
  const bad =
    bound.bad === undefined ? undefined : writer.aggregate("count(*)", condition, writer.condition([bound.bad]));
  const rows = await engine.rows(
    `SELECT CAST((ts - ${window.from}) // ${stepMs} AS DOUBLE) AS step, ${writer.aggregates.join(", ")}
     FROM (${writer.rows(window)}) WHERE ${condition} GROUP BY step`,
    signal,
  );
  const found = new Map(rows.map(([step, ...cells]) => [Number(step), cells]));
  return Array.from({ length: steps }, (_, step) => {
    const at = window.from + step * stepMs;
    const cells = found.get(step) ?? [];
    const count = Number(cells[events] ?? 0);
    if (bad !== undefined) return { at, value: count === 0 ? undefined : Number(cells[bad] ?? 0) / count };
    const span = { from: at, to: Math.min(at + stepMs, window.to) };
    return { at, value: measured(query.measure, span, count, value === undefined ? undefined : cells[value]) };
  });
}

function conditionsOf(
  query: Query,
  labels: Labels,
  bound: BoundFilters,
  view: TableView,
  used: Map<string, Column>,
): string[] {
  const find = (name: string) => {
    const column = view.columns.get(name);
    if (column !== undefined) used.set(column.column, column);
    return column;
  };
  return [...whereSql(query.where, find), ...labelsSql(labels, find), ...bound.filters.map((filter) => `(${filter})`)];
}

function labelsSql(labels: Labels, find: (name: string) => Column | undefined): string[] {
  const where: Where = Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, [value]]));
  return whereSql(where, find);
}

function fieldsToShow(fields: readonly string[], view: TableView): Column[] {
  const named = fields.length > 0 ? fields : [view.timestamp, "message"];
  const shown = named.flatMap((name) => view.columns.get(name) ?? []);
  if (fields.length > 0 || view.columns.has("message")) return shown;
  const rest = [...view.columns.values()].filter((column) => !shown.includes(column));
  return [...shown, ...rest].slice(0, defaultFields);
}
