import type { Answer, Batch, BatchAnswer, ProbeAnswer, Query } from "../../model/query.ts";
import { type Clock, systemClock } from "../../support/clock.ts";
import { type Logger, silentLogger } from "../../support/logging.ts";
import { stopped } from "../limiter.ts";
import { linesByGroup } from "../lines-by-group.ts";
import { fail } from "../query-failure.ts";
import type { Source } from "../source.ts";
import { checkQueries } from "./check.ts";
import { type Connection, type ConnectionSettings, connect } from "./connection.ts";
import { runJobs } from "./execute.ts";
import { createFieldCache, type FieldCache, type FieldMap } from "./fields.ts";
import { askHistory } from "./history.ts";
import { type Job, type JobContext, probeJob, type Refused, searchJob } from "./jobs.ts";
import { askMessages } from "./messages.ts";
import { type Asked, planSearches, uniqueProbes, uniqueQuestions } from "./plan.ts";
import { isFailure, resolveFields } from "./resolve-fields.ts";
import { askSamples } from "./samples.ts";
import type { BodySettings } from "./search-body.ts";
import { askSeries } from "./series.ts";

export interface ElasticsearchOptions extends Omit<ConnectionSettings, "maxResponseBytes"> {
  /** Its name in the service configuration. */
  readonly name: string;
  /** The field that holds the event's instant, of type date or date_nanos. */
  readonly timestamp: string;
  /** Largest answer to one request in bytes. Default 32 MB. */
  readonly maxResponseBytes?: number;
  readonly logger?: Logger;
  /** For how long fields are remembered. Default the system's. */
  readonly clock?: Clock;
}

const defaultResponseBytes = 32 * 1_024 * 1_024;

/** Everything the parts of the adapter share. */
export interface ElasticsearchContext {
  readonly connection: Connection;
  readonly fields: FieldCache;
  readonly settings: BodySettings;
  readonly logger: Logger;
}

/** A source that asks Elasticsearch (README.md). Nothing is asked before the first question. */
export function createElasticsearchSource(options: ElasticsearchOptions): Source {
  const { name, timestamp, timeoutMs, logger = silentLogger, clock = systemClock } = options;
  const connection = connect({ ...options, maxResponseBytes: options.maxResponseBytes ?? defaultResponseBytes });
  const fields = createFieldCache({ connection, clock, logger });
  const context: ElasticsearchContext = { connection, fields, settings: { timestamp, timeoutMs }, logger };
  const refused: Refused = { alone: new WeakSet(), apart: new WeakSet() };
  const source: Source = {
    name,
    answer: (batch, signal) => answerBatch(context, refused, batch, signal),
    history: (batch, signal) => askHistory(context, batch, signal),
    samples: (request, signal) => askSamples(context, request, signal),
    messages: (request, signal) => askMessages(context, request, signal),
    series: (request, signal) => askSeries(context, request, signal),
    lines: (request, signal) => linesByGroup(source, request, signal),
    check: (queries, signal) => checkQueries(context, queries, signal),
    close: () => connection.close(),
  };
  return source;
}

async function answerBatch(
  { connection, fields, settings }: ElasticsearchContext,
  refused: Refused,
  { questions, probes }: Batch,
  signal: AbortSignal,
): Promise<BatchAnswer> {
  if (signal.aborted) throw stopped();
  const lost: Answer = { kind: "failed", failure: fail("internal", true, "the question got no answer") };
  const answers: Answer[] = questions.map(() => lost);
  const probeAnswers: ProbeAnswer[] = probes.map(() => lost);
  const context: JobContext = {
    settings,
    refused,
    answer: ({ positions }, answer) => {
      for (const position of positions) answers[position] = answer;
    },
    answerProbe: ({ positions }, answer) => {
      for (const position of positions) probeAnswers[position] = answer;
    },
  };
  const unique = uniqueQuestions(questions);
  const resolved = await resolveFields(
    fields,
    unique.map(({ question }) => question.query),
    signal,
  );
  const planned: { asked: Asked; fields: FieldMap }[] = [];
  for (const asked of unique) {
    const found = resolved.of(asked.question.query);
    if (isFailure(found)) context.answer(asked, { kind: "failed", failure: found });
    else planned.push({ asked, fields: found });
  }
  const apart = { has: (query: Query) => refused.alone.has(query) || refused.apart.has(query) };
  const jobs: Job[] = planSearches(planned, apart).map((search) => searchJob(context, search));
  jobs.push(...uniqueProbes(probes).map((probe) => probeJob(context, probe)));
  const requests = resolved.requests + (await runJobs(jobs, connection, signal));
  return { answers, probes: probeAnswers, requests };
}
