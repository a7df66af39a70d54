import { type Kysely, sql } from "kysely";
import type { RuleTickCounts } from "../store.ts";
import { decodeCounts } from "./counts.ts";
import type { Tables } from "./schema.ts";
import type { UnreadableRows } from "./unreadable-rows.ts";

/** Most ticks of one schedule that are walked through in search of one rule's. */
const maxWalk = 50_000;

/**
 * Counts of one rule, newest first. Rows lie in the order ticks write them (schedule, tick, rule), so that a tick of
 * 1,000 rules fills few pages; one rule's are found by walking a schedule's ticks backwards, one seek each, and only
 * on the schedules that the rule was ever on.
 */
export async function ruleTicks(
  database: Kysely<Tables>,
  ruleId: string,
  limit: number,
  unreadable: UnreadableRows,
): Promise<(RuleTickCounts & { tick: number })[]> {
  const schedules = await database
    .selectFrom("rule_numbers")
    .innerJoin("rule_schedules", "rule_schedules.rule_number", "rule_numbers.number")
    .select(["rule_schedules.schedule_number as schedule", "rule_numbers.number as rule"])
    .where("rule_numbers.rule_id", "=", ruleId)
    .execute();
  const rows: { tick: number; counts: string }[] = [];
  for (const { schedule, rule } of schedules) rows.push(...(await walk(database, schedule, rule, limit)));
  rows.sort((a, b) => b.tick - a.tick);
  return unreadable.read(
    rows.slice(0, limit),
    "rule_ticks",
    (row) => `${ruleId} ${row.tick}`,
    (row) => ({ ...decodeCounts(row.counts, `${ruleId} ${row.tick}`), tick: row.tick }),
  );
}

async function walk(database: Kysely<Tables>, schedule: number, rule: number, limit: number) {
  const walked = await sql<{ tick: number; counts: string }>`
    with recursive walk (tick, steps) as (
      select max(tick), 1 from rule_ticks where schedule_number = ${schedule}
      union all
      select (select max(earlier.tick) from rule_ticks as earlier
              where earlier.schedule_number = ${schedule} and earlier.tick < walk.tick), walk.steps + 1
      from walk where walk.tick is not null and walk.steps < ${maxWalk}
    )
    select rule_ticks.tick, rule_ticks.counts
    from walk cross join rule_ticks
    where rule_ticks.schedule_number = ${schedule} and rule_ticks.tick = walk.tick and rule_ticks.rule_number = ${rule}
    limit ${limit}`.execute(database);
  return walked.rows;
}
