import type { Answer, PastAnswers, ProbeAnswer } from "../model/query.ts";

/** Whether a target has any event in each window, from the counts of all its events: more than none. */
export function probesFromCounts(past: PastAnswers<Answer>): PastAnswers<ProbeAnswer> {
  if (past.kind === "failed") return past;
  const windows = past.windows.map((answer): ProbeAnswer | undefined => {
    if (answer?.kind !== "answered") return undefined;
    return { kind: "answered", any: answer.observations.some(({ events }) => events > 0) };
  });
  return { kind: "answered", windows };
}
