import type { Evidence, EvidenceRequest } from "../model/evidence.ts";
import type { OutboxAction, OutboxEntry } from "../model/outbox.ts";
import type { TicketRecord, TicketRef } from "../model/ticket.ts";
import type { EvidenceStore, OutboxStore, TicketStore } from "../store/store.ts";
import type { Clock } from "../support/clock.ts";
import { asBackfeedError, BackfeedError } from "../support/errors.ts";
import { sha256 } from "../support/hashing.ts";
import type { Tracker } from "../trackers/tracker.ts";
import { type AttemptOutcome, afterEmptyLook } from "./outcome.ts";

/** Collects what a request names, under a deadline of its own; never throws, what could not be had is in `missing`. */
export type CollectEvidence = (request: EvidenceRequest, signal: AbortSignal) => Promise<Evidence>;

/** The ticket's whole text, once the evidence is there. */
export type ComposeDocument = (
  action: Extract<OutboxAction, { kind: "create" }>,
  evidence: Evidence,
  chartName: string | undefined,
) => Extract<OutboxAction, { kind: "create" }>["document"];

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
  const evidence = await evidenceOf(entry, action, context, signal);
  const chartName = evidence.chart === undefined ? undefined : `backfeed-${sha256(evidence.chart).slice(0, 16)}.png`;
  if (known !== undefined && known.generation === entry.generation) {
    return finish(action, known, false, evidence, chartName, context, signal);
  }
  const found = await context.tracker.find(action.identity, action.route, signal);
  const existing = found[0];
  if (existing !== undefined) {
    const record = await adopt(entry, action, existing, context, signal);
    return finish(action, record, true, evidence, chartName, context, signal);
  }
  const look = afterEmptyLook(entry, context.clock.now(), context.tracker.settleWaitsMs);
  if (look.next === "wait") return { kind: "wait", outcome: look.outcome };
  const { owner, leaseMs } = context;
  if (!(await context.outbox.markSending(entry.id, { owner, now: context.clock.now(), leaseMs }))) {
    return { kind: "lease_lost" };
  }
  const document = context.composeDocument(action, evidence, chartName);
  const { identity, route, summary, band } = action;
  const created = await context.tracker.create({ identity, route, summary, document, band }, signal);
  const record = recordOf(entry, action, created.ref, created.priority, created.dropped, context.clock.now());
  await context.tickets.put(record);
  return finish(action, record, false, evidence, chartName, context, signal);
}

async function evidenceOf(
  entry: OutboxEntry,
  action: CreateAction,
  context: CreateContext,
  signal: AbortSignal,
): Promise<Evidence> {
  const stored = await context.evidence.ofEntry(entry.id);
  if (stored !== undefined) return stored;
  const collected = await context.collectEvidence(action.evidence, signal);
  await context.evidence.put(entry.id, entry.findingId, action.evidence, collected);
  return collected;
}

/** An issue of ours that we do not remember: from a lost answer, a lost store, or another process. */
async function adopt(
  entry: OutboxEntry,
  action: CreateAction,
  ref: TicketRef,
  context: CreateContext,
  signal: AbortSignal,
): Promise<TicketRecord> {
  const seen = await context.tracker.read(ref, signal);
  const record = recordOf(entry, action, seen?.ref ?? ref, seen?.priority, [], context.clock.now());
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
  evidence: Evidence,
  chartName: string | undefined,
  { tracker }: CreateContext,
  signal: AbortSignal,
): Promise<CreateResult> {
  const notes: string[] = [...record.dropped];
  if (evidence.chart !== undefined && chartName !== undefined) {
    const attachment = { name: chartName, contentType: "image/png", bytes: evidence.chart };
    await unlessRefused("the chart could not be attached", notes, () => tracker.attach(record.ref, attachment, signal));
  }
  const { page } = action;
  if (page !== undefined) {
    await unlessRefused("the link back could not be set", notes, () => tracker.linkBack(record.ref, page, signal));
  }
  return { kind: "filed", record, adopted, notes };
}

async function unlessRefused(what: string, notes: string[], step: () => Promise<unknown>): Promise<void> {
  try {
    await step();
  } catch (thrown) {
    const error = asBackfeedError(thrown);
    if (error.retryable || error.kind === "aborted" || error.kind === "unknown_outcome") {
      // The issue is there: repeating this step looks before it writes.
      throw new BackfeedError("unavailable", error.message, { cause: error, retryAfterMs: error.retryAfterMs ?? 0 });
    }
    notes.push(`${what}: ${error.message}`);
  }
}
