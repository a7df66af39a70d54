import { ticketLabel } from "../../model/identity.ts";
import type { LocalTicket } from "../../model/local-ticket.ts";
import type { TicketDraft, TicketRoute } from "../../model/ticket.ts";
import { cleanText } from "../../support/clean-text.ts";
import { BackfeedError } from "../../support/errors.ts";
import { firstStatus } from "./workflow.ts";

/** As Jira's limit, so that a team that moves to Jira finds the same summaries. */
const summaryLength = 250;
const labelLength = 120;
/** Labels of one ticket. */
export const maxLabels = 50;

/** What a draft becomes, before it has a number. Hostile text is made safe to show on one line; the rest is escaped where it is rendered. */
export function newTicket(
  draft: TicketDraft,
  options: { labelPrefix: string; author: string; now: number },
): Omit<LocalTicket, "number" | "id" | "key"> {
  const { identity, route } = draft;
  const { now, author } = options;
  const labels = route.labels.map(oneLabel).filter((label) => label !== "");
  return {
    identity,
    labels: [...new Set([ticketLabel(options.labelPrefix, identity.groupKey), ...labels])].slice(0, maxLabels),
    summary: oneSummary(draft.summary),
    document: draft.document,
    priority: draft.band,
    status: firstStatus.name,
    statusCategory: firstStatus.category,
    resolution: firstStatus.resolution,
    assignee: route.assignee,
    comments: [],
    attachments: [],
    links: [],
    createdAt: now,
    updatedAt: now,
    history: [{ at: now, author, text: "created" }],
  };
}

/** Any text as the one line that a summary is; never empty. */
export function oneSummary(summary: string): string {
  return cleanText(summary, { maxLength: summaryLength, singleLine: true }) || "(no summary)";
}

/** Any text as a label; empty when nothing is left of it. */
export function oneLabel(label: string): string {
  return cleanText(label, { maxLength: labelLength, singleLine: true }).replaceAll(" ", "-");
}

/** What a route asks for that this backlog does not keep, one sentence each. */
export function droppedWishes(route: TicketRoute): string[] {
  const dropped: string[] = [];
  if (route.component !== undefined) dropped.push(`component ${route.component} is not kept by the local backlog`);
  for (const field of Object.keys(route.fields)) dropped.push(`field ${field} is not kept by the local backlog`);
  return dropped.map((sentence) => cleanText(sentence, { maxLength: 200, singleLine: true }));
}

/** Whether keys can begin with it: they stand in addresses and in people's messages. */
export function isProject(name: string): boolean {
  return /^[A-Za-z][A-Za-z0-9_]{0,19}$/.test(name);
}

export function badProject(kind: "configuration" | "refused", name: string): BackfeedError {
  const shown = cleanText(name, { maxLength: 60, singleLine: true });
  return new BackfeedError(kind, `project ${JSON.stringify(shown)}: a letter, then letters, digits or _, at most 20`);
}
