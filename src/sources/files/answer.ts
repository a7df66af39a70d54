import type { Labels } from "../../model/labels.ts";
import type { Answer, Batch, BatchAnswer, Probe, ProbeAnswer, Query, QueryFailure } from "../../model/query.ts";
import type { Binder } from "./access.ts";
import { decodePart } from "./decode.ts";
import type { Engine } from "./engine.ts";
import { type Ask, halves, mergeQuestions, planScans, type Scan, scanAlone } from "./plan.ts";
import { type BoundFilters, buildStatement } from "./statement.ts";
import type { TableView } from "./table.ts";

export interface AnswerOptions {
  readonly engine: Engine;
  readonly bind: Binder;
  /** The table as it is now. Throws `not_found`. */
  readonly table: (target: string) => Promise<TableView>;
  readonly failure: (error: unknown) => QueryFailure;
  /** Most groups that one statement may fetch for several questions; beyond, each is asked alone. */
  readonly maxRows: number;
  /** Of the caller and of the deadline together. */
  readonly signal: AbortSignal;
}

/** Answers a batch: merge equal questions, bind their filters, plan scans, run them, and take failing scans apart. */
export async function answerBatch(batch: Batch, options: AnswerOptions): Promise<BatchAnswer> {
  const answers: Answer[] = [];
  const run: Run = { ...options, bound: new Map(), requests: 0, views: new Map() };
  const fail = (ask: Ask, error: unknown) => {
    const failure = options.failure(error);
    for (const { index } of ask.users) answers[index] = { kind: "failed", failure };
  };
  const ready: Ask[] = [];
  for (const ask of mergeQuestions(batch.questions)) {
    try {
      const view = await viewOf(run, ask.query.target);
      run.bound.set(ask.query, await options.bind(ask.query, view, options.signal));
      ready.push(ask);
    } catch (error) {
      fail(ask, error);
    }
  }
  const open = planScans(ready);
  for (let scan = open.pop(); scan !== undefined; scan = open.pop()) {
    try {
      const outcome = await runScan(run, scan);
      if (outcome === "too_many") for (const { ask } of scan.parts) open.push(scanAlone(ask));
      else for (const [index, answer] of outcome) answers[index] = answer;
    } catch (error) {
      if (scan.parts.length > 1 && !options.signal.aborted) open.push(...halves(scan));
      else for (const { ask } of scan.parts) fail(ask, error);
    }
  }
  const probes = await answerProbes(run, batch.probes);
  return { answers, probes, requests: run.requests };
}

interface Run extends AnswerOptions {
  readonly bound: Map<Query, BoundFilters>;
  readonly views: Map<string, Promise<TableView>>;
  requests: number;
}

/** Files are looked at once per batch, so that all its answers are about the same files. */
function viewOf(run: Run, target: string): Promise<TableView> {
  const view = run.views.get(target) ?? run.table(target);
  run.views.set(target, view);
  return view;
}

const noFilters: BoundFilters = { filters: [], bad: undefined, columns: [] };

async function runScan(run: Run, scan: Scan): Promise<"too_many" | (readonly [number, Answer])[]> {
  const view = await viewOf(run, scan.target);
  const [only] = scan.parts;
  const alone = scan.parts.length === 1 && only?.family === undefined ? only?.ask : undefined;
  const mustAnswer = alone?.users.flatMap((user) => user.mustAnswer) ?? [];
  const limit =
    alone === undefined ? run.maxRows : Math.max(...alone.users.map((user) => user.maxGroups)) + mustAnswer.length;
  const ranked = alone === undefined ? undefined : { mustAnswer: labelTexts(mustAnswer, scan.groupBy) };
  const statement = buildStatement(scan, view, (part) => run.bound.get(part.ask.query) ?? noFilters, {
    limit: limit + 1,
    ranked,
  });
  run.requests += 1;
  const rows = await run.engine.rows(statement.sql, run.signal);
  if (alone === undefined && rows.length > limit) return "too_many";
  return scan.parts.flatMap(({ ask }, place) => {
    const columns = statement.parts[place];
    if (columns === undefined) return [];
    const decoded = decodePart(ask, columns, statement, rows, view);
    return ask.users.flatMap((user, at) => {
      const answer = decoded[at];
      return answer === undefined ? [] : [[user.index, answer] as const];
    });
  });
}

function labelTexts(labels: readonly Labels[], fields: readonly string[]): string[][] {
  return labels.flatMap((set) => {
    const texts = fields.flatMap((field) => set[field] ?? []);
    return texts.length === fields.length && texts.length > 0 ? [texts] : [];
  });
}

/** One statement per table: does each window have any event? */
async function answerProbes(run: Run, probes: readonly Probe[]): Promise<ProbeAnswer[]> {
  const answers: ProbeAnswer[] = [];
  for (const target of new Set(probes.map((probe) => probe.target))) {
    const own = [...probes.entries()].filter(([, probe]) => probe.target === target);
    try {
      const from = (await viewOf(run, target)).from([]);
      const windows = own.map(([, { window }]) => `ts >= ${window.from} AND ts < ${window.to}`);
      const distinct = [...new Set(windows)];
      const counts = distinct.map((window) => `COALESCE(bool_or(${window}), FALSE)`);
      run.requests += 1;
      const [row] = await run.engine.rows(`SELECT ${counts.join(", ")} FROM ${from}`, run.signal);
      for (const [place, [index]] of own.entries()) {
        answers[index] = { kind: "answered", any: row?.[distinct.indexOf(windows[place] ?? "")] === true };
      }
    } catch (error) {
      const failure = run.failure(error);
      for (const [index] of own) answers[index] = { kind: "failed", failure };
    }
  }
  return answers;
}
