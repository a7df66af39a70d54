import { type SharedField, sharedFields } from "../../model/ticket-life.ts";
import { BackfeedError } from "../../support/errors.ts";
import { instantOf } from "./instant.ts";
import type { Account, Issue } from "./schemas.ts";
import type { Jira } from "./session.ts";

interface Asked {
  readonly issueId: string;
  readonly signal: AbortSignal;
}

/**
 * What the issue's history says that others than our account changed. Cloud shows the newest hundred changes, Data Center
 * all of them; this is asked of issues that are minutes old. A Jira that shows none has nothing to say.
 */
export async function editedByOthers(jira: Jira, asked: Asked): Promise<readonly SharedField[]> {
  const issue = await readWithHistory(jira, { ...asked, fields: "created" });
  const changed = new Set(
    changesOf(issue).flatMap(({ author, fields }) => (isOther(author, jira.account) ? fields : [])),
  );
  return sharedFields.filter((field) => changed.has(field));
}

/** An issue with its history, or without where that is too long for an answer: then nobody is known to have changed anything. */
export async function readWithHistory(
  { client }: Jira,
  { issueId, fields, signal }: Asked & { readonly fields: string },
): Promise<Issue> {
  try {
    return await client.readIssue(issueId, { fields, expand: "changelog" }, signal);
  } catch (thrown) {
    if (!(thrown instanceof BackfeedError) || thrown.kind !== "limit") throw thrown;
    return client.readIssue(issueId, { fields }, signal);
  }
}

/** Whether the newest change of a field is somebody else's: also where that somebody put back what we had written. Pure. */
export function isOthers(issue: Issue, field: SharedField, account: Account): boolean {
  const instants = { ours: Number.NEGATIVE_INFINITY, others: Number.NEGATIVE_INFINITY };
  for (const { at, author, fields } of changesOf(issue)) {
    if (!fields.includes(field)) continue;
    const whose = isOther(author, account) ? "others" : "ours";
    instants[whose] = Math.max(instants[whose], at);
  }
  return instants.others > Number.NEGATIVE_INFINITY && instants.others >= instants.ours;
}

/** Data Center gives no id of a field; the name of one of Jira's own is its id. */
function changesOf({ changelog }: Issue) {
  return (changelog?.histories ?? []).map(({ author, created, items }) => ({
    at: instantOf(created) ?? 0,
    author: author ?? undefined,
    fields: (items ?? []).flatMap(({ fieldId, field }) => fieldId ?? field ?? []),
  }));
}

/** An author who is not named (an app that was removed, an account that was deleted) cannot be told from us, and is nobody. */
function isOther(author: Account | undefined, own: Account): boolean {
  for (const name of ["accountId", "key", "name"] as const) {
    if (author?.[name] !== undefined && own[name] !== undefined) return author[name] !== own[name];
  }
  return false;
}
