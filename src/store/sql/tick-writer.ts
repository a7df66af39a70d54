// The one path on better-sqlite3's own statements instead of Kysely. A tick of 1,000 quiet rules is 4,000 statements;
// built, compiled and awaited one by one they take about fifteen times as long as kept statements run in one synchronous
// stretch (numbers: README.md), and while they run nothing else in the process is served. PostgreSQL gets its own writer.
import type Sqlite from "better-sqlite3";
import { type Labels, labelsKey } from "../../model/labels.ts";
import { BackfeedError } from "../../support/errors.ts";
import { sha256 } from "../../support/hashing.ts";
import type { RuleCommit, TickCommit } from "../store.ts";
import { encode, encodeText, keyNumber, keyText } from "./codec.ts";
import { encodeCounts } from "./counts.ts";
import { FindingWriter } from "./finding-writer.ts";
import type { UnreadableRows } from "./unreadable-rows.ts";

export type RuleFailure = { ruleId: string; message: string };

/** Writes the rules of a tick, each under its savepoint. One for the life of its connection. */
export class TickWriter {
  readonly #database: Sqlite.Database;
  readonly #findings: FindingWriter;
  /** Numbers of what has been committed, `rule` or `schedule rule`; bounded by how many rules there ever were. */
  readonly #numbers = new Map<string, number>();
  readonly #statements;

  constructor(options: { database: Sqlite.Database; unreadable: UnreadableRows }) {
    const { database } = options;
    this.#database = database;
    this.#findings = new FindingWriter(options);
    this.#statements = prepareStatements(database);
  }

  /**
   * One transaction with these rules of the tick, at most 100. Rules that cannot be stored are given back with the
   * reason; when the transaction itself fails (a full disk), that is all of them.
   */
  write(commit: TickCommit, rules: readonly RuleCommit[]): RuleFailure[] {
    const failures: RuleFailure[] = [];
    const { begin, commit: end, savepoint, release, undo } = this.#statements;
    try {
      begin.run();
      const schedule = this.#number("schedule", commit.schedule);
      for (const rule of rules) {
        savepoint.run();
        try {
          this.#writeRule(rule, schedule, commit.tick);
          release.run();
        } catch (thrown) {
          // After some errors (disk full) SQLite has rolled the whole transaction back by itself.
          if (!this.#database.inTransaction) throw thrown;
          undo.run();
          release.run();
          this.#forget(rule, schedule);
          failures.push({ ruleId: rule.state.ruleId, message: messageOf(thrown) });
        }
      }
      end.run();
      return failures;
    } catch (thrown) {
      if (this.#database.inTransaction) this.#database.exec("rollback");
      this.#numbers.clear();
      return rules.map((rule) => ({ ruleId: rule.state.ruleId, message: messageOf(thrown) }));
    }
  }

  #writeRule(commit: RuleCommit, schedule: number, tick: number): void {
    const { state } = commit;
    const { upsertState, upsertAlert, deleteAlert, upsertLabels, deleteLabels, insertTick } = this.#statements;
    const rule = this.#number("rule", state.ruleId);
    upsertState.run(
      state.ruleId,
      keyText(state.identity, "rule's identity"),
      keyNumber(state.watermark, "watermark"),
      state.failingSince ?? null,
      state.lastFailure === undefined ? null : encodeText(state.lastFailure),
      keyText(state.shape, "rule's shape"),
    );
    for (const alert of commit.alertsChanged) {
      upsertAlert.run(
        keyText(alert.fingerprint, "alert's fingerprint"),
        state.ruleId,
        keyText(alert.groupKey, "alert's group key"),
        encode(alert),
      );
    }
    for (const fingerprint of commit.alertsEnded) deleteAlert.run(fingerprint);
    for (const seen of commit.labelSetsSeen) {
      const { hash, text } = labelSetKey(seen.labels);
      upsertLabels.run(state.ruleId, hash, text, keyNumber(seen.seenAt, "time a label set was seen"));
    }
    for (const labels of commit.labelSetsForgotten) deleteLabels.run(state.ruleId, labelSetKey(labels).hash);
    this.#noteSchedule(schedule, rule);
    insertTick.run(schedule, keyNumber(tick, "tick"), rule, encodeCounts(commit.counts));
    for (const finding of commit.findings) this.#findings.write(finding);
  }

  #number(kind: "rule" | "schedule", name: string): number {
    const key = `${kind} ${name}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    keyText(name, kind === "rule" ? "rule's id" : "schedule");
    const { insertRuleNumber, ruleNumber, insertScheduleNumber, scheduleNumber } = this.#statements;
    (kind === "rule" ? insertRuleNumber : insertScheduleNumber).run(name);
    const row = (kind === "rule" ? ruleNumber : scheduleNumber).get(name);
    if (row === undefined) throw new BackfeedError("internal", `no number was given to the ${kind}`);
    this.#numbers.set(key, row.number);
    return row.number;
  }

  #noteSchedule(schedule: number, rule: number): void {
    const key = `${schedule} ${rule}`;
    if (this.#numbers.has(key)) return;
    this.#statements.insertRuleSchedule.run(rule, schedule);
    this.#numbers.set(key, schedule);
  }

  #forget(rule: RuleCommit, schedule: number): void {
    const key = `rule ${rule.state.ruleId}`;
    this.#numbers.delete(`${schedule} ${this.#numbers.get(key)}`);
    this.#numbers.delete(key);
  }
}

/** Labels are hostile and of any length: they are found by their hash. */
function labelSetKey(labels: Labels): { hash: string; text: string } {
  const text = labelsKey(labels);
  return { hash: sha256(text), text };
}

function prepareStatements(database: Sqlite.Database) {
  const prepare = (text: string) => database.prepare<unknown[]>(text);
  const numbered = (text: string) => database.prepare<unknown[], { number: number }>(text);
  return {
    begin: prepare("begin immediate"),
    commit: prepare("commit"),
    savepoint: prepare("savepoint rule_commit"),
    release: prepare("release savepoint rule_commit"),
    undo: prepare("rollback to savepoint rule_commit"),
    upsertState: prepare(
      `insert into rule_states (rule_id, identity, watermark, failing_since, last_failure, shape)
       values (?, ?, ?, ?, ?, ?)
       on conflict (rule_id) do update set identity = excluded.identity, watermark = excluded.watermark,
         failing_since = excluded.failing_since, last_failure = excluded.last_failure, shape = excluded.shape`,
    ),
    upsertAlert: prepare(
      `insert into alerts (fingerprint, rule_id, group_key, body) values (?, ?, ?, ?)
       on conflict (fingerprint) do update set rule_id = excluded.rule_id, group_key = excluded.group_key,
         body = excluded.body`,
    ),
    deleteAlert: prepare("delete from alerts where fingerprint = ?"),
    upsertLabels: prepare(
      `insert into known_label_sets (rule_id, hash, labels, seen_at) values (?, ?, ?, ?)
       on conflict (rule_id, hash) do update set seen_at = excluded.seen_at`,
    ),
    deleteLabels: prepare("delete from known_label_sets where rule_id = ? and hash = ?"),
    insertRuleNumber: prepare("insert into rule_numbers (rule_id) values (?) on conflict (rule_id) do nothing"),
    ruleNumber: numbered("select number from rule_numbers where rule_id = ?"),
    insertScheduleNumber: prepare(
      "insert into schedule_numbers (schedule) values (?) on conflict (schedule) do nothing",
    ),
    scheduleNumber: numbered("select number from schedule_numbers where schedule = ?"),
    insertRuleSchedule: prepare(
      "insert into rule_schedules (rule_number, schedule_number) values (?, ?) on conflict do nothing",
    ),
    insertTick: prepare(
      `insert into rule_ticks (schedule_number, tick, rule_number, counts) values (?, ?, ?, ?)
       on conflict (schedule_number, tick, rule_number) do update set counts = excluded.counts`,
    ),
  };
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
