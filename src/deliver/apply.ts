import type { OutboxAction, OutboxEntry } from "../model/outbox.ts";
import type { Band } from "../model/priority.ts";
import type { TicketRecord, TicketSnapshot } from "../model/ticket.ts";
import type { Tracker } from "../trackers/tracker.ts";

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
  if (snapshot === undefined) return dropped("ticket_gone", "the ticket was deleted or is out of reach");
  if (snapshot.statusCategory === "done" && entry.action.kind !== "summary") {
    // So it looks, too, when we closed it ourselves and died before that was stored.
    if (action.kind === "transition") {
      return { ...done("transition_unchanged", `the ticket is ${snapshot.status} already`), lookAgain: true };
    }
    return dropped("ticket_closed", `the ticket is ${snapshot.status}: nothing was written`);
  }
  switch (action.kind) {
    case "comment": {
      const outcome = await tracker.comment(record.ref, action, signal);
      return outcome === "created"
        ? done("commented", "written on the ticket")
        : done("comment_was_there", "was on the ticket already");
    }
    case "summary": {
      const outcome = await tracker.keepComment(record.ref, action, signal);
      return done(`summary_${outcome}`, "the summary block is current");
    }
    case "priority":
      return setPriority(action, record, tracker, signal);
    case "transition": {
      await tracker.comment(record.ref, action, signal);
      const outcome = await tracker.transition(record.ref, action.category, signal);
      const after = outcome === "moved" ? await tracker.read(record.ref, signal) : undefined;
      const said = done(`transition_${outcome}`, `asked for a status of the category ${action.category}`);
      return after === undefined ? said : { ...said, change: (current) => withOurStatus(current, after, now) };
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
    return done("priority_kept", `a person set ${priority ?? "the priority"}: it stays`);
  }
  const said = done(`priority_${outcome}`, `priority for ${action.band}`);
  if (outcome === "unsupported") return said;
  return { ...said, change: (current) => withOurPriority(current, priority, action.band) };
}

/** The status that we gave it is no change of a person's; whatever else was changed meanwhile is left for reconcile to see. */
function withOurStatus(record: TicketRecord, snapshot: TicketSnapshot, now: number): TicketRecord {
  const { status, statusCategory, resolution } = snapshot;
  const before = record.seen ?? { at: now, priority: record.written.priority };
  return { ...record, seen: { ...before, status, statusCategory, resolution } };
}

function withOurPriority(record: TicketRecord, priority: string | undefined, band: Band): TicketRecord {
  const written = { ...record.written, priority, band };
  return { ...record, written, ...(record.seen === undefined ? {} : { seen: { ...record.seen, priority } }) };
}

/** The record of a ticket that is new to us, with what it says. */
export function withSeen(record: TicketRecord, snapshot: TicketSnapshot, now: number): TicketRecord {
  const { ref, status, statusCategory, resolution, priority, summary, description, labels } = snapshot;
  const { assignee, project, updatedAt } = snapshot;
  const words = { summary, description, labels, assignee, project, updatedAt };
  return { ...record, ref, seen: { at: now, status, statusCategory, resolution, priority, ...words } };
}

function done(code: string, note: string): Applied {
  return { state: "done", code, note };
}

function dropped(code: string, note: string): Applied {
  return { state: "dropped", code, note, lookAgain: true };
}
