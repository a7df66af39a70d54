import type { WrittenFields } from "../model/finding.ts";
import type { OutboxAction } from "../model/outbox.ts";
import type { TicketField } from "../model/rule.ts";
import type { TicketRoute } from "../model/ticket.ts";
import { ticketDocument } from "./describe.ts";
import type { Story } from "./story.ts";

/** What is meant to stand on the ticket now, in the fields that may be written again. */
export function fieldsOf({ title }: { readonly title: string }, route: TicketRoute): WrittenFields {
  return { summary: title, labels: route.labels, assignee: route.assignee };
}

/**
 * What has become different since it was last written, for the fields whose ownership in the rule lets them follow the
 * problem. Pure. A field that a person changed is written only where the rule says `always`; labels go one by one, and
 * one that a person took off is not put on again.
 */
export function fieldActions(
  before: WrittenFields | undefined,
  story: Story,
  route: TicketRoute,
): readonly OutboxAction[] {
  const now = fieldsOf(story.finding, route);
  const actions: OutboxAction[] = [];
  if (before !== undefined && mayWrite("labels", story)) {
    const removedByPeople = new Set(mustWrite("labels", story) ? [] : story.ticket?.labelsRemoved);
    const add = now.labels.filter((label) => !before.labels.includes(label) && !removedByPeople.has(label));
    const remove = before.labels.filter((label) => !now.labels.includes(label));
    if (add.length + remove.length > 0) actions.push({ kind: "labels", marker: "labels", add, remove });
  }
  for (const field of ["summary", "assignee"] as const) {
    const value = now[field];
    if (before === undefined || value === undefined || value === before[field] || !mayWrite(field, story)) continue;
    actions.push({ kind: "field", marker: field, field, value, ...alwaysOf(field, story) });
  }
  if (mayWrite("description", story)) {
    const document = ticketDocument(story);
    actions.push({ kind: "description", marker: "description", document, ...alwaysOf("description", story) });
  }
  return actions;
}

function mustWrite(field: TicketField, { rule }: Story): boolean {
  return rule.ticket.ownership[field] === "always";
}

/** Labels are added and removed one by one, so that people's own ones do not stand in the way. */
function mayWrite(field: TicketField, story: Story): boolean {
  const ownership = story.rule.ticket.ownership[field];
  if (ownership !== "until_human_edit" || field === "labels") return ownership !== "create_only";
  return story.ticket?.peoples?.includes(field) !== true;
}

function alwaysOf(field: TicketField, story: Story): { readonly always?: true } {
  return mustWrite(field, story) ? { always: true } : {};
}
