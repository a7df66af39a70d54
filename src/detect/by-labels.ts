import { labelsKey } from "../model/labels.ts";
import type { Answer, Observation } from "../model/query.ts";

const noObservations: ReadonlyMap<string, Observation> = new Map();
/** Equal questions have one answer, whichever rules asked: its label sets get their keys once. */
const keyedObservations = new WeakMap<Answer, ReadonlyMap<string, Observation>>();

/** What an answer holds, by `labelsKey`; nothing of one that was not asked or failed. */
export function byLabels(answer: Answer | undefined): ReadonlyMap<string, Observation> {
  if (answer?.kind !== "answered") return noObservations;
  let keyed = keyedObservations.get(answer);
  if (keyed === undefined) {
    keyed = new Map(answer.observations.map((observation) => [labelsKey(observation.labels), observation]));
    keyedObservations.set(answer, keyed);
  }
  return keyed;
}
