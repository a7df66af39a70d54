import type { Document } from "../model/document.ts";
import type { EvidenceRequest, Proof } from "../model/evidence.ts";
import type { OutboxAction } from "../model/outbox.ts";
import type { TicketRecord, TicketSnapshot } from "../model/ticket.ts";
import { asBackfeedError } from "../support/errors.ts";
import type { Tracker } from "../trackers/tracker.ts";
import { changeLabels, setPriority, writeField } from "./apply-fields.ts";
import { attachCharts, type ComposeDocument } from "./proof.ts";

/** What a word to an existing ticket came to. */
export interface Applied {
  readonly state: "done" | "dropped";
  /** A stable word for the timeline. */
  readonly code: string;
  readonly note: string;
  /** What we wrote, noted on the record as it is then; undefined when that is nothing. */
  readonly change?: (record: TicketRecord) => TicketRecord;
  /** The ticket is not as its record says: reconcile is to look at it next. */
  readonly lookAgain?: true;
}

type WordAction = Exclude<OutboxAction, { kind: "create" }>;

export interface ApplyContext {
  readonly tracker: Tracker;
  readonly record: TicketRecord;
  /** The description's text with the evidence that was collected last. */
  readonly withEvidence: (document: Document) => Promise<Document>;
  /** What this entry wants to be proven, collected now or found as it was. */
  readonly collect: (request: EvidenceRequest) => Promise<Proof>;
  readonly compose: ComposeDocument;
  /** Stores at once what is learned of the ticket, as the record is then. */
  readonly note: (change: (record: TicketRecord) => TicketRecord) => Promise<void>;
  /** It has been tried for long: what the tracker does not take now is left out. */
  readonly giveUpExtras: boolean;
  readonly now: number;
  readonly signal: AbortSignal;
}

/**
 * Says one thing on a ticket that is there. Looks first, so that a ticket that people closed or deleted is left alone;
 * every verb of the tracker is safe to repeat. Throws BackfeedError.
 */
export async function applyToTicket(action: WordAction, context: ApplyContext): Promise<Applied> {
  const { tracker, record, signal } = context;
  const snapshot = await tracker.read(record.ref, signal);
  if (snapshot === undefined) return dropped("ticket_gone", "the ticket was deleted or is out of reach");
  if (snapshot.statusCategory === "done" && !isSaidOnClosed(action)) {
    // So it looks when we closed it ourselves and died before that was stored: taken for ours, as it was meant to be.
    if (action.kind === "transition") {
      const said = done("transition_unchanged", `the ticket is ${snapshot.status} already`);
      return { ...said, change: (current) => withOurStatus(current, snapshot, context.now), lookAgain: true };
    }
    return dropped("ticket_closed", `the ticket is ${snapshot.status}: nothing was written`);
  }
  switch (action.kind) {
    case "comment":
      return comment(action, context);
    case "summary": {
      const outcome = await tracker.keepComment(record.ref, action, signal);
      return done(`summary_${outcome}`, "the summary block is current");
    }
    case "priority":
      return setPriority(action, snapshot, context);
    case "labels":
      return changeLabels(action, context);
    case "field":
      return writeField(action, action.field, action.value, snapshot, context);
    case "description":
      return writeField(action, "description", await context.withEvidence(action.document), snapshot, context);
    case "link":
      return linkBefore(action, context);
    case "transition":
      return close(action, context);
    case "reopen":
      return reopen(action, snapshot, context);
  }
}

/** The text with its evidence. The charts first: the text names them. */
async function proven(
  document: Document,
  evidence: EvidenceRequest | undefined,
  notes: string[],
  { tracker, record, collect, compose, giveUpExtras: giveUp, signal }: ApplyContext,
): Promise<Document> {
  if (evidence === undefined) return document;
  const proof = await collect(evidence);
  await attachCharts(record.ref, proof.evidence, { tracker, giveUp, notes }, signal);
  return compose(document, proof);
}

async function comment(action: Extract<WordAction, { kind: "comment" }>, context: ApplyContext): Promise<Applied> {
  const { tracker, record, signal } = context;
  const notes: string[] = [];
  const document = await proven(action.document, action.evidence, notes, context);
  const outcome = await tracker.comment(record.ref, { marker: action.marker, document }, signal);
  const said = outcome === "created" ? "written on the ticket" : "was on the ticket already";
  return done(outcome === "created" ? "commented" : "comment_was_there", [said, ...notes].join("; "));
}

/** A link and the summary block mail nobody; a reopening is about the closing, and so are some comments. */
function isSaidOnClosed(action: WordAction): boolean {
  if (action.kind === "comment") return action.onClosed === true;
  return action.kind === "summary" || action.kind === "link" || action.kind === "reopen";
}

async function close(
  action: Extract<WordAction, { kind: "transition" }>,
  { tracker, record, now, signal }: ApplyContext,
): Promise<Applied> {
  await tracker.comment(record.ref, action, signal);
  const outcome = await tracker.transition(record.ref, action.category, signal);
  const after = outcome === "moved" ? await tracker.read(record.ref, signal) : undefined;
  const said = done(`transition_${outcome}`, `asked for a status of the category ${action.category}`);
  return after === undefined ? said : { ...said, change: (current) => withOurStatus(current, after, now) };
}

/** Reopened first: what is said then depends on whether the workflow lets us. A person may have been quicker. */
async function reopen(
  action: Extract<WordAction, { kind: "reopen" }>,
  snapshot: TicketSnapshot,
  context: ApplyContext,
): Promise<Applied> {
  const { tracker, record, now, signal } = context;
  const isClosed = snapshot.statusCategory === "done";
  const outcome = isClosed ? await tracker.reopen(record.ref, signal) : "unchanged";
  const words = outcome === "unavailable" ? action.closedDocument : action.document;
  const left: string[] = [];
  const document = await proven(words, action.evidence, left, context);
  await tracker.comment(record.ref, { marker: action.marker, document }, signal);
  const notes = {
    moved: "the ticket is open again",
    unchanged: `the ticket was open already: ${snapshot.status}`,
    unavailable: `no transition leads back from ${snapshot.status}: the ticket stays closed, and says so`,
  };
  const said = done(`reopen_${outcome}`, [notes[outcome], ...left].join("; "));
  if (outcome === "unavailable") return { ...said, lookAgain: true };
  const after = outcome === "moved" ? await tracker.read(record.ref, signal) : snapshot;
  if (after === undefined || after.statusCategory === "done") return { ...said, lookAgain: true };
  return { ...said, change: (current) => ({ ...withOurStatus(current, after, now), closed: undefined }) };
}

/** A link that the tracker will not have (the other issue is deleted, links are switched off) holds nothing up. */
async function linkBefore(
  { other }: Extract<WordAction, { kind: "link" }>,
  { tracker, record, signal }: ApplyContext,
): Promise<Applied> {
  try {
    const outcome = await tracker.link(record.ref, { other, type: "relates" }, signal);
    return done(`link_${outcome}`, outcome === "unsupported" ? "its tracker has no links" : `linked to ${other.key}`);
  } catch (thrown) {
    const error = asBackfeedError(thrown);
    if (error.kind !== "refused" && error.kind !== "not_found") throw thrown;
    return { state: "dropped", code: "link_refused", note: `not linked to ${other.key}: ${error.message}` };
  }
}

/** The status that we gave it is no change of a person's; whatever else was changed meanwhile is left for reconcile to see. */
function withOurStatus(record: TicketRecord, snapshot: TicketSnapshot, now: number): TicketRecord {
  const { status, statusCategory, resolution } = snapshot;
  const before = record.seen ?? { at: now, priority: record.written.priority };
  return { ...record, seen: { ...before, status, statusCategory, resolution } };
}

function done(code: string, note: string): Applied {
  return { state: "done", code, note };
}

function dropped(code: string, note: string): Applied {
  return { state: "dropped", code, note, lookAgain: true };
}
