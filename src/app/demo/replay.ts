import { ManualClock } from "../../support/clock.ts";
import { BackfeedError } from "../../support/errors.ts";
import type { LogLevel } from "../../support/logging.ts";
import { openProgram } from "../program.ts";
import { demoStepMs, type PreparedDemo } from "./prepare.ts";
import { type DemoReport, reportDemo } from "./report.ts";
import { ReplayTally } from "./tally.ts";

export interface ReplayProgress {
  readonly done: number;
  readonly of: number;
  /** The tick. */
  readonly at: number;
}

export interface ReplayDemoOptions {
  readonly prepared: PreparedDemo;
  readonly logLevel: LogLevel;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: ReplayProgress) => void;
}

/**
 * Runs the whole program over the past, one tick after another on a clock that shows the tick's time, deliveries
 * included, as if it had run all along. Throws `aborted` when stopped, and what is wrong when a rule could not be
 * judged or a ticket not be filed: a demo that shows half the truth is none.
 */
export async function replayDemo({ prepared, logLevel, signal, onProgress }: ReplayDemoOptions): Promise<DemoReport> {
  const { from, endsAt } = prepared;
  const clock = new ManualClock(from);
  const program = await openProgram({ loaded: prepared.loaded, clock, logLevel, dryRun: false });
  try {
    const tally = new ReplayTally();
    const of = (endsAt - from) / demoStepMs + 1;
    for (let done = 1; done <= of; done += 1) {
      const at = from + (done - 1) * demoStepMs;
      clock.set(at);
      for (const result of await program.engine.runDue({ until: at }, signal)) tally.add(result);
      await program.engine.worker.drain(signal);
      if (signal.aborted) throw new BackfeedError("aborted", "the demo was stopped");
      onProgress?.({ done, of, at });
    }
    if (tally.failure !== undefined)
      throw new BackfeedError("internal", `a rule could not be judged: ${tally.failure}`);
    const { pending, sending, unknown, parked } = await program.store.outbox.counts();
    const left = pending + sending + unknown + parked;
    if (left > 0) throw new BackfeedError("internal", `${left} of the tickets and comments could not be delivered`);
    return await reportDemo(program.store, tally);
  } finally {
    await program.close();
  }
}
