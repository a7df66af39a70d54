import type { Batch, BatchAnswer, MessagesRequest } from "../model/query.ts";
import type { Source } from "../sources/source.ts";
import { asBackfeedError } from "../support/errors.ts";
import { type LinesAnswer, readLines } from "./read-lines.ts";

/** What one source is to be asked. */
export interface SourceBatch {
  readonly source: string;
  readonly batch: Batch;
  /** Messages that are to be read; default none. */
  readonly readings?: readonly MessagesRequest[];
}

export interface SourceAnswer extends BatchAnswer {
  /** In the order of the readings. */
  readonly lines: readonly LinesAnswer[];
}

/**
 * Asks each source its batch, all at once. A source that throws, or that is not there, has failed all its questions:
 * the tick goes on for the others. Throws only `aborted`.
 */
export async function observe(
  plans: readonly SourceBatch[],
  sources: ReadonlyMap<string, Source>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, SourceAnswer>> {
  const answers = await Promise.all(
    plans.map(async (plan) => [plan.source, await ask(plan, sources.get(plan.source), signal)] as const),
  );
  return new Map(answers);
}

async function ask(plan: SourceBatch, source: Source | undefined, signal: AbortSignal): Promise<SourceAnswer> {
  if (source === undefined) return allFailed(plan, `no source named ${plan.source} is configured`, false);
  try {
    const answer = await source.answer(plan.batch, signal);
    const lines: LinesAnswer[] = [];
    // One after another: what is read is large until it is masked.
    for (const reading of plan.readings ?? []) lines.push(await readLines(reading, source, signal));
    return { ...answer, requests: answer.requests + lines.length, lines };
  } catch (thrown) {
    const error = asBackfeedError(thrown);
    if (error.kind === "aborted" || signal.aborted) throw error;
    return allFailed(plan, error.message, true);
  }
}

function allFailed(plan: SourceBatch, message: string, retryable: boolean): SourceAnswer {
  const failed = { kind: "failed", failure: { code: "internal", message, retryable } } as const;
  return {
    answers: plan.batch.questions.map(() => failed),
    probes: plan.batch.probes.map(() => failed),
    lines: (plan.readings ?? []).map(() => failed),
    requests: 0,
  };
}
