import type Sqlite from "better-sqlite3";
import type { Finding, FindingEvent } from "../../model/finding.ts";
import type { OutboxDraft } from "../../model/outbox.ts";
import { BackfeedError } from "../../support/errors.ts";
import type { FindingCommit, StormCommit } from "../store.ts";
import { encode, keyNumber, keyText } from "./codec.ts";
import { writeOutboxBody } from "./rows.ts";
import type { UnreadableRows } from "./unreadable-rows.ts";

/** Findings whose lists are remembered, and the longest list that is. */
const mostRemembered = 20_000;
const longestRemembered = 50;

/** Writes a finding with what was decided for it, inside the transaction of its tick (see tick-writer.ts). */
export class FindingWriter {
  readonly #unreadable: UnreadableRows;
  readonly #statements;
  /** What each finding was last written to be found by: it seldom changes, and is written at every tick that touches the finding. */
  readonly #found = new Map<string, string>();

  constructor(options: { database: Sqlite.Database; unreadable: UnreadableRows }) {
    this.#unreadable = options.unreadable;
    this.#statements = prepareStatements(options.database);
  }

  writeStorm({ storm, findings }: StormCommit): void {
    this.#statements.upsertStorm.run(
      keyText(storm.id, "storm's id"),
      keyNumber(storm.openedAt, "time the storm opened"),
      storm.endedAt ?? null,
      encode(storm),
    );
    for (const each of findings) this.write(each);
  }

  write({ finding, events, outbox }: FindingCommit): void {
    this.#writeFinding(finding);
    for (const event of events) this.#writeEvent(finding.id, event);
    for (const draft of outbox) this.#writeDraft(draft);
  }

  /** After what was written was rolled back. */
  forget(): void {
    this.#found.clear();
  }

  #writeFinding(finding: Finding): void {
    // Read as absent, it was judged as new: written over, its history, generation and ticket would be forgotten.
    if (this.#unreadable.has("findings", finding.id)) {
      throw new BackfeedError(
        "internal",
        `the row ${finding.id} of table findings cannot be read and is not overwritten: mend or delete it`,
      );
    }
    const { upsertFinding } = this.#statements;
    upsertFinding.run(
      keyText(finding.id, "finding's id"),
      keyText(finding.groupKey, "finding's group key"),
      keyText(finding.state, "finding's state"),
      finding.priority?.band ?? "None",
      keyNumber(finding.priority?.score ?? 0, "finding's score"),
      keyNumber(finding.changedAt, "time the finding changed"),
      reasonOf(finding),
      finding.memory.wishedAt ?? null,
      finding.memory.storm?.id ?? null,
      encode(finding),
    );
    this.#writeLists(finding);
  }

  #writeLists(finding: Finding): void {
    const { rulesOf, addRule, removeRule, alertsOf, addAlert, removeAlert } = this.#statements;
    const fingerprints = [finding.worst, ...finding.others].map((alert) => alert.fingerprint);
    const isShort = fingerprints.length + finding.ruleIds.length <= longestRemembered;
    const found = isShort ? JSON.stringify([finding.ruleIds, fingerprints]) : undefined;
    if (found !== undefined && this.#found.get(finding.id) === found) return;
    synchronize(finding.id, rulesOf.all(finding.id), finding.ruleIds, addRule, removeRule);
    synchronize(finding.id, alertsOf.all(finding.id), fingerprints, addAlert, removeAlert);
    if (this.#found.size >= mostRemembered) this.#found.clear();
    if (found === undefined) this.#found.delete(finding.id);
    else this.#found.set(finding.id, found);
  }

  #writeEvent(findingId: string, event: FindingEvent): void {
    this.#statements.insertEvent.run(findingId, keyNumber(event.at, "time of the event"), encode(event));
  }

  #writeDraft(draft: OutboxDraft): void {
    const { action } = draft;
    const key = keyText(draft.idempotencyKey, "idempotency key");
    const route = action.kind === "create" ? action.route : undefined;
    this.#statements.insertDraft.run(
      key,
      draft.findingId,
      keyText(draft.groupKey, "group key"),
      keyNumber(draft.generation, "generation"),
      action.kind,
      route === undefined ? null : keyText(`${route.tracker}/${route.project ?? ""}`, "route"),
      keyNumber(draft.createdAt, "time of the decision"),
      keyNumber(draft.rank, "rank"),
      draft.createdAt,
      writeOutboxBody(action),
      key,
    );
  }
}

/** Why its last decision said nothing; or that its ticket is still to be closed, whatever that decision was. */
function reasonOf({ state, memory, decision }: Finding): string | null {
  if (state === "quiet" && memory.closeOwed === true) return "close_owed";
  return decision.action === "none" ? decision.reason : null;
}

/** Makes the rows that a finding is found by equal to what it lists; mostly they are already. */
function synchronize(
  findingId: string,
  rows: readonly { value: string }[],
  wanted: readonly string[],
  add: Sqlite.Statement<unknown[]>,
  remove: Sqlite.Statement<unknown[]>,
): void {
  const stored = new Set(rows.map((row) => row.value));
  const listed = new Set(wanted);
  for (const value of listed) if (!stored.has(value)) add.run(keyText(value, "finding's rule or alert"), findingId);
  for (const value of stored) if (!listed.has(value)) remove.run(value, findingId);
}

function prepareStatements(database: Sqlite.Database) {
  const prepare = (text: string) => database.prepare<unknown[]>(text);
  const listing = (text: string) => database.prepare<unknown[], { value: string }>(text);
  return {
    upsertFinding: prepare(
      `insert into findings (id, group_key, state, band, score, changed_at, reason, wished_at, storm, body)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       on conflict (id) do update set group_key = excluded.group_key, state = excluded.state, band = excluded.band,
         score = excluded.score, changed_at = excluded.changed_at, reason = excluded.reason,
         wished_at = excluded.wished_at, storm = excluded.storm, body = excluded.body`,
    ),
    upsertStorm: prepare(
      `insert into storms (id, opened_at, ended_at, body) values (?, ?, ?, ?)
       on conflict (id) do update set opened_at = excluded.opened_at, ended_at = excluded.ended_at,
         body = excluded.body`,
    ),
    rulesOf: listing("select rule_id as value from finding_rules where finding_id = ?"),
    addRule: prepare("insert into finding_rules (rule_id, finding_id) values (?, ?) on conflict do nothing"),
    removeRule: prepare("delete from finding_rules where rule_id = ? and finding_id = ?"),
    alertsOf: listing("select fingerprint as value from finding_alerts where finding_id = ?"),
    addAlert: prepare("insert into finding_alerts (fingerprint, finding_id) values (?, ?) on conflict do nothing"),
    removeAlert: prepare("delete from finding_alerts where fingerprint = ? and finding_id = ?"),
    insertEvent: prepare("insert into finding_events (finding_id, at, body) values (?, ?, ?)"),
    // `where` also tells SQLite's parser that `on conflict` is no join.
    insertDraft: prepare(
      `insert into outbox (idempotency_key, finding_id, group_key, generation, kind, destination, created_at, rank,
         state, next_attempt_at, body)
       select ?, ?, ?, ?, ?, ?, ?, ?, 'pending', ?, ?
       where not exists (select 1 from outbox_spent_keys where idempotency_key = ?)
       on conflict (idempotency_key) do nothing`,
    ),
  };
}
