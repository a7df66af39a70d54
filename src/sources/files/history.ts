import type {
  Answer,
  HistoryAnswer,
  HistoryBatch,
  PastAnswers,
  ProbeAnswer,
  Query,
  QueryFailure,
} from "../../model/query.ts";
import type { Window } from "../../model/time.ts";
import { probesFromCounts } from "../past-probes.ts";
import { spanOf } from "../steps.ts";
import type { Binder } from "./access.ts";
import { decodePart } from "./decode.ts";
import type { Cell, Engine } from "./engine.ts";
import { mergeQuestions, scanAlone } from "./plan.ts";
import { buildStatement } from "./statement.ts";
import type { TableView } from "./table.ts";

/** What one statement works with. */
export interface HistoryGround {
  readonly engine: Engine;
  readonly bind: Binder;
  readonly view: TableView;
  /** Most rows (windows times groups) that one statement may fetch. */
  readonly maxRows: number;
  readonly signal: AbortSignal;
}

/** Runs a task over a table in its turn and within the deadline; what went wrong is a failure. Throws `aborted`. */
export type OverTable = <Result>(
  target: string,
  task: (ground: HistoryGround) => Promise<Result>,
) => Promise<Result | QueryFailure>;

/** A join with more windows takes DuckDB longer than two. */
const mostWindows = 1_500;

/** Many windows of each query, a statement for each. Throws `aborted`. */
export async function answerHistory({ questions, probes }: HistoryBatch, overTable: OverTable): Promise<HistoryAnswer> {
  const answers: PastAnswers<Answer>[] = [];
  const probed: PastAnswers<ProbeAnswer>[] = [];
  let requests = 0;
  const ask = async (query: Query, windows: readonly Window[]): Promise<PastAnswers<Answer>> => {
    const found = new Map<Window, Answer | undefined>();
    const open = partsOf(windows);
    for (let part = open.pop(); part !== undefined; part = open.pop()) {
      const some = part;
      requests += 1;
      const read = await overTable(query.target, (ground) => askWindows(query, some, ground));
      if (read === "too_many") {
        const half = Math.ceil(some.length / 2);
        // What one window alone has too many rows for, a tick may still ask.
        if (some.length > 1) open.push(some.slice(0, half), some.slice(half));
      } else if ("code" in read) return { kind: "failed", failure: read };
      else for (const [place, window] of some.entries()) found.set(window, read[place]);
    }
    return { kind: "answered", windows: windows.map((window) => found.get(window)) };
  };
  for (const { query, windows } of questions) answers.push(await ask(query, windows));
  for (const { target, windows } of probes) probed.push(probesFromCounts(await ask(everything(target), windows)));
  return { answers, probes: probed, requests };
}

function partsOf(windows: readonly Window[]): (readonly Window[])[] {
  const sorted = [...windows].sort((a, b) => a.to - b.to || a.from - b.from);
  const parts: (readonly Window[])[] = [];
  for (let start = 0; start < sorted.length; start += mostWindows) parts.push(sorted.slice(start, start + mostWindows));
  return parts;
}

/** The answers of some windows; undefined for one with more groups than may be answered. */
async function askWindows(
  query: Query,
  windows: readonly Window[],
  { engine, bind, view, maxRows, signal }: HistoryGround,
): Promise<"too_many" | readonly (Answer | undefined)[]> {
  const bound = await bind(query, view, signal);
  const [ask] = mergeQuestions([{ query, window: spanOf(windows), mustAnswer: [] }]);
  if (ask === undefined) return [];
  const statement = buildStatement(scanAlone(ask), view, () => bound, {
    limit: maxRows + 1,
    ranked: undefined,
    windows,
  });
  const [columns] = statement.parts;
  if (columns === undefined || statement.window === undefined) return [];
  const rows = await engine.rows(statement.sql, signal);
  if (rows.length > maxRows) return "too_many";
  const byWindow = new Map<number, (readonly Cell[])[]>();
  for (const row of rows) {
    const place = Number(row[statement.window]);
    const some = byWindow.get(place);
    if (some === undefined) byWindow.set(place, [row]);
    else some.push(row);
  }
  return windows.map((window, place) => {
    const [answer] = decodePart({ ...ask, window }, columns, statement, byWindow.get(place) ?? [], view);
    return answer?.kind === "answered" && answer.notAnswered > 0 ? undefined : answer;
  });
}

/** Whether a table has any event is whether it has more than none. */
function everything(target: string): Query {
  return { target, where: {}, filters: [], measure: { kind: "count" }, by: [], maxGroups: 1 };
}
