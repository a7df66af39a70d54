import { type ExpressionBuilder, type Kysely, sql } from "kysely";
import type { OutboxEntry } from "../../model/outbox.ts";
import { encodeText } from "./codec.ts";
import { fixedQuery } from "./fixed-query.ts";
import { readOutboxEntry } from "./rows.ts";
import type { Tables } from "./schema.ts";
import type { UnreadableRows } from "./unreadable-rows.ts";

type Outbox = ExpressionBuilder<Tables & { entry: Tables["outbox"] }, "entry">;

/**
 * Entries of one finding go out one by one, in the order they were decided: a comment waits for its create. So what
 * stands before an entry blocks it while it is open. A parked entry blocks nothing, except that a parked create holds
 * back what else is meant for the ticket it would have made (its generation); what it holds back blocks nothing either,
 * so that a second ticket can be filed when the first is given up. Of one finding at most one entry is not blocked.
 */
export function notBlocked(where: Outbox) {
  return where.and([
    where.not(where.exists(parkedCreateBefore(where, "entry"))),
    where.not(
      where.exists(
        where
          .selectFrom("outbox as before")
          .select("before.number")
          .whereRef("before.finding_id", "=", "entry.finding_id")
          .whereRef("before.number", "<", "entry.number")
          .where("before.finished_at", "is", null)
          .where("before.state", "!=", sql.lit("parked"))
          .where((earlier) => earlier.not(earlier.exists(parkedCreateBefore(earlier, "before")))),
      ),
    ),
  ]);
}

function parkedCreateBefore(where: { selectFrom: Outbox["selectFrom"] }, table: "entry" | "before") {
  return where
    .selectFrom("outbox as parked")
    .select("parked.number")
    .where("parked.state", "=", sql.lit("parked"))
    .where("parked.kind", "=", sql.lit("create"))
    .where("parked.finding_id", "=", sql.ref<string>(`${table}.finding_id`))
    .where("parked.generation", "=", sql.ref<number>(`${table}.generation`))
    .where("parked.number", "<", sql.ref<number>(`${table}.number`));
}

/** A parked entry that an operator made due again may stand before one that is on its way: that one ends first. */
function noneOnItsWay(where: Outbox, now: number) {
  return where.not(
    where.exists(
      where
        .selectFrom("outbox as other")
        .select("other.number")
        .whereRef("other.finding_id", "=", "entry.finding_id")
        .where("other.finished_at", "is", null)
        .where("other.lease_until", ">", now),
    ),
  );
}

// States stand in it as literals: where a value is bound that an index's condition names, SQLite plans anew at every run.
const dueEntries = (limit: number) =>
  fixedQuery((database, { now }: { now: number }) =>
    database
      .selectFrom("outbox as entry")
      .selectAll()
      .where((where) =>
        where.or([
          where.and([
            where("state", "in", [sql.lit("pending"), sql.lit("unknown")]),
            where("next_attempt_at", "<=", now),
          ]),
          where("state", "=", sql.lit("sending")),
        ]),
      )
      .where("finished_at", "is", null)
      .where((where) => where.or([where("lease_until", "is", null), where("lease_until", "<=", now)]))
      .where(notBlocked)
      .where((where) => noneOnItsWay(where, now))
      .orderBy(sql`case when entry.kind = 'create' then 0 else 1 end`)
      .orderBy("rank", "desc")
      .orderBy("created_at")
      .orderBy("number")
      .limit(limit),
  );

/** By how many entries a worker takes at once, which is one number for each worker. */
const dueByLimit = new Map<number, ReturnType<typeof dueEntries>>();

/** The claim of OutboxStore, inside its transaction. */
export async function claimEntries(
  database: Kysely<Tables>,
  request: { now: number; owner: string; leaseMs: number; limit: number },
  unreadable: UnreadableRows,
): Promise<OutboxEntry[]> {
  const { now } = request;
  const { limit } = request;
  const entriesDue = dueByLimit.get(limit) ?? dueEntries(limit);
  dueByLimit.set(limit, entriesDue);
  const due = await entriesDue(database, { now });

  const until = now + request.leaseMs;
  const broken: number[] = [];
  const entries = unreadable.read(
    due,
    "outbox",
    (row) => String(row.number),
    (row) => {
      const entry = readOutboxEntry(row);
      const taken = { ...entry, lease: { owner: request.owner, until } };
      // A create whose sender died is one whose answer was lost: it is counted, and looked for from the beginning.
      if (entry.state !== "sending") return taken;
      return { ...taken, state: "unknown" as const, looks: 0, lostCreates: entry.lostCreates + 1 };
    },
    (row) => broken.push(row.number),
  );
  for (const entry of entries) {
    await database
      .updateTable("outbox")
      .set({
        state: entry.state,
        looks: entry.looks,
        lost_creates: entry.lostCreates,
        lease_owner: request.owner,
        lease_until: until,
      })
      .where("number", "=", Number(entry.id))
      .execute();
  }
  for (const number of broken) {
    const note = encodeText("the stored entry cannot be read");
    await database.updateTable("outbox").set({ state: "parked", note }).where("number", "=", number).execute();
  }
  return entries;
}
