import { type SharedField, sharedFields } from "../../model/ticket-life.ts";
import type { Account } from "./schemas.ts";
import type { Jira } from "./session.ts";

/**
 * What the issue's changelog says that others than our account changed. Cloud shows the newest hundred changes, Data Center
 * all of them; this is asked of issues that are minutes old. A Jira that shows none has nothing to say.
 */
export async function editedByOthers(
  { client, account }: Jira,
  { issueId, signal }: { issueId: string; signal: AbortSignal },
): Promise<readonly SharedField[]> {
  const issue = await client.readIssue(issueId, { fields: "created", expand: "changelog" }, signal);
  const theirs = (issue.changelog?.histories ?? []).filter(({ author }) => !isSame(author ?? undefined, account));
  // Data Center gives no id of a field; the name of one of Jira's own is its id.
  const changed = new Set(theirs.flatMap(({ items }) => (items ?? []).map(({ fieldId, field }) => fieldId ?? field)));
  return sharedFields.filter((field) => changed.has(field));
}

function isSame(author: Account | undefined, own: Account): boolean {
  if (author === undefined) return false;
  if (own.accountId !== undefined) return author.accountId === own.accountId;
  return own.key !== undefined && author.key !== undefined ? author.key === own.key : author.name === own.name;
}
