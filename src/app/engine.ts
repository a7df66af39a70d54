import type { CollectEvidence } from "../deliver/proof.ts";
import { createDeliveryWorker, type DeliveryWorker } from "../deliver/worker.ts";
import type { Document } from "../model/document.ts";
import type { Tracker } from "../trackers/tracker.ts";
import { evidenceDocument } from "../triage/evidence.ts";
import type { ProgramContext } from "./context.ts";
import { createDueTicks, type DueTicks, type LoadedRules } from "./due-ticks.ts";

export interface EngineOptions {
  readonly context: ProgramContext;
  readonly loadedRules: () => LoadedRules;
  readonly trackers: ReadonlyMap<string, Tracker>;
  readonly collectEvidence: CollectEvidence;
  readonly redact: (text: string) => string;
  readonly catchUpMs: number;
  /** Names this process in leases. */
  readonly owner: string;
  /** The longest sleep of the outbox worker between two looks; default as the worker has it. */
  readonly pollMs?: number;
}

/** The loop without its clockwork: what is due is run, what was decided is delivered. The same for serve, run and tests. */
export interface Engine extends DueTicks {
  readonly worker: DeliveryWorker;
}

export function createEngine(options: EngineOptions): Engine {
  const { context, loadedRules, catchUpMs, redact } = options;

  const worker = createDeliveryWorker({
    outbox: context.store.outbox,
    tickets: context.store.tickets,
    evidence: context.store.evidence,
    trackers: options.trackers,
    collectEvidence: options.collectEvidence,
    composeDocument: (document, { request, evidence }): Document => [
      ...document.slice(0, -1),
      ...evidenceDocument(request, evidence),
      ...document.slice(-1),
    ],
    clock: context.clock,
    logger: context.logger,
    redact,
    owner: options.owner,
    ...(options.pollMs === undefined ? {} : { pollMs: options.pollMs }),
  });

  return { ...createDueTicks({ context, loadedRules, catchUpMs, onRan: () => worker.wake() }), worker };
}
