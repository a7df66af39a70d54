import type { HistoryEntry } from "../../../jira/record.ts";
import { created, type Facts } from "../facts.ts";
import { hiddenProject, minute, startAt } from "../plan.ts";
import { settledAfterSeconds } from "../trouble.ts";

/**
 * When an issue was deleted, moved out of reach, or lost our label to a person, that nobody but Jira knew of, since the
 * program died over its create or its answer was lost: nothing can find it from then on, and what is filed after that is
 * no second ticket. By the issue's id.
 */
function takenUnknown(facts: Facts): ReadonlyMap<string, number> {
  const known = new Set(
    facts.tickets.flatMap(({ ref, formerRefs = [] }) => [ref.id, ...formerRefs.map(({ id }) => id)]),
  );
  const taken = facts.history.filter(
    (entry) => !known.has(entry.issueId) && (entry.operation === "deleteIssue" || isHidden(entry)),
  );
  // The first of them, whatever was done to it later.
  return new Map(taken.reverse().map(({ issueId, at }) => [issueId, at]));
}

function isHidden(entry: HistoryEntry): boolean {
  const isAway = (entry.change as { projectKey?: string } | null)?.projectKey === hiddenProject;
  return (entry.operation === "moveIssue" && isAway) || takesOurLabelOff(entry);
}

function takesOurLabelOff({ operation, actor, change }: HistoryEntry): boolean {
  if (operation !== "editIssue" || actor === "backfeed") return false;
  const { labels = [] } = (change as { update?: { labels?: readonly Record<string, string>[] } }).update ?? {};
  return labels.some(({ remove }) => remove !== undefined && /^backfeed-[0-9a-f]{16}$/.test(remove));
}

/**
 * Whether an issue could not be found for as long as its create is looked for: done late, and then shown late by search. Each by itself
 * is within that time. The sweep finds it, two hours later.
 */
function isShownTooLate({ groupKey, entry }: ReturnType<typeof created>[number], { plan, requests }: Facts): boolean {
  const sent = requests.findLast(
    ({ operation, at, body }) => operation === "createIssue" && at <= entry.at && body.includes(groupKey),
  );
  const since = entry.at - startAt;
  const lags = plan.events.flatMap((event) =>
    event.kind === "indexLag" && event.at <= since && since < event.at + event.minutes * minute ? event.lagSeconds : [],
  );
  const shownAt = entry.at + Math.max(0, ...lags) * 1_000;
  return sent !== undefined && shownAt - sent.at >= settledAfterSeconds[plan.deployment] * 1_000;
}

/**
 * Invariant 1: for one group key and one generation there is at most one issue. Where a lost create is not to be found
 * for as long as it is looked for (search that forgets what it knew), the second one must not stay alive.
 */
export function oneTicket(facts: Facts): readonly string[] {
  const searchForgets = facts.plan.events.some(({ kind }) => kind === "hiddenFromSearch");
  const byIdentity = new Map<string, string[]>();
  const takenAt = takenUnknown(facts);
  for (const issue of created(facts)) {
    const { groupKey, generation, entry } = issue;
    const key = `${groupKey.slice(0, 16)} generation ${generation}`;
    const before = (byIdentity.get(key) ?? []).filter((id) => (takenAt.get(id) ?? entry.at) >= entry.at);
    byIdentity.set(key, isShownTooLate(issue, facts) ? before : [...before, entry.issueId]);
  }
  const living = new Set(facts.issues.filter(({ status }) => !isDone(status)).map(({ id }) => id));
  return [...byIdentity].flatMap(([key, ids]) => {
    const alive = ids.filter((id) => living.has(id));
    if (ids.length > 1 && !searchForgets) return [`${ids.length} issues were filed for ${key}`];
    return alive.length > 1 ? [`${alive.length} live issues of ${key} are left`] : [];
  });
}

function isDone(status: string): boolean {
  return status === "Done" || status === "Won't Do";
}
