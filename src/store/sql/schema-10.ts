import type { Kysely } from "kysely";
import type { Tables } from "./schema.ts";

/**
 * What rules of the form `new` know: since when each value or pattern, what a pattern looks like, how far a rule has learned.
 * Every statement is also PostgreSQL's.
 */
export async function knownValueSchema(database: Kysely<Tables>): Promise<void> {
  const { schema } = database;
  await schema.alterTable("known_label_sets").addColumn("first_seen_at", "bigint").execute();
  await schema.alterTable("known_label_sets").addColumn("template", "text").execute();
  await schema.alterTable("rule_states").addColumn("learned_to", "bigint").execute();
  await schema.alterTable("rule_states").addColumn("full_since", "bigint").execute();
}
