import { underAny } from "../../support/abort.ts";
import { BackfeedError } from "../../support/errors.ts";

/** Keeps the next task waiting for work that goes on when its task has ended. */
export type Hold = (work: Promise<unknown>) => void;

/** Runs tasks one after another. */
export interface Queue {
  /** Aborted when the queue is closed. */
  readonly closed: AbortSignal;
  /** The task's result; rejects with the signal's reason when it aborts before the task's turn. A running task must heed its signal. */
  run<Result>(task: (signal: AbortSignal, hold: Hold) => Promise<Result>, signal: AbortSignal): Promise<Result>;
  /** Stops what runs and waits for its end. */
  close(): Promise<void>;
}

export function createQueue(): Queue {
  const closing = new AbortController();
  let last: Promise<unknown> = Promise.resolve();
  return {
    closed: closing.signal,
    run: (task, caller) =>
      underAny([caller, closing.signal], async (signal) => {
        const held: Promise<unknown>[] = [];
        const before = last;
        let finish = () => {};
        const done = new Promise<void>((resolve) => {
          finish = resolve;
        });
        last = before.then(() => done).then(() => Promise.allSettled(held));
        try {
          await unlessAborted(before, signal);
          return await task(signal, (work) => held.push(work));
        } finally {
          finish();
        }
      }),
    async close() {
      closing.abort(new BackfeedError("aborted", "the files source is closed"));
      await last;
    },
  };
}

/** The work's result, or the signal's reason as soon as it aborts; the work itself goes on. */
export function unlessAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
