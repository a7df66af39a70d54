import type { Document } from "../../model/document.ts";
import type { LocalTicket } from "../../model/local-ticket.ts";
import type { TicketIdentity, TicketRef, TicketSnapshot } from "../../model/ticket.ts";
import { canonicalJson, sha256 } from "../../support/hashing.ts";

/** What a ticket says now; `refOf` gives its address. */
export function snapshotOf(
  ticket: LocalTicket,
  refOf: (ticket: { readonly id: string; readonly key: string }) => TicketRef,
): TicketSnapshot & { readonly identity: TicketIdentity } {
  const { summary, status, statusCategory, resolution, priority, labels, assignee, identity, updatedAt } = ticket;
  const original = ticket.related?.find(({ type }) => type === "duplicate");
  return {
    ref: refOf(ticket),
    ...{ summary, status, statusCategory, resolution, priority, labels, assignee, identity, updatedAt },
    project: ticket.key.slice(0, ticket.key.lastIndexOf("-")),
    duplicateOf: original === undefined ? undefined : refOf(original),
    description: descriptionMark(ticket.document),
  };
}

/** Stands for a description: the same for the same document only. */
export function descriptionMark(document: Document): string {
  return sha256(canonicalJson(document)).slice(0, 32);
}
