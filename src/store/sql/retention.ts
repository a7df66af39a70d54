import { type Kysely, sql } from "kysely";
import type { Store } from "../store.ts";
import type { Connections } from "./connections.ts";
import type { Tables } from "./schema.ts";

/** A received alert that nobody has spoken of for this long has vanished long ago, or was verified. */
const unheardForMs = 30 * 86_400_000;
/** Most rows that one call deletes of one kind, so that the writer is never held for long; the caller calls again. */
const rowsPerKind = 5_000;

/**
 * Deletes what is older than its time, each kind in a transaction of its own; gives how many rows. What is still
 * needed stays however old: evidence of entries that are not delivered, events of findings that are open or changed
 * since. Idempotency keys of deleted entries are kept for ever.
 */
export async function retain(connections: Connections, before: Parameters<Store["retain"]>[0]): Promise<number> {
  const { ref } = sql;
  const unfinished = sql`('pending', 'sending', 'unknown', 'parked')`;
  const deletions = [
    sql`delete from rule_ticks where (schedule_number, tick, rule_number) in (
        select schedule_number, tick, rule_number from rule_ticks
        where schedule_number in (select number from schedule_numbers) and tick < ${before.ticks} limit ${rowsPerKind})`,
    sql`delete from ticks where (schedule, tick) in (
        select schedule, tick from ticks where tick < ${before.ticks} limit ${rowsPerKind})`,
    sql`delete from evidence where number in (
        select evidence.number from evidence where collected_at < ${before.evidence} and not exists (
          select 1 from outbox where cast(outbox.number as text) = evidence.outbox_id and outbox.state in ${unfinished})
        limit ${rowsPerKind})`,
    sql`delete from finding_events where number in (
        select finding_events.number from finding_events join findings on findings.id = finding_events.finding_id
        where finding_events.at < ${before.events} and findings.changed_at < ${before.events}
          and ${ref("findings.state")} not in ('open', 'regressed') limit ${rowsPerKind})`,
    sql`delete from silences where number in (
        select number from silences where until < ${before.events} limit ${rowsPerKind})`,
    sql`delete from storms where id in (
        select id from storms where ended_at < ${before.events} limit ${rowsPerKind})`,
    sql`delete from ticket_edits where number in (
        select number from ticket_edits where at < ${before.events} limit ${rowsPerKind})`,
    sql`delete from deploys where number in (
        select number from deploys where at < ${before.deploys} limit ${rowsPerKind})`,
    sql`delete from received_alerts where hash in (
        select hash from received_alerts where heard_at < ${before.now - unheardForMs} limit ${rowsPerKind})`,
    sql`delete from webhook_inbox where number in (
        select number from webhook_inbox where done_at < ${before.ticks} limit ${rowsPerKind})`,
    sql`delete from measured_windows where (rule_number, signal, started_at) in (
        select rule_number, signal, started_at from measured_windows
        where keep_until < ${before.now} limit ${rowsPerKind})`,
  ];
  let deleted = 0;
  for (const deletion of deletions) {
    const done = await connections.write((database) => deletion.execute(database));
    deleted += Number(done.numAffectedRows ?? 0);
  }
  return deleted + (await connections.write((database) => deleteFinished(database, before.outbox)));
}

async function deleteFinished(database: Kysely<Tables>, before: number): Promise<number> {
  const finished = await database
    .selectFrom("outbox")
    .select(["number", "idempotency_key"])
    .where("finished_at", "<", before)
    .where("state", "in", ["done", "dropped"])
    .orderBy("number")
    .limit(rowsPerKind)
    .execute();
  for (const { number, idempotency_key } of finished) {
    await database
      .insertInto("outbox_spent_keys")
      .values({ idempotency_key })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    await database.deleteFrom("outbox").where("number", "=", number).execute();
  }
  return finished.length;
}
