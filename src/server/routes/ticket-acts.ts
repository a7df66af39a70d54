import { z } from "zod";
import { shortKey } from "../../model/identity.ts";
import type { LocalTicket } from "../../model/local-ticket.ts";
import { BackfeedError } from "../../support/errors.ts";
import type { Audit } from "../audit.ts";
import type { Caller } from "../auth.ts";
import { RequestFault } from "../faults.ts";
import type { ServerProgram } from "../program.ts";
import { type Route, route } from "../route.ts";
import { ticketDetailView, viewTicketDetail } from "../views/ticket-view.ts";
import { ticketKey } from "./tickets.ts";

const labels = z.array(z.string().trim().min(1).max(120)).max(50).optional();

const editBody = {
  summary: z.string().trim().min(1).max(250).optional(),
  priority: z.enum(["Low", "Medium", "High", "Highest"]).optional(),
  assignee: z.string().trim().min(1).max(100).nullable().optional().meta({ description: "Null: nobody." }),
  addLabels: labels.meta({ description: "Blanks become dashes. `backfeed-snooze-7d` and its like are orders." }),
  removeLabels: labels,
};

/** What an operator does on a ticket of the embedded backlog. Each answers the ticket as it is then. */
export function ticketActRoutes(program: ServerProgram, audit: Audit): readonly Route[] {
  const { localTickets, tickets } = program;
  const act = { method: "post", access: "operator", params: { key: ticketKey } } as const;
  const answer = { kind: "json", name: "TicketDetail", schema: ticketDetailView } as const;

  const found = async (key: string): Promise<LocalTicket> => {
    const ticket = await localTickets.byKey(key);
    if (ticket !== undefined) return ticket;
    throw new BackfeedError("not_found", "there is no such local ticket", { facts: { key } });
  };

  /** Tells what was done on the finding that it was filed for, and on the one whose ticket it has become. */
  const done = async (
    ticket: LocalTicket,
    told: { readonly caller: Caller; readonly now: number; readonly code: string; readonly did: string },
    facts: Readonly<Record<string, string>> = {},
  ): Promise<z.infer<typeof ticketDetailView>> => {
    const { caller, now, code, did } = told;
    const record = await tickets.byKey(ticket.key);
    const findings = new Set([shortKey(ticket.identity.groupKey), ...(record === undefined ? [] : [record.findingId])]);
    await audit([...findings], { at: now, caller, code, did, facts: { ticket: ticket.key, ...facts } });
    return viewTicketDetail(record, ticket, localTickets);
  };

  return [
    route({
      ...act,
      path: "/api/v1/tickets/{key}/transitions",
      operation: "transitionTicket",
      summary: "Moves a local ticket to another status.",
      faults: [404, 409],
      body: { to: z.string().trim().min(1).max(100) },
      answer,
      handle: async ({ params: { key }, body: { to }, caller, now }) => {
        const before = await found(key);
        const moved = await localTickets.transition(key, to, caller.name);
        const did = `moved ${key} from ${before.status} to ${moved.status}`;
        return done(moved, { caller, now, code: "ticket_moved", did }, { from: before.status, to: moved.status });
      },
    }),
    route({
      ...act,
      path: "/api/v1/tickets/{key}/comments",
      operation: "commentTicket",
      summary: "Adds a comment to a local ticket; empty lines part its paragraphs.",
      faults: [404, 409],
      body: { text: z.string().trim().min(1).max(20_000) },
      answer,
      handle: async ({ params: { key }, body: { text }, caller, now }) => {
        const commented = await localTickets.comment(key, text, caller.name);
        return done(commented, { caller, now, code: "ticket_commented", did: `commented on ${key}` });
      },
    }),
    route({
      ...act,
      path: "/api/v1/tickets/{key}/edit",
      operation: "editTicket",
      summary: "Changes fields of a local ticket. A field that people changed is theirs and is not written over.",
      faults: [404, 409],
      body: editBody,
      answer,
      handle: async ({ params: { key }, body, caller, now }) => {
        if (Object.keys(body).length === 0) {
          throw new RequestFault(400, "invalid_request", `name a field to change: ${Object.keys(editBody).join(", ")}`);
        }
        const before = await found(key);
        const edited = await localTickets.edit(key, body, caller.name);
        const changes = changesOf(before, edited);
        const did = `edited ${key}: ${changes.join("; ") || "nothing was to change"}`;
        return done(edited, { caller, now, code: "ticket_edited", did });
      },
    }),
    route({
      ...act,
      path: "/api/v1/tickets/{key}/duplicate",
      operation: "closeTicketAsDuplicate",
      summary: "Closes a local ticket as a duplicate of another, which becomes the ticket of its finding.",
      faults: [404, 409],
      body: { of: ticketKey },
      answer,
      handle: async ({ params: { key }, body: { of }, caller, now }) => {
        const closed = await localTickets.closeAsDuplicate(key, of, caller.name);
        const did = `closed ${key} as a duplicate of ${of}`;
        return done(closed, { caller, now, code: "ticket_duplicate", did }, { original: of });
      },
    }),
  ];
}

/** What of a ticket was changed, for a timeline: values of closed lists and names, not texts. */
function changesOf(before: LocalTicket, after: LocalTicket): readonly string[] {
  const changes: string[] = [];
  if (before.summary !== after.summary) changes.push("its summary");
  if (before.priority !== after.priority) changes.push(`priority from ${before.priority} to ${after.priority}`);
  if (before.assignee !== after.assignee) changes.push(`assigned to ${after.assignee ?? "nobody"}`);
  const added = after.labels.filter((label) => !before.labels.includes(label));
  const removed = before.labels.filter((label) => !after.labels.includes(label));
  if (added.length > 0) changes.push(`labelled ${added.join(", ")}`);
  if (removed.length > 0) changes.push(`took off ${removed.join(", ")}`);
  return changes;
}
