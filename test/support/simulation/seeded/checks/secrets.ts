import type { Facts } from "../facts.ts";
import { canary } from "../production.ts";

/** Invariant 7: a secret that stands in a log line is in no ticket, no store and no log of ours. */
export function secrets({ requests, stored, logs, history }: Facts): readonly string[] {
  const places: Readonly<Record<string, boolean>> = {
    "a request to Jira": requests.some(({ body, path }) => body.includes(canary) || path.includes(canary)),
    Jira: JSON.stringify(history).includes(canary),
    "the store": stored.includes(canary),
    "the log": logs.some((line) => line.includes(canary)),
  };
  return Object.entries(places).flatMap(([place, found]) => (found ? [`the secret of a log line is in ${place}`] : []));
}
