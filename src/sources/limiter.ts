import { onAbort } from "../support/abort.ts";
import { BackfeedError } from "../support/errors.ts";

/** Lets at most `limit` works run at once; the others wait in order. One who aborts while waiting leaves the line. */
export function createLimiter(limit: number) {
  let running = 0;
  const waiting: (() => void)[] = [];
  const leave = () => {
    running -= 1;
    waiting.shift()?.();
  };
  const enter = (signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      if (signal.aborted) return reject(stopped());
      if (running < limit) {
        running += 1;
        return resolve();
      }
      const go = () => {
        leaveSignal();
        running += 1;
        resolve();
      };
      const leaveSignal = onAbort(signal, () => {
        waiting.splice(waiting.indexOf(go), 1);
        reject(stopped());
      });
      waiting.push(go);
    });
  return async <Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> => {
    await enter(signal);
    try {
      return await work();
    } finally {
      leave();
    }
  };
}

export function stopped(cause?: unknown): BackfeedError {
  return new BackfeedError("aborted", "the work was stopped", { cause });
}
