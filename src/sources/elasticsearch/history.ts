import type { Answer, HistoryAnswer, HistoryBatch, PastAnswers, Query, QueryFailure } from "../../model/query.ts";
import type { Window } from "../../model/time.ts";
import { stopped } from "../limiter.ts";
import { probesFromCounts } from "../past-probes.ts";
import type { ElasticsearchContext } from "./elasticsearch-source.ts";
import { runJobs } from "./execute.ts";
import type { FieldMap } from "./fields.ts";
import { type HistorySearch, historyBody, type Means, meansOf } from "./history-body.ts";
import type { Job } from "./jobs.ts";
import { searchAlone } from "./plan.ts";
import { resolvedParts } from "./query-parts.ts";
import { type HistoryReading, readHistory } from "./read-history.ts";
import { isFailure, resolveFields } from "./resolve-fields.ts";
import { collectMetrics } from "./search-body.ts";

/** Many windows of one query, and its answers as they come. */
interface Asking {
  readonly target: string;
  readonly search: HistorySearch;
  readonly reading: HistoryReading;
  readonly answers: Map<Window, Answer | undefined>;
  failure: QueryFailure | undefined;
  /** Windows in one search: fewer once the server found them too many. */
  most: number;
}

/** What Elasticsearch may grant for fewer windows. */
const ofItsSize: ReadonlySet<QueryFailure["code"]> = new Set(["too_many_groups", "timeout", "overloaded"]);

/** How many windows of a query went into one search, where it had to be learnt: a day is like the day before. */
const learnt = new WeakMap<Query, number>();

/** Many windows of each query in a few searches. Throws `aborted`. */
export async function askHistory(
  { connection, fields, settings }: ElasticsearchContext,
  { questions, probes }: HistoryBatch,
  signal: AbortSignal,
): Promise<HistoryAnswer> {
  if (signal.aborted) throw stopped();
  const queries = questions.map(({ query }) => query);
  const resolved = await resolveFields(fields, queries, signal);
  const jobs: Job[] = [];
  const begin = (asking: Asking, windows: readonly Window[]): Asking => {
    for (const means of meansOf(asking.reading.measure, windows, asking.most)) jobs.push(jobOf(asking, means));
    return asking;
  };
  const jobOf = (asking: Asking, means: Means): Job => ({
    target: asking.target,
    // Its answer may be large: it shares no request.
    apart: asking.reading.by.length > 0,
    body: historyBody(asking.search, means, settings),
    settle(result) {
      const answers = readHistory(result.aggregations?.["t"], means, asking.reading);
      for (const [place, window] of means.windows.entries()) asking.answers.set(window, answers[place]);
      return [];
    },
    fail(failure, whole) {
      const fewer = ofItsSize.has(failure.code) || (whole && failure.code === "refused");
      if (!fewer) asking.failure ??= failure;
      // What one window alone is too large for, the way of a tick may still find out.
      if (!fewer || means.windows.length < 2) return [];
      const half = Math.ceil(means.windows.length / 2);
      asking.most = Math.min(asking.most, half);
      const parts = [means.windows.slice(0, half), means.windows.slice(half)];
      return parts.map((windows) => jobOf(asking, { ...means, windows }));
    },
  });

  const asked = questions.map(({ query, windows }) => {
    const found = resolved.of(query);
    if (isFailure(found)) return found;
    // The live way prints nanoseconds of such a group otherwise.
    const isBatchable = resolvedParts(query, found).by.every(({ type }) => type !== "date_nanos");
    return begin(askingOf(query, found), isBatchable ? windows : []);
  });
  const probed = probes.map(({ target, windows }) => begin(askingOfProbe(target), windows));
  const requests = resolved.requests + (await runJobs(jobs, connection, signal));
  for (const [place, asking] of asked.entries()) {
    const query = queries[place];
    if (query !== undefined && !isFailed(asking)) learnt.set(query, asking.most);
  }
  return {
    answers: asked.map((asking, place) =>
      isFailed(asking) ? { kind: "failed", failure: asking } : answersOf(asking, questions[place]?.windows ?? []),
    ),
    probes: probed.map((asking, place) => probesFromCounts(answersOf(asking, probes[place]?.windows ?? []))),
    requests,
  };
}

function isFailed(asking: Asking | QueryFailure): asking is QueryFailure {
  return "code" in asking;
}

function askingOf(query: Query, fields: FieldMap): Asking {
  const parts = resolvedParts(query, fields);
  const question = { query, window: { from: 0, to: 0 }, mustAnswer: [] };
  const { members } = searchAlone({ question, positions: [] }, parts);
  const metrics = collectMetrics(members);
  const name = members[0] === undefined ? "" : metrics.nameOf(members[0]);
  const { measure, by, maxGroups, target } = query;
  return {
    target,
    search: { clauses: parts.clauses, by: parts.by, maxGroups, metrics: metrics.json },
    reading: { measure, by, fields: parts.by, maxGroups, name },
    answers: new Map(),
    failure: undefined,
    most: learnt.get(query) ?? Number.POSITIVE_INFINITY,
  };
}

/** Whether a target has any event is whether it has more than none. */
function askingOfProbe(target: string): Asking {
  return {
    target,
    search: { clauses: "", by: [], maxGroups: 1, metrics: "" },
    reading: { measure: { kind: "count" }, by: [], fields: [], maxGroups: 1, name: "" },
    answers: new Map(),
    failure: undefined,
    most: Number.POSITIVE_INFINITY,
  };
}

function answersOf({ failure, answers }: Asking, windows: readonly Window[]): PastAnswers<Answer> {
  if (failure !== undefined) return { kind: "failed", failure };
  return { kind: "answered", windows: windows.map((window) => answers.get(window)) };
}
