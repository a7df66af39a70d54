import type { Document } from "../model/document.ts";
import type { OutboxAction } from "../model/outbox.ts";
import type { Band } from "../model/priority.ts";
import type { TicketRecord, TicketSnapshot } from "../model/ticket.ts";
import type { OwnedField } from "../trackers/tracker.ts";
import type { Applied, ApplyContext } from "./apply.ts";

type Action<Kind extends OutboxAction["kind"]> = Extract<OutboxAction, { kind: Kind }>;

/** A person's priority stands unless the rule says `always`; the change is told as a comment instead. */
export async function setPriority(
  action: Action<"priority">,
  snapshot: TicketSnapshot,
  { tracker, record, note, signal }: ApplyContext,
): Promise<Applied> {
  const keep = async (priority: string | undefined): Promise<Applied> => {
    await tracker.comment(record.ref, action, signal);
    return done("priority_kept", `a person set ${priority ?? "the priority"}: it stays`);
  };
  const { band, always } = action;
  if (always !== true && record.peoples?.includes("priority") === true) return keep(snapshot.priority);
  const lastWritten = record.written.priority;
  const change = { band, lastWritten, ...(always === true ? { always } : {}) };
  const { outcome, priority } = await tracker.setPriority(record.ref, change, signal);
  if (outcome === "kept") {
    // Before it is told: dead in between, we would take the priority for ours again once the person puts it back.
    await note((current) => ({ ...current, peoples: [...new Set([...(current.peoples ?? []), "priority" as const])] }));
    return keep(priority);
  }
  const said = done(`priority_${outcome}`, `priority for ${action.band}`);
  if (outcome === "unsupported") return said;
  return { ...said, change: (current) => withOurPriority(current, priority, action.band) };
}

export async function changeLabels(
  { add, remove }: Action<"labels">,
  { tracker, record, signal }: ApplyContext,
): Promise<Applied> {
  const outcome = await tracker.changeLabels(record.ref, { add, remove }, signal);
  const said = done(`labels_${outcome}`, `added ${add.length}, removed ${remove.length}`);
  // Noted one by one: a label that a person put on or took off meanwhile is left for reconcile to see.
  const relabel = (labels: readonly string[]) =>
    [...new Set([...labels, ...add])].filter((each) => !remove.includes(each));
  return { ...said, change: (current) => withOurs(current, "labels", relabel(current.seen?.labels ?? [])) };
}

/** One field that the rule lets follow the problem. What a person wrote stays unless the rule says `always`. */
export async function writeField(
  { always }: { readonly always?: true },
  field: OwnedField,
  value: string | Document,
  snapshot: TicketSnapshot,
  { tracker, record, signal }: ApplyContext,
): Promise<Applied> {
  const persons = always !== true && record.peoples?.includes(field) === true;
  if (persons) return done("field_kept", `a person changed the ${field}: it stays`);
  // Never looked at since it was filed: then what stands there is ours only as far as nobody knows better.
  if (always !== true && record.seen === undefined) {
    return {
      state: "dropped",
      code: "field_not_seen",
      note: `the ${field} has not been looked at yet`,
      lookAgain: true,
    };
  }
  const change = { field, value, lastSeen: record.seen?.[field], ...(always === true ? { always } : {}) };
  const outcome = await tracker.writeField(record.ref, change, signal);
  if (outcome === "kept") return { ...done("field_kept", `a person changed the ${field}: it stays`), lookAgain: true };
  const said = done(`field_${outcome}`, `${field} as the rule says`);
  // Written before we died, or the same words by somebody else: nothing to keep from us.
  if (outcome === "unchanged") return { ...said, change: (current) => withOurs(current, field, snapshot[field]) };
  if (outcome !== "written") return said;
  // The tracker may have made it fit: what stands there now is ours.
  const after = await tracker.read(record.ref, signal);
  return after === undefined ? said : { ...said, change: (current) => withOurs(current, field, after[field]) };
}

type Seen = NonNullable<TicketRecord["seen"]>;

/** What we wrote is no change of a person's when reconcile looks next. */
function withOurs<Field extends OwnedField | "labels">(
  record: TicketRecord,
  field: Field,
  value: Seen[Field],
): TicketRecord {
  return record.seen === undefined ? record : { ...record, seen: { ...record.seen, [field]: value } };
}

function withOurPriority(record: TicketRecord, priority: string | undefined, band: Band): TicketRecord {
  const written = { ...record.written, priority, band };
  return { ...record, written, ...(record.seen === undefined ? {} : { seen: { ...record.seen, priority } }) };
}

function done(code: string, note: string): Applied {
  return { state: "done", code, note };
}
