import type { OutboxAction, OutboxEntry } from "../model/outbox.ts";
import type { TicketRecord, TicketSnapshot } from "../model/ticket.ts";
import type { Tracker } from "../trackers/tracker.ts";

/** What a word to an existing ticket came to. */
export interface Applied {
  readonly state: "done" | "dropped";
  /** A stable word for the timeline. */
  readonly code: string;
  readonly note: string;
  readonly record: TicketRecord;
}

type WordAction = Exclude<OutboxAction, { kind: "create" }>;

/**
 * Says one thing on a ticket that is there. Looks first, so that a ticket that people closed or deleted is left alone;
 * every verb of the tracker is safe to repeat. Throws BackfeedError.
 */
export async function applyToTicket(
  entry: OutboxEntry,
  action: WordAction,
  record: TicketRecord,
  tracker: Tracker,
  now: number,
  signal: AbortSignal,
): Promise<Applied> {
  const snapshot = await tracker.read(record.ref, signal);
  if (snapshot === undefined) return dropped(record, "ticket_gone", "the ticket was deleted or is out of reach");
  const seen = withSeen(record, snapshot, now);
  if (snapshot.statusCategory === "done" && entry.action.kind !== "summary") {
    // So it looks, too, when we closed it ourselves and died before that was stored.
    if (action.kind === "transition") {
      return done(seen, "transition_unchanged", `the ticket is ${snapshot.status} already`);
    }
    return dropped(seen, "ticket_closed", `the ticket is ${snapshot.status}: nothing was written`);
  }
  switch (action.kind) {
    case "comment": {
      const outcome = await tracker.comment(record.ref, action, signal);
      return outcome === "created"
        ? done(seen, "commented", "written on the ticket")
        : done(seen, "comment_was_there", "was on the ticket already");
    }
    case "summary": {
      const outcome = await tracker.keepComment(record.ref, action, signal);
      return done(seen, `summary_${outcome}`, "the summary block is current");
    }
    case "priority":
      return setPriority(action, seen, tracker, signal);
    case "transition": {
      await tracker.comment(record.ref, action, signal);
      const outcome = await tracker.transition(record.ref, action.category, signal);
      // What is decided next goes by what the ticket says now.
      const after = outcome === "moved" ? await tracker.read(record.ref, signal) : undefined;
      const known = after === undefined ? seen : withSeen(record, after, now);
      return done(known, `transition_${outcome}`, `asked for a status of the category ${action.category}`);
    }
  }
}

/** A person's priority stands; the change is told as a comment instead. */
async function setPriority(
  action: Extract<WordAction, { kind: "priority" }>,
  record: TicketRecord,
  tracker: Tracker,
  signal: AbortSignal,
): Promise<Applied> {
  const change = { band: action.band, lastWritten: record.written.priority };
  const { outcome, priority } = await tracker.setPriority(record.ref, change, signal);
  if (outcome === "kept") {
    await tracker.comment(record.ref, action, signal);
    return done(record, "priority_kept", `a person set ${priority ?? "the priority"}: it stays`);
  }
  const written = outcome === "unsupported" ? record.written : { priority, band: action.band };
  return done({ ...record, written }, `priority_${outcome}`, `priority for ${action.band}`);
}

/** The record with what the ticket says now. */
export function withSeen(record: TicketRecord, snapshot: TicketSnapshot, now: number): TicketRecord {
  const { status, statusCategory, resolution, priority } = snapshot;
  return { ...record, ref: snapshot.ref, seen: { at: now, status, statusCategory, resolution, priority } };
}

function done(record: TicketRecord, code: string, note: string): Applied {
  return { state: "done", code, note, record };
}

function dropped(record: TicketRecord, code: string, note: string): Applied {
  return { state: "dropped", code, note, record };
}
