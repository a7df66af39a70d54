import type { TicketRecord, TicketSnapshot } from "../model/ticket.ts";
import type { StoredHint } from "../store/store.ts";
import { day, hour, minute } from "../support/duration.ts";
import { asBackfeedError, type BackfeedError } from "../support/errors.ts";
import { adoptHinted, adoptLabelled } from "./adoptions.ts";
import { carryOut } from "./carry-out.ts";
import { fieldEdits } from "./field-edits.ts";
import { look, type Subject, withoutSecrets } from "./look.ts";
import type { ReconcileContext } from "./reconcile-context.ts";

/*
 * What one pass may cost, at one pass a minute: 500 issues read by id are ten requests of 50, what changed since is ten more,
 * the rolling part two, and who asks for adoption one. Jira Cloud's burst limit is a hundred a second (JIRA.md 2.4), and 10,000 tickets are all looked at
 * within 100 minutes.
 */
const mostReads = 500;
/** Between two passes, when webhooks hint at something: every five seconds at most, two requests. */
const mostHinted = 100;
const mostChanged = 500;
const rollingReads = 100;
const readsAtOnce = 50;

/** Search lags by seconds to minutes (JIRA.md 2.3): what it shows late is asked for again. */
const indexLagMs = 10 * minute;
/** Of a tracker that was never asked. What changed before is seen by the rolling part. */
const firstLookBackMs = hour;
/** Webhooks and changes come sooner; this is the floor under them, and the only way to see a deletion. */
const lookAgainAfterMs = 5 * minute;
const lookAtGoneAfterMs = hour;
/** Twice `suppress_for`: longer nobody waits for a closed ticket. */
const endedLookMs = 180 * day;

/** What one pass came to. */
export interface ReconcilePass {
  readonly looked: number;
  readonly changed: number;
  /** Why it ended early; what it did stays done. */
  readonly failure: BackfeedError | undefined;
}

/**
 * One pass over a tracker: what webhooks hinted at, and, unless that is the whole `extent`, what changed since the last pass
 * and those that were not looked at for longest. Each issue is read by its id, which outranks what search says. A failure
 * ends the pass and changes nothing.
 */
export async function reconcile(
  context: ReconcileContext,
  signal: AbortSignal,
  extent: "hints" | "all" = "all",
): Promise<ReconcilePass> {
  const { tracker, store } = context;
  let looked = 0;
  let changed = 0;
  try {
    const hints = await store.inbox.pending(tracker.name, extent === "all" ? mostReads : mostHinted);
    const hinted = await store.tickets.byIssueIds(tracker.name, [...new Set(hints.map(({ issueId }) => issueId))]);
    await adoptHinted(hints, hinted, context, signal);
    if (extent === "all") await adoptLabelled(context, signal);
    const { subjects, askedTo } =
      extent === "all" ? await allSubjects(hints, hinted, context, signal) : subjectsOf(hinted, hints);
    for (let from = 0; from < subjects.length; from += readsAtOnce) {
      const some = subjects.slice(from, from + readsAtOnce);
      const done = await lookAtSome(some, context, signal);
      await heard(hints, done.overtaken, some, context);
      looked += some.length;
      changed += done.changed;
    }
    await strangers(hints, hinted, context);
    if (askedTo !== undefined) await store.tickets.setReconciledTo(tracker.name, askedTo);
    return { looked, changed, failure: undefined };
  } catch (thrown) {
    const failure = asBackfeedError(thrown);
    if (signal.aborted) throw failure;
    return { looked, changed, failure };
  }
}

async function lookAtSome(
  subjects: readonly Subject[],
  context: ReconcileContext,
  signal: AbortSignal,
): Promise<{ readonly changed: number; readonly overtaken: ReadonlySet<string> }> {
  const { store, clock } = context;
  const looked = await look(subjects, context, signal);
  const now = clock.now();
  const settled = looked.filter(({ overtaken }) => !overtaken).map(({ record }) => record);
  await store.tickets.looked(
    settled.filter(({ gone }) => gone === undefined),
    now,
  );
  const gone = settled.filter((record) => record.gone !== undefined);
  await store.tickets.looked(gone, now + lookAtGoneAfterMs - lookAgainAfterMs);
  for (const each of looked) await carryOut(each, context, signal);
  const overtaken = looked.filter((each) => each.overtaken).map(({ record }) => record.ref.id);
  return { changed: looked.filter((each) => each.changed).length, overtaken: new Set(overtaken) };
}

/** The records to look at, the most urgent first; `askedTo` when all that changed before it are among them. */
async function allSubjects(
  hints: readonly StoredHint[],
  hinted: readonly TicketRecord[],
  context: ReconcileContext,
  signal: AbortSignal,
): Promise<{ readonly subjects: readonly Subject[]; readonly askedTo: number | undefined }> {
  const { tracker, store, clock } = context;
  const now = clock.now();
  const rolling = await store.tickets.live({
    tracker: tracker.name,
    lookedBefore: now - lookAgainAfterMs,
    lookedAfter: now + lookAtGoneAfterMs,
    endedAfter: now - endedLookMs,
    limit: rollingReads,
  });
  const changed = await changedRecords(context, signal);
  const { subjects } = subjectsOf([...hinted, ...changed.records, ...rolling], hints);
  const chosen = new Set(subjects.map(({ record }) => record.findingId));
  const isWhole = changed.records.every(({ findingId }) => chosen.has(findingId));
  return { subjects, askedTo: isWhole ? changed.askedTo : undefined };
}

function subjectsOf(
  records: readonly TicketRecord[],
  hints: readonly StoredHint[],
): { readonly subjects: readonly Subject[]; readonly askedTo: undefined } {
  const chosen = new Map<string, TicketRecord>();
  for (const record of records) if (chosen.size < mostReads) chosen.set(record.findingId, record);
  const subjects = [...chosen.values()].map((record) => ({ record, who: whoOf(hints, record) }));
  return { subjects, askedTo: undefined };
}

/** Those of our tickets that the tracker says changed since the last pass, beyond what we have seen already. */
async function changedRecords(
  context: ReconcileContext,
  signal: AbortSignal,
): Promise<{ readonly records: readonly TicketRecord[]; readonly askedTo: number }> {
  const { tracker, store, clock } = context;
  const now = clock.now();
  const all = { tracker: tracker.name, lookedBefore: Number.MAX_SAFE_INTEGER, lookedAfter: Number.MAX_SAFE_INTEGER };
  const any = await store.tickets.live({ ...all, endedAfter: now - endedLookMs, limit: 1 });
  // Of a tracker that has no ticket of ours there is nothing to ask.
  if (any.length === 0) return { records: [], askedTo: now - indexLagMs };
  const last = (await store.tickets.reconciledTo(tracker.name)) ?? now - firstLookBackMs;
  // A clock that was put back must not make us wait for changes in the future.
  const since = Math.min(last, now);
  const snapshots = await tracker.changedSince(since, mostChanged, signal);
  const byId = new Map(snapshots.map((snapshot) => [snapshot.ref.id, withoutSecrets(snapshot, context)]));
  const records = await store.tickets.byIssueIds(tracker.name, [...byId.keys()]);
  const newest = snapshots.at(-1)?.updatedAt;
  // There are more behind a full answer: next time from its last, and a minute on where all were of one instant. Only when
  // all were given, what the index shows late is asked for again.
  const isFull = snapshots.length >= mostChanged && newest !== undefined;
  return {
    records: records.filter((record) => differs(record, byId.get(record.ref.id))),
    askedTo: isFull ? (newest > since ? newest : since + minute) : now - indexLagMs,
  };
}

/** Whether there is something to look at. Two changes at one instant leave the tracker's own time of the last as it was. */
function differs(record: TicketRecord, snapshot: TicketSnapshot | undefined): boolean {
  if (snapshot === undefined) return false;
  return record.seen?.updatedAt !== snapshot.updatedAt || fieldEdits(record, snapshot, new Set()).length > 0;
}

/** Known only where all hints about the issue say the same. */
function whoOf(hints: readonly StoredHint[], { ref }: TicketRecord): string | undefined {
  const said = new Set(hints.flatMap(({ issueId, who }) => (issueId === ref.id ? [who] : [])));
  return said.size === 1 ? [...said][0] : undefined;
}

/** Hints about issues that were looked at now. */
async function heard(
  hints: readonly StoredHint[],
  overtaken: ReadonlySet<string>,
  subjects: readonly Subject[],
  { store, clock }: ReconcileContext,
): Promise<void> {
  const ids = new Set(subjects.map(({ record }) => record.ref.id).filter((id) => !overtaken.has(id)));
  const done = hints.filter(({ issueId }) => ids.has(issueId)).map(({ id }) => id);
  await store.inbox.done(done, clock.now());
}

/** Hints about issues that are none of ours: nothing to look at. */
async function strangers(
  hints: readonly StoredHint[],
  hinted: readonly TicketRecord[],
  { store, clock }: ReconcileContext,
): Promise<void> {
  const ours = new Set(hinted.map(({ ref }) => ref.id));
  const done = hints.filter(({ issueId, adopts }) => !adopts && !ours.has(issueId)).map(({ id }) => id);
  await store.inbox.done(done, clock.now());
}
