import { type Kysely, sql } from "kysely";
import type { FindingEvent } from "../../model/finding.ts";
import { BackfeedError } from "../../support/errors.ts";
import type { HistoryStore } from "../store.ts";
import { encode, keyNumber } from "./codec.ts";
import type { Connections } from "./connections.ts";
import { pageOf, rowLimit, startOf } from "./cursor.ts";
import { readEvent, readFinding, readOutboxEntry, readTick, readTicket } from "./rows.ts";
import { ruleTicks } from "./rule-ticks.ts";
import type { Tables } from "./schema.ts";
import type { UnreadableRows } from "./unreadable-rows.ts";

/** Events of a finding that are shown: the newest. */
const maxEvents = 2_000;

/**
 * What people read, always on the connection that waits for no transaction. Findings: what still happens before what is
 * over, each by band, then score, then what changed last; the rest by when it was made, newest first.
 */
export function createHistoryStore(options: { connections: Connections; unreadable: UnreadableRows }): HistoryStore {
  const { connections, unreadable } = options;
  return {
    findings: async (request) => {
      const after = startOf("findings", request, ["number", "number", "number", "string"]);
      const rows = await connections.read((database) => findingRows(database, request, after));
      return pageOf({
        list: "findings",
        request,
        rows,
        position: (row) => [row.standing, row.score, row.changed_at, row.id],
        read: (page) => unreadable.read(page, "findings", (row) => row.id, readFinding),
      });
    },

    countByReason: (reasons) =>
      connections.read(async (database) => {
        const counted = await database
          .selectFrom("findings")
          .select(({ fn }) => ["reason", fn.countAll<number>().as("findings")])
          .where("reason", "in", [...reasons])
          .groupBy("reason")
          .execute();
        return new Map(counted.map((row) => [row.reason ?? "", Number(row.findings)]));
      }),

    finding: (id) =>
      connections.read(async (database) => {
        const row = await database
          .selectFrom("findings")
          .select(["id", "body"])
          .where("id", "=", id)
          .executeTakeFirst();
        return row === undefined ? undefined : readFinding(row);
      }),

    findingByFingerprint: (fingerprint) =>
      connections.read(async (database) => {
        const row = (await findingOfAlert(database, fingerprint)) ?? (await findingListing(database, fingerprint));
        return row === undefined ? undefined : readFinding(row);
      }),

    events: async (findingId) => {
      const rows = await connections.read((database) =>
        database
          .selectFrom("finding_events")
          .select(["number", "body"])
          .where("finding_id", "=", findingId)
          .orderBy("at", "desc")
          .orderBy("number", "desc")
          .limit(maxEvents)
          .execute(),
      );
      return unreadable.read(rows.reverse(), "finding_events", (row) => String(row.number), readEvent);
    },

    outbox: async (request) => {
      const after = startOf("outbox", request, ["number"]);
      const rows = await connections.read((database) => {
        let query = database.selectFrom("outbox").selectAll();
        if (request.state !== undefined) query = query.where("state", "=", request.state);
        if (request.finding !== undefined) query = query.where("finding_id", "=", request.finding);
        if (after !== undefined) query = query.where("number", "<", after[0]);
        return query.orderBy("number", "desc").limit(rowLimit(request)).execute();
      });
      return pageOf({
        list: "outbox",
        request,
        rows,
        position: (row) => [row.number],
        read: (page) => unreadable.read(page, "outbox", (row) => String(row.number), readOutboxEntry),
      });
    },

    tickets: async (request) => {
      const after = startOf("tickets", request, ["number", "string", "number"]);
      const rows = await connections.read((database) => {
        let query = database.selectFrom("tickets").selectAll();
        if (after !== undefined) {
          query = query.where(({ eb, refTuple, tuple }) =>
            eb(refTuple("created_at", "finding_id", "generation"), "<", tuple(...after)),
          );
        }
        return query
          .orderBy("created_at", "desc")
          .orderBy("finding_id", "desc")
          .orderBy("generation", "desc")
          .limit(rowLimit(request))
          .execute();
      });
      return pageOf({
        list: "tickets",
        request,
        rows,
        position: (row) => [row.created_at, row.finding_id, row.generation],
        read: (page) => unreadable.read(page, "tickets", (row) => `${row.finding_id} ${row.generation}`, readTicket),
      });
    },

    ticks: async (request) => {
      const after = startOf("ticks", request, ["number", "string"]);
      const rows = await connections.read((database) => {
        let query = database.selectFrom("ticks").selectAll();
        if (request.schedule !== undefined) query = query.where("schedule", "=", request.schedule);
        if (after !== undefined) {
          query = query.where(({ eb, refTuple, tuple }) => eb(refTuple("tick", "schedule"), "<", tuple(...after)));
        }
        return query.orderBy("tick", "desc").orderBy("schedule", "desc").limit(rowLimit(request)).execute();
      });
      return pageOf({
        list: "ticks",
        request,
        rows,
        position: (row) => [row.tick, row.schedule],
        read: (page) => unreadable.read(page, "ticks", (row) => `${row.schedule} ${row.tick}`, readTick),
      });
    },

    ruleTicks: (ruleId, limit) => connections.read((database) => ruleTicks(database, ruleId, limit, unreadable)),

    addEvent: (findingId, event) => connections.writeDurably((database) => insertEvent(database, findingId, event)),
  };
}

/** How bad a finding is, as one number: 0 to 9. */
const standing = sql<number>`(case when state in ('open', 'regressed') then 5 else 0 end
  + case band when 'Highest' then 4 when 'High' then 3 when 'Medium' then 2 when 'Low' then 1 else 0 end)`;

type FindingFilter = Parameters<HistoryStore["findings"]>[0];

async function findingRows(
  database: Kysely<Tables>,
  request: FindingFilter,
  after: readonly [number, number, number, string] | undefined,
): Promise<{ id: string; score: number; changed_at: number; body: string; standing: number }[]> {
  let query = database.selectFrom("findings").select(["id", "score", "changed_at", "body", standing.as("standing")]);
  if (request.state !== undefined) query = query.where("state", "=", request.state);
  if (request.band !== undefined) query = query.where("band", "=", request.band);
  if (request.rule !== undefined) {
    const ofRule = database.selectFrom("finding_rules").select("finding_id").where("rule_id", "=", request.rule);
    query = query.where("id", "in", ofRule);
  }
  if (request.reason !== undefined) query = query.where("reason", "=", request.reason);
  if (request.storm !== undefined) query = query.where("storm", "=", request.storm);
  if (after !== undefined) {
    const [worst, score, changedAt, id] = after;
    query = query.where(sql<boolean>`(${standing}, score, changed_at, id) < (${worst}, ${score}, ${changedAt}, ${id})`);
  }
  return query
    .orderBy(standing, "desc")
    .orderBy("score", "desc")
    .orderBy("changed_at", "desc")
    .orderBy("id", "desc")
    .limit(rowLimit(request))
    .execute();
}

/** Of a living alert: by its group key, also when the finding is too large to list it. */
function findingOfAlert(database: Kysely<Tables>, fingerprint: string) {
  return database
    .selectFrom("alerts")
    .innerJoin("findings", "findings.group_key", "alerts.group_key")
    .select(["findings.id", "findings.body"])
    .where("alerts.fingerprint", "=", fingerprint)
    .executeTakeFirst();
}

function findingListing(database: Kysely<Tables>, fingerprint: string) {
  return database
    .selectFrom("finding_alerts")
    .innerJoin("findings", "findings.id", "finding_alerts.finding_id")
    .select(["findings.id", "findings.body"])
    .where("finding_alerts.fingerprint", "=", fingerprint)
    .orderBy("findings.changed_at", "desc")
    .limit(1)
    .executeTakeFirst();
}

/** Adds to a timeline inside a transaction of others. Throws `not_found` for a finding that is not stored. */
export async function insertEvent(database: Kysely<Tables>, findingId: string, event: FindingEvent): Promise<void> {
  const known = await database.selectFrom("findings").select("id").where("id", "=", findingId).executeTakeFirst();
  if (known === undefined) throw new BackfeedError("not_found", `there is no finding ${JSON.stringify(findingId)}`);
  await database
    .insertInto("finding_events")
    .values({ finding_id: findingId, at: keyNumber(event.at, "time of the event"), body: encode(event) })
    .execute();
}
