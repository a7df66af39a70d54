import { z } from "zod";
import { shortKey } from "../../model/identity.ts";
import type { LocalTicket } from "../../model/local-ticket.ts";
import { bands } from "../../model/priority.ts";
import type { TicketRecord } from "../../model/ticket.ts";
import { instant } from "./common.ts";
import { documentView, viewDocument } from "./document-view.ts";

const statusCategory = z.enum(["new", "indeterminate", "done"]);

/** What a list of findings shows of a ticket. */
export const ticketLinkView = z.object({
  tracker: z.string(),
  key: z.string(),
  url: z.string(),
  status: z.string().optional(),
  statusCategory: statusCategory.optional(),
});

export const ticketRecordView = z.object({
  tracker: z.string(),
  id: z.string(),
  key: z.string(),
  url: z.string(),
  findingId: z.string(),
  generation: z.number(),
  createdAt: instant,
  written: z.object({ priority: z.string().optional(), band: z.enum(bands) }),
  dropped: z.array(z.string()).meta({ description: "Wishes the tracker would not take, one sentence each." }),
  seen: z
    .object({
      at: instant,
      status: z.string(),
      statusCategory,
      resolution: z.string().optional(),
      priority: z.string().optional(),
    })
    .optional()
    .meta({ description: "What it said when we last looked." }),
});

export const ticketItemView = ticketRecordView.extend({
  title: z.string().optional().meta({ description: "What its finding is called now." }),
});

const localTicketView = z.object({
  id: z.string(),
  key: z.string(),
  findingId: z.string(),
  generation: z.number(),
  rules: z.array(z.string()),
  labels: z.array(z.string()),
  summary: z.string(),
  document: documentView,
  priority: z.enum(["Low", "Medium", "High", "Highest"]),
  status: z.string(),
  statusCategory,
  resolution: z.string().optional(),
  assignee: z.string().optional(),
  comments: z.array(z.object({ at: instant, author: z.string(), document: documentView })),
  attachments: z.array(z.object({ name: z.string(), contentType: z.string(), bytes: z.number() })),
  links: z.array(z.object({ url: z.string(), title: z.string() })),
  related: z.array(z.object({ type: z.enum(["duplicate", "relates"]), key: z.string() })).meta({
    description: "Other local tickets; `duplicate`: this one duplicates it.",
  }),
  createdAt: instant,
  updatedAt: instant,
  history: z.array(z.object({ at: instant, author: z.string(), text: z.string() })),
});

/** A local ticket comes in full, one of another tracker as our record of it. */
export const ticketDetailView = z.object({
  record: ticketRecordView.optional(),
  local: localTicketView.optional(),
  transitions: z.array(z.object({ to: z.string() })),
});

export function viewTicketLink({ tracker, ref, seen }: TicketRecord): z.infer<typeof ticketLinkView> {
  return { tracker, key: ref.key, url: ref.url, status: seen?.status, statusCategory: seen?.statusCategory };
}

export function viewTicketRecord(record: TicketRecord): z.infer<typeof ticketRecordView> {
  const { tracker, ref, findingId, generation, createdAt, written, dropped, seen } = record;
  return {
    tracker,
    id: ref.id,
    key: ref.key,
    url: ref.url,
    findingId,
    generation,
    createdAt,
    written: { priority: written.priority, band: written.band },
    dropped: [...dropped],
    seen: seen && {
      at: seen.at,
      status: seen.status,
      statusCategory: seen.statusCategory,
      resolution: seen.resolution,
      priority: seen.priority,
    },
  };
}

function viewLocalTicket(ticket: LocalTicket): z.infer<typeof localTicketView> {
  return {
    id: ticket.id,
    key: ticket.key,
    findingId: shortKey(ticket.identity.groupKey),
    generation: ticket.identity.generation,
    rules: [...ticket.identity.rules],
    labels: [...ticket.labels],
    summary: ticket.summary,
    document: viewDocument(ticket.document),
    priority: ticket.priority,
    status: ticket.status,
    statusCategory: ticket.statusCategory,
    resolution: ticket.resolution,
    assignee: ticket.assignee,
    comments: ticket.comments.map(({ at, author, document }) => ({ at, author, document: viewDocument(document) })),
    attachments: ticket.attachments.map(({ name, contentType, bytes }) => ({ name, contentType, bytes })),
    links: ticket.links.map(({ url, title }) => ({ url, title })),
    related: (ticket.related ?? []).map(({ type, key }) => ({ type, key })),
    createdAt: ticket.createdAt,
    updatedAt: ticket.updatedAt,
    history: ticket.history.map(({ at, author, text }) => ({ at, author, text })),
  };
}

/** `backlog` knows where a local ticket can go. */
export function viewTicketDetail(
  record: TicketRecord | undefined,
  local: LocalTicket | undefined,
  backlog: { transitions(ticket: LocalTicket): readonly { readonly to: string }[] },
): z.infer<typeof ticketDetailView> {
  return {
    record: record && viewTicketRecord(record),
    local: local && viewLocalTicket(local),
    transitions: local === undefined ? [] : backlog.transitions(local).map(({ to }) => ({ to })),
  };
}
