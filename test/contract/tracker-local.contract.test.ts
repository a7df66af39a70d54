import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { plainText, text } from "../../src/model/document.ts";
import type { LocalComment, LocalTicket } from "../../src/model/local-ticket.ts";
import type { TicketRef } from "../../src/model/ticket.ts";
import { openSqlStore } from "../../src/store/sql/open-sql-store.ts";
import { ManualClock } from "../../src/support/clock.ts";
import { createLocalTracker } from "../../src/trackers/local/local-tracker.ts";
import { trackerContract } from "./tracker.contract.ts";

trackerContract({
  name: "the embedded backlog",
  create: async () => {
    const folder = mkdtempSync(join(tmpdir(), "backfeed-local-"));
    const path = join(folder, "backfeed.db");
    const store = await openSqlStore({ url: `sqlite:${path}` });
    const { localTickets } = store;
    const tracker = createLocalTracker({
      name: "local",
      tickets: localTickets,
      clock: new ManualClock("2026-01-05T10:00:00Z"),
      publicUrl: "https://backfeed.example/",
    });
    const ticketOf = async (ref: TicketRef): Promise<LocalTicket> => {
      const ticket = await localTickets.byId(ref.id);
      if (ticket === undefined) throw new Error(`no ticket ${ref.key}`);
      return ticket;
    };
    const withComments = (ref: TicketRef, change: (comments: readonly LocalComment[]) => readonly LocalComment[]) =>
      localTickets.change(ref.id, (ticket) => ({ ...ticket, comments: change(ticket.comments) }));
    return {
      tracker,
      labelPrefix: "backfeed",
      route: { tracker: "local", labels: [], fields: {} },
      issues: async () => (await localTickets.list({ limit: 1_000 })).items.length,
      comments: async (ref) => (await ticketOf(ref)).comments.map((comment) => plainText(comment.document)),
      attachments: async (ref) => (await ticketOf(ref)).attachments.map((one) => one.name),
      links: async (ref) => (await ticketOf(ref)).links.map((one) => one.globalId),
      person: {
        setPriority: async (ref, name) => {
          await localTickets.change(ref.id, (ticket) => ({ ...ticket, priority: name as LocalTicket["priority"] }));
        },
        editComment: async (ref, marker) => {
          const edited = { author: "alice", document: [{ kind: "paragraph", content: [text("edited")] }] } as const;
          await withComments(ref, (all) => all.map((one) => (one.marker === marker ? { ...one, ...edited } : one)));
        },
        deleteComment: async (ref, marker) => {
          await withComments(ref, (all) => all.filter((one) => one.marker !== marker));
        },
        // The backlog itself never deletes: an administrator might.
        deleteTicket: async (ref) => {
          const file = new Sqlite(path);
          for (const table of ["local_ticket_labels", "local_attachments"]) {
            file.prepare(`delete from ${table} where ticket_number = ?`).run(Number(ref.id));
          }
          file.prepare("delete from local_tickets where number = ?").run(Number(ref.id));
          file.close();
        },
      },
      stop: async () => {
        await store.close();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },
});
