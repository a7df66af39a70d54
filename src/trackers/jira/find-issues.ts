import { ticketLabel } from "../../model/identity.ts";
import type { TicketIdentity, TicketRef } from "../../model/ticket.ts";
import { BackfeedError } from "../../support/errors.ts";
import { propertyKey } from "./create-issue.ts";
import { identityOf } from "./read-snapshot.ts";
import type { Jira } from "./session.ts";

const pageSize = 50;
const mostPages = 4;

/**
 * Our tickets of a group key and generation, lowest id first. The label alone is asked for, so that a ticket moved to
 * another project is found too; the search index lags and may be stale, so each hit is read from the issue itself and
 * must carry our property. Throws `limit` when more than 200 issues carry the label.
 */
export async function findIssues(
  jira: Jira,
  options: {
    identity: TicketIdentity;
    labelPrefix: string;
    signal: AbortSignal;
  },
): Promise<readonly TicketRef[]> {
  const { identity, labelPrefix, signal } = options;
  const ids = await idsWithLabel(jira, ticketLabel(labelPrefix, identity.groupKey), signal);
  // "None" must not come from having been logged out meanwhile: whoever can say who they are was not.
  if (ids.length === 0) await jira.client.myself(signal);
  const refs: TicketRef[] = [];
  for (const id of ids) {
    const ref = await ownRef(jira, { id, identity, signal });
    if (ref !== undefined) refs.push(ref);
  }
  return refs;
}

async function idsWithLabel(jira: Jira, label: string, signal: AbortSignal): Promise<string[]> {
  if (!/^[a-z0-9-]{1,255}$/.test(label))
    throw new BackfeedError("internal", "our label has characters that JQL would read");
  const jql = `labels = "${label}" ORDER BY created ASC`;
  const ids = new Set<string>();
  let after: string | number | undefined;
  for (let page = 0; page < mostPages; page++) {
    const { issues, nextPageToken, total } = await jira.client.search({ jql, after, size: pageSize }, signal);
    for (const { id } of issues) ids.add(id);
    const seen = (page + 1) * pageSize;
    after = jira.flavour === "cloud" ? (nextPageToken ?? undefined) : (total ?? 0) > seen ? seen : undefined;
    if (after === undefined) return [...ids].sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
  }
  throw new BackfeedError("limit", `more than ${mostPages * pageSize} issues carry the label ${label}`, {
    facts: { label },
  });
}

async function ownRef(
  jira: Jira,
  options: { id: string; identity: TicketIdentity; signal: AbortSignal },
): Promise<TicketRef | undefined> {
  const { id, identity, signal } = options;
  try {
    const issue = await jira.client.readIssue(id, { fields: "summary", properties: propertyKey }, signal);
    const mark = identityOf(issue);
    const isOurs = mark?.groupKey === identity.groupKey && mark.generation === identity.generation;
    return isOurs ? { id: issue.id, key: issue.key, url: jira.browseUrl(issue.key) } : undefined;
  } catch (thrown) {
    // Deleted, and the index has not heard of it.
    if (thrown instanceof BackfeedError && thrown.kind === "not_found") return undefined;
    throw thrown;
  }
}
