import type { Kysely } from "kysely";
import type { Tables } from "./schema.ts";

/** Silences. Every statement is also PostgreSQL's. */
export async function silenceSchema({ schema }: Kysely<Tables>): Promise<void> {
  await schema
    .createTable("silences")
    .addColumn("number", "integer", (column) => column.primaryKey().autoIncrement())
    .addColumn("starts_at", "bigint", (column) => column.notNull())
    .addColumn("until", "bigint", (column) => column.notNull())
    .addColumn("body", "text", (column) => column.notNull())
    .execute();
  await schema.createIndex("silences_by_end").on("silences").column("until").execute();
}
