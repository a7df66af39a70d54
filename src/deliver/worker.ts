import type { Document } from "../model/document.ts";
import type { EvidenceRequest } from "../model/evidence.ts";
import type { OutboxEntry } from "../model/outbox.ts";
import type { EvidenceStore, OutboxStore, TicketStore } from "../store/store.ts";
import { Alarm } from "../support/alarm.ts";
import type { Clock } from "../support/clock.ts";
import { asBackfeedError, BackfeedError } from "../support/errors.ts";
import type { Logger } from "../support/logging.ts";
import { traced } from "../support/tracing.ts";
import type { Tracker } from "../trackers/tracker.ts";
import { applyToTicket } from "./apply.ts";
import { fileTicket } from "./create.ts";
import { type AttemptOutcome, afterFailure } from "./outcome.ts";
import { withOwnMarkers } from "./own-markers.ts";
import { type CollectEvidence, type ComposeDocument, mostExtraWaitMs, proofOf } from "./proof.ts";

export interface DeliveryWorkerOptions {
  readonly outbox: OutboxStore;
  readonly tickets: TicketStore;
  readonly evidence: EvidenceStore;
  readonly trackers: ReadonlyMap<string, Tracker>;
  readonly collectEvidence: CollectEvidence;
  readonly composeDocument: ComposeDocument;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Takes secrets out of what trackers say, before it is stored. */
  readonly redact: (text: string) => string;
  /** Names this worker in leases; unique per process. */
  readonly owner: string;
  /** Entries in work at once. */
  readonly concurrency?: number;
  /** Longer than one attempt can take: evidence and tracker calls have deadlines of their own. */
  readonly leaseMs?: number;
  /** The longest sleep between two looks at the outbox. */
  readonly pollMs?: number;
}

export interface DeliveryWorker {
  /** Works until nothing is due or `stop` aborts. `abort` cuts off what is under way. Gives how many attempts it made. */
  drain(abort: AbortSignal, stop?: AbortSignal): Promise<number>;
  /** Drains, sleeps until something is due or `wake` is called, and so on until `stop` aborts; attempts under way end. */
  run(abort: AbortSignal, stop?: AbortSignal): Promise<void>;
  wake(): void;
}

const defaultConcurrency = 4;
const defaultLeaseMs = 120_000;
const defaultPollMs = 5_000;

/** The outbox worker: claims due entries, does each, records what came of it. One entry's failure is its own. */
export function createDeliveryWorker(options: DeliveryWorkerOptions): DeliveryWorker {
  const { outbox, clock, logger, owner } = options;
  const concurrency = options.concurrency ?? defaultConcurrency;
  const leaseMs = options.leaseMs ?? defaultLeaseMs;
  const pollMs = options.pollMs ?? defaultPollMs;
  const alarm = new Alarm({ clock });

  async function drain(signal: AbortSignal, stop: AbortSignal = signal): Promise<number> {
    let attempts = 0;
    while (!signal.aborted && !stop.aborted) {
      const entries = await outbox.claim({ now: clock.now(), owner, leaseMs, limit: concurrency });
      if (entries.length === 0) break;
      // All of them end before this does, so that nobody closes the store under one that is still at work.
      const ended = await Promise.allSettled(entries.map((entry) => attempt(entry, signal)));
      for (const each of ended) if (each.status === "rejected") throw each.reason;
      attempts += entries.length;
    }
    return attempts;
  }

  async function attempt(entry: OutboxEntry, signal: AbortSignal): Promise<void> {
    try {
      const { id, findingId, action } = entry;
      await traced("deliver", { entry: id, finding: findingId, action: action.kind }, () => deliver(entry, signal));
    } catch (thrown) {
      const error = ownStopOnly(asBackfeedError(thrown), signal);
      const waits = (await trackerOf(entry))?.settleWaitsMs ?? [];
      const outcome = afterFailure(entry, error, clock.now(), waits);
      report(entry, error, outcome);
      await settle(entry, outcome, `delivery_${outcome.state}`);
    }
  }

  async function deliver(entry: OutboxEntry, signal: AbortSignal): Promise<void> {
    const tracker = await trackerOf(entry);
    if (tracker === undefined) throw new BackfeedError("configuration", "its tracker is no longer configured");
    if (entry.action.kind === "create") {
      const context = { ...options, tracker, leaseMs };
      const result = await fileTicket(entry, entry.action, context, signal);
      if (result.kind === "lease_lost") return;
      if (result.kind === "wait") return settle(entry, result.outcome, "create_looked_for");
      const note = [`${result.adopted ? "found" : "filed"} ${result.record.ref.key}`, ...result.notes].join("; ");
      logger.info("ticket filed", { finding: entry.findingId, ticket: result.record.ref.key, adopted: result.adopted });
      return settle(entry, { state: "done", note }, result.adopted ? "found" : "filed");
    }
    const record = await options.tickets.ofFinding(entry.findingId);
    if (record === undefined || record.generation !== entry.generation) {
      return settle(entry, { state: "dropped", note: "its ticket was never filed" }, "no_ticket");
    }
    const now = clock.now();
    const applied = await applyToTicket(entry.action, {
      tracker: withOwnMarkers(tracker, record),
      record,
      withEvidence: (document) => describe(document, entry.findingId),
      collect: (request: EvidenceRequest) => proofOf(entry, request, options, signal),
      compose: options.composeDocument,
      note: async (change) => {
        await options.tickets.change(record, (current) => ({ record: change(current) }));
      },
      giveUpExtras: now - entry.createdAt >= mostExtraWaitMs,
      now,
      signal,
    });
    const { state, note, change } = applied;
    const ticket = change === undefined ? {} : { ticket: { generation: entry.generation, change } };
    await settle(entry, { state, note, ...ticket }, applied.code);
    if (applied.lookAgain === true) await options.tickets.looked([record], 0);
  }

  /** A description that is written again has the proof that was collected last. */
  async function describe(document: Document, findingId: string): Promise<Document> {
    const proof = await options.evidence.newest(findingId);
    if (proof === undefined) return document;
    return options.composeDocument(document, proof);
  }

  /** A stop that we did not ask for is a fault of the tracker: tried again at once, it could be so for ever. */
  function ownStopOnly(error: BackfeedError, signal: AbortSignal): BackfeedError {
    if (error.kind !== "aborted" || signal.aborted) return error;
    return new BackfeedError("unavailable", error.message, { cause: error });
  }

  /** Where its ticket is, or is to be. */
  async function trackerOf(entry: OutboxEntry): Promise<Tracker | undefined> {
    if (entry.action.kind === "create") return options.trackers.get(entry.action.route.tracker);
    const record = await options.tickets.ofFinding(entry.findingId);
    return record === undefined ? [...options.trackers.values()][0] : options.trackers.get(record.tracker);
  }

  async function settle(
    entry: OutboxEntry,
    outcome: AttemptOutcome & { ticket?: Parameters<OutboxStore["settle"]>[1]["ticket"] },
    code: string,
  ): Promise<void> {
    const now = clock.now();
    // What a tracker says may repeat what it was sent, a token in a URL included.
    const note = outcome.note === undefined ? {} : { note: options.redact(outcome.note) };
    const text = `${entry.action.kind}: ${note.note ?? code}`;
    const kept = await outbox.settle(entry.id, {
      ...outcome,
      ...note,
      owner,
      now,
      event: { at: now, kind: "delivery", code, text },
    });
    if (!kept) {
      // Another worker has taken it over; what we did is found by it, since every step looks first.
      logger.warn("OUTBOX_LEASE_LOST", "the lease of an outbox entry was lost before its outcome was stored", {
        entry: entry.id,
      });
    }
  }

  function report(entry: OutboxEntry, error: BackfeedError, outcome: AttemptOutcome): void {
    const facts = { entry: entry.id, finding: entry.findingId, action: entry.action.kind, kind: error.kind };
    if (error.kind === "aborted") return;
    if (outcome.state === "parked") {
      logger.error("OUTBOX_ENTRY_PARKED", "an outbox entry waits for an operator", facts, error);
    } else if (error.kind === "unauthorized") {
      logger.error(
        "TRACKER_UNAUTHORIZED",
        "the tracker does not accept our credentials; no ticket moves",
        facts,
        error,
      );
    } else {
      logger.warn("OUTBOX_ATTEMPT_FAILED", "an outbox entry will be tried again", facts, error);
    }
  }

  async function run(signal: AbortSignal, stop: AbortSignal = signal): Promise<void> {
    while (!signal.aborted && !stop.aborted) {
      alarm.set();
      await alarm.sleep(await workAndWait(signal, stop), [signal, stop]);
    }
  }

  /** Drains, and gives how long there is nothing to do. */
  async function workAndWait(signal: AbortSignal, stop: AbortSignal): Promise<number> {
    try {
      const attempts = await drain(signal, stop);
      const due = await outbox.nextDue();
      const untilDue = due === undefined ? pollMs : Math.max(0, due - clock.now());
      // Due and yet not to be had: another worker holds it. Never a busy loop.
      return attempts === 0 && untilDue === 0 ? pollMs : Math.min(pollMs, untilDue);
    } catch (thrown) {
      if (!signal.aborted && !stop.aborted) {
        logger.error("OUTBOX_WORKER_FAILED", "the outbox worker could not read or write the store", {}, thrown);
      }
      return pollMs;
    }
  }

  return { drain, run, wake: () => alarm.wake() };
}
