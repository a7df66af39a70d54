import { adopted, created, type Facts, hourOf } from "../facts.ts";
import { startAt } from "../plan.ts";

interface Mark {
  readonly marker?: string;
}

/** What was decided is said, once: the outbox comes to rest, and Jira holds what it says was done. */
export function delivered(facts: Facts): readonly string[] {
  return [...atRest(facts), ...saidOnce(facts), ...doneIsDone(facts), ...decidedIsMeant(facts)];
}

function atRest({ entries }: Facts): readonly string[] {
  return entries.flatMap(({ state, action, id, note }) => {
    if (state === "done" || state === "dropped") return [];
    return [`entry ${id}, a ${action.kind}, is ${state} long after all was healed: ${note}`];
  });
}

/** No comment of ours without a mark, and none twice, but for a summary that a person changed or deleted. */
function saidOnce(facts: Facts): readonly string[] {
  const found: string[] = [];
  const said = new Set<string>();
  for (const { operation, actor, issueId, issueKey, change, at } of facts.history) {
    if (operation !== "addComment" || actor !== "backfeed") continue;
    const { marker } = ((change as { properties?: Record<string, Mark> }).properties?.["backfeed"] ?? {}) as Mark;
    const when = hourOf(at, startAt);
    if (marker === undefined) found.push(`a comment on ${issueKey} at ${when} has no mark`);
    const key = `${issueId} ${marker}`;
    if (said.has(key)) found.push(`${marker} is said twice on ${issueKey}, again at ${when}`);
    said.add(key);
  }
  return found;
}

/** A create that is done has its issue, a word that is done stands on it. */
function doneIsDone(facts: Facts): readonly string[] {
  const issues = new Map(
    [...created(facts), ...adopted(facts)].map(({ groupKey, generation, entry }) => [
      `${groupKey} ${generation}`,
      entry,
    ]),
  );
  const written = new Set(
    facts.history.flatMap(({ change }) => {
      const marker = (change as { properties?: Record<string, Mark> } | null)?.properties?.["backfeed"]?.marker;
      return marker ?? [];
    }),
  );
  return facts.entries.flatMap(({ id, state, action, groupKey, generation, findingId }) => {
    if (state !== "done") return [];
    const issue = issues.get(`${groupKey} ${generation}`);
    if (issue === undefined) return [`entry ${id}, a ${action.kind}, is done, and there was never an issue for it`];
    if (action.kind !== "comment" && action.kind !== "summary") return [];
    // People merge tickets and have others adopted: on what became the ticket our words carry the finding as well.
    const stands = [action.marker, `${findingId}:${action.marker}`].some((marker) => written.has(marker));
    return stands ? [] : [`${action.marker} on ${issue.issueKey} is done, and was never written`];
  });
}

/** Each decision that says something has its intent in the outbox. */
function decidedIsMeant(facts: Facts): readonly string[] {
  const meant = new Set(facts.entries.map(({ findingId, createdAt }) => `${findingId} ${createdAt}`));
  return facts.findings.flatMap((finding) =>
    (facts.events.get(finding.id) ?? []).flatMap(({ kind, at, text }) => {
      if (kind !== "decision" || text.startsWith("none") || meant.has(`${finding.id} ${at}`)) return [];
      return [`"${text}" of ${finding.problem} at ${hourOf(at, startAt)} was decided, and nothing is in the outbox`];
    }),
  );
}
