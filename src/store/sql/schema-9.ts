import type { Kysely } from "kysely";
import type { Tables } from "./schema.ts";

/** Alerts that other systems raise, by their label sets. Every statement is also PostgreSQL's. */
export async function receivedAlertSchema(database: Kysely<Tables>): Promise<void> {
  const { schema } = database;
  await schema
    .createTable("received_alerts")
    .addColumn("hash", "text", (column) => column.primaryKey().notNull())
    .addColumn("heard_at", "bigint", (column) => column.notNull())
    .addColumn("ended", "integer", (column) => column.notNull())
    .addColumn("body", "text", (column) => column.notNull())
    .execute();
  await schema.createIndex("received_alerts_by_hearing").on("received_alerts").columns(["ended", "heard_at"]).execute();
}
