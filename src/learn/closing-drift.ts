import type { FindingEvent } from "../model/finding.ts";
import type { TicketRecord, TicketRef, TicketSnapshot } from "../model/ticket.ts";
import type { ClosedAs, TicketClosed } from "../model/ticket-life.ts";
import { cleanText } from "../support/clean-text.ts";
import type { DriftContext } from "./drift.ts";

export interface ClosingDrift {
  readonly record: TicketRecord;
  readonly events: readonly FindingEvent[];
  readonly commands: readonly { readonly kind: "follow"; readonly other: TicketRef }[];
}

type Context = DriftContext & { readonly at: number };

/**
 * Whether the ticket was closed, closed as something else, or opened again. Pure. Goes by what the ticket is, not by what
 * it was, so that no order in which changes are heard of gives another end.
 */
export function closingDrift(record: TicketRecord, snapshot: TicketSnapshot, context: Context): ClosingDrift {
  const nothing = { record, events: [], commands: [] };
  if (context.inFlight.has("status")) return nothing;
  if (snapshot.statusCategory !== "done")
    return record.closed === undefined ? nothing : reopened(record, snapshot, context);
  const original = originalOf(record, snapshot);
  const commands = original === undefined ? [] : [{ kind: "follow", other: original } as const];
  const as = closedAs(snapshot, original, context.wontDo);
  const { status, resolution } = snapshot;
  const before = record.closed;
  if (before?.as === as) {
    const isSame = before.status === status && before.resolution === resolution;
    return { ...nothing, commands, record: isSame ? record : { ...record, closed: { ...before, status, resolution } } };
  }
  // Delivery notes a status that it wrote: one that was seen as done before it was known as closed is ours. It never
  // closes as anything but done.
  const ours = before === undefined && record.seen?.statusCategory === "done" && as === "done";
  const by = ours ? "us" : "people";
  const closed: TicketClosed = { at: context.at, as, by, band: context.band, status, resolution };
  const text = closedText(record.ref, closed, original, context.who);
  const facts = { ticket: record.ref.key, as };
  const events = [{ at: context.now, kind: "ticket", code: `closed_${as}`, text, facts } as const];
  return { record: { ...record, closed }, events, commands };
}

/** The issue that people made of this one; not one that was the ticket before, or two would follow each other for ever. */
function originalOf(record: TicketRecord, { ref, duplicateOf }: TicketSnapshot): TicketRef | undefined {
  if (duplicateOf === undefined || duplicateOf.id === ref.id) return undefined;
  return record.formerRefs?.some(({ id }) => id === duplicateOf.id) === true ? undefined : duplicateOf;
}

function closedAs(snapshot: TicketSnapshot, original: TicketRef | undefined, wontDo: readonly string[]): ClosedAs {
  if (original !== undefined) return "duplicate";
  const names = new Set(wontDo.map((name) => name.toLowerCase()));
  const said = [snapshot.resolution, snapshot.status].map((name) => (name ?? "").toLowerCase());
  return said.some((name) => names.has(name)) ? "wont_do" : "done";
}

function reopened(record: TicketRecord, snapshot: TicketSnapshot, { now, who }: Context): ClosingDrift {
  const status = shown(snapshot.status);
  const byUs = record.seen !== undefined && record.seen.statusCategory !== "done";
  const text = byUs
    ? `${record.ref.key} is open again, as the rule asks: ${status}`
    : `${record.ref.key} was opened again${byWhom(who)}: ${status}`;
  const facts = { ticket: record.ref.key };
  const events = [{ at: now, kind: "ticket", code: "reopened", text, facts } as const];
  return { record: { ...record, closed: undefined }, events, commands: [] };
}

function closedText(ref: TicketRef, closed: TicketClosed, original: TicketRef | undefined, who: string | undefined) {
  const { status, resolution } = closed;
  const how =
    resolution === undefined || resolution === status ? shown(status) : `${shown(status)}, ${shown(resolution)}`;
  if (closed.by === "us") return `${ref.key} is closed, as the rule asks when all is quiet: ${how}`;
  const what = {
    done: `was closed as done`,
    wont_do: `was closed as not to be done`,
    duplicate: `was closed as a duplicate of ${original?.key ?? "another issue"}`,
  }[closed.as];
  return `${ref.key} ${what}${byWhom(who)}: ${how}`;
}

function byWhom(who: string | undefined): string {
  return who === undefined ? "" : ` by ${shown(who)}`;
}

function shown(text: string): string {
  return cleanText(text, { maxLength: 80, singleLine: true });
}
