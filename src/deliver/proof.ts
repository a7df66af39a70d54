import type { Document } from "../model/document.ts";
import { chartsOf, type Evidence, type EvidenceRequest, type Proof } from "../model/evidence.ts";
import type { OutboxEntry } from "../model/outbox.ts";
import type { TicketRef } from "../model/ticket.ts";
import type { EvidenceStore } from "../store/store.ts";
import { asBackfeedError, BackfeedError } from "../support/errors.ts";
import type { Tracker } from "../trackers/tracker.ts";

/** Collects what a request names, under a deadline of its own; never throws, what could not be had is in `missing`. */
export type CollectEvidence = (request: EvidenceRequest, signal: AbortSignal) => Promise<Evidence>;

/** The whole text, once the evidence is there. */
export type ComposeDocument = (document: Document, proof: Proof) => Document;

/** A chart or link that cannot be added does not hold up, for ever, what else is to be said on the ticket. */
export const mostExtraWaitMs = 25 * 60_000;

/** Of an entry, collected once: a second attempt finds it stored. */
export async function proofOf(
  entry: Pick<OutboxEntry, "id" | "findingId">,
  request: EvidenceRequest,
  context: { readonly evidence: EvidenceStore; readonly collectEvidence: CollectEvidence },
  signal: AbortSignal,
): Promise<Proof> {
  const stored = await context.evidence.ofEntry(entry.id);
  if (stored !== undefined) return { request, evidence: stored };
  const evidence = await context.collectEvidence(request, signal);
  // What was cut short by our own stop is not the proof: the next start collects it.
  if (signal.aborted) throw new BackfeedError("aborted", "stopped while evidence was collected");
  await context.evidence.put(entry.id, entry.findingId, request, evidence);
  return { request, evidence };
}

/** Each chart once, under the name that the text has for it. One that the tracker refuses is noted. */
export async function attachCharts(
  ref: TicketRef,
  evidence: Evidence,
  context: { readonly tracker: Tracker; readonly giveUp: boolean; readonly notes: string[] },
  signal: AbortSignal,
): Promise<void> {
  for (const { name, png } of chartsOf(evidence)) {
    const attachment = { name, contentType: "image/png", bytes: png };
    await unlessRefused("the chart could not be attached", context, () =>
      context.tracker.attach(ref, attachment, signal),
    );
  }
}

/** A part that fails for good is noted and blocks nothing; one that may pass is tried again, until it is given up. */
export async function unlessRefused(
  what: string,
  { giveUp, notes }: { readonly giveUp: boolean; readonly notes: string[] },
  step: () => Promise<unknown>,
): Promise<void> {
  try {
    await step();
  } catch (thrown) {
    const error = asBackfeedError(thrown);
    if (error.kind === "aborted") throw error;
    if (!giveUp && mayPass(error)) {
      // The issue is there: repeating this step looks before it writes.
      throw new BackfeedError("unavailable", error.message, { cause: error, retryAfterMs: error.retryAfterMs ?? 0 });
    }
    notes.push(`${what}: ${error.message}`);
  }
}

/** Credentials that expired meanwhile are renewed; only "not allowed" (403) stays so. */
function mayPass(error: BackfeedError): boolean {
  if (error.kind === "unauthorized") return error.status !== 403;
  return error.retryable || error.kind === "unknown_outcome";
}
