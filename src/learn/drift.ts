import type { FindingEvent } from "../model/finding.ts";
import type { Band } from "../model/priority.ts";
import type { TicketRecord, TicketRef, TicketSnapshot } from "../model/ticket.ts";
import { type SharedField, sharedFields, type TicketEdit, type WatchedField } from "../model/ticket-life.ts";
import { minute } from "../support/duration.ts";
import { canonicalJson } from "../support/hashing.ts";
import { closingDrift } from "./closing-drift.ts";
import { commandDrift } from "./command-drift.ts";
import { editRows, type FieldEdit, fieldEdits, seenNow } from "./field-edits.ts";
import { type LabelCommand, labelCommands } from "./label-commands.ts";

/**
 * A second look by id at least this long after the first: an index that is rebuilt, a failover or a move between projects
 * hides an issue for less.
 */
const goneAfterMs = 5 * minute;

/** What of the configuration, and of the moment, a comparison needs. */
export interface DriftContext {
  readonly now: number;
  /** Begins the labels that are ours. */
  readonly labelPrefix: string;
  /** Resolutions and statuses that mean "not to be done", in any case. */
  readonly wontDo: readonly string[];
  /** The finding's band now: what a closing is remembered with. */
  readonly band: Band;
  /** Fields that delivery may be writing just now: what they say is judged when that ended. */
  readonly inFlight: ReadonlySet<WatchedField>;
  /** What others changed before the first look, which has nothing to compare with; left out at later ones. */
  readonly editedByOthers?: readonly SharedField[];
  /** Who changed the issue, where a webhook said so. */
  readonly who: string | undefined;
}

/** What is left to do outside: at the tracker, or with the finding. */
export type DriftCommand =
  | { readonly kind: "remove_label"; readonly label: string }
  | { readonly kind: "refile"; readonly label: string }
  /** Closed as a duplicate of another issue: that one becomes the ticket, if it can be read. */
  | { readonly kind: "follow"; readonly other: TicketRef };

export interface Drifted {
  /** The same object when nothing is to be stored. */
  readonly record: TicketRecord;
  readonly events: readonly FindingEvent[];
  readonly edits: readonly TicketEdit[];
  readonly commands: readonly DriftCommand[];
}

/**
 * Compares what we remember of a ticket with what the tracker says; `undefined` for an issue that a look by its id did not
 * find. Pure. Decides nothing about the finding: it asks for that by `attendAt`. The same snapshot twice, or one that comes
 * late, changes nothing.
 */
export function drift(record: TicketRecord, snapshot: TicketSnapshot | undefined, context: DriftContext): Drifted {
  if (snapshot === undefined) return missing(record, context);
  if (isLate(record, snapshot)) return { record, events: [], edits: [], commands: [] };
  const { now, inFlight, who } = context;
  const at = changedAt(snapshot, now);
  const commands = labelCommands(snapshot.labels, context.labelPrefix);
  const edits = fieldEdits(record, snapshot, inFlight);
  const back = found(record, snapshot, context);
  const closing = closingDrift(back.record, snapshot, { ...context, at });
  const asked = commandDrift(closing.record, commands, { ...context, at });
  const noted = notePeoples(asked.record, snapshot, { edits, commands, context });
  const rows = editRows(noted, [...back.edits, ...edits], { at, who });
  const events = [...back.events, ...closing.events, ...asked.events];
  const after: TicketRecord = { ...noted, seen: seenNow(record, snapshot, { at: now, inFlight }) };
  const attended = events.length === 0 ? after : { ...after, attendAt: earliest(after.attendAt, now) };
  const changed = events.length > 0 || rows.length > 0 || !saysTheSame(record, attended);
  return {
    record: changed ? attended : record,
    events,
    edits: rows,
    commands: [...closing.commands, ...asked.commands],
  };
}

/** The tracker's instant of the change, unless its clock is ahead of ours. */
function changedAt({ updatedAt }: TicketSnapshot, now: number): number {
  return Math.min(now, updatedAt ?? now);
}

function isLate({ seen, ref }: TicketRecord, snapshot: TicketSnapshot): boolean {
  if (ref.id !== snapshot.ref.id) return true;
  return seen?.updatedAt !== undefined && snapshot.updatedAt !== undefined && snapshot.updatedAt < seen.updatedAt;
}

/** Once may be an accident of the tracker's; what a person did is believed after the second look. */
function missing(record: TicketRecord, { now, who }: DriftContext): Drifted {
  const { missed, gone, ref } = record;
  const nothing = { record, events: [], edits: [], commands: [] };
  if (gone !== undefined) return nothing;
  if (missed === undefined) return { ...nothing, record: { ...record, missed: { since: now } } };
  if (now - missed.since < goneAfterMs) return nothing;
  const text = `${ref.key} was deleted, or moved to where we may not look; nothing is filed again before somebody asks for it`;
  return {
    record: { ...record, gone: { at: now }, attendAt: earliest(record.attendAt, now) },
    events: [{ at: now, kind: "ticket", code: "ticket_gone", text, facts: { ticket: ref.key } }],
    edits: editRows(record, [{ field: "ticket", from: ref.key, to: undefined }], { at: now, who }),
    commands: [],
  };
}

/** It is there, perhaps again and perhaps elsewhere. */
function found(
  record: TicketRecord,
  snapshot: TicketSnapshot,
  { now }: DriftContext,
): Pick<Drifted, "record" | "events"> & {
  readonly edits: readonly (Omit<FieldEdit, "field"> & Pick<TicketEdit, "field">)[];
} {
  const { ref } = snapshot;
  const events: FindingEvent[] = [];
  const isBack = record.gone !== undefined;
  const facts = { ticket: ref.key };
  if (isBack) {
    events.push({ at: now, kind: "ticket", code: "ticket_back", text: `${ref.key} can be read again`, facts });
  }
  if (ref.key !== record.ref.key) {
    const text = `${record.ref.key} was moved and is ${ref.key} now; it stays the ticket`;
    events.push({ at: now, kind: "ticket", code: "ticket_moved", text, facts });
  }
  const edits = isBack ? [{ field: "ticket", from: undefined, to: ref.key } as const] : [];
  return { record: { ...record, ref, missed: undefined, gone: undefined }, events, edits };
}

/** Fields that a person changed stay theirs; labels are each for themselves, and only a label taken off matters. */
function notePeoples(
  record: TicketRecord,
  snapshot: TicketSnapshot,
  found: {
    readonly edits: readonly FieldEdit[];
    readonly commands: readonly LabelCommand[];
    readonly context: DriftContext;
  },
): TicketRecord {
  const owned: ReadonlySet<WatchedField> = new Set(sharedFields);
  const fields = found.edits.flatMap(({ field }) => (owned.has(field) ? [field] : []));
  const peoples = union(record.peoples, [...fields, ...(found.context.editedByOthers ?? [])]);
  const labels = new Set(snapshot.labels);
  const taken = found.context.inFlight.has("labels")
    ? []
    : (record.seen?.labels ?? []).filter((label) => !labels.has(label) && !isCommand(label, found.context));
  // A label that a person put back is theirs to have.
  const removed = union(record.labelsRemoved, taken)?.filter((label) => !labels.has(label));
  return { ...record, peoples, labelsRemoved: removed?.length === 0 ? undefined : removed };
}

function isCommand(label: string, { labelPrefix }: DriftContext): boolean {
  return labelCommands([label], labelPrefix).length > 0;
}

function union<Value>(before: readonly Value[] | undefined, more: readonly Value[]): readonly Value[] | undefined {
  const all = new Set([...(before ?? []), ...more]);
  return all.size === 0 ? undefined : [...all];
}

function earliest(before: number | undefined, at: number): number {
  return Math.min(before ?? at, at);
}

/** But for when we looked. */
function saysTheSame(before: TicketRecord, after: TicketRecord): boolean {
  const comparable = ({ seen, ...rest }: TicketRecord) => canonicalJson({ ...rest, seen: { ...seen, at: 0 } });
  return comparable(before) === comparable(after);
}
