import type { FindingEvent } from "../model/finding.ts";
import type { TicketRecord, TicketRef, TicketSnapshot } from "../model/ticket.ts";
import { asBackfeedError } from "../support/errors.ts";
import type { DriftContext } from "./drift.ts";
import { fold } from "./fold.ts";
import { withoutSecrets } from "./look.ts";
import type { ReconcileContext } from "./reconcile-context.ts";
import { takeOver } from "./take-over.ts";

/** Tickets of one pass: each is a search and a read for every hit, beside what reconcile asks. */
const mostSwept = 10;

/** What is to be made of the issues that are one ticket. */
export interface Folding {
  /** The lowest id, that all instances agree on whatever each of them knows. */
  readonly kept: TicketRef;
  readonly folded: readonly TicketRef[];
}

/**
 * Which of the issues found under one label and generation stays. Pure. Issues that were the ticket before, or were
 * folded, are known and no duplicates any more; a record whose issue is gone takes what is there. Undefined when there is nothing at all.
 */
export function foldingOf(record: TicketRecord, hits: readonly TicketRef[]): Folding | undefined {
  const former = new Set([...(record.formerRefs ?? []), ...(record.folded ?? [])].map(({ id }) => id));
  const refs = new Map(hits.filter(({ id }) => !former.has(id)).map((ref) => [ref.id, ref]));
  if (record.gone === undefined) refs.set(record.ref.id, record.ref);
  const [kept, ...folded] = [...refs.values()].sort((a, b) => compareIds(a.id, b.id));
  return kept === undefined ? undefined : { kept, folded };
}

/** Ids are numbers that outgrow ours; where they are no numbers, texts. */
function compareIds(a: string, b: string): number {
  const isNumber = /^\d+$/.test(a) && /^\d+$/.test(b);
  if (isNumber && a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Looks for second tickets of those that were filed hours ago, when no index hides them any more (JIRA.md 2.7, step 6), and
 * folds them into the one with the lowest id. Gives how many it folded. Throws what the tracker throws: what was not
 * finished is due again.
 */
export async function sweep(context: ReconcileContext, signal: AbortSignal): Promise<number> {
  const { store, tracker, clock, logger } = context;
  const due = await store.tickets.unswept({ tracker: tracker.name, now: clock.now(), limit: mostSwept });
  let folded = 0;
  for (const record of due) {
    try {
      folded += await sweepOne(record, context, signal);
    } catch (thrown) {
      const error = asBackfeedError(thrown);
      if (error.kind !== "refused" && error.kind !== "not_found" && error.kind !== "limit") throw error;
      const facts = { ticket: record.ref.key, finding: record.findingId };
      logger.warn("TICKET_NOT_SWEPT", "a ticket could not be looked through for duplicates", facts, error);
      await store.tickets.change(record, (current) => ({ record: { ...current, sweptAt: clock.now() } }));
    }
  }
  return folded;
}

async function sweepOne(record: TicketRecord, context: ReconcileContext, signal: AbortSignal): Promise<number> {
  const { store, tracker, policy, clock } = context;
  const { groupKey, generation } = record;
  const identity = { instance: context.instance, groupKey, generation, rules: [] };
  const hits = await tracker.find(identity, { tracker: tracker.name, labels: [], fields: {} }, signal);
  const folding = foldingOf(record, hits);
  const folded = folding?.folded ?? [];
  for (const duplicate of folded) {
    const because =
      "Two tickets were filed for the same problem, since the answer to the first did not arrive in time.";
    const kept = folding?.kept ?? record.ref;
    await fold({ tracker, duplicate, kept, because, closes: policy.closeDuplicates }, signal);
    context.onDuplicate();
  }
  const snapshot = await keptSnapshot(record, folding, context, signal);
  const now = clock.now();
  const band = record.written.band;
  // Nobody has looked at that one before.
  const editedByOthers = snapshot === undefined ? [] : await tracker.editedByOthers(snapshot.ref, signal);
  const compared: DriftContext = { ...policy, now, band, inFlight: new Set(), editedByOthers, who: undefined };
  await store.tickets.change(record, (current) => {
    const moved = snapshot === undefined ? undefined : takeOver(current, snapshot, "folded", compared);
    const after = moved?.record ?? current;
    const all = [...(after.folded ?? []), ...folded];
    const events = [...(moved?.events ?? []), ...folded.map((ref) => foldedEvent(ref, after.ref, now))];
    return { record: { ...after, ...(all.length === 0 ? {} : { folded: all }), sweptAt: now }, events };
  });
  return folded.length;
}

/** What the issue says that the record is to name from now on; undefined when it does already. */
async function keptSnapshot(
  record: TicketRecord,
  folding: Folding | undefined,
  context: ReconcileContext,
  signal: AbortSignal,
): Promise<TicketSnapshot | undefined> {
  if (folding === undefined || folding.kept.id === record.ref.id) return undefined;
  const snapshot = (await context.tracker.readMany([folding.kept], signal)).get(folding.kept.id);
  return snapshot === undefined ? undefined : withoutSecrets(snapshot, context);
}

function foldedEvent(duplicate: TicketRef, kept: TicketRef, at: number): FindingEvent {
  const text = `${duplicate.key} was filed for the same problem a second time: it is linked to ${kept.key} as its duplicate`;
  return { at, kind: "ticket", code: "duplicate_folded", text, facts: { ticket: duplicate.key, kept: kept.key } };
}
