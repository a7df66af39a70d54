import type { Labels } from "../../model/labels.ts";
import { type Answer, isZeroOfNothing, type Measure, type Observation } from "../../model/query.ts";
import type { Window } from "../../model/time.ts";
import { chooseGroups } from "../choose-groups.ts";
import type { Cell } from "./engine.ts";
import type { Ask } from "./plan.ts";
import type { PartColumns, Statement } from "./statement.ts";
import type { TableView } from "./table.ts";

type Row = readonly Cell[];

/** The rows of one part as the answer to each of its users. */
export function decodePart(
  ask: Ask,
  columns: PartColumns,
  statement: Statement,
  rows: readonly Row[],
  view: TableView,
): Answer[] {
  const { query, window } = ask;
  const observations: Observation[] = [];
  for (const row of rows) {
    if (columns.member !== undefined && textAt(row, columns.member.place, statement, view) !== columns.member.text)
      continue;
    const events = Number(row[columns.events] ?? 0);
    if (events === 0 && query.by.length > 0) continue;
    const labels: Record<string, string> = {};
    for (const field of query.by) labels[field] = textAt(row, statement.groupBy.indexOf(field), statement, view) ?? "";
    observations.push(observe(query.measure, window, row, columns, labels));
  }
  if (query.by.length === 0 && observations.length === 0) {
    observations.push(observe(query.measure, window, [], columns, {}));
  }
  const total = statement.total === undefined ? observations.length : Number(rows[0]?.[statement.total] ?? 0);
  return ask.users.map(({ maxGroups, mustAnswer }) => {
    const chosen = chooseGroups({ observations, mustAnswer, maxGroups });
    const unseen = Math.max(0, total - observations.length);
    return { kind: "answered", observations: chosen.observations, notAnswered: chosen.notAnswered + unseen };
  });
}

/** Numbers as JavaScript prints them, so that a label is the same from every source. */
function textAt(row: Row, place: number, { groupBy }: Statement, view: TableView): string | undefined {
  const text = row[place];
  if (typeof text !== "string") return undefined;
  return view.columns.get(groupBy[place] ?? "")?.shape.type === "DOUBLE" ? String(Number(text)) : text;
}

function observe(measure: Measure, window: Window, row: Row, columns: PartColumns, labels: Labels): Observation {
  const events = Number(row[columns.events] ?? 0);
  const value = columns.value === undefined ? undefined : row[columns.value];
  if (columns.bad === undefined) return { labels, events, value: measured(measure, window, events, value) };
  const badEvents = Number(row[columns.bad] ?? 0);
  return { labels, events, badEvents, value: events === 0 ? undefined : badEvents / events };
}

/** The measure of these events; nothing is 0 or no data, as RULES.md section 1 says. */
export function measured(
  measure: Measure,
  window: Window,
  events: number,
  value: Cell | undefined,
): number | undefined {
  if (measure.kind === "count") return events;
  if (measure.kind === "rate") return events / ((window.to - window.from) / 1_000);
  if (typeof value === "number" && Number.isFinite(value)) return value;
  return isZeroOfNothing(measure) ? 0 : undefined;
}
