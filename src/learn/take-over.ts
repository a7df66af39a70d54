import type { FindingEvent } from "../model/finding.ts";
import type { TicketRecord, TicketSnapshot } from "../model/ticket.ts";
import { sharedFields } from "../model/ticket-life.ts";
import type { TicketChange } from "../store/store.ts";
import { type DriftContext, drift } from "./drift.ts";

/** Why another issue becomes the ticket: it is the original of a duplicate, a person said so, or ours was filed twice. */
export type TakeOver = "duplicate" | "adopted" | "folded";

/**
 * The record with another issue as its ticket; the one before is remembered. Pure. What stands on a person's issue is
 * theirs, so no field of it is written; on a second one of ours the fields are as we wrote them.
 */
export function takeOver(
  record: TicketRecord,
  snapshot: TicketSnapshot,
  why: TakeOver,
  context: DriftContext,
): TicketChange {
  const { now } = context;
  const { ref } = snapshot;
  const isOurs = why === "folded";
  const formerRefs = [...(record.formerRefs ?? []).filter(({ id }) => id !== ref.id), record.ref];
  const renewed: TicketRecord = {
    ...newOn(record),
    ref,
    written: isOurs ? record.written : { priority: undefined, band: record.written.band },
    peoples: isOurs ? record.peoples : sharedFields,
    formerRefs,
    attendAt: Math.min(record.attendAt ?? now, now),
  };
  // Whatever was done to it before is no change that happened now, but that it is closed matters.
  const looked = drift(renewed, snapshot, { ...context, who: undefined });
  const code = { duplicate: "duplicate_followed", adopted: "ticket_adopted", folded: "duplicate_folded" }[why];
  const text = {
    duplicate: `${ref.key} is the ticket now: ${record.ref.key} was closed as its duplicate`,
    adopted: `${ref.key} is the ticket now: a person chose it instead of ${record.ref.key}`,
    folded: `${ref.key} is the ticket now: ${record.ref.key} was filed for the same problem a second time`,
  }[why];
  const event: FindingEvent = { at: now, kind: "ticket", code, text, facts: { ticket: ref.key } };
  return { record: looked.record, events: [event, ...looked.events] };
}

/** What belongs to the finding and its generation, and not to the issue. */
function newOn(record: TicketRecord): TicketRecord {
  const { tracker, ref, findingId, groupKey, generation, createdAt, written, snoozedUntil, sweptAt, folded } = record;
  const kept = { tracker, ref, findingId, groupKey, generation, createdAt, written };
  return { ...kept, dropped: [], seen: undefined, snoozedUntil, sweptAt, folded };
}
