import type { Kysely } from "kysely";
import type { TicketRecord } from "../../model/ticket.ts";
import type { TicketStore } from "../store.ts";
import { encode, keyNumber, keyText } from "./codec.ts";
import type { Connections } from "./connections.ts";
import { inChunks } from "./in-chunks.ts";
import { readTicket } from "./rows.ts";
import type { Tables } from "./schema.ts";
import type { UnreadableRows } from "./unreadable-rows.ts";

/** One record per finding and generation, whatever issue it names: that is what "no second ticket" means here. */
export function createTicketStore(options: { connections: Connections; unreadable: UnreadableRows }): TicketStore {
  const { connections, unreadable } = options;
  return {
    put: (record) => connections.writeDurably((database) => putTicket(database, record)),

    ofFinding: (findingId) => connections.read((database) => ticketOfFinding(database, findingId)),

    ofFindings: async (findingIds) => {
      const rows = await inChunks(findingIds, (chunk) =>
        connections.read((database) =>
          database.selectFrom("tickets").selectAll().where("finding_id", "in", chunk).orderBy("generation").execute(),
        ),
      );
      const records = unreadable.read(rows, "tickets", (row) => `${row.finding_id} ${row.generation}`, readTicket);
      // The highest generation comes last and stays.
      return new Map(records.map((record) => [record.findingId, record]));
    },

    byKey: (key) =>
      connections.read(async (database) => {
        const row = await database
          .selectFrom("tickets")
          .selectAll()
          .where("issue_key", "=", key)
          .orderBy("created_at", "desc")
          .orderBy("generation", "desc")
          .limit(1)
          .executeTakeFirst();
        return row === undefined ? undefined : readTicket(row);
      }),
  };
}

/** The record of the highest generation. */
export async function ticketOfFinding(database: Kysely<Tables>, findingId: string): Promise<TicketRecord | undefined> {
  const row = await database
    .selectFrom("tickets")
    .selectAll()
    .where("finding_id", "=", findingId)
    .orderBy("generation", "desc")
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? undefined : readTicket(row);
}

/** Stores a record inside a transaction of others. */
export async function putTicket(database: Kysely<Tables>, record: TicketRecord): Promise<void> {
  await database
    .insertInto("tickets")
    .values({
      finding_id: keyText(record.findingId, "finding's id"),
      generation: keyNumber(record.generation, "generation"),
      tracker: keyText(record.tracker, "tracker's name"),
      issue_id: keyText(record.ref.id, "issue's id"),
      issue_key: keyText(record.ref.key, "issue's key"),
      created_at: keyNumber(record.createdAt, "time the ticket was created"),
      body: encode(record),
    })
    .onConflict((conflict) =>
      conflict.columns(["finding_id", "generation"]).doUpdateSet((row) => ({
        tracker: row.ref("excluded.tracker"),
        issue_id: row.ref("excluded.issue_id"),
        issue_key: row.ref("excluded.issue_key"),
        created_at: row.ref("excluded.created_at"),
        body: row.ref("excluded.body"),
      })),
    )
    .execute();
}
