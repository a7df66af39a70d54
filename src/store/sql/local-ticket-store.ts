import type { Kysely } from "kysely";
import type { LocalTicket } from "../../model/local-ticket.ts";
import { BackfeedError } from "../../support/errors.ts";
import type { LocalTicketStore } from "../store.ts";
import { encode, keyText } from "./codec.ts";
import type { Connections } from "./connections.ts";
import { pageOf, rowLimit, startOf } from "./cursor.ts";
import { readLocalTicket, rowNumber } from "./rows.ts";
import type { Tables } from "./schema.ts";
import type { UnreadableRows } from "./unreadable-rows.ts";

/** Tickets of one label that are given at most: one finding has a handful. */
const maxByLabel = 1_000;

/** The embedded backlog's rows. What people do here exists nowhere else, so every write is on the disk when it resolves. */
export function createLocalTicketStore(options: {
  connections: Connections;
  unreadable: UnreadableRows;
}): LocalTicketStore {
  const { connections, unreadable } = options;
  const readMany = (rows: readonly { key: string; body: string }[]) =>
    unreadable.read(rows, "local_tickets", (row) => row.key, readLocalTicket);
  return {
    create: (ticket, project = "LOCAL") =>
      connections.writeDurably((database) => createTicket(database, ticket, keyText(project, "project"))),

    byId: (id) => connections.read((database) => ticketById(database, id)),

    byKey: (key) =>
      connections.read(async (database) => {
        const row = await database
          .selectFrom("local_tickets")
          .select(["key", "body"])
          .where("key", "=", key)
          .executeTakeFirst();
        return row === undefined ? undefined : readLocalTicket(row);
      }),

    byLabel: async (label) => {
      const rows = await connections.read((database) =>
        database
          .selectFrom("local_ticket_labels")
          .innerJoin("local_tickets", "local_tickets.number", "local_ticket_labels.ticket_number")
          .select(["local_tickets.key", "local_tickets.body"])
          .where("local_ticket_labels.label", "=", label)
          .orderBy("local_tickets.number")
          .limit(maxByLabel)
          .execute(),
      );
      return readMany(rows);
    },

    changedSince: async (since, limit) => {
      const rows = await connections.read((database) =>
        database
          .selectFrom("local_tickets")
          .select(["key", "body"])
          .where("updated_at", ">=", since)
          .orderBy("updated_at")
          .orderBy("number")
          .limit(limit)
          .execute(),
      );
      return readMany(rows);
    },

    after: async (id, limit) => {
      const rows = await connections.read((database) =>
        database
          .selectFrom("local_tickets")
          .select(["key", "body"])
          .where("number", ">", (id === undefined ? undefined : rowNumber(id)) ?? 0)
          .orderBy("number")
          .limit(limit)
          .execute(),
      );
      return readMany(rows);
    },

    change: (id, change) =>
      connections.writeDurably(async (database) => {
        const before = await ticketById(database, id);
        if (before === undefined)
          throw new BackfeedError("not_found", `there is no ticket with id ${JSON.stringify(id)}`);
        const changed = change(before);
        if (changed === before) return before;
        const after = { ...changed, id: before.id, number: before.number, key: before.key };
        await storeBody(database, Number(before.id), after);
        return after;
      }),

    list: async (request) => {
      const after = startOf("local-tickets", request, ["number"]);
      const rows = await connections.read((database) => {
        let query = database.selectFrom("local_tickets").select(["number", "key", "body"]);
        if (request.statusCategory !== undefined) query = query.where("status_category", "=", request.statusCategory);
        if (after !== undefined) query = query.where("number", "<", after[0]);
        return query.orderBy("number", "desc").limit(rowLimit(request)).execute();
      });
      return pageOf({ list: "local-tickets", request, rows, position: (row) => [row.number], read: readMany });
    },

    attachment: (ticketId, name) =>
      connections.read(async (database) => {
        const row = await database
          .selectFrom("local_attachments")
          .select(["content_type", "bytes"])
          .where("ticket_number", "=", rowNumber(ticketId) ?? 0)
          .where("name", "=", name)
          .executeTakeFirst();
        return row === undefined ? undefined : { contentType: row.content_type, bytes: new Uint8Array(row.bytes) };
      }),

    putAttachment: (ticketId, name, contentType, bytes) =>
      connections.writeDurably(async (database) => {
        const ticket = await ticketById(database, ticketId);
        if (ticket === undefined)
          throw new BackfeedError("not_found", `there is no ticket with id ${JSON.stringify(ticketId)}`);
        await database
          .insertInto("local_attachments")
          .values({
            ticket_number: Number(ticket.id),
            name: keyText(name, "attachment's name"),
            content_type: keyText(contentType, "attachment's content type"),
            bytes: Buffer.from(bytes),
          })
          .onConflict((conflict) =>
            conflict.columns(["ticket_number", "name"]).doUpdateSet((row) => ({
              content_type: row.ref("excluded.content_type"),
              bytes: row.ref("excluded.bytes"),
            })),
          )
          .execute();
      }),
  };
}

async function createTicket(
  database: Kysely<Tables>,
  ticket: Omit<LocalTicket, "number" | "id" | "key">,
  project: string,
): Promise<LocalTicket> {
  const { last } = await database
    .insertInto("local_numbers")
    .values({ project, last: 1 })
    .onConflict((conflict) =>
      conflict.column("project").doUpdateSet(({ eb, ref }) => ({ last: eb(ref("local_numbers.last"), "+", 1) })),
    )
    .returning("last")
    .executeTakeFirstOrThrow();
  const key = `${project}-${last}`;
  // The body holds the id, which is the row's number: it is filled in below.
  const { number: row } = await database
    .insertInto("local_tickets")
    .values({ key, status_category: ticket.statusCategory, updated_at: ticket.updatedAt, body: "" })
    .returning("number")
    .executeTakeFirstOrThrow();
  const created: LocalTicket = { ...ticket, id: String(row), number: last, key };
  await storeBody(database, row, created);
  return created;
}

async function storeBody(database: Kysely<Tables>, row: number, ticket: LocalTicket): Promise<void> {
  await database
    .updateTable("local_tickets")
    .set({
      status_category: keyText(ticket.statusCategory, "status category"),
      updated_at: ticket.updatedAt,
      body: encode(ticket),
    })
    .where("number", "=", row)
    .execute();
  await database.deleteFrom("local_ticket_labels").where("ticket_number", "=", row).execute();
  const labels = [...new Set(ticket.labels)].map((label) => ({ label: keyText(label, "label"), ticket_number: row }));
  if (labels.length > 0) await database.insertInto("local_ticket_labels").values(labels).execute();
}

async function ticketById(database: Kysely<Tables>, id: string): Promise<LocalTicket | undefined> {
  const number = rowNumber(id);
  if (number === undefined) return undefined;
  const row = await database
    .selectFrom("local_tickets")
    .select(["key", "body"])
    .where("number", "=", number)
    .executeTakeFirst();
  return row === undefined ? undefined : readLocalTicket(row);
}
