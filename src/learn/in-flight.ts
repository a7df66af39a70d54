import type { OutboxAction, OutboxEntry } from "../model/outbox.ts";
import type { WatchedField } from "../model/ticket-life.ts";

/** What delivering an action may change on the ticket. */
const writes: Partial<Record<OutboxAction["kind"], readonly WatchedField[]>> = {
  priority: ["priority"],
  transition: ["status", "resolution"],
};

/**
 * Fields that delivery may be writing, or may have written without noting it yet: of entries that are at work or were tried
 * before. Pure. What waits untouched, or for an operator, has written nothing that is not noted.
 */
export function inFlight(open: readonly OutboxEntry[]): ReadonlySet<WatchedField> {
  const fields = new Set<WatchedField>();
  for (const { state, lease, attempts, action } of open) {
    const touched = state === "sending" || state === "unknown" || lease !== undefined || attempts > 0;
    if (!touched || state === "parked") continue;
    for (const field of writes[action.kind] ?? []) fields.add(field);
  }
  return fields;
}
