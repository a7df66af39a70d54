import { type Kysely, sql } from "kysely";
import type { OutboxEntry, OutboxState } from "../../model/outbox.ts";
import { BackfeedError } from "../../support/errors.ts";
import type { OutboxStore } from "../store.ts";
import { encodeText, keyText } from "./codec.ts";
import type { Connections } from "./connections.ts";
import { fixedQuery } from "./fixed-query.ts";
import { insertEvent } from "./history-store.ts";
import { inChunks } from "./in-chunks.ts";
import { claimEntries, notBlocked } from "./outbox-claim.ts";
import { readOutboxEntry, rowNumber } from "./rows.ts";
import type { Tables } from "./schema.ts";
import { changeTicket } from "./ticket-store.ts";
import type { UnreadableRows } from "./unreadable-rows.ts";

type Outcome = Parameters<OutboxStore["settle"]>[1];

/** What a worker takes and gives back. The order that entries go out in: outbox-claim.ts. */
export function createOutboxStore(options: { connections: Connections; unreadable: UnreadableRows }): OutboxStore {
  const { connections, unreadable } = options;
  return {
    claim: (request) => {
      keyText(request.owner, "owner of the lease");
      return connections.write((database) => claimEntries(database, request, unreadable));
    },

    // On the disk before the create leaves: after a loss of power the entry must be found as sent, not as new.
    markSending: (id, request) =>
      connections.writeDurably(async (database) => {
        const marked = await database
          .updateTable("outbox")
          .set({ state: "sending", lease_until: request.now + request.leaseMs })
          .where("number", "=", rowNumber(id) ?? 0)
          .where("state", "in", ["pending", "unknown"])
          .where("lease_owner", "=", request.owner)
          .where("lease_until", ">", request.now)
          .executeTakeFirst();
        return marked.numUpdatedRows > 0n;
      }),

    releaseLeases: ({ now, until }) =>
      connections.write(async (database) => {
        const released = await database
          .updateTable("outbox")
          .set(({ fn, ref, val, eb }) => ({
            lease_until: fn<number>("min", [
              ref("lease_until"),
              eb.case().when("state", "=", "sending").then(val(now)).else(val(until)).end(),
            ]),
          }))
          .where("finished_at", "is", null)
          .where("lease_until", "is not", null)
          .executeTakeFirst();
        return Number(released.numUpdatedRows);
      }),

    settle: (id, outcome) => connections.writeDurably((database) => settle(database, id, outcome)),

    retry: (id, now) => connections.writeDurably((database) => retry(database, id, now)),

    get: (id) => connections.read((database) => entryOf(database, id)),

    openOf: async (findingIds) => {
      const rows = await inChunks(findingIds, (chunk) =>
        connections.read((database) =>
          database
            .selectFrom("outbox")
            .selectAll()
            .where("finding_id", "in", chunk)
            .where("finished_at", "is", null)
            .orderBy("number")
            .execute(),
        ),
      );
      return unreadable.read(rows, "outbox", (row) => String(row.number), readOutboxEntry);
    },

    counts: async () => {
      const rows = await connections.read((database) =>
        database
          .selectFrom("outbox")
          .select(({ fn }) => ["state", fn.countAll<number>().as("entries")])
          .groupBy("state")
          .execute(),
      );
      const counts: Record<OutboxState, number> = {
        pending: 0,
        sending: 0,
        unknown: 0,
        done: 0,
        parked: 0,
        dropped: 0,
      };
      return { ...counts, ...Object.fromEntries(rows.map((row) => [row.state, Number(row.entries)])) };
    },

    oldestOpen: async () => {
      const row = await connections.read((database) =>
        database
          .selectFrom("outbox")
          .select(({ fn }) => fn.min("created_at").as("oldest"))
          .where("finished_at", "is", null)
          .executeTakeFirst(),
      );
      return row?.oldest ?? undefined;
    },

    nextDue: async () => (await connections.read((database) => nextDue(database, {})))[0]?.due ?? undefined,
  };
}

async function entryOf(database: Kysely<Tables>, id: string): Promise<OutboxEntry | undefined> {
  const number = rowNumber(id);
  if (number === undefined) return undefined;
  const row = await database.selectFrom("outbox").selectAll().where("number", "=", number).executeTakeFirst();
  return row === undefined ? undefined : readOutboxEntry(row);
}

/**
 * A lease that is over but that nobody else took still counts: its owner alone knows what happened, and the truth
 * about a create is worth more than the deadline.
 */
async function settle(database: Kysely<Tables>, id: string, outcome: Outcome): Promise<boolean> {
  const { state, now } = outcome;
  const settled = await database
    .updateTable("outbox")
    .set({
      state,
      lease_owner: null,
      lease_until: null,
      note: outcome.note === undefined ? null : encodeText(outcome.note),
      finished_at: state === "done" || state === "dropped" ? now : null,
      ...(outcome.nextAttemptAt === undefined ? {} : { next_attempt_at: outcome.nextAttemptAt }),
      ...(outcome.attempts === undefined ? {} : { attempts: outcome.attempts }),
      ...(outcome.looks === undefined ? {} : { looks: outcome.looks }),
      ...(outcome.lostCreates === undefined ? {} : { lost_creates: outcome.lostCreates }),
    })
    .where("number", "=", rowNumber(id) ?? 0)
    .where("state", "in", ["pending", "sending", "unknown"])
    .where("lease_owner", "=", outcome.owner)
    .returning("finding_id")
    .executeTakeFirst();
  if (settled === undefined) return false;
  if (outcome.ticket !== undefined) {
    const { generation, change } = outcome.ticket;
    const key = { findingId: settled.finding_id, generation };
    await changeTicket(database, key, (record) => ({ record: change(record) }));
  }
  if (outcome.event !== undefined) await insertEvent(database, settled.finding_id, outcome.event);
  return true;
}

/**
 * What may have been sent goes on as `unknown`: the operator's wish does not make a second ticket. It is looked for over
 * the whole window once more; of the creates that were lost one still counts, so that then another may be sent.
 */
async function retry(database: Kysely<Tables>, id: string, now: number): Promise<OutboxEntry> {
  const entry = await entryOf(database, id);
  if (entry === undefined) throw new BackfeedError("not_found", `there is no outbox entry ${JSON.stringify(id)}`);
  if (entry.state === "done" || entry.state === "dropped") {
    throw new BackfeedError("conflict", `outbox entry ${id} is ${entry.state}: it is not sent again`);
  }
  const parked = entry.state === "parked";
  const again = entry.lostCreates > 0 ? "unknown" : "pending";
  await database
    .updateTable("outbox")
    .set({
      state: parked ? again : entry.state,
      attempts: 0,
      looks: 0,
      lost_creates: parked ? Math.min(entry.lostCreates, 1) : entry.lostCreates,
      next_attempt_at: now,
    })
    .where("number", "=", Number(entry.id))
    .execute();
  return (await entryOf(database, id)) ?? entry;
}

/**
 * When a claim can next give something: of what nothing blocks, the earliest end of both its wait and the leases of
 * its finding.
 */
const nextDue = fixedQuery((database, _values: Record<never, never>) =>
  database
    .selectFrom("outbox as entry")
    .leftJoin(
      database
        .selectFrom("outbox")
        .select(({ fn, ref }) => [ref("finding_id").as("leased_finding"), fn.max("lease_until").as("until")])
        .where("finished_at", "is", null)
        .where("lease_until", "is not", null)
        .groupBy("finding_id")
        .as("leased"),
      "leased.leased_finding",
      "entry.finding_id",
    )
    .select(
      sql<number | null>`min(case when leased.until > entry.next_attempt_at or entry.state = 'sending'
        then leased.until else entry.next_attempt_at end)`.as("due"),
    )
    .where("entry.finished_at", "is", null)
    .where("entry.state", "!=", sql.lit("parked"))
    // The builder here also knows the joined table; the condition looks at `entry` alone.
    .where((where) => notBlocked(where)),
);
