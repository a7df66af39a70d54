import type { Kysely } from "kysely";
import { isMapping } from "../../support/mapping.ts";
import type { Tables } from "./schema.ts";

/** Rows that are in memory at once. */
const chunk = 200;

/**
 * The score as a column that findings are ordered by; for stored ones it is taken out of their body, as it was written
 * when this schema came. Every statement is also PostgreSQL's.
 */
export async function scoreSchema(database: Kysely<Tables>): Promise<void> {
  await database.schema
    .alterTable("findings")
    .addColumn("score", "double precision", (column) => column.notNull().defaultTo(0))
    .execute();
  for (let last = ""; ; ) {
    const rows = await database
      .selectFrom("findings")
      .select(["id", "body"])
      .where("id", ">", last)
      .orderBy("id")
      .limit(chunk)
      .execute();
    for (const { id, body } of rows) {
      last = id;
      const score = scoreIn(body);
      if (score !== 0) await database.updateTable("findings").set({ score }).where("id", "=", id).execute();
    }
    if (rows.length < chunk) return;
  }
}

/** 0 for a finding without a priority, and for a body that cannot be read: that is told where it is read. */
function scoreIn(body: string): number {
  try {
    const stored: unknown = JSON.parse(body);
    const finding = isMapping(stored) ? stored["body"] : undefined;
    const priority = isMapping(finding) ? finding["priority"] : undefined;
    const score = isMapping(priority) ? priority["score"] : undefined;
    return typeof score === "number" && Number.isFinite(score) ? score : 0;
  } catch {
    return 0;
  }
}
