import type { ServiceConfig } from "../config/types.ts";
import type { TrackerPolicy } from "../learn/reconcile-context.ts";
import {
  chooseTickets,
  type OwnIssue,
  type RecoverContext,
  type RecoveredTicket,
  recoveredFinding,
  recoveredRecord,
} from "../learn/recover.ts";
import type { Finding, FindingEvent } from "../model/finding.ts";
import type { Store } from "../store/store.ts";
import { systemClock } from "../support/clock.ts";
import { asBackfeedError } from "../support/errors.ts";
import type { LogLevel } from "../support/logging.ts";
import type { Tracker } from "../trackers/tracker.ts";
import type { ProgramContext } from "./context.ts";
import type { LoadedRules } from "./load-rules.ts";
import { openProgram } from "./program.ts";

/** What became of one issue. */
export interface RecoverRow {
  readonly tracker: string;
  readonly ticket: string;
  readonly finding: string;
  readonly generation: number;
  /** `known`: the store has its record already. `duplicate`: another issue of the same generation is the ticket. */
  readonly outcome: "recovered" | "known" | "duplicate" | "not_ours";
  readonly url: string;
}

export interface RecoverReport {
  readonly rows: readonly RecoverRow[];
  /** Trackers that could not be walked through, and why. What was found before stays recovered. */
  readonly failed: readonly { readonly tracker: string; readonly message: string; readonly unreachable: boolean }[];
}

export interface RecoverOptions {
  readonly loaded: LoadedRules & { readonly config: ServiceConfig };
  /** Says what would be recovered; changes nothing. */
  readonly dryRun: boolean;
  readonly logLevel: LogLevel;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: { readonly tracker: string; readonly found: number }) => void;
}

/**
 * `recover`: the store is lost, the trackers are not. Walks through all issues of ours and rebuilds their records, with
 * findings that know no more than that they have a ticket, so that the next tick files none of them again. What the
 * store knows already stays as it is; safe to repeat. Throws `conflict` while another process holds the store.
 */
export async function recover(options: RecoverOptions): Promise<RecoverReport> {
  const { loaded, dryRun, signal } = options;
  const program = await openProgram({ loaded, clock: systemClock, logLevel: options.logLevel, dryRun });
  try {
    const { config, trackers, context } = program;
    const policies = new Map(Object.entries(config.trackers));
    return await recoverInto({ trackers: trackers.all, policies, context }, { signal, onProgress: options.onProgress });
  } finally {
    await program.close();
  }
}

export interface RecoverParts {
  readonly trackers: ReadonlyMap<string, Tracker>;
  /** By the tracker's name. */
  readonly policies: ReadonlyMap<string, TrackerPolicy>;
  readonly context: Pick<ProgramContext, "store" | "clock" | "instance" | "redact" | "concludeLock">;
}

/** The same with parts that are put together already. */
export async function recoverInto(
  { trackers, policies, context: { store, clock, instance, redact, concludeLock } }: RecoverParts,
  options: Pick<RecoverOptions, "signal"> & { readonly onProgress: RecoverOptions["onProgress"] },
): Promise<RecoverReport> {
  const rows: RecoverRow[] = [];
  const failed: RecoverReport["failed"][number][] = [];
  for (const [name, tracker] of trackers) {
    const policy = policies.get(name);
    if (policy === undefined) continue;
    const context: RecoverContext = { tracker: name, policy, now: clock.now() };
    const ours: OwnIssue[] = [];
    try {
      for await (const issue of tracker.ours(options.signal)) {
        if (issue.identity.instance === instance && /^[0-9a-f]{64}$/.test(issue.identity.groupKey)) {
          ours.push({ ...issue, summary: redact(issue.summary) });
        } else rows.push(rowOf(issue, name, "not_ours"));
        options.onProgress?.({ tracker: name, found: ours.length });
      }
    } catch (thrown) {
      const error = asBackfeedError(thrown);
      if (error.kind === "aborted") throw error;
      const unreachable = error.kind !== "refused" && error.kind !== "internal";
      failed.push({ tracker: name, message: error.message, unreachable });
    }
    for (const ticket of chooseTickets(ours)) {
      const outcome = await concludeLock.run(() => recoverOne(ticket, context, store));
      rows.push(rowOf(ticket.kept, name, outcome));
      rows.push(...ticket.others.map((other) => rowOf(other, name, "duplicate")));
    }
  }
  return { rows, failed };
}

/** The record first: a finding without it would be taken for one whose ticket was lost on its way. */
async function recoverOne(
  ticket: RecoveredTicket,
  context: RecoverContext,
  store: Pick<Store, "tickets" | "state">,
): Promise<"recovered" | "known"> {
  const record = recoveredRecord(ticket, context);
  const { groupKey } = record;
  const known = await store.tickets.change(record, () => undefined);
  if (known === undefined) await store.tickets.put(record);
  const before = (await store.state.findings([groupKey])).get(groupKey);
  const finding = withTicket(before, ticket, context);
  const events = known === undefined ? [eventOf(ticket, context)] : [];
  if (finding !== before || events.length > 0) {
    await store.state.commitFindings([{ finding, events, outbox: [] }]);
  }
  return known === undefined ? "recovered" : "known";
}

/** A finding that is there already goes on with the newest ticket that was meant for it. */
function withTicket(before: Finding | undefined, ticket: RecoveredTicket, context: RecoverContext): Finding {
  const { generation } = ticket.kept.identity;
  if (before === undefined) return recoveredFinding(ticket, context);
  if (before.generation >= generation) return before;
  return { ...before, generation, memory: recoveredFinding(ticket, context).memory };
}

function eventOf({ kept }: RecoveredTicket, { now }: RecoverContext): FindingEvent {
  const text = `${kept.ref.key} was found again by its label and property, when the store had been lost`;
  return { at: now, kind: "ticket", code: "recovered", text, facts: { ticket: kept.ref.key } };
}

function rowOf({ ref, identity }: OwnIssue, tracker: string, outcome: RecoverRow["outcome"]): RecoverRow {
  const { groupKey, generation } = identity;
  return { tracker, ticket: ref.key, finding: groupKey.slice(0, 16), generation, outcome, url: ref.url };
}
