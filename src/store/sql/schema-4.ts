import type { Kysely } from "kysely";
import { isMapping } from "../../support/mapping.ts";
import type { Tables } from "./schema.ts";

/** Rows that are in memory at once. */
const chunk = 200;

/**
 * When a ticket of the embedded backlog last changed, as a column that reconcile asks by; for stored ones it is taken out
 * of their body. Every statement is also PostgreSQL's.
 */
export async function ticketChangeSchema(database: Kysely<Tables>): Promise<void> {
  const { schema } = database;
  await schema
    .alterTable("local_tickets")
    .addColumn("updated_at", "bigint", (column) => column.notNull().defaultTo(0))
    .execute();
  await schema.createIndex("local_tickets_by_change").on("local_tickets").columns(["updated_at", "number"]).execute();
  for (let last = 0; ; ) {
    const rows = await database
      .selectFrom("local_tickets")
      .select(["number", "body"])
      .where("number", ">", last)
      .orderBy("number")
      .limit(chunk)
      .execute();
    for (const { number, body } of rows) {
      last = number;
      const at = changedAt(body);
      await database.updateTable("local_tickets").set({ updated_at: at }).where("number", "=", number).execute();
    }
    if (rows.length < chunk) return;
  }
}

/** 0 for a body that cannot be read: that is told where it is read. */
function changedAt(body: string): number {
  try {
    const stored: unknown = JSON.parse(body);
    const ticket = isMapping(stored) ? stored["body"] : undefined;
    const at = isMapping(ticket) ? ticket["updatedAt"] : undefined;
    return typeof at === "number" && Number.isSafeInteger(at) ? at : 0;
  } catch {
    return 0;
  }
}
