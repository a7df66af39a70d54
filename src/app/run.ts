import type { ServiceConfig } from "../config/types.ts";
import { newestTick } from "../detect/schedule.ts";
import type { QueryFailure } from "../model/query.ts";
import { formatInstant } from "../model/time.ts";
import { systemClock } from "../support/clock.ts";
import { BackfeedError } from "../support/errors.ts";
import type { LogLevel } from "../support/logging.ts";
import { type RunLine, runLines } from "./lines.ts";
import type { LoadedRules } from "./load-rules.ts";
import type { TickLine } from "./outcomes.ts";
import { longestRequestMs, openProgram, type Program } from "./program.ts";
import type { TickResult } from "./tick.ts";

/** How long `run` waits for deliveries that are due later: a lost answer is looked for over four minutes (JIRA.md 2.7). */
const longestSettleMs = 5 * 60_000;
/** For a tracker that cannot be reached or does not know us: the next run goes on. */
const longestDeliveryMs = 20_000;

export interface RunOptions {
  readonly loaded: LoadedRules & { readonly config: ServiceConfig };
  /** Undefined: now. */
  readonly at: number | undefined;
  readonly ruleId: string | undefined;
  readonly dryRun: boolean;
  readonly logLevel: LogLevel;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: { readonly done: number; readonly of: number; readonly at: number }) => void;
}

export interface RunReport {
  readonly rows: readonly RunLine[];
  /** Of each row, in the same order, what it was made from. */
  readonly judged: readonly TickLine[];
  /** The rules that a tick could not judge, and why. */
  readonly unjudged: readonly { readonly tick: number; readonly ruleId: string; readonly failure: QueryFailure }[];
  /** A tick or a delivery failed. */
  readonly failed: boolean;
  /** It failed because a source or tracker could not be reached. */
  readonly unreachable: boolean;
}

/** `run --once`: all ticks due in (watermark, at], oldest first, and their delivery; ends when nothing more is due. */
export async function runOnce(options: RunOptions): Promise<RunReport> {
  const { loaded, dryRun, ruleId, signal, onProgress } = options;
  const program = await openProgram({ loaded, clock: systemClock, logLevel: options.logLevel, dryRun });
  try {
    const now = program.clock.now();
    const until = options.at ?? now;
    if (until > now) refuseTheFuture(until, now);
    if (options.at !== undefined && !dryRun) await refuseThePast(program, options.at, ruleId);
    const results = await program.engine.runDue(
      {
        until,
        ...(ruleId === undefined ? {} : { ruleId }),
        again: dryRun,
        onTick: ({ tick }, progress) => onProgress?.({ ...progress, at: tick }),
      },
      signal,
    );
    const unjudged = results.flatMap(({ tick, judged }) =>
      judged.flatMap(({ judgement: { rule, failure } }) =>
        failure === undefined ? [] : [{ tick, ruleId: rule.id, failure }],
      ),
    );
    const sent = dryRun ? { failed: false, unreachable: false } : await deliverAndLearn(program, results, signal);
    const rows = await runLines(results, program.store.tickets);
    // A query that was refused, also for want of a right, is a faulty run; the system was there to say so.
    const outside = unjudged.some(({ failure: { code } }) => code === "unreachable" || code === "timeout");
    const judged = results.flatMap(({ lines }) => lines());
    const failed = unjudged.length > 0 || sent.failed;
    return { rows, judged, unjudged, failed, unreachable: outside || sent.unreachable };
  } finally {
    await program.close();
  }
}

/** Nothing has been logged yet: everything would look calm, and what is judged up to then is not judged when it comes. */
function refuseTheFuture(at: number, now: number): void {
  throw new BackfeedError(
    "configuration",
    `--at ${formatInstant(at)} has not come yet: it is ${formatInstant(now)} by this machine's clock`,
  );
}

/** What was judged is not judged again: only a dry run, on a copy, may look back. */
async function refuseThePast(program: Program, at: number, ruleId: string | undefined): Promise<void> {
  const states = await program.store.state.ruleStates();
  const { rules } = program.engine.loaded();
  for (const rule of rules) {
    if (ruleId !== undefined && rule.id !== ruleId) continue;
    const watermark = states.get(rule.identity)?.watermark;
    if (watermark === undefined || newestTick(rule.schedule, at) > watermark) return;
  }
  if (rules.length === 0) return;
  const newest = Math.max(...[...states.values()].map(({ watermark }) => watermark));
  throw new BackfeedError(
    "configuration",
    `--at ${formatInstant(at)} is at or before the last tick that was judged (${formatInstant(newest)}): add --dry-run to look back on a copy of the state`,
  );
}

/**
 * What people did meanwhile may give more to say. A tracker that cannot be asked now is asked at the next run, and what this
 * run's ticks left waiting for `new_tickets_per_run` is the next run's.
 */
async function deliverAndLearn(
  program: Program,
  results: readonly TickResult[],
  signal: AbortSignal,
): Promise<{ failed: boolean; unreachable: boolean }> {
  const first = await deliver(program, signal);
  if (signal.aborted || first.unreachable) return first;
  await program.learning.pass(signal, "all", Math.min(...results.map(({ tick }) => tick)));
  const second = await deliver(program, signal);
  return { failed: first.failed || second.failed, unreachable: first.unreachable || second.unreachable };
}

/** Delivers until nothing is due within the wait; what is left is told, and stays in the outbox. */
async function deliver(program: Program, signal: AbortSignal): Promise<{ failed: boolean; unreachable: boolean }> {
  const { engine, store, clock, logger, config } = program;
  const start = clock.now();
  // What a killed run had under way is due when its last request can do nothing any more.
  const deliveryMs = Math.max(longestDeliveryMs, longestRequestMs(config));
  const parkedBefore = (await store.outbox.counts()).parked;
  while (!signal.aborted) {
    const attempts = await engine.worker.drain(signal);
    const [due, { unknown }] = await Promise.all([store.outbox.nextDue(), store.outbox.counts()]);
    const deadline = start + (unknown > 0 ? longestSettleMs : deliveryMs);
    if (due === undefined || due > deadline || (attempts === 0 && due <= clock.now())) break;
    await clock.sleep(Math.max(0, due - clock.now()), signal).catch(() => undefined);
  }
  const counts = await store.outbox.counts();
  const left = counts.pending + counts.sending + counts.unknown;
  if (left > 0 || counts.parked > 0) {
    logger.warn("OUTBOX_NOT_EMPTY", "not everything could be delivered; it stays in the outbox", {
      waiting: left,
      parked: counts.parked,
    });
  }
  return { failed: left > 0 || counts.parked > parkedBefore, unreachable: left > 0 };
}
