import { type Kysely, sql } from "kysely";
import type { Tables } from "./schema.ts";

/** Deploys; and since when each rule is known to have watched. Every statement is also PostgreSQL's. */
export async function deploySchema(database: Kysely<Tables>): Promise<void> {
  const { schema } = database;
  await schema
    .createTable("deploys")
    .addColumn("number", "integer", (column) => column.primaryKey().autoIncrement())
    .addColumn("deploy_key", "text", (column) => column.notNull())
    .addColumn("service_key", "text", (column) => column.notNull())
    .addColumn("begin_at", "bigint", (column) => column.notNull())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("body", "text", (column) => column.notNull())
    .execute();
  await schema.createIndex("deploys_by_key").unique().on("deploys").column("deploy_key").execute();
  await schema.createIndex("deploys_by_service").on("deploys").columns(["service_key", "at"]).execute();
  await schema.createIndex("deploys_by_time").on("deploys").columns(["at", "number"]).execute();

  await schema.alterTable("rule_states").addColumn("watched_since", "bigint").execute();
  // Of rules that are there already, what is left of their ticks tells.
  await sql`update rule_states set watched_since = coalesce(
    (select min(tick) from rule_ticks join rule_numbers on rule_numbers.number = rule_ticks.rule_number
      where rule_numbers.rule_id = rule_states.rule_id), watermark)`.execute(database);
}
