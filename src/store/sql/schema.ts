import type { Generated } from "kysely";

/**
 * The tables as Kysely sees them. Instants are milliseconds in `bigint` columns. A `body` is the JSON envelope of
 * codec.ts and the whole truth about its row: the other columns repeat what rows are found and ordered by.
 */
export interface Tables {
  meta: { key: string; value: string };
  rule_states: {
    rule_id: string;
    identity: string;
    watermark: number;
    failing_since: number | null;
    /** JSON string, since the text is anybody's. */
    last_failure: string | null;
    shape: string;
    /** The first tick it was stored with, or the oldest that was left when this was begun to be noted. */
    watched_since: number | null;
    /** Of a rule of the form `new`: the newest tick it has learned to, and since when it has been full. */
    learned_to: number | null;
    full_since: number | null;
  };
  alerts: { fingerprint: string; rule_id: string; group_key: string; body: string };
  /** `hash` is that of `labels`, the canonical JSON of `labelsKey`: labels are hostile and may be too long for a key. */
  known_label_sets: {
    rule_id: string;
    hash: string;
    labels: string;
    seen_at: number;
    /** Of a rule of the form `new`; null for what was learned. */
    first_seen_at: number | null;
    /** JSON of a log message pattern's template. */
    template: string | null;
  };
  /** `body` is the JSON object of the values by label set. */
  measured_windows: { rule_number: number; signal: string; started_at: number; keep_until: number; body: string };
  schedule_numbers: { number: Generated<number>; schedule: string };
  rule_numbers: { number: Generated<number>; rule_id: string };
  /** On which schedules a rule has ever been evaluated, so that its ticks are looked for only there. */
  rule_schedules: { rule_number: number; schedule_number: number };
  rule_ticks: { schedule_number: number; tick: number; rule_number: number; counts: string };
  ticks: { schedule: string; tick: number; body: string };
  findings: {
    id: string;
    group_key: string;
    state: string;
    band: string;
    /** 0 to 100; 0 without a priority. */
    score: number;
    changed_at: number;
    /** Why the last decision said nothing; null when it did; `close_owed` while a quiet finding's ticket is still to be closed. Null in what was written before schema 7, as are the next two. */
    reason: string | null;
    /** When a ticket was first wished for in the episode. */
    wished_at: number | null;
    /** The storm that it belongs to. */
    storm: string | null;
    body: string;
  };
  storms: { id: string; opened_at: number; ended_at: number | null; body: string };
  finding_rules: { rule_id: string; finding_id: string };
  finding_alerts: { fingerprint: string; finding_id: string };
  finding_events: { number: Generated<number>; finding_id: string; at: number; body: string };
  outbox: {
    number: Generated<number>;
    idempotency_key: string;
    finding_id: string;
    group_key: string;
    generation: number;
    kind: string;
    /** `tracker/project` of a create. */
    destination: string | null;
    created_at: number;
    rank: number;
    state: string;
    attempts: number;
    looks: number;
    lost_creates: number;
    next_attempt_at: number;
    lease_owner: string | null;
    lease_until: number | null;
    /** JSON string, since the text is anybody's. */
    note: string | null;
    finished_at: number | null;
    body: string;
  };
  /** Idempotency keys of outbox entries that retention deleted: they are unique for ever. */
  outbox_spent_keys: { idempotency_key: string };
  tickets: {
    finding_id: string;
    generation: number;
    tracker: string;
    issue_id: string;
    issue_key: string;
    created_at: number;
    /** When it was last looked at, whatever came of it; 0 when never. Not in the body. */
    looked_at: number;
    /** When to look for duplicates of it; null when that is done. */
    sweep_at: number | null;
    /** When it was closed, or went out of reach. */
    ended_at: number | null;
    attend_at: number | null;
    body: string;
  };
  /** What people changed on tickets. */
  ticket_edits: { number: Generated<number>; finding_id: string; at: number; body: string };
  webhook_inbox: {
    number: Generated<number>;
    tracker: string;
    delivery_id: string;
    done_at: number | null;
    body: string;
  };
  /** `begin_at` is when it began, or ended where its begin is not known. */
  deploys: {
    number: Generated<number>;
    deploy_key: string;
    service_key: string;
    begin_at: number;
    at: number;
    body: string;
  };
  /** `hash` is that of the labels; `ended` is 1 once their sender told so. */
  received_alerts: { hash: string; heard_at: number; ended: number; body: string };
  reconcile_marks: { tracker: string; reconciled_to: number };
  evidence: {
    number: Generated<number>;
    outbox_id: string;
    finding_id: string;
    collected_at: number;
    request: string;
    body: string;
    chart: Uint8Array | null;
  };
  /** `until` is when it stops to hold: its planned end, or the earlier one of an operator. */
  silences: { number: Generated<number>; starts_at: number; until: number; body: string };
  local_numbers: { project: string; last: number };
  local_tickets: {
    number: Generated<number>;
    key: string;
    status_category: string;
    updated_at: number;
    body: string;
  };
  local_ticket_labels: { label: string; ticket_number: number };
  local_attachments: { ticket_number: number; name: string; content_type: string; bytes: Uint8Array };
}
