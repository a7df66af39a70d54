import type { Selectable } from "kysely";
import type { Alert } from "../../model/alert.ts";
import type { Deploy } from "../../model/deploy.ts";
import { type Finding, type FindingEvent, freshMemory } from "../../model/finding.ts";
import type { LocalTicket } from "../../model/local-ticket.ts";
import { type OutboxAction, type OutboxEntry, type OutboxState, outboxStates } from "../../model/outbox.ts";
import type { ReceivedAlert } from "../../model/raised-alert.ts";
import type { Silence } from "../../model/silence.ts";
import type { TicketRecord } from "../../model/ticket.ts";
import type { TicketEdit } from "../../model/ticket-life.ts";
import type { StoredHint, TickRecord } from "../store.ts";
import { decode, decodeText, encode, type Shape, unreadable } from "./codec.ts";
import { evidenceOfIntent } from "./evidence-rows.ts";
import type { Tables } from "./schema.ts";

const alertShape: Shape<Alert> = {
  fingerprint: "string",
  ruleId: "string",
  ruleIdentity: "string",
  labels: "object",
  groupKey: "string",
  state: "string",
  since: "number",
  lastEvaluatedAt: "number",
  episode: "object",
  verdict: "object",
};

export function readAlert(row: { fingerprint: string; body: string }): Alert {
  return decode<Alert>(row.body, alertShape, "alerts", row.fingerprint);
}

const findingShape: Shape<Finding> = {
  id: "string",
  groupKey: "string",
  problem: "string",
  groupLabels: "object",
  generation: "number",
  state: "string",
  mode: "string",
  owner: "string",
  severity: "string",
  ruleIds: "array",
  title: "string",
  openedAt: "number",
  changedAt: "number",
  worst: "object",
  others: "array",
  alertCount: "number",
  episode: "object",
  pastEpisodes: "array",
  memory: "object",
  decision: "object",
};

export function readFinding(row: { id: string; body: string }): Finding {
  const finding = decode<Finding>(row.body, findingShape, "findings", row.id);
  // What triage has learnt to remember since the row was written is not known of it.
  return { ...finding, memory: { ...freshMemory, ...finding.memory } };
}

const eventShape: Shape<FindingEvent> = { at: "number", kind: "string", code: "string", text: "string" };

export function readEvent(row: { number: number; body: string }): FindingEvent {
  return decode<FindingEvent>(row.body, eventShape, "finding_events", String(row.number));
}

const tickShape: Shape<TickRecord> = {
  schedule: "string",
  tick: "number",
  kind: "string",
  startedAt: "number",
  durationMs: "number",
  rules: "number",
  counts: "object",
};

export function readTick(row: { schedule: string; tick: number; body: string }): TickRecord {
  return decode<TickRecord>(row.body, tickShape, "ticks", `${row.schedule} ${row.tick}`);
}

const ticketShape: Shape<TicketRecord> = {
  tracker: "string",
  ref: "object",
  findingId: "string",
  groupKey: "string",
  generation: "number",
  createdAt: "number",
  written: "object",
  dropped: "array",
};

export function readTicket(row: { finding_id: string; generation: number; body: string }): TicketRecord {
  return decode<TicketRecord>(row.body, ticketShape, "tickets", `${row.finding_id} ${row.generation}`);
}

const editShape: Shape<TicketEdit> = {
  at: "number",
  findingId: "string",
  generation: "number",
  tracker: "string",
  issueId: "string",
  field: "string",
};

export function readTicketEdit(row: { number: number; body: string }): TicketEdit {
  return decode<TicketEdit>(row.body, editShape, "ticket_edits", String(row.number));
}

const hintShape: Shape<Omit<StoredHint, "id">> = {
  tracker: "string",
  deliveryId: "string",
  issueId: "string",
  adopts: "boolean",
  receivedAt: "number",
};

export function readHint(row: { number: number; body: string }): StoredHint {
  const id = String(row.number);
  return { ...decode<Omit<StoredHint, "id">>(row.body, hintShape, "webhook_inbox", id), id };
}

const silenceShape: Shape<Omit<Silence, "id">> = {
  matchers: "object",
  author: "string",
  reason: "string",
  startsAt: "number",
  endsAt: "number",
  createdAt: "number",
};

export function readSilence(row: { number: number; body: string }): Silence {
  const id = String(row.number);
  return { ...decode<Omit<Silence, "id">>(row.body, silenceShape, "silences", id), id };
}

const deployShape: Shape<Deploy> = {
  key: "string",
  origin: "string",
  service: "string",
  version: "string",
  at: "number",
  outcome: "string",
  receivedAt: "number",
};

export function readDeploy(row: { number: number; body: string }): Deploy {
  return decode<Deploy>(row.body, deployShape, "deploys", String(row.number));
}

const receivedAlertShape: Shape<ReceivedAlert> = {
  labels: "object",
  words: "object",
  groupedBy: "array",
  changedAt: "number",
};

export function readReceivedAlert(row: { hash: string; body: string }): ReceivedAlert {
  return decode<ReceivedAlert>(row.body, receivedAlertShape, "received_alerts", row.hash);
}

const localTicketShape: Shape<LocalTicket> = {
  id: "string",
  number: "number",
  key: "string",
  identity: "object",
  labels: "array",
  summary: "string",
  document: "array",
  priority: "string",
  status: "string",
  statusCategory: "string",
  comments: "array",
  attachments: "array",
  links: "array",
  createdAt: "number",
  updatedAt: "number",
  history: "array",
};

export function readLocalTicket(row: { key: string; body: string }): LocalTicket {
  return decode<LocalTicket>(row.body, localTicketShape, "local_tickets", row.key);
}

/** How ids are given out: the row's number. Undefined for what is none of ours. */
export function rowNumber(id: string): number | undefined {
  return /^[1-9]\d{0,14}$/.test(id) ? Number(id) : undefined;
}

export function writeOutboxBody(action: OutboxAction): string {
  return encode(action);
}

function readAction(body: string, id: string): OutboxAction {
  const action = decode<OutboxAction>(body, { kind: "string" }, "outbox", id);
  if (action.kind !== "create") return action;
  return { ...action, evidence: evidenceOfIntent(action.evidence, action.identity.rules[0] ?? "") };
}

export function readOutboxEntry(row: Selectable<Tables["outbox"]>): OutboxEntry {
  const id = String(row.number);
  const state = outboxStates.find((known) => known === row.state);
  if (state === undefined) throw unreadable("outbox", id, `its state is ${row.state}`);
  return {
    id,
    idempotencyKey: row.idempotency_key,
    findingId: row.finding_id,
    groupKey: row.group_key,
    generation: row.generation,
    action: readAction(row.body, id),
    createdAt: row.created_at,
    rank: row.rank,
    state: state satisfies OutboxState,
    attempts: row.attempts,
    looks: row.looks,
    lostCreates: row.lost_creates,
    nextAttemptAt: row.next_attempt_at,
    lease:
      row.lease_owner === null || row.lease_until === null
        ? undefined
        : { owner: row.lease_owner, until: row.lease_until },
    note: row.note === null ? undefined : decodeText(row.note, "outbox", id),
    finishedAt: row.finished_at ?? undefined,
  };
}
