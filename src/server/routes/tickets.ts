import { z } from "zod";
import { BackfeedError } from "../../support/errors.ts";
import type { ServerProgram } from "../program.ts";
import { type BytesReply, type Route, route } from "../route.ts";
import { pageOf, pageQuery, viewPage } from "../views/common.ts";
import { ticketDetailView, ticketItemView, viewTicketDetail, viewTicketRecord } from "../views/ticket-view.ts";

export const ticketKey = z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,63}-\d{1,12}$/, "a ticket key such as LOCAL-7");
const attachmentName = z.string().regex(/^[A-Za-z0-9._-]{1,255}$/, "letters, digits, dots, dashes");

/** Shown in a page; everything else is given to be saved. SVG is not among them: it can carry scripts. */
const shownTypes = ["image/png", "image/jpeg"];

export function ticketRoutes(program: ServerProgram): readonly Route[] {
  const { history, localTickets, tickets } = program;
  const noTicket = (key: string) => new BackfeedError("not_found", "there is no such ticket", { facts: { key } });

  return [
    route({
      method: "get",
      path: "/api/v1/tickets",
      operation: "listTickets",
      summary: "Records of all trackers' tickets, newest first.",
      access: "viewer",
      query: pageQuery,
      answer: { kind: "json", name: "TicketPage", schema: pageOf(ticketItemView) },
      handle: async ({ query }) => {
        const page = await history.tickets(query);
        const findings = await Promise.all(page.items.map(({ findingId }) => history.finding(findingId)));
        const titles = new Map(
          findings.flatMap((finding) => (finding === undefined ? [] : [[finding.id, finding.title]])),
        );
        return viewPage(page, (record) => ({ ...viewTicketRecord(record), title: titles.get(record.findingId) }));
      },
    }),
    route({
      method: "get",
      path: "/api/v1/tickets/{key}",
      operation: "readTicket",
      summary: "A local ticket in full, or the record of one in another tracker.",
      access: "viewer",
      faults: [404],
      params: { key: ticketKey },
      answer: { kind: "json", name: "TicketDetail", schema: ticketDetailView },
      handle: async ({ params: { key } }) => {
        const [local, record] = await Promise.all([localTickets.byKey(key), tickets.byKey(key)]);
        if (local === undefined && record === undefined) throw noTicket(key);
        return viewTicketDetail(record, local, localTickets);
      },
    }),
    route({
      method: "get",
      path: "/api/v1/tickets/{key}/attachments/{name}",
      operation: "readAttachment",
      summary: "An attachment of a local ticket; what is no PNG or JPEG image comes as a download.",
      access: "viewer",
      faults: [304, 404],
      params: { key: ticketKey, name: attachmentName },
      answer: { kind: "bytes", contentTypes: [...shownTypes, "application/octet-stream"] },
      handle: async ({ params: { key, name } }): Promise<BytesReply> => {
        const ticket = await localTickets.byKey(key);
        if (ticket === undefined) throw noTicket(key);
        const found = await localTickets.attachment(ticket.id, name);
        if (found === undefined) {
          throw new BackfeedError("not_found", "the ticket has no such attachment", { facts: { key, name } });
        }
        return shownTypes.includes(found.contentType)
          ? { contentType: found.contentType, bytes: found.bytes }
          : { contentType: "application/octet-stream", bytes: found.bytes, fileName: name };
      },
    }),
  ];
}
