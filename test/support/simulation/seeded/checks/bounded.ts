import type { Facts } from "../facts.ts";

/** Requests to Jira per simulated hour, troubles included: far over what the run needs, far under what hurts a Jira. */
const mostRequestsPerHour = 3_000;
/** A pair of quiet and back a day, one word about flapping, one summary, and what a person's doing asks for. */
const mostCommentsPerIssue = 12;

/** Invariant 6: nothing is unbounded. */
export function bounded(facts: Facts): readonly string[] {
  const found: string[] = [];
  const perHour = new Map<number, number>();
  for (const { at } of facts.requests) {
    const hour = Math.floor(at / 3_600_000);
    perHour.set(hour, (perHour.get(hour) ?? 0) + 1);
  }
  for (const count of perHour.values()) {
    if (count > mostRequestsPerHour) found.push(`${count} requests to Jira within an hour`);
  }
  for (const { key, comments } of facts.issues) {
    const ours = comments.filter(({ author }) => author === "backfeed").length;
    if (ours > mostCommentsPerIssue) found.push(`${ours} comments of ours on ${key}`);
  }
  return found;
}
