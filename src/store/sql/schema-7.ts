import type { Kysely } from "kysely";
import type { Tables } from "./schema.ts";

/**
 * Storms, and by what findings are found that wait for a ticket: the reason of the last decision, when a ticket was
 * first wished for, the storm they belong to. What is stored already gets these when it is decided next, but for what
 * waits for a cap: that is taken out of its body, since it is decided next because it waits. Every statement is also
 * PostgreSQL's.
 */
export async function stormSchema(database: Kysely<Tables>): Promise<void> {
  const { schema } = database;
  await schema.alterTable("findings").addColumn("reason", "text").execute();
  await schema.alterTable("findings").addColumn("wished_at", "bigint").execute();
  await schema.alterTable("findings").addColumn("storm", "text").execute();
  // More than those may match, where a text says the same: who reads them looks at the decision itself.
  await database
    .updateTable("findings")
    .set({ reason: "over_cap" })
    .where("body", "like", '%"reason":"over_cap"%')
    .execute();
  await schema.createIndex("findings_by_reason").on("findings").columns(["reason", "score", "id"]).execute();
  await schema.createIndex("findings_by_wish").on("findings").column("wished_at").execute();
  await schema.createIndex("findings_by_storm").on("findings").columns(["storm", "score", "id"]).execute();
  await schema
    .createTable("storms")
    .addColumn("id", "text", (column) => column.primaryKey().notNull())
    .addColumn("opened_at", "bigint", (column) => column.notNull())
    .addColumn("ended_at", "bigint")
    .addColumn("body", "text", (column) => column.notNull())
    .execute();
  await schema.createIndex("storms_by_end").on("storms").columns(["ended_at", "opened_at"]).execute();
}
