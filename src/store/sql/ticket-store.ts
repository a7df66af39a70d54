import { type Kysely, sql } from "kysely";
import type { TicketRecord } from "../../model/ticket.ts";
import { nextSweepAt } from "../../model/ticket-life.ts";
import type { TicketChange, TicketRecordKey, TicketStore } from "../store.ts";
import { encode, keyNumber, keyText } from "./codec.ts";
import type { Connections } from "./connections.ts";
import { fixedQuery } from "./fixed-query.ts";
import { insertEvent } from "./history-store.ts";
import { inChunks } from "./in-chunks.ts";
import { readTicket, readTicketEdit } from "./rows.ts";
import type { Tables } from "./schema.ts";
import type { UnreadableRows } from "./unreadable-rows.ts";

/** One record per finding and generation, whatever issue it names: that is what "no second ticket" means here. */
export function createTicketStore(options: { connections: Connections; unreadable: UnreadableRows }): TicketStore {
  const { connections, unreadable } = options;
  const readAll = (rows: readonly Row[]) =>
    unreadable.read(rows, "tickets", (row) => `${row.finding_id} ${row.generation}`, readTicket);
  return {
    put: (record) => connections.writeDurably((database) => putTicket(database, record)),

    change: (key, change) => connections.writeDurably((database) => changeTicket(database, key, change)),

    ofFinding: (findingId) => connections.read((database) => ticketOfFinding(database, findingId)),

    ofFindings: async (findingIds) => {
      const rows = await inChunks(findingIds, (chunk) =>
        connections.read((database) =>
          database.selectFrom("tickets").selectAll().where("finding_id", "in", chunk).orderBy("generation").execute(),
        ),
      );
      // The highest generation comes last and stays.
      return new Map(readAll(rows).map((record) => [record.findingId, record]));
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

    byIssueIds: async (tracker, issueIds) => {
      const rows = await inChunks(issueIds, (chunk) =>
        connections.read((database) =>
          newest(database).where("tracker", "=", tracker).where("issue_id", "in", chunk).execute(),
        ),
      );
      return readAll(rows);
    },

    live: ({ tracker, lookedBefore, lookedAfter, endedAfter, limit }) =>
      connections
        .read((database) =>
          newest(database)
            .where("tracker", "=", tracker)
            .where((where) => where.or([where("looked_at", "<=", lookedBefore), where("looked_at", ">", lookedAfter)]))
            .where((where) => where.or([where("ended_at", "is", null), where("ended_at", ">", endedAfter)]))
            .orderBy("looked_at")
            .orderBy("created_at")
            .orderBy("finding_id")
            .limit(limit)
            .execute(),
        )
        .then(readAll),

    looked: (keys, at) =>
      connections.write(async (database) => {
        for (const { findingId, generation } of keys) {
          await database
            .updateTable("tickets")
            .set({ looked_at: at })
            .where("finding_id", "=", findingId)
            .where("generation", "=", generation)
            .execute();
        }
      }),

    due: (now, limit) =>
      connections
        .read((database) => newest(database).where("attend_at", "<=", now).orderBy("attend_at").limit(limit).execute())
        .then(readAll),

    unswept: ({ tracker, now, limit }) =>
      connections
        .read((database) =>
          newest(database)
            .where("tracker", "=", tracker)
            .where("sweep_at", "<=", now)
            .orderBy("sweep_at")
            .orderBy("finding_id")
            .limit(limit)
            .execute(),
        )
        .then(readAll),

    edits: async (findingId, limit) => {
      const rows = await connections.read((database) =>
        database
          .selectFrom("ticket_edits")
          .select(["number", "body"])
          .where("finding_id", "=", findingId)
          .orderBy("number", "desc")
          .limit(limit)
          .execute(),
      );
      return unreadable.read(rows, "ticket_edits", (row) => String(row.number), readTicketEdit);
    },

    reconciledTo: (tracker) =>
      connections.read(async (database) => {
        const row = await database
          .selectFrom("reconcile_marks")
          .select("reconciled_to")
          .where("tracker", "=", tracker)
          .executeTakeFirst();
        return row?.reconciled_to;
      }),

    setReconciledTo: (tracker, instant) =>
      connections.write(async (database) => {
        const reconciledTo = keyNumber(instant, "time that was reconciled to");
        await database
          .insertInto("reconcile_marks")
          .values({ tracker: keyText(tracker, "tracker's name"), reconciled_to: reconciledTo })
          .onConflict((conflict) => conflict.column("tracker").doUpdateSet({ reconciled_to: reconciledTo }))
          .execute();
      }),
  };
}

type Row = { finding_id: string; generation: number; body: string };

/** Of each finding the record of the highest generation: the others are not touched again. */
function newest(database: Kysely<Tables>) {
  return database
    .selectFrom("tickets")
    .selectAll()
    .where(
      sql<boolean>`not exists (select 1 from tickets as later where later.finding_id = tickets.finding_id
        and later.generation > tickets.generation)`,
    );
}

const newestOfFinding = fixedQuery((database, { findingId }: { findingId: string }) =>
  database.selectFrom("tickets").selectAll().where("finding_id", "=", findingId).orderBy("generation", "desc").limit(1),
);

/** The record of the highest generation. */
export async function ticketOfFinding(database: Kysely<Tables>, findingId: string): Promise<TicketRecord | undefined> {
  const [row] = await newestOfFinding(database, { findingId });
  return row === undefined ? undefined : readTicket(row);
}

/** TicketStore's `change`, inside a transaction of others. */
export async function changeTicket(
  database: Kysely<Tables>,
  { findingId, generation }: TicketRecordKey,
  change: (record: TicketRecord) => TicketChange | undefined,
): Promise<TicketRecord | undefined> {
  const row = await database
    .selectFrom("tickets")
    .selectAll()
    .where("finding_id", "=", findingId)
    .where("generation", "=", generation)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const before = readTicket(row);
  const changed = change(before);
  if (changed === undefined) return before;
  const record = { ...changed.record, findingId, generation };
  await putTicket(database, record);
  for (const event of changed.events ?? []) await insertEvent(database, findingId, event);
  for (const edit of changed.edits ?? []) {
    await database
      .insertInto("ticket_edits")
      .values({ finding_id: findingId, at: keyNumber(edit.at, "time of the edit"), body: encode(edit) })
      .execute();
  }
  return record;
}

/** Stores a record inside a transaction of others. */
async function putTicket(database: Kysely<Tables>, record: TicketRecord): Promise<void> {
  const endings = [record.closed?.at, record.gone?.at].filter((at) => at !== undefined);
  const values = {
    tracker: keyText(record.tracker, "tracker's name"),
    issue_id: keyText(record.ref.id, "issue's id"),
    issue_key: keyText(record.ref.key, "issue's key"),
    created_at: keyNumber(record.createdAt, "time the ticket was created"),
    sweep_at: nextSweepAt(record) ?? null,
    ended_at: endings.length === 0 ? null : Math.max(...endings),
    attend_at: record.attendAt ?? null,
    body: encode(record),
  };
  await database
    .insertInto("tickets")
    .values({
      finding_id: keyText(record.findingId, "finding's id"),
      generation: keyNumber(record.generation, "generation"),
      looked_at: 0,
      ...values,
    })
    .onConflict((conflict) => conflict.columns(["finding_id", "generation"]).doUpdateSet(values))
    .execute();
}
