// The one path on better-sqlite3's own statements instead of Kysely. A tick of 1,000 quiet rules is 4,000 statements;
// built, compiled and awaited one by one they take about fifteen times as long as kept statements run in one synchronous
// stretch (numbers: README.md), and while they run nothing else in the process is served. PostgreSQL gets its own writer.
import type Sqlite from "better-sqlite3";
import { type Labels, labelsKey } from "../../model/labels.ts";
import { BackfeedError } from "../../support/errors.ts";
import { sha256 } from "../../support/hashing.ts";
import type { FindingCommit, MeasuredHistory, RuleCommit, RuleState, StormCommit, TickCommit } from "../store.ts";
import { encode, encodeText, keyNumber, keyText } from "./codec.ts";
import { encodeCounts } from "./counts.ts";
import { FindingWriter } from "./finding-writer.ts";
import { encodeMeasured } from "./measured-rows.ts";
import type { UnreadableRows } from "./unreadable-rows.ts";

export type RuleFailure = { ruleId: string; message: string };

/** Writes the rules of a tick. One for the life of its connection. */
export class TickWriter {
  readonly #database: Sqlite.Database;
  readonly #findings: FindingWriter;
  /** Numbers of what has been committed; bounded by how many rules there ever were. */
  readonly #rules = new Map<string, number>();
  readonly #schedules = new Map<string, number>();
  readonly #schedulesOfRules = new Map<number, Set<number>>();
  /** Of each rule what its row says beside the watermark. Right only while one process writes them, which the store's lock sees to. */
  readonly #stored = new Map<string, RuleState>();
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
  write(commit: TickCommit, rules: readonly RuleCommit[], storm?: StormCommit): RuleFailure[] {
    try {
      this.#transaction(commit, (schedule) => {
        if (storm !== undefined) this.#findings.writeStorm(storm);
        for (const rule of rules) this.#writeRule(rule, schedule, commit.tick);
      });
      return [];
    } catch {
      // Savepoints take as long as the rest, so they are left for when one of the rules cannot be stored.
      return this.#writeApart(commit, rules, storm);
    }
  }

  /** Findings that were decided between ticks, all or none. */
  writeFindings(commits: readonly FindingCommit[], storm?: StormCommit): void {
    const { begin, commit } = this.#statements;
    try {
      begin.run();
      if (storm !== undefined) this.#findings.writeStorm(storm);
      for (const each of commits) this.#findings.write(each);
      commit.run();
    } catch (thrown) {
      if (this.#database.inTransaction) this.#database.exec("rollback");
      this.#findings.forget();
      throw thrown;
    }
  }

  /** The same with a savepoint a rule, so that one bad rule fails alone. */
  #writeApart(commit: TickCommit, rules: readonly RuleCommit[], storm: StormCommit | undefined): RuleFailure[] {
    const failures: RuleFailure[] = [];
    const { savepoint, release, undo } = this.#statements;
    try {
      this.#transaction(commit, (schedule) => {
        if (storm !== undefined) this.#findings.writeStorm(storm);
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
            this.#forget(rule);
            failures.push({ ruleId: rule.state.ruleId, message: messageOf(thrown) });
          }
        }
      });
      return failures;
    } catch (thrown) {
      return rules.map((rule) => ({ ruleId: rule.state.ruleId, message: messageOf(thrown) }));
    }
  }

  /** Rolled back, with what was noted of it, when `work` throws. */
  #transaction(commit: TickCommit, work: (schedule: number) => void): void {
    try {
      this.#statements.begin.run();
      work(this.#scheduleNumber(commit.schedule));
      this.#statements.commit.run();
    } catch (thrown) {
      if (this.#database.inTransaction) this.#database.exec("rollback");
      for (const noted of [this.#rules, this.#schedules, this.#schedulesOfRules, this.#stored]) noted.clear();
      this.#findings.forget();
      throw thrown;
    }
  }

  #writeRule(commit: RuleCommit, schedule: number, tick: number): void {
    const { state } = commit;
    const { upsertAlert, deleteAlert, upsertLabels, deleteLabels, insertTick } = this.#statements;
    const rule = this.#ruleNumber(state.ruleId);
    this.#writeState(state, tick);
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
      const seenAt = keyNumber(seen.seenAt, "time a label set was seen");
      const template = seen.template === undefined ? null : encode(seen.template);
      upsertLabels.run(state.ruleId, hash, text, seenAt, seen.firstSeenAt ?? null, template);
    }
    for (const labels of commit.labelSetsForgotten) deleteLabels.run(state.ruleId, labelSetKey(labels).hash);
    if (commit.measured !== undefined) this.#writeMeasured(rule, commit.measured);
    this.#noteSchedule(schedule, rule);
    if (commit.counts !== undefined) {
      insertTick.run(schedule, keyNumber(tick, "tick"), rule, encodeCounts(commit.counts));
    }
    for (const finding of commit.findings) this.#findings.write(finding);
  }

  #writeMeasured(rule: number, { signal, keepForMs, windows }: MeasuredHistory): void {
    for (const { from, values } of windows) {
      const startedAt = keyNumber(from, "start of a measured window");
      const keepUntil = keyNumber(from + keepForMs, "time that a measured window is kept");
      this.#statements.upsertMeasured.run(
        rule,
        keyText(signal, "signal"),
        startedAt,
        keepUntil,
        encodeMeasured(values),
      );
    }
  }

  /** Nearly always nothing but the watermark moved. */
  #writeState(state: RuleState, tick: number): void {
    const { upsertState, moveWatermark } = this.#statements;
    const watermark = keyNumber(state.watermark, "watermark");
    const stored = this.#stored.get(state.ruleId);
    const isMoved = stored !== undefined && isSameButWatermark(stored, state);
    if (isMoved && moveWatermark.run(watermark, state.ruleId).changes > 0) return;
    upsertState.run(
      state.ruleId,
      keyText(state.identity, "rule's identity"),
      watermark,
      state.failingSince ?? null,
      state.lastFailure === undefined ? null : encodeText(state.lastFailure),
      keyText(state.shape, "rule's shape"),
      keyNumber(tick, "tick"),
      state.learned?.to ?? null,
      state.learned?.fullSince ?? null,
    );
    this.#stored.set(state.ruleId, state);
  }

  #ruleNumber(id: string): number {
    const known = this.#rules.get(id);
    if (known !== undefined) return known;
    const { insertRuleNumber, ruleNumber } = this.#statements;
    insertRuleNumber.run(keyText(id, "rule's id"));
    return note(this.#rules, id, ruleNumber.get(id));
  }

  #scheduleNumber(schedule: string): number {
    const known = this.#schedules.get(schedule);
    if (known !== undefined) return known;
    const { insertScheduleNumber, scheduleNumber } = this.#statements;
    insertScheduleNumber.run(keyText(schedule, "schedule"));
    return note(this.#schedules, schedule, scheduleNumber.get(schedule));
  }

  #noteSchedule(schedule: number, rule: number): void {
    const known = this.#schedulesOfRules.get(rule);
    if (known?.has(schedule)) return;
    this.#statements.insertRuleSchedule.run(rule, schedule);
    if (known === undefined) this.#schedulesOfRules.set(rule, new Set([schedule]));
    else known.add(schedule);
  }

  #forget({ state }: RuleCommit): void {
    const rule = this.#rules.get(state.ruleId);
    if (rule !== undefined) this.#schedulesOfRules.delete(rule);
    this.#rules.delete(state.ruleId);
    this.#stored.delete(state.ruleId);
    this.#findings.forget();
  }
}

function isSameButWatermark(a: RuleState, b: RuleState): boolean {
  return (
    a.identity === b.identity &&
    a.shape === b.shape &&
    a.failingSince === b.failingSince &&
    a.lastFailure === b.lastFailure &&
    a.learned?.to === b.learned?.to &&
    a.learned?.fullSince === b.learned?.fullSince
  );
}

function note(numbers: Map<string, number>, name: string, row: { readonly number: number } | undefined): number {
  if (row === undefined) throw new BackfeedError("internal", "no number was given to a rule or schedule");
  numbers.set(name, row.number);
  return row.number;
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
      `insert into rule_states (rule_id, identity, watermark, failing_since, last_failure, shape, watched_since,
         learned_to, full_since)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?)
       on conflict (rule_id) do update set identity = excluded.identity, watermark = excluded.watermark,
         failing_since = excluded.failing_since, last_failure = excluded.last_failure, shape = excluded.shape,
         learned_to = excluded.learned_to, full_since = excluded.full_since`,
    ),
    moveWatermark: prepare("update rule_states set watermark = ? where rule_id = ?"),
    upsertAlert: prepare(
      `insert into alerts (fingerprint, rule_id, group_key, body) values (?, ?, ?, ?)
       on conflict (fingerprint) do update set rule_id = excluded.rule_id, group_key = excluded.group_key,
         body = excluded.body`,
    ),
    deleteAlert: prepare("delete from alerts where fingerprint = ?"),
    upsertLabels: prepare(
      `insert into known_label_sets (rule_id, hash, labels, seen_at, first_seen_at, template) values (?, ?, ?, ?, ?, ?)
       on conflict (rule_id, hash) do update set seen_at = excluded.seen_at, first_seen_at = excluded.first_seen_at,
         template = excluded.template`,
    ),
    upsertMeasured: prepare(
      `insert into measured_windows (rule_number, signal, started_at, keep_until, body) values (?, ?, ?, ?, ?)
       on conflict (rule_number, signal, started_at) do update set keep_until = excluded.keep_until,
         body = excluded.body`,
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
