import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { paragraph, plainText, text } from "../../src/model/document.ts";
import type { LocalTicket } from "../../src/model/local-ticket.ts";
import type { TicketRef } from "../../src/model/ticket.ts";
import { openSqlStore } from "../../src/store/sql/open-sql-store.ts";
import { ManualClock } from "../../src/support/clock.ts";
import { createLocalTracker } from "../../src/trackers/local/local-tracker.ts";
import { ticketLifeContract } from "./ticket-life.contract.ts";
import { trackerContract } from "./tracker.contract.ts";

async function localSubject() {
  const folder = mkdtempSync(join(tmpdir(), "backfeed-local-"));
  const path = join(folder, "backfeed.db");
  const store = await openSqlStore({ url: `sqlite:${path}` });
  const { localTickets } = store;
  const clock = new ManualClock("2026-01-05T10:00:00Z");
  const tracker = createLocalTracker({
    name: "local",
    tickets: localTickets,
    clock,
    publicUrl: "https://backfeed.example/",
  });
  const ticketOf = async (ref: TicketRef): Promise<LocalTicket> => {
    const ticket = await localTickets.byId(ref.id);
    if (ticket === undefined) throw new Error(`no ticket ${ref.key}`);
    return ticket;
  };
  const edit = async (ref: TicketRef, change: (ticket: LocalTicket) => Partial<LocalTicket>): Promise<void> => {
    await localTickets.change(ref.id, (ticket) => ({ ...ticket, ...change(ticket), updatedAt: clock.now() }));
  };
  const person = {
    setPriority: async (ref: TicketRef, name: string) => {
      await tracker.edit(ref.key, { priority: name as LocalTicket["priority"] }, "alice");
    },
    editComment: (ref: TicketRef, marker: string) => {
      const edited = { author: "alice", document: [{ kind: "paragraph", content: [text("edited")] }] } as const;
      return edit(ref, ({ comments }) => ({
        comments: comments.map((one) => (one.marker === marker ? { ...one, ...edited } : one)),
      }));
    },
    deleteComment: (ref: TicketRef, marker: string) =>
      edit(ref, ({ comments }) => ({ comments: comments.filter((one) => one.marker !== marker) })),
    // The backlog itself never deletes: an administrator might.
    deleteTicket: async (ref: TicketRef) => {
      const file = new Sqlite(path);
      for (const table of ["local_ticket_labels", "local_attachments"]) {
        file.prepare(`delete from ${table} where ticket_number = ?`).run(Number(ref.id));
      }
      file.prepare("delete from local_tickets where number = ?").run(Number(ref.id));
      file.close();
    },
    setField: async (ref: TicketRef, field: "summary" | "description" | "assignee", value: string) => {
      // Nobody can edit a description in the backlog itself.
      if (field === "description") await edit(ref, () => ({ document: [paragraph(value)] }));
      else await tracker.edit(ref.key, { [field]: value }, "alice");
    },
    addLabel: (ref: TicketRef, label: string) => edit(ref, ({ labels }) => ({ labels: [...labels, label] })),
    close: async (ref: TicketRef) => {
      await tracker.move(ref.key, "Done", "alice");
    },
    linkAsDuplicate: (ref: TicketRef, { id, key }: TicketRef) =>
      edit(ref, () => ({ related: [{ type: "duplicate", id, key }] })),
  };
  return {
    tracker,
    labelPrefix: "backfeed",
    route: { tracker: "local", labels: [], fields: {} },
    issues: async () => (await localTickets.list({ limit: 1_000 })).items.length,
    comments: async (ref: TicketRef) => (await ticketOf(ref)).comments.map((comment) => plainText(comment.document)),
    attachments: async (ref: TicketRef) => (await ticketOf(ref)).attachments.map((one) => one.name),
    links: async (ref: TicketRef) => (await ticketOf(ref)).links.map((one) => one.globalId),
    person,
    users: ["alice", "bob"] as const,
    now: () => clock.now(),
    pass: (ms: number) => clock.advance(ms),
    stop: async () => {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

trackerContract({ name: "the embedded backlog", create: localSubject });
// Only Backfeed files there.
ticketLifeContract({ name: "the embedded backlog", peopleFile: false, create: localSubject });
