import type { Document } from "../../model/document.ts";
import { ticketLabel } from "../../model/identity.ts";
import type { LocalTicket } from "../../model/local-ticket.ts";
import type { TicketRef } from "../../model/ticket.ts";
import { sharedFields } from "../../model/ticket-life.ts";
import type { LocalTicketStore } from "../../store/store.ts";
import { cleanText } from "../../support/clean-text.ts";
import { BackfeedError } from "../../support/errors.ts";
import type { OwnedField, TicketLife } from "../tracker.ts";
import { maxLabels, oneLabel, oneSummary } from "./new-ticket.ts";
import { descriptionMark, snapshotOf } from "./snapshot.ts";
import { movedTo, statusesFrom, withHistory } from "./workflow.ts";

/** Other tickets that one can be related to; beyond it a link is refused. */
const maxRelated = 100;
/** Tickets that are in memory at once while all are gone through. */
const pageSize = 100;

export interface LocalLifeOptions {
  readonly tickets: LocalTicketStore;
  readonly labelPrefix: string;
  /** Whose name stands on what we do. */
  readonly author: string;
  refOf(ticket: { readonly id: string; readonly key: string }): TicketRef;
  /** Looks and writes in one transaction; throws `not_found`. */
  edit<Outcome extends {}>(
    ref: TicketRef,
    signal: AbortSignal,
    change: (ticket: LocalTicket, now: number) => readonly [LocalTicket, Outcome],
  ): Promise<Outcome>;
  stopIfAborted(signal: AbortSignal): void;
}

/** The later life of a ticket in the embedded backlog: every look is certain and every change one transaction. */
export function localLife(options: LocalLifeOptions): TicketLife {
  const { tickets, labelPrefix, author, refOf, edit, stopIfAborted } = options;
  const changed = (ticket: LocalTicket, change: Partial<LocalTicket>, now: number, text: string): LocalTicket =>
    withHistory({ ...ticket, ...change, updatedAt: now }, { at: now, author, text });

  return {
    readMany: async (refs, signal) => {
      stopIfAborted(signal);
      const found = await Promise.all([...new Set(refs.map(({ id }) => id))].map((id) => tickets.byId(id)));
      return new Map(found.flatMap((one) => (one === undefined ? [] : [[one.id, snapshotOf(one, refOf)]])));
    },

    editedByOthers: async (ref, signal) => {
      stopIfAborted(signal);
      const ticket = await tickets.byId(ref.id);
      // Nobody can edit a description here. An entry with a field is a person's, whatever the person is called.
      const changed = new Set(ticket?.history.map(({ field }) => field));
      return sharedFields.filter((field) => field !== "description" && changed.has(field));
    },

    changedSince: async (since, limit, signal) => {
      stopIfAborted(signal);
      return (await tickets.changedSince(since, limit)).map((ticket) => snapshotOf(ticket, refOf));
    },

    labelled: async (labels, limit, signal) => {
      stopIfAborted(signal);
      const found = await Promise.all(labels.map((label) => tickets.byLabel(label)));
      return [...new Set(found.flat().map(({ id }) => id))].slice(0, limit);
    },

    async *ours(signal) {
      for (let last: string | undefined; ; ) {
        stopIfAborted(signal);
        const page = await tickets.after(last, pageSize);
        for (const ticket of page) {
          const isOurs = ticket.labels.includes(ticketLabel(labelPrefix, ticket.identity.groupKey));
          if (isOurs) yield snapshotOf(ticket, refOf);
        }
        last = page.at(-1)?.id;
        if (last === undefined) return;
      }
    },

    changeLabels: (ref, { add, remove }, signal) =>
      edit(ref, signal, (ticket, now) => {
        const gone = new Set(remove.map(oneLabel));
        const wanted = add.map(oneLabel).filter((label) => label !== "");
        const labels = [...new Set([...ticket.labels.filter((label) => !gone.has(label)), ...wanted])];
        if (labels.join(" ") === ticket.labels.join(" ")) return [ticket, "unchanged"];
        if (labels.length > maxLabels) throw refused(`a ticket has at most ${maxLabels} labels`);
        return [changed(ticket, { labels }, now, `labels are ${labels.join(", ") || "none"}`), "written"];
      }),

    writeField: (ref, { field, value, lastSeen, always = false }, signal) =>
      edit<"written" | "unchanged" | "kept">(ref, signal, (ticket, now) => {
        const { wished, current, change } = fieldChange(ticket, field, value);
        if (wished === current) return [ticket, "unchanged"];
        const isTheirs = current !== lastSeen || ticket.history.some((change) => change.field === field);
        if (isTheirs && !always) return [ticket, "kept"];
        return [changed(ticket, change, now, `${field} changed`), "written"];
      }),

    link: async (ref, { other, type }, signal) => {
      stopIfAborted(signal);
      const target = await tickets.byId(other.id);
      if (target === undefined) throw new BackfeedError("not_found", `there is no ticket ${other.key} to link to`);
      return edit(ref, signal, (ticket, now) => {
        const related = ticket.related ?? [];
        if (ticket.id === target.id) throw refused("a ticket cannot be linked to itself");
        if (related.some((one) => one.type === type && one.id === target.id)) return [ticket, "unchanged"];
        if (related.length >= maxRelated) throw refused(`the ticket is linked to ${maxRelated} tickets already`);
        const { id, key } = target;
        const text = `${type === "duplicate" ? "duplicates" : "relates to"} ${key}`;
        return [changed(ticket, { related: [...related, { type, id, key }] }, now, text), "created"];
      });
    },

    adopt: async (ref, identity, signal) => {
      await edit(ref, signal, (ticket, now) => {
        const labels = [...new Set([...ticket.labels, ticketLabel(labelPrefix, identity.groupKey)])];
        const { groupKey, generation } = ticket.identity;
        const isSame = groupKey === identity.groupKey && generation === identity.generation;
        if (isSame && labels.length === ticket.labels.length) return [ticket, "unchanged"];
        return [changed(ticket, { identity, labels }, now, "taken over for a finding"), "adopted"];
      });
    },

    reopen: (ref, signal) =>
      edit(ref, signal, (ticket, now) => {
        if (ticket.statusCategory !== "done") return [ticket, "unchanged"];
        const possible = statusesFrom(ticket);
        const status =
          possible.find(({ category }) => category === "indeterminate") ??
          possible.find(({ category }) => category === "new");
        return status === undefined ? [ticket, "unavailable"] : [movedTo(ticket, status, author, now), "moved"];
      }),
  };
}

/** What a field would say, what it says, both as a snapshot tells them, and the change to the ticket. */
function fieldChange(
  ticket: LocalTicket,
  field: OwnedField,
  value: string | Document,
): { wished: string | undefined; current: string | undefined; change: Partial<LocalTicket> } {
  if (field === "description") {
    if (typeof value === "string") throw new BackfeedError("internal", "a description is a document");
    const [wished, current] = [descriptionMark(value), descriptionMark(ticket.document)];
    return { wished, current, change: { document: value } };
  }
  if (typeof value !== "string") throw new BackfeedError("internal", `the field ${field} is text`);
  const wished = field === "summary" ? oneSummary(value) : cleanText(value, { maxLength: 100, singleLine: true });
  return { wished, current: ticket[field], change: { [field]: wished } };
}

function refused(message: string): BackfeedError {
  return new BackfeedError("refused", message);
}
