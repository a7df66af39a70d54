import type { Band } from "../../model/priority.ts";
import { isOthers, readWithHistory } from "./edited-by-others.ts";
import { priorityOf } from "./priority.ts";
import type { Jira } from "./session.ts";

/**
 * Writes a band's priority unless a person has set one since we last wrote: it is another than we wrote, or the issue's history
 * says so. What already stands as wished is `unchanged`, whoever wrote it: so a write whose answer was lost can be repeated.
 */
export async function setPriority(
  jira: Jira,
  options: {
    issueId: string;
    band: Exclude<Band, "None">;
    lastWritten: string | undefined;
    always?: true;
    signal: AbortSignal;
  },
): Promise<{ outcome: "written" | "unchanged" | "kept" | "unsupported"; priority: string | undefined }> {
  const { issueId, band, lastWritten, always = false, signal } = options;
  const editable = await jira.client.editMeta(issueId, signal);
  const issue = await readWithHistory(jira, { issueId, fields: "priority", signal });
  const current = issue.fields.priority?.name;
  const wished = priorityOf(band, editable["priority"]?.allowedValues ?? []);
  if (wished?.name === undefined) return { outcome: "unsupported", priority: current };
  if (wished.name === current) return { outcome: "unchanged", priority: current };
  const isTheirs = current !== lastWritten || isOthers(issue, "priority", jira.account);
  if (isTheirs && !always) return { outcome: "kept", priority: current };
  const { id, name } = wished;
  await jira.client.editIssue(issueId, { fields: { priority: id === undefined ? { name } : { id } } }, signal);
  return { outcome: "written", priority: name };
}
