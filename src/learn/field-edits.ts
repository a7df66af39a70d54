import type { TicketRecord, TicketSnapshot } from "../model/ticket.ts";
import type { TicketEdit, WatchedField } from "../model/ticket-life.ts";

type Seen = NonNullable<TicketRecord["seen"]>;

/** Values that are kept of an edit. */
const longestValue = 500;

/** A field that says something else than when it was last looked at, as texts. */
export interface FieldEdit {
  readonly field: WatchedField;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/**
 * What people changed since the last look. Pure. Delivery notes in `seen` what it wrote itself, so whatever differs is
 * somebody else's. A record that was never looked at in full has nothing to compare but the priority that we wrote.
 */
export function fieldEdits(
  record: TicketRecord,
  snapshot: TicketSnapshot,
  inFlight: ReadonlySet<WatchedField>,
): readonly FieldEdit[] {
  const before = knownBefore(record);
  const after = textsOf(snapshot);
  return [...before].flatMap(([field, from]) => {
    const to = after[field];
    return inFlight.has(field) || from === to ? [] : [{ field, from: cut(from), to: cut(to) }];
  });
}

function knownBefore({ seen, written }: TicketRecord): ReadonlyMap<WatchedField, string | undefined> {
  if (seen === undefined) return new Map(written.priority === undefined ? [] : [["priority", written.priority]]);
  const { status, resolution, priority } = seen;
  const always: [WatchedField, string | undefined][] = [
    ["status", status],
    ["resolution", resolution],
    ["priority", priority],
  ];
  // Stored before more was looked at, or by delivery alone: labels are what every full look has.
  if (seen.labels === undefined) return new Map(always);
  return new Map([
    ...always,
    ["summary", seen.summary],
    ["description", seen.description],
    ["labels", sorted(seen.labels)],
    ["assignee", seen.assignee],
    ["project", seen.project],
  ]);
}

function textsOf(snapshot: TicketSnapshot): Readonly<Record<WatchedField, string | undefined>> {
  const { status, resolution, priority, assignee, summary, description, labels, project } = snapshot;
  return { status, resolution, priority, assignee, summary, description, labels: sorted(labels), project };
}

/** Trackers give labels in any order. */
function sorted(labels: readonly string[]): string {
  return [...labels].sort().join(" ");
}

function cut(value: string | undefined): string | undefined {
  return value === undefined ? undefined : value.slice(0, longestValue);
}

/** What is to be compared with next time; a field that delivery is writing just now keeps what was seen before it. */
export function seenNow(
  { seen, written }: TicketRecord,
  snapshot: TicketSnapshot,
  options: { readonly at: number; readonly inFlight: ReadonlySet<WatchedField> },
): Seen {
  const { status, statusCategory, resolution, priority, summary, description, labels } = snapshot;
  const { assignee, project, updatedAt } = snapshot;
  const words = { summary, description, labels, assignee, project, updatedAt };
  const now: Seen = { at: options.at, status, statusCategory, resolution, priority, ...words };
  const has = (field: WatchedField) => options.inFlight.has(field);
  if (seen === undefined) return has("priority") ? { ...now, priority: written.priority } : now;
  return {
    ...now,
    ...(has("status") ? { status: seen.status, statusCategory: seen.statusCategory, resolution: seen.resolution } : {}),
    ...(has("priority") ? { priority: seen.priority } : {}),
    ...(has("summary") ? { summary: seen.summary } : {}),
    ...(has("description") ? { description: seen.description } : {}),
    ...(has("labels") ? { labels: seen.labels } : {}),
    ...(has("assignee") ? { assignee: seen.assignee } : {}),
  };
}

/** People's edits as rows. */
export function editRows(
  record: TicketRecord,
  edits: readonly (Omit<FieldEdit, "field"> & Pick<TicketEdit, "field">)[],
  told: { readonly at: number; readonly who: string | undefined },
): readonly TicketEdit[] {
  const { findingId, generation, tracker, ref } = record;
  return edits.map((edit) => ({ ...told, findingId, generation, tracker, issueId: ref.id, ...edit }));
}
