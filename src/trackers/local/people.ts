import { type Document, paragraph } from "../../model/document.ts";
import { ticketLabel } from "../../model/identity.ts";
import type { LocalChange, LocalTicket, LocalTicketEdit } from "../../model/local-ticket.ts";
import type { LocalTicketStore } from "../../store/store.ts";
import { cleanText } from "../../support/clean-text.ts";
import type { Clock } from "../../support/clock.ts";
import { BackfeedError } from "../../support/errors.ts";
import { maxComments } from "./limits.ts";
import { maxLabels, oneLabel, oneSummary } from "./new-ticket.ts";
import { closedAsDuplicate, movedTo, statusesFrom, withHistory } from "./workflow.ts";

/** What people do on tickets, over pages and API. `by` is whose name stands on it. All throw `not_found` for an unknown key. */
export interface LocalPeople {
  /** The statuses a ticket can be moved to from where it is. Pure. */
  transitions(ticket: LocalTicket): readonly { readonly to: string }[];
  /** Moves a ticket to a status. Throws `conflict` naming the statuses it can go to. */
  move(key: string, to: string, by: string): Promise<LocalTicket>;
  /** Adds a comment: paragraphs are what empty lines part. Throws `conflict` when the ticket can take no more. */
  addComment(key: string, text: string, by: string): Promise<LocalTicket>;
  /**
   * Writes the fields that are given; the ticket as it is when none of them says something else. Throws `conflict` for a
   * label that ties the ticket to its finding, and for too many labels.
   */
  edit(key: string, change: LocalTicketEdit, by: string): Promise<LocalTicket>;
  /** Closes a ticket as a duplicate of another. Throws `conflict` where that one is itself a duplicate, or the same. */
  closeAsDuplicate(key: string, of: string, by: string): Promise<LocalTicket>;
}

const longestComment = 20_000;
const longestName = 100;

export function localPeople(options: {
  readonly tickets: Pick<LocalTicketStore, "byKey" | "change">;
  readonly clock: Pick<Clock, "now">;
  readonly labelPrefix: string;
}): LocalPeople {
  const { tickets, clock, labelPrefix } = options;

  const found = async (key: string): Promise<LocalTicket> => {
    const ticket = await tickets.byKey(key);
    if (ticket === undefined) throw new BackfeedError("not_found", `there is no ticket ${JSON.stringify(key)}`);
    return ticket;
  };
  const change = async (
    key: string,
    by: string,
    make: (ticket: LocalTicket, author: string, now: number) => LocalTicket,
  ): Promise<LocalTicket> => {
    const author = cleanText(by, { maxLength: longestName, singleLine: true });
    const { id } = await found(key);
    return tickets.change(id, (ticket) => make(ticket, author, clock.now()));
  };

  return {
    transitions: (ticket) => statusesFrom(ticket).map(({ name }) => ({ to: name })),

    move: (key, to, by) =>
      change(key, by, (ticket, author, now) => {
        const possible = statusesFrom(ticket);
        const status = possible.find(({ name }) => name === to);
        if (status === undefined) {
          const names = possible.map(({ name }) => name).join(", ");
          throw conflict(`${ticket.key} is ${ticket.status}: from there it can go to ${names}`);
        }
        return movedTo(ticket, status, author, now);
      }),

    addComment: (key, text, by) =>
      change(key, by, (ticket, author, now) => {
        const document = paragraphs(text);
        if (document.length === 0)
          throw conflict("nothing is left of the comment when control characters are taken out");
        if (ticket.comments.length >= maxComments) throw conflict(`the ticket has ${maxComments} comments already`);
        // Never the marker of one of ours, whoever the author is called.
        const marker = `person:${now}-${ticket.comments.length}`;
        return { ...ticket, comments: [...ticket.comments, { marker, at: now, author, document }], updatedAt: now };
      }),

    edit: (key, edit, by) =>
      change(key, by, (ticket, author, now) => {
        const labels = changedLabels(ticket, edit, labelPrefix);
        const wished = {
          summary: edit.summary === undefined ? ticket.summary : oneSummary(edit.summary),
          priority: edit.priority ?? ticket.priority,
          assignee: edit.assignee === undefined ? ticket.assignee : oneName(edit.assignee),
          labels,
        };
        const told = differences(ticket, wished);
        if (told.length === 0) return ticket;
        return told.reduce((edited, change) => withHistory(edited, { at: now, author, ...change }), {
          ...ticket,
          ...wished,
          updatedAt: now,
        });
      }),

    closeAsDuplicate: async (key, of, by) => {
      const original = await found(of);
      return change(key, by, (ticket, author, now) => {
        if (original.id === ticket.id) throw conflict("a ticket is no duplicate of itself");
        const further = original.related?.find(({ type }) => type === "duplicate");
        if (further !== undefined) {
          throw conflict(`${original.key} is itself a duplicate of ${further.key}: name the one that goes on`);
        }
        const others = (ticket.related ?? []).filter((one) => one.type !== "duplicate" && one.id !== original.id);
        const related = [...others, { type: "duplicate", id: original.id, key: original.key } as const];
        const entry = { at: now, author, text: `closed as a duplicate of ${original.key}` };
        return withHistory({ ...ticket, ...closedAsDuplicate, related, updatedAt: now }, entry);
      });
    },
  };
}

/** What people wrote, with its line breaks; nothing in it is markup. */
function paragraphs(text: string): Document {
  return cleanText(text, { maxLength: longestComment })
    .split(/\n[ \t]*\n+/)
    .map((part) => part.trim())
    .flatMap((part) => (part === "" ? [] : [paragraph(part)]));
}

function oneName(name: string | null): string | undefined {
  return cleanText(name ?? "", { maxLength: longestName, singleLine: true }) || undefined;
}

function changedLabels(ticket: LocalTicket, edit: LocalTicketEdit, prefix: string): readonly string[] {
  const remove = new Set((edit.removeLabels ?? []).map(oneLabel));
  // By this label the ticket is found again when a store is rebuilt.
  const own = ticketLabel(prefix, ticket.identity.groupKey);
  if (remove.has(own)) throw conflict(`the label ${own} ties the ticket to its finding and stays`);
  const add = (edit.addLabels ?? []).map(oneLabel).filter((label) => label !== "");
  const labels = [...new Set([...ticket.labels.filter((label) => !remove.has(label)), ...add])];
  if (labels.length > maxLabels) throw conflict(`a ticket has at most ${maxLabels} labels`);
  return labels.join(" ") === ticket.labels.join(" ") ? ticket.labels : labels;
}

type Edited = Pick<LocalTicket, "summary" | "priority" | "assignee" | "labels">;

/** What is to stand in the history: one entry a field. */
function differences(before: Edited, after: Edited): readonly Pick<LocalChange, "text" | "field">[] {
  const told: Pick<LocalChange, "text" | "field">[] = [];
  if (before.summary !== after.summary)
    told.push({ field: "summary", text: `summary changed; it was: ${before.summary}` });
  if (before.priority !== after.priority)
    told.push({ field: "priority", text: `priority from ${before.priority} to ${after.priority}` });
  if (before.assignee !== after.assignee) {
    const text = `assigned to ${after.assignee ?? "nobody"}, before to ${before.assignee ?? "nobody"}`;
    told.push({ field: "assignee", text });
  }
  if (before.labels !== after.labels) told.push({ text: `labels are ${after.labels.join(", ") || "none"}` });
  return told;
}

function conflict(message: string): BackfeedError {
  return new BackfeedError("conflict", message);
}
