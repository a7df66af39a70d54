import type { OutboxAction, OutboxEntry } from "../model/outbox.ts";
import type { WatchedField } from "../model/ticket-life.ts";

/** What delivering an action may change on the ticket. */
function writes(action: OutboxAction): readonly WatchedField[] {
  switch (action.kind) {
    case "priority":
    case "labels":
    case "description":
      return [action.kind];
    case "field":
      return [action.field];
    case "transition":
    case "reopen":
      return ["status", "resolution"];
    case "create":
    case "comment":
    case "summary":
    case "link":
      return [];
  }
}

/**
 * Fields that delivery may be writing, or may have written without noting it yet: of entries that are at work or were tried
 * before. Pure. What waits untouched, or for an operator, has written nothing that is not noted.
 */
export function inFlight(open: readonly OutboxEntry[]): ReadonlySet<WatchedField> {
  const fields = new Set<WatchedField>();
  for (const { state, lease, attempts, action } of open) {
    const touched = state === "sending" || state === "unknown" || lease !== undefined || attempts > 0;
    if (!touched || state === "parked") continue;
    for (const field of writes(action)) fields.add(field);
  }
  return fields;
}
