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
import { stopped } from "../limiter.ts";
import { fail } from "../query-failure.ts";
import { commonStepMs } from "../steps.ts";
import { type RangeSeries, readRange, type Series } from "./answer.ts";
import type { Connection } from "./connection.ts";
import { mostPoints, rangeParameters } from "./evidence.ts";
import { expressionsOf, type Side } from "./expressions.ts";
import { observeSides } from "./observe.ts";
import { scraped } from "./plan.ts";

/** What the source may grant for fewer instants: a range fails whole where one of its instants fails. */
const ofItsSize: ReadonlySet<QueryFailure["code"]> = new Set(["too_many_groups", "timeout", "overloaded", "refused"]);
/** As few are asked one by one, as ticks ask, which tells the instant that is at fault. */
const leastInstants = 32;
/** A range is evaluated at all its steps: not worth it where fewer of them are asked. */
const leastUsed = 0.25;

/**
 * Range queries in place of instant ones: at its own steps a range has the values that an instant query has there. Not where the
 * expression speaks of the range itself (`@ start()`, `@ end()`). Throws `aborted`.
 */
export async function answerHistory(
  connection: Connection,
  { questions, probes }: HistoryBatch,
  signal: AbortSignal,
): Promise<HistoryAnswer> {
  if (signal.aborted) throw stopped();
  let requests = 0;
  const ask = async (expression: string, instants: readonly number[]): Promise<Past | QueryFailure> => {
    const past: Past = new Map();
    const failures = await Promise.all(
      partsOf(instants).map(async (part) => {
        const asked = await askPart(connection, expression, part, past, signal);
        requests += asked.requests;
        return asked.failure;
      }),
    );
    return failures.find((failure) => failure !== undefined) ?? past;
  };
  const answers = await Promise.all(
    questions.map(async ({ query, windows }): Promise<PastAnswers<Answer>> => {
      const found = new Map<Window, Answer | undefined>();
      for (const [lengthMs, same] of groupBy(windows, ({ from, to }) => to - from)) {
        const expressions = expressionsOf(query, lengthMs);
        if (expressions.length === 0) {
          return { kind: "failed", failure: fail("refused", false, "a metrics source is asked in PromQL") };
        }
        const pasts: { [Of in Side]?: Past } = {};
        for (const { side, text } of expressions) {
          const past = isOfItsRange(text) ? new Map() : await ask(text, endsOf(same));
          if ("code" in past) return { kind: "failed", failure: past };
          pasts[side] = past;
        }
        for (const window of same) found.set(window, answerAt(query, pasts, window.to));
      }
      return { kind: "answered", windows: windows.map((window) => found.get(window)) };
    }),
  );
  const probed = await Promise.all(
    probes.map(async ({ windows }): Promise<PastAnswers<ProbeAnswer>> => {
      const found = new Map<Window, ProbeAnswer>();
      for (const [expression, same] of groupBy(windows, scraped)) {
        const past = await ask(expression, endsOf(same));
        if ("code" in past) return { kind: "failed", failure: past };
        for (const window of same) {
          const series = past.get(window.to);
          if (series !== undefined) found.set(window, { kind: "answered", any: series.length > 0 });
        }
      }
      return { kind: "answered", windows: windows.map((window) => found.get(window)) };
    }),
  );
  return { answers, probes: probed, requests };
}

/** The series at each instant that was asked. */
type Past = Map<number, readonly Series[]>;

function endsOf(windows: readonly Window[]): readonly number[] {
  return [...new Set(windows.map(({ to }) => to))].sort((a, b) => a - b);
}

/** Windows that are asked alike, by what is asked. */
function groupBy<Key>(windows: readonly Window[], keyOf: (window: Window) => Key): ReadonlyMap<Key, readonly Window[]> {
  const groups = new Map<Key, Window[]>();
  for (const window of windows) {
    const key = keyOf(window);
    const same = groups.get(key);
    if (same === undefined) groups.set(key, [window]);
    else same.push(window);
  }
  return groups;
}

function isOfItsRange(expression: string): boolean {
  return /@\s*(?:start|end)\s*\(/i.test(expression);
}

/** Undefined where one side was not answered at that instant. */
function answerAt(query: Query, pasts: { readonly [Of in Side]?: Past }, at: number): Answer | undefined {
  const sides = Object.entries(pasts).map(([side, past]) => [side, past.get(at)] as const);
  if (sides.some(([, series]) => series === undefined)) return undefined;
  const answer = observeSides(query, Object.fromEntries(sides), []);
  return answer.kind === "answered" && answer.notAnswered > 0 ? undefined : answer;
}

interface Part {
  readonly instants: readonly number[];
  readonly stepMs: number;
}

/** Sorted instants in ranges that are not too long; none for those that lie too far apart. */
function partsOf(instants: readonly number[]): readonly Part[] {
  const stepMs = commonStepMs(instants) || 1_000;
  const parts: number[][] = [];
  for (const instant of instants) {
    const part = parts.at(-1);
    const first = part?.[0];
    if (part === undefined || first === undefined || (instant - first) / stepMs >= mostPoints) parts.push([instant]);
    else part.push(instant);
  }
  return parts.map((part) => ({ instants: part, stepMs })).filter(isDense);
}

function isDense({ instants, stepMs }: Part): boolean {
  const span = (instants.at(-1) ?? 0) - (instants[0] ?? 0);
  return instants.length / (span / stepMs + 1) >= leastUsed;
}

async function askPart(
  connection: Connection,
  expression: string,
  { instants, stepMs }: Part,
  past: Past,
  signal: AbortSignal,
): Promise<{ readonly requests: number; readonly failure?: QueryFailure }> {
  const [first] = instants;
  const last = instants.at(-1);
  if (first === undefined || last === undefined) return { requests: 0 };
  const answer = await connection.ask("query_range", rangeParameters(expression, { first, last, stepMs }), signal);
  const read = answer.kind === "failed" ? answer.failure : seriesOf(answer.data);
  if (!("code" in read)) {
    addAll(past, instants, read);
    return { requests: 1 };
  }
  if (!ofItsSize.has(read.code)) return { requests: 1, failure: read };
  if (instants.length <= leastInstants) return { requests: 1 };
  const half = Math.ceil(instants.length / 2);
  let requests = 1;
  for (const some of [instants.slice(0, half), instants.slice(half)]) {
    const asked = await askPart(connection, expression, { instants: some, stepMs }, past, signal);
    requests += asked.requests;
    if (asked.failure !== undefined) return { requests, failure: asked.failure };
  }
  return { requests };
}

function seriesOf(data: unknown): readonly RangeSeries[] | QueryFailure {
  const series = readRange(data);
  if ("wrong" in series) return fail("refused", false, series.wrong);
  if ("unexpected" in series) return fail("unreachable", true, series.unexpected);
  return series;
}

function addAll(past: Past, instants: readonly number[], series: readonly RangeSeries[]): void {
  const at = new Map<number, Series[]>(instants.map((instant) => [instant, []]));
  for (const { labels, points } of series) {
    for (const [instant, value] of points) at.get(instant)?.push({ labels, value });
  }
  for (const [instant, found] of at) past.set(instant, found);
}
