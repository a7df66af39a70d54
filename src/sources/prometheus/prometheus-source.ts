import type { Answer, Batch, BatchAnswer, ProbeAnswer, QueryFailure } from "../../model/query.ts";
import { type Clock, systemClock } from "../../support/clock.ts";
import { BackfeedError } from "../../support/errors.ts";
import { type Logger, silentLogger } from "../../support/logging.ts";
import { stopped } from "../limiter.ts";
import { fail } from "../query-failure.ts";
import type { Source } from "../source.ts";
import { readInstant, type Series } from "./answer.ts";
import { checkQueries } from "./check.ts";
import { type Connection, type ConnectionSettings, connect, type Hope } from "./connection.ts";
import { askLines, askSeries, instantParameters } from "./evidence.ts";
import { expressionsOf, type Side } from "./expressions.ts";
import { answerHistory } from "./history.ts";
import { observeSides } from "./observe.ts";
import { type Instant, planInstants } from "./plan.ts";

export interface PrometheusOptions extends Omit<ConnectionSettings, "maxResponseBytes" | "logger"> {
  /** Largest answer to one request in bytes. Default 32 MiB. */
  readonly maxResponseBytes?: number;
  /** For `check`: whether freshness is judged by `up`. */
  readonly staleAfterMs?: number | undefined;
  readonly logger?: Logger;
  /** When `check` asks. Default the system's. */
  readonly clock?: Clock;
}

const defaultResponseBytes = 32 * 1_024 * 1_024;
/** One lost expression says little of the source; so many in a row that the others of the tick are not waited for. */
const timeoutsInVain = 3;

/** A source that asks Prometheus' HTTP API (README.md). Nothing is asked before the first question. */
export function createPrometheusSource(options: PrometheusOptions): Source {
  const { name, logger = silentLogger, clock = systemClock, maxResponseBytes = defaultResponseBytes } = options;
  const connection = connect({ ...options, logger, maxResponseBytes });
  return {
    name,
    answer: (batch, signal) => answerBatch(connection, batch, signal),
    history: (batch, signal) => answerHistory(connection, batch, signal),
    // A metric has no events behind it that anybody could read.
    samples: async () => [],
    messages: () => Promise.reject(new BackfeedError("refused", "a metrics source has no log messages")),
    series: (request, signal) => askSeries(connection, request, signal),
    lines: (request, signal) => askLines(connection, request, signal),
    check: (queries, signal) =>
      checkQueries(connection, queries, { now: clock.now(), staleAfterMs: options.staleAfterMs }, signal),
    close: () => connection.close(),
  };
}

async function answerBatch(
  connection: Connection,
  { questions, probes }: Batch,
  signal: AbortSignal,
): Promise<BatchAnswer> {
  if (signal.aborted) throw stopped();
  const refused: Answer = { kind: "failed", failure: fail("refused", false, "a metrics source is asked in PromQL") };
  const answers: Answer[] = questions.map(() => refused);
  const probeAnswers: ProbeAnswer[] = probes.map(() => refused);
  const sides = questions.map((): { [Of in Side]?: readonly Series[] } => ({}));
  const failures = new Map<number, QueryFailure>();
  const hope = createHope();
  let requests = 0;
  await Promise.all(
    planInstants(questions, probes).map(async (instant) => {
      const found = await askInstant(connection, instant, hope, signal);
      requests += found.asked;
      for (const { position, side } of instant.questions) {
        const own = sides[position];
        if ("failure" in found) failures.set(position, found.failure);
        else if (own !== undefined) own[side] = found.series;
      }
      for (const position of instant.probes) {
        probeAnswers[position] =
          "failure" in found
            ? { kind: "failed", failure: found.failure }
            : { kind: "answered", any: found.series.length > 0 };
      }
    }),
  );
  for (const [position, { query, window, mustAnswer }] of questions.entries()) {
    const failure = failures.get(position);
    if (failure !== undefined) answers[position] = { kind: "failed", failure };
    else if (expressionsOf(query, window.to - window.from).length > 0) {
      answers[position] = observeSides(query, sides[position] ?? {}, mustAnswer);
    }
  }
  return { answers, probes: probeAnswers, requests };
}

type Found = { readonly asked: number } & ({ readonly series: readonly Series[] } | { readonly failure: QueryFailure });

async function askInstant(
  connection: Connection,
  { expression, at }: Instant,
  hope: Hope,
  signal: AbortSignal,
): Promise<Found> {
  let asked = 1;
  const counted: Hope = {
    ...hope,
    lost() {
      const vain = hope.lost();
      if (vain !== undefined) asked = 0;
      return vain;
    },
  };
  const answer = await connection.ask("query", instantParameters(expression, at), signal, counted);
  if (answer.kind === "failed") return { asked, failure: answer.failure };
  const series = readInstant(answer.data);
  if ("wrong" in series) return { asked, failure: fail("refused", false, series.wrong) };
  if ("unexpected" in series) return { asked, failure: fail("unreachable", true, series.unexpected) };
  return { asked, series };
}

const ofTheSource: ReadonlySet<QueryFailure["code"]> = new Set(["unreachable", "unauthorized", "rate_limited"]);

function createHope(): Hope {
  let known: QueryFailure | undefined;
  let timeouts = 0;
  return {
    learn(failure) {
      if (failure.code === "timeout") timeouts += 1;
      if (ofTheSource.has(failure.code) || timeouts >= timeoutsInVain) known ??= failure;
    },
    lost: () => known,
  };
}
