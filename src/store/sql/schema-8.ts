import { type Kysely, sql } from "kysely";
import type { Tables } from "./schema.ts";

/**
 * What rules with a baseline measured: a row for each rule and slot of time, all label sets in it, so that a tick adds one
 * row a rule. In the order in which they are read. Every statement but `without rowid` is also PostgreSQL's.
 */
export async function measuredSchema(database: Kysely<Tables>): Promise<void> {
  await database.schema
    .createTable("measured_windows")
    .addColumn("rule_number", "integer", (column) => column.notNull())
    .addColumn("signal", "text", (column) => column.notNull())
    .addColumn("started_at", "bigint", (column) => column.notNull())
    .addColumn("keep_until", "bigint", (column) => column.notNull())
    .addColumn("body", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("measured_windows_key", ["rule_number", "signal", "started_at"])
    .modifyEnd(sql`without rowid`)
    .execute();
  await database.schema.createIndex("measured_windows_by_end").on("measured_windows").column("keep_until").execute();
}
