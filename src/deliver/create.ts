import type { Proof } from "../model/evidence.ts";
import type { OutboxAction, OutboxEntry } from "../model/outbox.ts";
import type { TicketRecord, TicketRef } from "../model/ticket.ts";
import type { EvidenceStore, OutboxStore, TicketStore } from "../store/store.ts";
import type { Clock } from "../support/clock.ts";
import { asBackfeedError, BackfeedError, type ErrorKind } from "../support/errors.ts";
import type { Tracker } from "../trackers/tracker.ts";
import { type AttemptOutcome, afterEmptyLook } from "./outcome.ts";
import {
  attachCharts,
  type CollectEvidence,
  type ComposeDocument,
  mostExtraWaitMs,
  proofOf,
  unlessRefused,
} from "./proof.ts";

export interface CreateContext {
  readonly outbox: OutboxStore;
  readonly tickets: TicketStore;
  readonly evidence: EvidenceStore;
  readonly tracker: Tracker;
  readonly collectEvidence: CollectEvidence;
  readonly composeDocument: ComposeDocument;
  readonly clock: Clock;
  readonly owner: string;
  readonly leaseMs: number;
}

type CreateAction = Extract<OutboxAction, { kind: "create" }>;

export type CreateResult =
  | {
      readonly kind: "filed";
      readonly record: TicketRecord;
      readonly adopted: boolean;
      readonly notes: readonly string[];
    }
  | { readonly kind: "wait"; readonly outcome: AttemptOutcome }
  | { readonly kind: "lease_lost" };

/**
 * Files one ticket exactly once (JIRA.md section 2.7, steps 1 to 5). Each step can be interrupted and is found done or
 * undone by the next attempt: evidence is stored under the entry, the issue under its label and property, the chart
 * under its content's hash. Throws BackfeedError when a call failed; `unknown_outcome` from the create alone.
 */
export async function fileTicket(
  entry: OutboxEntry,
  action: CreateAction,
  context: CreateContext,
  signal: AbortSignal,
): Promise<CreateResult> {
  const known = await context.tickets.ofFinding(entry.findingId);
  const proof = await proofOf(entry, action.evidence, context, signal);
  if (known !== undefined && known.generation === entry.generation) {
    return finish(action, known, false, proof, context, signal);
  }
  const found = await look(() => context.tracker.find(action.identity, action.route, signal));
  const existing = found[0];
  if (existing !== undefined) {
    const record = await adopt(entry, action, existing, context, signal);
    return finish(action, record, true, proof, context, signal);
  }
  const next = afterEmptyLook(entry, context.clock.now(), context.tracker.settleWaitsMs);
  if (next.next === "wait") return { kind: "wait", outcome: next.outcome };
  const document = context.composeDocument(action.document, proof);
  // Past this line a stop is an unknown outcome, with all its looking: not for one that is known already.
  if (signal.aborted) throw new BackfeedError("aborted", "stopped before the ticket was filed");
  const { owner, leaseMs } = context;
  if (!(await context.outbox.markSending(entry.id, { owner, now: context.clock.now(), leaseMs }))) {
    return { kind: "lease_lost" };
  }
  const { identity, route, summary, band } = action;
  const record = await send(async () => {
    const created = await context.tracker.create({ identity, route, summary, document, band }, signal);
    return recordOf(entry, action, created.ref, created.priority, created.dropped, context.clock.now());
  });
  await remember(record, context);
  return finish(action, record, false, proof, context, signal);
}

/** What is certain after a create: nothing was filed. Everything else, a fault of ours and a stop included, is not. */
const notFiled: ReadonlySet<ErrorKind> = new Set([
  "configuration",
  "not_found",
  "conflict",
  "unauthorized",
  "unavailable",
  "rate_limited",
  "refused",
]);

/** The one step that cannot be repeated: whatever does not surely mean "not filed" is an unknown outcome. */
async function send(create: () => Promise<TicketRecord>): Promise<TicketRecord> {
  try {
    return await create();
  } catch (thrown) {
    const error = asBackfeedError(thrown);
    if (notFiled.has(error.kind) || error.kind === "unknown_outcome") throw error;
    throw new BackfeedError("unknown_outcome", error.message, { cause: error });
  }
}

/** A ticket that is there and that we could not write down is one to look for, not one to file again. */
async function remember(record: TicketRecord, context: CreateContext): Promise<void> {
  try {
    await context.tickets.put(record);
  } catch (thrown) {
    throw new BackfeedError("unknown_outcome", `filed ${record.ref.key}, and could not store that`, { cause: thrown });
  }
}

/** A look that failed says nothing about a create: only the create's own answer can be lost. */
async function look<Value>(step: () => Promise<Value>): Promise<Value> {
  try {
    return await step();
  } catch (thrown) {
    const error = asBackfeedError(thrown);
    if (error.kind !== "unknown_outcome") throw error;
    throw new BackfeedError("unavailable", error.message, { cause: error });
  }
}

/** An issue of ours that we do not remember: from a lost answer, a lost store, or another process. */
async function adopt(
  entry: OutboxEntry,
  action: CreateAction,
  ref: TicketRef,
  context: CreateContext,
  signal: AbortSignal,
): Promise<TicketRecord> {
  const snapshot = await look(() => context.tracker.read(ref, signal));
  // It may have been there for minutes: what people changed since must not be taken for what we wrote.
  const peoples = snapshot === undefined ? [] : await look(() => context.tracker.editedByOthers(ref, signal));
  const now = context.clock.now();
  const filed = recordOf(entry, action, snapshot?.ref ?? ref, snapshot?.priority, [], now);
  const record = peoples.length === 0 ? filed : { ...filed, peoples };
  await context.tickets.put(record);
  return record;
}

function recordOf(
  entry: OutboxEntry,
  action: CreateAction,
  ref: TicketRef,
  priority: string | undefined,
  dropped: readonly string[],
  now: number,
): TicketRecord {
  return {
    tracker: action.route.tracker,
    ref,
    findingId: entry.findingId,
    groupKey: entry.groupKey,
    generation: entry.generation,
    createdAt: now,
    written: { priority, band: action.band },
    dropped,
    seen: undefined,
  };
}

/** What follows the create. A part that fails for good is noted and blocks nothing; one that may pass is tried again. */
async function finish(
  action: CreateAction,
  record: TicketRecord,
  adopted: boolean,
  { evidence }: Proof,
  { tracker, clock }: CreateContext,
  signal: AbortSignal,
): Promise<CreateResult> {
  const notes: string[] = [...record.dropped];
  // By time since the ticket is there, and not by attempts: looking for a lost create has spent many already.
  const giveUp = clock.now() - record.createdAt >= mostExtraWaitMs;
  const extras = { tracker, giveUp, notes };
  await attachCharts(record.ref, evidence, extras, signal);
  const { page } = action;
  if (page !== undefined) {
    await unlessRefused("the link back could not be set", extras, () => tracker.linkBack(record.ref, page, signal));
  }
  return { kind: "filed", record, adopted, notes };
}
