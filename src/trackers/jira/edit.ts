import type { Document } from "../../model/document.ts";
import { ticketLabel } from "../../model/identity.ts";
import type { TicketIdentity } from "../../model/ticket.ts";
import { BackfeedError } from "../../support/errors.ts";
import { canonicalJson } from "../../support/hashing.ts";
import type { OwnedField } from "../tracker.ts";
import { refusedFields } from "./answer.ts";
import { issueProperty, propertyKey } from "./create-issue.ts";
import { isOthers, readWithHistory } from "./edited-by-others.ts";
import { descriptionMark } from "./read-snapshot.ts";
import { adoptedLabel } from "./search-ours.ts";
import type { Jira } from "./session.ts";
import { cleanLabel, cleanLine, summaryLine } from "./text.ts";

/** Adds and removes single labels by Jira's own add and remove, so that no label that a person sets meanwhile is lost. */
export async function changeLabels(
  jira: Jira,
  options: { issueId: string; add: readonly string[]; remove: readonly string[]; signal: AbortSignal },
): Promise<"written" | "unchanged"> {
  const { issueId, signal } = options;
  const { fields } = await jira.client.readIssue(issueId, { fields: "labels" }, signal);
  const there = new Set(fields.labels ?? []);
  const cleaned = (labels: readonly string[]) => [...new Set(labels.flatMap((label) => cleanLabel(label) ?? []))];
  const add = cleaned(options.add).filter((label) => !there.has(label));
  const remove = cleaned(options.remove).filter((label) => there.has(label));
  if (add.length + remove.length === 0) return "unchanged";
  const labels = [...remove.map((label) => ({ remove: label })), ...add.map((label) => ({ add: label }))];
  await jira.client.editIssue(issueId, { update: { labels } }, signal);
  return "written";
}

/**
 * Writes a field unless it no longer says what it said when we last looked, or its newest change is somebody else's; that it is
 * not ours to edit is `unsupported`.
 */
export async function writeField(
  jira: Jira,
  options: {
    issueId: string;
    field: OwnedField;
    value: string | Document;
    lastSeen: string | undefined;
    always?: true;
    signal: AbortSignal;
  },
): Promise<"written" | "unchanged" | "kept" | "unsupported"> {
  const { issueId, field, lastSeen, always = false, signal } = options;
  const issue = await readWithHistory(jira, { issueId, fields: field, signal });
  const { fields: read } = issue;
  const current = {
    summary: read.summary ?? "",
    assignee: read.assignee?.accountId ?? read.assignee?.name,
    description: descriptionMark(jira, read.description),
  }[field];
  const { sent, shown } = wishOf(jira, field, options.value);
  if (current === shown) return "unchanged";
  const isTheirs = current !== lastSeen || isOthers(issue, field, jira.account);
  if (isTheirs && !always) return "kept";
  try {
    await jira.client.editIssue(issueId, { fields: { [field]: sent } }, signal);
    return "written";
  } catch (thrown) {
    const isRefused = thrown instanceof BackfeedError && thrown.kind === "refused";
    // Not on the edit screen, or a user who cannot be assigned.
    if (isRefused && refusedFields(thrown).includes(field)) return "unsupported";
    throw thrown;
  }
}

/** A value as it is sent, and as a snapshot shows it. Throws `internal` for text in the place of a document. */
function wishOf(
  jira: Jira,
  field: OwnedField,
  value: string | Document,
): { readonly sent: unknown; readonly shown: string | undefined } {
  if (field === "description") {
    if (typeof value === "string") throw new BackfeedError("internal", "a description is a document");
    const body = jira.markup.document(value);
    return { sent: body, shown: descriptionMark(jira, body) };
  }
  if (typeof value !== "string") throw new BackfeedError("internal", `the field ${field} is text`);
  if (field === "summary") return { sent: summaryLine(value), shown: summaryLine(value) };
  const name = cleanLine(value);
  return { sent: jira.flavour === "cloud" ? { accountId: name } : { name }, shown: name };
}

/**
 * Makes an issue ours: the property, then the labels by which search finds it, so that what is found is complete. What is
 * so already is left.
 */
export async function adoptIssue(
  jira: Jira,
  options: { issueId: string; identity: TicketIdentity; labelPrefix: string; signal: AbortSignal },
): Promise<void> {
  const { issueId, identity, labelPrefix, signal } = options;
  const wished = issueProperty(identity);
  const { properties, fields } = await jira.client.readIssue(
    issueId,
    { fields: "creator", properties: propertyKey },
    signal,
  );
  if (canonicalJson(properties?.[propertyKey] ?? null) !== canonicalJson(wished)) {
    await jira.client.setIssueProperty(issueId, propertyKey, wished, signal);
  }
  const { creator } = fields;
  const { account } = jira;
  const isOurs = creator?.accountId === account.accountId && creator?.name === account.name;
  const labels = [ticketLabel(labelPrefix, identity.groupKey), ...(isOurs ? [] : [adoptedLabel(labelPrefix)])];
  await changeLabels(jira, { issueId, add: labels, remove: [], signal });
}
