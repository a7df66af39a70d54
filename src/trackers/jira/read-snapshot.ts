import type { TicketIdentity, TicketRef, TicketSnapshot } from "../../model/ticket.ts";
import { BackfeedError } from "../../support/errors.ts";
import { sha256 } from "../../support/hashing.ts";
import { propertyKey } from "./create-issue.ts";
import { instantOf } from "./instant.ts";
import { originalOf } from "./link.ts";
import { type Issue, issueMark } from "./schemas.ts";
import type { Jira } from "./session.ts";
import { readCategory } from "./transition.ts";

/** What a snapshot is made of: all of it is listed, since "all fields" is slow and large. */
const fields: readonly string[] = [
  ...["summary", "status", "resolution", "priority", "labels", "assignee"],
  ...["project", "updated", "issuelinks", "description"],
];

/** Issues of one request. Jira takes 100; with a description of 32,767 characters each, 50 stay well below our limit of one answer. */
export const mostAtOnce = 50;

/** What the issue says now, by its id, so that it is followed when it moves; undefined when it is deleted or hidden from us. */
export async function readSnapshot(
  jira: Jira,
  options: { issueId: string; signal: AbortSignal },
): Promise<TicketSnapshot | undefined> {
  const { issueId, signal } = options;
  try {
    const ask = { fields: fields.join(","), properties: propertyKey };
    return snapshotOf(jira, await jira.client.readIssue(issueId, ask, signal));
  } catch (thrown) {
    if (!(thrown instanceof BackfeedError) || thrown.kind !== "not_found") throw thrown;
    // "Not found" must not come from having been logged out: whoever can say who they are was not.
    await jira.client.myself(signal);
    return undefined;
  }
}

/**
 * Issues by their ids, in as few requests as this Jira allows. One that its answer lacks is asked for by itself when `certain`,
 * since a list is also silent about what it could not read just now. Data Center's list does not show properties.
 */
export async function readSnapshots(
  jira: Jira,
  options: { ids: readonly string[]; certain: boolean; signal: AbortSignal },
): Promise<Map<string, TicketSnapshot>> {
  const { certain, signal } = options;
  const ids = [...new Set(options.ids)];
  for (const id of ids) if (!/^\d{1,19}$/.test(id)) throw new BackfeedError("internal", "an issue's id is a number");
  const found = new Map<string, TicketSnapshot>();
  for (let start = 0; start < ids.length; start += mostAtOnce) {
    for (const issue of await readList(jira, ids.slice(start, start + mostAtOnce), signal)) {
      found.set(issue.id, snapshotOf(jira, issue));
    }
  }
  if (!certain) return found;
  for (const issueId of ids) {
    const snapshot = found.has(issueId) ? undefined : await readSnapshot(jira, { issueId, signal });
    if (snapshot !== undefined) found.set(issueId, snapshot);
  }
  return found;
}

async function readList(jira: Jira, ids: readonly string[], signal: AbortSignal): Promise<readonly Issue[]> {
  if (jira.flavour === "cloud") return jira.client.readIssues(ids, { fields, properties: [propertyKey] }, signal);
  const jql = `id in (${ids.join(", ")})`;
  return (await searchPage(jira, { jql, after: undefined, lenient: true, signal })).issues;
}

/** A page of what a query finds on Data Center, with the fields of a snapshot. */
export async function searchPage(
  jira: Jira,
  options: { jql: string; after: string | number | undefined; lenient?: boolean; signal: AbortSignal },
): Promise<{ issues: readonly Issue[]; after: number | undefined }> {
  const start = Number(options.after ?? 0);
  const { jql, lenient = false } = options;
  const query = { jql, after: start, size: mostAtOnce, fields, lenient };
  const { issues, total } = await jira.client.search(query, options.signal);
  const end = start + issues.length;
  return {
    issues: issues.flatMap(({ key, fields: read, ...rest }) =>
      key === undefined || read === undefined ? [] : [{ ...rest, key, fields: read }],
    ),
    after: issues.length > 0 && end < (total ?? 0) ? end : undefined,
  };
}

/** An issue as Jira shows it, as a snapshot. Pure. */
export function snapshotOf(jira: Pick<Jira, "browseUrl" | "markup">, issue: Issue): TicketSnapshot {
  const { id, key, fields: read } = issue;
  const refOf = (other: { id: string; key: string }): TicketRef => ({ ...other, url: jira.browseUrl(other.key) });
  const original = originalOf(read.issuelinks ?? []);
  return {
    ref: refOf({ id, key }),
    summary: read.summary ?? "",
    status: read.status?.name ?? "",
    statusCategory: readCategory(read.status?.statusCategory?.key),
    resolution: read.resolution?.name,
    priority: read.priority?.name,
    labels: read.labels ?? [],
    assignee: read.assignee?.accountId ?? read.assignee?.name,
    project: read.project?.key,
    updatedAt: instantOf(read.updated),
    duplicateOf: original === undefined ? undefined : refOf({ id: original.id, key: original.key }),
    identity: identityOf(issue),
    description: descriptionMark(jira, read.description),
  };
}

/** Whose ticket our property says it is; undefined without one, or with one that is none we write. */
export function identityOf(issue: Pick<Issue, "properties">): TicketIdentity | undefined {
  return issueMark.safeParse(issue.properties?.[propertyKey]).data;
}

/** Stands for the words of a description, so that a rewrite of the markup by Jira itself is no change. */
export function descriptionMark(jira: Pick<Jira, "markup">, body: unknown): string | undefined {
  if (body === null || body === undefined || body === "") return undefined;
  return sha256(jira.markup.words(body)).slice(0, 32);
}
