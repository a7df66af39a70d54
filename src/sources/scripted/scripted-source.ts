import type {
  Answer,
  Batch,
  BatchAnswer,
  Messages,
  MessagesRequest,
  Probe,
  ProbeAnswer,
  Query,
  QueryFailure,
  Question,
  Sample,
  SampleRequest,
  SeriesPoint,
  SeriesRequest,
} from "../../model/query.ts";
import { BackfeedError } from "../../support/errors.ts";
import { linesByGroup } from "../lines-by-group.ts";
import { asError } from "../query-failure.ts";
import type { QueryFault, Source } from "../source.ts";
import {
  answerFromEvents,
  anyEvent,
  messagesFromEvents,
  samplesFromEvents,
  seriesFromEvents,
} from "./answer-events.ts";
import { answerFromSeries, anyInSeries, messagesFromSeries, seriesFromSeries } from "./answer-series.ts";
import { checkAgainstEvents } from "./check-events.ts";
import { FilterRefused } from "./event-filter.ts";
import { isSeries, type Script, type ScriptedEvents, type ScriptedSeries } from "./script.ts";

/** A source from memory, with handles to make it fail or wait. */
export interface ScriptedSource extends Source {
  /** The batches asked so far, for tests of what asks. */
  readonly asked: readonly Batch[];
  /** The next `times` (1) calls of `answer` fail every question and probe with this code. */
  failNext(code: QueryFailure["code"], options?: { times?: number; retryable?: boolean }): void;
  /** Fails each question for which `decide` gives a failure, until another one is set. */
  failWhen(decide: (question: Question) => QueryFailure | undefined): void;
  /** The next call of `answer` waits for this promise first. */
  holdNext(until: Promise<void>): void;
}

/** Makes a source that answers from `script`; see README.md for its language. */
export function createScriptedSource({ name, script }: { name: string; script: Script }): ScriptedSource {
  const asked: Batch[] = [];
  let failures: QueryFailure[] = [];
  let decide: (question: Question) => QueryFailure | undefined = () => undefined;
  let hold: Promise<void> | undefined;

  const targetOf = (target: string): ScriptedEvents | ScriptedSeries | undefined =>
    Object.hasOwn(script, target) ? script[target] : undefined;
  const eventsOf = (target: string): ScriptedEvents => {
    const found = targetOf(target);
    if (found === undefined) throw new BackfeedError("not_found", unknownTarget(target).message);
    return isSeries(found) ? { events: [] } : found;
  };

  const answerOne = (question: Question): Answer => {
    const target = targetOf(question.query.target);
    const failure = target === undefined ? unknownTarget(question.query.target) : decide(question);
    if (target === undefined || failure !== undefined) return { kind: "failed", failure: failure ?? unknownTarget("") };
    try {
      return isSeries(target) ? answerFromSeries(target, question) : answerFromEvents(target, question);
    } catch (error) {
      return { kind: "failed", failure: refusal(error) };
    }
  };

  const probeOne = ({ target, window }: Probe): ProbeAnswer => {
    const found = targetOf(target);
    if (found === undefined) return { kind: "failed", failure: unknownTarget(target) };
    return { kind: "answered", any: isSeries(found) ? anyInSeries(found, window) : anyEvent(found, window) };
  };

  const source: ScriptedSource = {
    name,
    asked,
    async answer(batch, signal): Promise<BatchAnswer> {
      const held = hold;
      hold = undefined;
      if (held !== undefined) await untilOrAborted(held, signal);
      stopIfAborted(signal);
      asked.push(batch);
      const { questions, probes } = batch;
      const requests = questions.length + probes.length > 0 ? 1 : 0;
      const [failure, ...later] = failures;
      failures = later;
      if (failure !== undefined) {
        const failed = { kind: "failed", failure } as const;
        return { answers: questions.map(() => failed), probes: probes.map(() => failed), requests };
      }
      return { answers: questions.map(answerOne), probes: probes.map(probeOne), requests };
    },
    async samples(request: SampleRequest, signal): Promise<readonly Sample[]> {
      stopIfAborted(signal);
      return refusing(() => samplesFromEvents(eventsOf(request.query.target), request));
    },
    async messages(request: MessagesRequest, signal): Promise<Messages> {
      stopIfAborted(signal);
      const { query, window } = request;
      const failure = decide({ query, window, mustAnswer: [] });
      if (failure !== undefined) throw asError(failure);
      const target = targetOf(query.target);
      if (target !== undefined && isSeries(target)) return messagesFromSeries(target, request);
      return refusing(() => messagesFromEvents(eventsOf(query.target), request));
    },
    async series(request: SeriesRequest, signal): Promise<readonly SeriesPoint[]> {
      stopIfAborted(signal);
      return refusing(() => {
        const target = targetOf(request.query.target);
        const isOfSeries = target !== undefined && isSeries(target);
        return isOfSeries
          ? seriesFromSeries(target, request)
          : seriesFromEvents(eventsOf(request.query.target), request);
      });
    },
    lines: (request, signal) => linesByGroup(source, request, signal),
    async check(queries: readonly Query[], signal): Promise<readonly QueryFault[]> {
      stopIfAborted(signal);
      return queries.flatMap((query): readonly QueryFault[] => {
        const target = targetOf(query.target);
        if (target === undefined) return [{ query, severity: "error", message: unknownTarget(query.target).message }];
        return isSeries(target) ? [] : checkAgainstEvents(target, query);
      });
    },
    async close() {},
    failNext(code, { times = 1, retryable = true } = {}) {
      const failure = { code, message: `the script failed this answer (${code})`, retryable };
      failures = [...failures, ...Array.from({ length: times }, () => failure)];
    },
    failWhen(next) {
      decide = next;
    },
    holdNext(until) {
      hold = until;
    },
  };
  return source;
}

function unknownTarget(target: string): QueryFailure {
  return { code: "unknown_target", message: `the script has no target "${target}"`, retryable: false };
}

function refusal(error: unknown): QueryFailure {
  if (error instanceof FilterRefused) return { code: "refused", message: error.message, retryable: false };
  throw error;
}

function refusing<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof FilterRefused) throw new BackfeedError("refused", error.message, { cause: error });
    throw error;
  }
}

function stopIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new BackfeedError("aborted", "the work was stopped");
}

function untilOrAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
  return Promise.race([promise, aborted]);
}
