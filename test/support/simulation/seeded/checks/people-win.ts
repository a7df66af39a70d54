import type { HistoryEntry } from "../../../jira/record.ts";
import { type Facts, hourOf } from "../facts.ts";
import { minute, startAt } from "../plan.ts";

/**
 * How long after a person's change a write may still come that was on its way by then: what was read before the change,
 * and an answer that is waited for. Jira has no write that asks whether anything changed.
 */
const onItsWayMs = 5 * minute;

const isOrder = /^label backfeed-(snooze|refile|adopt)\b/;

/** Invariant 4: a field that a person changed on a ticket is not written again. */
export function peopleWin(facts: Facts): readonly string[] {
  /** By issue and field: when a person last changed it. */
  const theirs = new Map<string, number>();
  const changed = changedByPeople(facts);
  return facts.history.flatMap((entry) => {
    if (entry.operation === "createIssue") return [];
    const found: string[] = [];
    for (const field of fieldsOf(entry)) {
      const key = `${entry.issueId} ${field}`;
      if (entry.actor !== "backfeed") {
        const isLabel = field.startsWith("label ");
        if (isLabel || changed.has(`${entry.issueId} ${field} ${entry.at}`)) theirs.set(key, entry.at);
        continue;
      }
      const at = theirs.get(key);
      // An order by label is taken off when it was carried out: the exception that people ask for.
      if (isOrder.test(field)) continue;
      if (at === undefined || entry.at - at < onItsWayMs) continue;
      found.push(
        `${field} of ${entry.issueKey} is written at ${hourOf(entry.at, startAt)}, after a person's ${hourOf(at, startAt)}`,
      );
    }
    return found;
  });
}

/** Whoever writes what stands there already changes nothing, and nobody can see it. */
function changedByPeople({ issues }: Facts): ReadonlySet<string> {
  return new Set(
    issues.flatMap(({ id, changelog }) =>
      changelog
        .filter(({ author }) => author !== "backfeed")
        .flatMap(({ created, items }) => items.map(({ fieldId }) => `${id} ${fieldId} ${created}`)),
    ),
  );
}

/** What one edit writes: fields, and single labels. */
function fieldsOf({ operation, change }: HistoryEntry): readonly string[] {
  if (operation !== "editIssue") return [];
  const { fields = {}, update = {} } = change as {
    fields?: Record<string, unknown>;
    update?: Record<string, readonly Record<string, unknown>[]>;
  };
  const updated = Object.entries(update).flatMap(([field, steps]) =>
    steps.map((step) => (field === "labels" ? `label ${Object.values(step)[0]}` : field)),
  );
  return [...Object.keys(fields), ...updated];
}
