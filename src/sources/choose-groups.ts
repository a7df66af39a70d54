import { type Labels, labelsKey } from "../model/labels.ts";
import type { Observation } from "../model/query.ts";

export interface ChosenGroups {
  readonly observations: readonly Observation[];
  /** How many were left out. */
  readonly notAnswered: number;
}

/**
 * Which groups are answered when there are more than `maxGroups` (RULES.md section 1), the same for every source: first
 * those of `mustAnswer`, all of them, then the most bad (ratio) or else those of most events, until `maxGroups` in all.
 * Equal ones are ordered by their labels, so that two ticks choose alike.
 */
export function chooseGroups({
  observations,
  mustAnswer,
  maxGroups,
  weightOf = badOrAll,
}: {
  observations: readonly Observation[];
  mustAnswer: readonly Labels[];
  maxGroups: number;
  /** What makes one group count for more than another; default its bad events, or else all. */
  weightOf?: (observation: Observation) => number;
}): ChosenGroups {
  if (observations.length <= maxGroups) return { observations, notAnswered: 0 };
  const must = new Set(mustAnswer.map(labelsKey));
  const keyed = observations.map((observation) => {
    const key = labelsKey(observation.labels);
    return { observation, key, must: must.has(key) };
  });
  keyed.sort((a, b) => {
    if (a.must !== b.must) return a.must ? -1 : 1;
    const weight = weightOf(b.observation) - weightOf(a.observation);
    if (weight !== 0) return weight;
    return b.observation.events - a.observation.events || (a.key < b.key ? -1 : 1);
  });
  const kept = Math.max(maxGroups, keyed.filter((group) => group.must).length);
  return {
    observations: keyed.slice(0, kept).map((group) => group.observation),
    notAnswered: keyed.length - kept,
  };
}

function badOrAll(observation: Observation): number {
  return observation.badEvents ?? observation.events;
}
