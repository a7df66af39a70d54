import { type ExpressionBuilder, type Kysely, sql } from "kysely";
import type { OutboxEntry } from "../../model/outbox.ts";
import { encodeText } from "./codec.ts";
import { readOutboxEntry } from "./rows.ts";
import type { Tables } from "./schema.ts";
import type { UnreadableRows } from "./unreadable-rows.ts";

type Outbox = ExpressionBuilder<Tables & { entry: Tables["outbox"] }, "entry">;

/**
 * Entries of one finding go out one by one, in the order they were decided: a comment waits for its create. So what
 * stands before an entry blocks it while it is open. A parked entry blocks nothing, except that a parked create blocks
 * what else is meant for the ticket it would have made (the same generation).
 */
export function notBlocked(where: Outbox) {
  return where.not(
    where.exists(
      where
        .selectFrom("outbox as before")
        .select("before.number")
        .whereRef("before.finding_id", "=", "entry.finding_id")
        .whereRef("before.number", "<", "entry.number")
        .where("before.state", "in", ["pending", "sending", "unknown", "parked"])
        .where((earlier) =>
          earlier.or([
            earlier("before.state", "!=", "parked"),
            earlier.and([
              earlier("before.kind", "=", "create"),
              earlier("before.generation", "=", earlier.ref("entry.generation")),
            ]),
          ]),
        ),
    ),
  );
}

/** A parked entry that an operator made due again may stand before one that is on its way: that one ends first. */
function noneOnItsWay(where: Outbox, now: number) {
  return where.not(
    where.exists(
      where
        .selectFrom("outbox as other")
        .select("other.number")
        .whereRef("other.finding_id", "=", "entry.finding_id")
        .where("other.state", "in", ["pending", "sending", "unknown", "parked"])
        .where("other.lease_until", ">", now),
    ),
  );
}

/** The claim of OutboxStore, inside its transaction. */
export async function claimEntries(
  database: Kysely<Tables>,
  request: { now: number; owner: string; leaseMs: number; limit: number },
  unreadable: UnreadableRows,
): Promise<OutboxEntry[]> {
  const { now } = request;
  const due = await database
    .selectFrom("outbox as entry")
    .selectAll()
    .where((where) =>
      where.or([
        where.and([where("state", "in", ["pending", "unknown"]), where("next_attempt_at", "<=", now)]),
        where("state", "=", "sending"),
      ]),
    )
    .where((where) => where.or([where("lease_until", "is", null), where("lease_until", "<=", now)]))
    .where(notBlocked)
    .where((where) => noneOnItsWay(where, now))
    .orderBy(sql`case when entry.kind = 'create' then 0 else 1 end`)
    .orderBy("rank", "desc")
    .orderBy("created_at")
    .orderBy("number")
    .limit(request.limit)
    .execute();

  const until = now + request.leaseMs;
  const broken: number[] = [];
  const entries = unreadable.read(
    due,
    "outbox",
    (row) => String(row.number),
    (row) => {
      const entry = readOutboxEntry(row);
      const state = entry.state === "sending" ? ("unknown" as const) : entry.state;
      return { ...entry, state, lease: { owner: request.owner, until } };
    },
    (row) => broken.push(row.number),
  );
  for (const entry of entries) {
    await database
      .updateTable("outbox")
      .set({ state: entry.state, lease_owner: request.owner, lease_until: until })
      .where("number", "=", Number(entry.id))
      .execute();
  }
  for (const number of broken) {
    const note = encodeText("the stored entry cannot be read");
    await database.updateTable("outbox").set({ state: "parked", note }).where("number", "=", number).execute();
  }
  return entries;
}
