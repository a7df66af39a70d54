import type { Batch, BatchAnswer } from "../model/query.ts";
import type { Source } from "../sources/source.ts";
import { asBackfeedError } from "../support/errors.ts";

/** What one source is to be asked. */
export interface SourceBatch {
  readonly source: string;
  readonly batch: Batch;
}

/**
 * Asks each source its batch, all at once. A source that throws, or that is not there, has failed all its questions:
 * the tick goes on for the others. Throws only `aborted`.
 */
export async function observe(
  plans: readonly SourceBatch[],
  sources: ReadonlyMap<string, Source>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, BatchAnswer>> {
  const answers = await Promise.all(
    plans.map(async (plan) => [plan.source, await ask(plan, sources.get(plan.source), signal)] as const),
  );
  return new Map(answers);
}

async function ask(plan: SourceBatch, source: Source | undefined, signal: AbortSignal): Promise<BatchAnswer> {
  if (source === undefined) return allFailed(plan, `no source named ${plan.source} is configured`, false);
  try {
    return await source.answer(plan.batch, signal);
  } catch (thrown) {
    const error = asBackfeedError(thrown);
    if (error.kind === "aborted" || signal.aborted) throw error;
    return allFailed(plan, error.message, true);
  }
}

function allFailed(plan: SourceBatch, message: string, retryable: boolean): BatchAnswer {
  const failed = { kind: "failed", failure: { code: "internal", message, retryable } } as const;
  return {
    answers: plan.batch.questions.map(() => failed),
    probes: plan.batch.probes.map(() => failed),
    requests: 0,
  };
}
