import type { Band } from "../model/priority.ts";
import type { TicketRecord, TicketSnapshot } from "../model/ticket.ts";
import type { SharedField } from "../model/ticket-life.ts";
import { hour } from "../support/duration.ts";
import { asBackfeedError } from "../support/errors.ts";
import { canonicalJson } from "../support/hashing.ts";
import { type DriftCommand, type DriftContext, drift } from "./drift.ts";
import { inFlight } from "./in-flight.ts";
import type { ReconcileContext } from "./reconcile-context.ts";

/** A record to look at, and who is said to have changed its issue. */
export interface Subject {
  readonly record: TicketRecord;
  readonly who: string | undefined;
}

/** What came of one look. */
export interface Looked {
  readonly record: TicketRecord;
  readonly changed: boolean;
  /** Delivery wrote the record meanwhile: what was read may be older than that, so it is read again next time. */
  readonly overtaken: boolean;
  readonly commands: readonly DriftCommand[];
  readonly context: DriftContext;
}

/**
 * Reads issues by their ids, all in one question, and stores what differs. Throws what the tracker throws, and then nothing
 * is changed: not having seen is not having seen nothing.
 */
export async function look(
  subjects: readonly Subject[],
  context: ReconcileContext,
  signal: AbortSignal,
): Promise<readonly Looked[]> {
  const { tracker, store, clock } = context;
  const refs = new Map(subjects.map(({ record }) => [record.ref.id, record.ref]));
  const snapshots = await tracker.readMany([...refs.values()], signal);
  // After the reading: what delivery began later had not been written when the issue was read.
  const open = await store.outbox.openOf(subjects.map(({ record }) => record.findingId));
  const bands = await bandsOf(subjects, snapshots, context);
  const looked: Looked[] = [];
  for (const { record, who } of subjects) {
    const snapshot = snapshots.get(record.ref.id);
    const entries = open.filter(({ findingId }) => findingId === record.findingId);
    const compared: DriftContext = {
      now: clock.now(),
      labelPrefix: context.policy.labelPrefix,
      wontDo: context.policy.wontDo,
      band: bands.get(record.findingId) ?? record.written.band,
      inFlight: inFlight(entries),
      editedByOthers: snapshot === undefined ? [] : await editedBefore(record, context, signal),
      who: who === undefined ? undefined : context.redact(who),
    };
    const clean = snapshot === undefined ? undefined : withoutSecrets(snapshot, context);
    looked.push(await lookAtOne(record, clean, compared, context));
  }
  return looked;
}

async function lookAtOne(
  record: TicketRecord,
  snapshot: TicketSnapshot | undefined,
  compared: DriftContext,
  { store }: ReconcileContext,
): Promise<Looked> {
  const { commands, ...change } = drift(record, snapshot, compared);
  const told = { record: change.record, commands, context: compared };
  if (change.record === record) return { ...told, changed: false, overtaken: false };
  let overtaken = false;
  await store.tickets.change(record, (current) => {
    overtaken = canonicalJson(current) !== canonicalJson(record);
    return overtaken ? undefined : change;
  });
  return overtaken
    ? { ...told, record, commands: [], changed: false, overtaken }
    : { ...told, changed: change.events.length > 0 || change.edits.length > 0, overtaken };
}

/** A ticket is looked at within a minute or two of its filing; what waited longer for its first look is old, or from another version. */
const firstLookWithinMs = hour;

/**
 * What others changed since the ticket was filed, at the first look: that one takes what it sees for what we wrote. Of a ticket whose
 * history cannot be had this is not known.
 */
async function editedBefore(
  { seen, createdAt, ref }: TicketRecord,
  { tracker, clock }: ReconcileContext,
  signal: AbortSignal,
): Promise<readonly SharedField[]> {
  if (seen !== undefined || clock.now() - createdAt > firstLookWithinMs) return [];
  try {
    return await tracker.editedByOthers(ref, signal);
  } catch (thrown) {
    const error = asBackfeedError(thrown);
    if (error.retryable || error.kind === "unauthorized" || error.kind === "aborted") throw error;
    return [];
  }
}

/** What a person wrote is anybody's text, secrets included; compared, stored and told is it without them. */
export function withoutSecrets(snapshot: TicketSnapshot, { redact }: Pick<ReconcileContext, "redact">): TicketSnapshot {
  return { ...snapshot, summary: redact(snapshot.summary) };
}

/** The bands of the findings whose ticket is seen closed for the first time: a closing is remembered with it. */
async function bandsOf(
  subjects: readonly Subject[],
  snapshots: ReadonlyMap<string, TicketSnapshot>,
  { store }: ReconcileContext,
): Promise<ReadonlyMap<string, Band>> {
  const closing = subjects.filter(({ record }) => snapshots.get(record.ref.id)?.statusCategory === "done");
  const keys = closing.flatMap(({ record }) => (record.closed === undefined ? [record.groupKey] : []));
  if (keys.length === 0) return new Map();
  const findings = await store.state.findings(keys);
  return new Map([...findings.values()].map(({ id, priority }) => [id, priority?.band ?? "None"]));
}
