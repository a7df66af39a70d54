import type { Kysely } from "kysely";
import type { Tables } from "./schema.ts";

/**
 * The later life of tickets: by what records are looked at, decided again and swept; people's edits; what webhooks
 * brought; how far each tracker's changes were asked for. Every statement is also PostgreSQL's.
 */
export async function ticketLifeSchema({ schema }: Kysely<Tables>): Promise<void> {
  await schema
    .alterTable("tickets")
    .addColumn("looked_at", "bigint", (column) => column.notNull().defaultTo(0))
    .execute();
  // Those that are there already are due: nothing has looked for duplicates of them.
  await schema
    .alterTable("tickets")
    .addColumn("sweep_at", "bigint", (column) => column.defaultTo(0))
    .execute();
  await schema.alterTable("tickets").addColumn("ended_at", "bigint").execute();
  await schema.alterTable("tickets").addColumn("attend_at", "bigint").execute();
  await schema.createIndex("tickets_by_look").on("tickets").columns(["tracker", "looked_at"]).execute();
  await schema.createIndex("tickets_by_sweep").on("tickets").columns(["tracker", "sweep_at"]).execute();
  await schema.createIndex("tickets_by_attention").on("tickets").column("attend_at").execute();
  await schema.createIndex("tickets_by_issue").on("tickets").columns(["tracker", "issue_id"]).execute();

  await schema
    .createTable("ticket_edits")
    .addColumn("number", "integer", (column) => column.primaryKey().autoIncrement())
    .addColumn("finding_id", "text", (column) => column.notNull())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("body", "text", (column) => column.notNull())
    .execute();
  await schema.createIndex("ticket_edits_by_finding").on("ticket_edits").columns(["finding_id", "number"]).execute();
  await schema.createIndex("ticket_edits_by_time").on("ticket_edits").column("at").execute();

  await schema
    .createTable("webhook_inbox")
    .addColumn("number", "integer", (column) => column.primaryKey().autoIncrement())
    .addColumn("tracker", "text", (column) => column.notNull())
    .addColumn("delivery_id", "text", (column) => column.notNull())
    .addColumn("done_at", "bigint")
    .addColumn("body", "text", (column) => column.notNull())
    .execute();
  await schema
    .createIndex("webhook_inbox_deliveries")
    .unique()
    .on("webhook_inbox")
    .columns(["tracker", "delivery_id"])
    .execute();
  await schema.createIndex("webhook_inbox_by_end").on("webhook_inbox").columns(["done_at", "tracker"]).execute();

  await schema
    .createTable("reconcile_marks")
    .addColumn("tracker", "text", (column) => column.primaryKey().notNull())
    .addColumn("reconciled_to", "bigint", (column) => column.notNull())
    .execute();
}
