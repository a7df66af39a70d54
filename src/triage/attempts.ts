import type { Clock } from "../support/clock.ts";
import { asBackfeedError, BackfeedError } from "../support/errors.ts";

export interface Attempts {
  /** Aborts at the deadline, when the caller stops, and when all has ended. */
  readonly signal: AbortSignal;
  /** What the work gives; or, when it failed, was late or was stopped, undefined, with a sentence put into `missing`. */
  attempt<Value>(what: string, missing: string[], work: () => Promise<Value>): Promise<Value | undefined>;
  /** To be called when all is done; resolves when nothing of it sleeps any more. */
  end(): Promise<void>;
}

/** Work that shares one deadline, and of which no part's failure is another's. */
export function createAttempts(options: {
  readonly clock: Clock;
  readonly deadlineMs: number;
  readonly redact: (text: string) => string;
  /** The caller's. */
  readonly signal: AbortSignal;
}): Attempts {
  const { clock, redact, signal } = options;
  const stop = new AbortController();
  const onAbort = () => stop.abort(signal.reason);
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  let late = false;
  const deadline = clock.sleep(options.deadlineMs, stop.signal).then(
    () => {
      late = true;
      stop.abort(new BackfeedError("aborted", "took too long"));
    },
    () => undefined,
  );
  // Raced against, since a source or a renderer may not heed the signal. Nobody else may be waiting: never unhandled.
  const stopped = new Promise<never>((_resolve, reject) => {
    const onStop = () => reject(stop.signal.reason);
    if (stop.signal.aborted) onStop();
    else stop.signal.addEventListener("abort", onStop, { once: true });
  });
  stopped.catch(() => undefined);
  return {
    signal: stop.signal,
    async attempt(what, missing, work) {
      try {
        if (stop.signal.aborted) throw stop.signal.reason;
        return await Promise.race([work(), stopped]);
      } catch (thrown) {
        const why = late ? "took too long" : signal.aborted ? "stopped" : redact(asBackfeedError(thrown).message);
        missing.push(`${what}: ${why}`);
        return undefined;
      }
    },
    async end() {
      signal.removeEventListener("abort", onAbort);
      stop.abort(new BackfeedError("aborted", "done"));
      await deadline;
    },
  };
}
