// Longer than 70 lines in one function: a schema reads best as one list.
import { type Kysely, type RawBuilder, sql } from "kysely";
import type { Tables } from "./schema.ts";

/**
 * The first schema. Every statement is also PostgreSQL's, but for `sqliteOnly`: the keys of the two tables that take
 * a row per rule are their storage order there, so that a tick appends instead of touching a page per rule.
 */
export async function initialSchema(database: Kysely<Tables>): Promise<void> {
  const { schema } = database;
  const sqliteOnly: RawBuilder<unknown> = sql`without rowid`;
  /** Rises with every insert and is never given twice, since ids that people have seen are made of it. */
  const numbered = (table: string) =>
    schema.createTable(table).addColumn("number", "integer", (column) => column.primaryKey().autoIncrement());

  await schema
    .createTable("meta")
    .addColumn("key", "text", (column) => column.primaryKey().notNull())
    .addColumn("value", "text", (column) => column.notNull())
    .execute();
  await schema
    .createTable("rule_states")
    .addColumn("rule_id", "text", (column) => column.primaryKey().notNull())
    .addColumn("identity", "text", (column) => column.notNull())
    .addColumn("watermark", "bigint", (column) => column.notNull())
    .addColumn("failing_since", "bigint")
    .addColumn("last_failure", "text")
    .addColumn("shape", "text", (column) => column.notNull())
    .execute();
  await schema
    .createTable("alerts")
    .addColumn("fingerprint", "text", (column) => column.primaryKey().notNull())
    .addColumn("rule_id", "text", (column) => column.notNull())
    .addColumn("group_key", "text", (column) => column.notNull())
    .addColumn("body", "text", (column) => column.notNull())
    .execute();
  await schema
    .createTable("known_label_sets")
    .addColumn("rule_id", "text", (column) => column.notNull())
    .addColumn("hash", "text", (column) => column.notNull())
    .addColumn("labels", "text", (column) => column.notNull())
    .addColumn("seen_at", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("known_label_sets_key", ["rule_id", "hash"])
    .modifyEnd(sqliteOnly)
    .execute();

  await numbered("schedule_numbers")
    .addColumn("schedule", "text", (column) => column.notNull().unique())
    .execute();
  await numbered("rule_numbers")
    .addColumn("rule_id", "text", (column) => column.notNull().unique())
    .execute();
  await schema
    .createTable("rule_schedules")
    .addColumn("rule_number", "integer", (column) => column.notNull())
    .addColumn("schedule_number", "integer", (column) => column.notNull())
    .addPrimaryKeyConstraint("rule_schedules_key", ["rule_number", "schedule_number"])
    .execute();
  await schema
    .createTable("rule_ticks")
    .addColumn("schedule_number", "integer", (column) => column.notNull())
    .addColumn("tick", "bigint", (column) => column.notNull())
    .addColumn("rule_number", "integer", (column) => column.notNull())
    .addColumn("counts", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("rule_ticks_key", ["schedule_number", "tick", "rule_number"])
    .modifyEnd(sqliteOnly)
    .execute();
  await schema
    .createTable("ticks")
    .addColumn("schedule", "text", (column) => column.notNull())
    .addColumn("tick", "bigint", (column) => column.notNull())
    .addColumn("body", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("ticks_key", ["schedule", "tick"])
    .execute();
  await schema.createIndex("ticks_by_time").on("ticks").columns(["tick", "schedule"]).execute();

  await schema
    .createTable("findings")
    .addColumn("id", "text", (column) => column.primaryKey().notNull())
    .addColumn("group_key", "text", (column) => column.notNull().unique())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("band", "text", (column) => column.notNull())
    .addColumn("changed_at", "bigint", (column) => column.notNull())
    .addColumn("body", "text", (column) => column.notNull())
    .execute();
  await schema.createIndex("findings_by_change").on("findings").columns(["changed_at", "id"]).execute();
  await schema.createIndex("findings_by_state").on("findings").columns(["state", "changed_at", "id"]).execute();
  for (const [table, column] of [
    ["finding_rules", "rule_id"],
    ["finding_alerts", "fingerprint"],
  ] as const) {
    await schema
      .createTable(table)
      .addColumn(column, "text", (definition) => definition.notNull())
      .addColumn("finding_id", "text", (definition) =>
        definition.notNull().references("findings.id").onDelete("cascade"),
      )
      .addPrimaryKeyConstraint(`${table}_key`, [column, "finding_id"])
      .execute();
    await schema.createIndex(`${table}_by_finding`).on(table).column("finding_id").execute();
  }
  await numbered("finding_events")
    .addColumn("finding_id", "text", (column) => column.notNull().references("findings.id").onDelete("cascade"))
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("body", "text", (column) => column.notNull())
    .execute();
  await schema
    .createIndex("finding_events_by_finding")
    .on("finding_events")
    .columns(["finding_id", "at", "number"])
    .execute();
  await schema.createIndex("finding_events_by_time").on("finding_events").column("at").execute();

  await numbered("outbox")
    .addColumn("idempotency_key", "text", (column) => column.notNull().unique())
    .addColumn("finding_id", "text", (column) => column.notNull().references("findings.id"))
    .addColumn("group_key", "text", (column) => column.notNull())
    .addColumn("generation", "integer", (column) => column.notNull())
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("destination", "text")
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("rank", "double precision", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("attempts", "integer", (column) => column.notNull().defaultTo(0))
    .addColumn("looks", "integer", (column) => column.notNull().defaultTo(0))
    .addColumn("lost_creates", "integer", (column) => column.notNull().defaultTo(0))
    .addColumn("next_attempt_at", "bigint", (column) => column.notNull())
    .addColumn("lease_owner", "text")
    .addColumn("lease_until", "bigint")
    .addColumn("note", "text")
    .addColumn("finished_at", "bigint")
    .addColumn("body", "text", (column) => column.notNull())
    .execute();
  // Partial indexes are used where a query repeats their condition literally: what is open is not finished.
  await schema
    .createIndex("outbox_open")
    .on("outbox")
    .columns(["finding_id", "number"])
    .where(sql.ref("finished_at"), "is", null)
    .execute();
  await schema
    .createIndex("outbox_parked_creates")
    .on("outbox")
    .columns(["finding_id", "generation", "number"])
    .where(sql.ref("state"), "=", sql.lit("parked"))
    .where(sql.ref("kind"), "=", sql.lit("create"))
    .execute();
  await schema.createIndex("outbox_by_state").on("outbox").columns(["state", "number"]).execute();
  await schema.createIndex("outbox_by_finding").on("outbox").columns(["finding_id", "number"]).execute();
  await schema.createIndex("outbox_by_kind").on("outbox").columns(["kind", "created_at"]).execute();
  await schema.createIndex("outbox_by_end").on("outbox").column("finished_at").execute();
  await schema
    .createTable("outbox_spent_keys")
    .addColumn("idempotency_key", "text", (column) => column.primaryKey().notNull())
    .execute();

  await schema
    .createTable("tickets")
    .addColumn("finding_id", "text", (column) => column.notNull())
    .addColumn("generation", "integer", (column) => column.notNull())
    .addColumn("tracker", "text", (column) => column.notNull())
    .addColumn("issue_id", "text", (column) => column.notNull())
    .addColumn("issue_key", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("body", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("tickets_key", ["finding_id", "generation"])
    .execute();
  await schema.createIndex("tickets_by_key").on("tickets").column("issue_key").execute();
  await schema
    .createIndex("tickets_by_time")
    .on("tickets")
    .columns(["created_at", "finding_id", "generation"])
    .execute();
  await numbered("evidence")
    .addColumn("outbox_id", "text", (column) => column.notNull().unique())
    .addColumn("finding_id", "text", (column) => column.notNull())
    .addColumn("collected_at", "bigint", (column) => column.notNull())
    .addColumn("request", "text", (column) => column.notNull())
    .addColumn("body", "text", (column) => column.notNull())
    .addColumn("chart", "blob")
    .execute();
  await schema.createIndex("evidence_by_finding").on("evidence").columns(["finding_id", "collected_at"]).execute();
  await schema.createIndex("evidence_by_time").on("evidence").column("collected_at").execute();

  await schema
    .createTable("local_numbers")
    .addColumn("project", "text", (column) => column.primaryKey().notNull())
    .addColumn("last", "integer", (column) => column.notNull())
    .execute();
  await numbered("local_tickets")
    .addColumn("key", "text", (column) => column.notNull().unique())
    .addColumn("status_category", "text", (column) => column.notNull())
    .addColumn("body", "text", (column) => column.notNull())
    .execute();
  await schema
    .createIndex("local_tickets_by_category")
    .on("local_tickets")
    .columns(["status_category", "number"])
    .execute();
  await schema
    .createTable("local_ticket_labels")
    .addColumn("label", "text", (column) => column.notNull())
    .addColumn("ticket_number", "integer", (column) => column.notNull().references("local_tickets.number"))
    .addPrimaryKeyConstraint("local_ticket_labels_key", ["label", "ticket_number"])
    .execute();
  await schema.createIndex("local_ticket_labels_by_ticket").on("local_ticket_labels").column("ticket_number").execute();
  await schema
    .createTable("local_attachments")
    .addColumn("ticket_number", "integer", (column) => column.notNull().references("local_tickets.number"))
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("content_type", "text", (column) => column.notNull())
    .addColumn("bytes", "blob", (column) => column.notNull())
    .addPrimaryKeyConstraint("local_attachments_key", ["ticket_number", "name"])
    .execute();
}
