import type { Lines, LinesRequest } from "../model/query.ts";
import { BackfeedError } from "../support/errors.ts";
import type { Source } from "./source.ts";

/** Groups that are compared before the largest are drawn. */
const mostCompared = 1_000;

/**
 * The lines of a request from the two questions that every source of events answers: which groups the window has, and
 * the series of each of the largest. By value over the whole window; where values are none, by events.
 * Throws BackfeedError, `refused` for an expression of another kind of source.
 */
export async function linesByGroup(
  source: Pick<Source, "name" | "answer" | "series">,
  { query, window, stepMs, limit }: LinesRequest,
  signal: AbortSignal,
): Promise<Lines> {
  if ("promql" in query) {
    throw new BackfeedError("refused", `source ${source.name} does not read PromQL`, { retryable: false });
  }
  if (query.by.length === 0) {
    const points = await source.series({ query, labels: {}, window, stepMs }, signal);
    return { lines: [{ labels: {}, points }], more: 0 };
  }
  const question = { query: { ...query, maxGroups: mostCompared }, window, mustAnswer: [] };
  const { answers } = await source.answer({ questions: [question], probes: [] }, signal);
  const [answer] = answers;
  if (answer?.kind !== "answered") {
    const { message, retryable } = answer?.failure ?? { message: "no answer", retryable: true };
    throw new BackfeedError(retryable ? "unavailable" : "refused", message, { retryable });
  }
  const ranked = [...answer.observations].sort(
    (a, b) => (b.value ?? Number.NEGATIVE_INFINITY) - (a.value ?? Number.NEGATIVE_INFINITY) || b.events - a.events,
  );
  const drawn = ranked.slice(0, limit);
  const lines = await Promise.all(
    drawn.map(async ({ labels }) => ({
      labels,
      points: await source.series({ query, labels, window, stepMs }, signal),
    })),
  );
  return { lines, more: ranked.length - drawn.length + answer.notAnswered };
}
