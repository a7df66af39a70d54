import type { Finding } from "../model/finding.ts";

/** A finding with its score of now. */
export interface Scored {
  readonly finding: Pick<Finding, "id" | "episode">;
  readonly score: number;
}

/**
 * The order in which findings are filed and listed: the higher score first; of equals the one with more bad events in
 * its episode, since in a storm many score the same; then by id, so that the order is total.
 */
export function worstFirst(a: Scored, b: Scored): number {
  return (
    b.score - a.score ||
    b.finding.episode.sums.bad - a.finding.episode.sums.bad ||
    (a.finding.id < b.finding.id ? -1 : a.finding.id > b.finding.id ? 1 : 0)
  );
}
