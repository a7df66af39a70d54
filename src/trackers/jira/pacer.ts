import type { Clock } from "../../support/clock.ts";
import {
  heed,
  initialPace,
  type PaceAsk,
  type PaceState,
  type RateSignal,
  spend,
  urgencyOrder,
  type Wait,
  waitOf,
} from "./pace.ts";

/** Longer waits are not slept through: the work is parked, and its lease and its worker are free for other work. */
const mostSleepMs = 5_000;
/** Requests that wait at once; far above what our workers have under way. */
const mostWaiting = 1_000;

/** What becomes of a request: it goes, perhaps after a wait; or it is held back, for its caller to come again after `waitMs`. */
export type Admission = { readonly goes: true; readonly waited: Wait | undefined } | ({ readonly goes: false } & Wait);

/** The pace of everything that this process sends to one Jira. */
export interface Pacer {
  /** Rejects with the signal's reason when it aborts first. */
  admit(ask: PaceAsk, signal: AbortSignal): Promise<Admission>;
  heed(signal: RateSignal, writesTo: string | undefined): void;
  /** Not faster than this from now on. */
  atMost(requestsPerMinute: number): void;
}

interface Waiting {
  readonly ask: PaceAsk;
  /** Why and how long it was to wait when it came. */
  waited: Wait | undefined;
  settle(admission: Admission): void;
}

export function createPacer(options: { clock: Clock; requestsPerMinute: number }): Pacer {
  const { clock } = options;
  let state: PaceState = initialPace(options.requestsPerMinute, clock.now());
  let waiting: readonly Waiting[] = [];
  let sleep: AbortController | undefined;

  /** Lets go who may go, turns away who would wait too long, and sleeps until the next may go. */
  function dispatch(): void {
    const now = clock.now();
    let next = Number.POSITIVE_INFINITY;
    let ahead = 0;
    // Sorting is stable, so of equally urgent ones who came first goes first.
    const kept = [...waiting]
      .sort((a, b) => urgencyOrder(a.ask, b.ask))
      .filter((one) => {
        const wait = waitOf(state, one.ask, { now, ahead });
        if (wait.waitMs <= 0) {
          state = spend(state, one.ask, now);
          one.settle({ goes: true, waited: one.waited });
          return false;
        }
        if (wait.waitMs > mostSleepMs) {
          one.settle({ goes: false, ...wait });
          return false;
        }
        one.waited ??= wait;
        // Who waits for its issue does not hold a place in the line for the bucket.
        if (wait.reason === "bucket") ahead += 1;
        next = Math.min(next, wait.waitMs);
        return true;
      });
    waiting = kept;
    sleepUntil(next);
  }

  function sleepUntil(ms: number): void {
    sleep?.abort();
    sleep = undefined;
    if (ms === Number.POSITIVE_INFINITY) return;
    const current = new AbortController();
    sleep = current;
    clock.sleep(ms, current.signal).then(dispatch, () => undefined);
  }

  return {
    admit: (ask, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        if (waiting.length >= mostWaiting) return resolve({ goes: false, waitMs: mostSleepMs, reason: "bucket" });
        const onAbort = (): void => {
          waiting = waiting.filter((other) => other !== one);
          reject(signal.reason);
          dispatch();
        };
        const one: Waiting = {
          ask,
          waited: undefined,
          settle: (admission) => {
            signal.removeEventListener("abort", onAbort);
            resolve(admission);
          },
        };
        signal.addEventListener("abort", onAbort, { once: true });
        waiting = [...waiting, one];
        dispatch();
      }),
    heed: (signal, writesTo) => {
      const before = state;
      state = heed(state, signal, { now: clock.now(), writesTo });
      if (state !== before && waiting.length > 0) dispatch();
    },
    atMost: (requestsPerMinute) => {
      state = { ...state, perMinute: Math.min(state.perMinute, requestsPerMinute) };
    },
  };
}

/** One pacer per Jira, however many trackers speak to it; of two paces for one Jira the slower counts. */
export function createPacers(options: { clock: Clock }): (site: string, requestsPerMinute: number) => Pacer {
  const pacers = new Map<string, Pacer>();
  return (site, requestsPerMinute) => {
    const known = pacers.get(site);
    known?.atMost(requestsPerMinute);
    if (known !== undefined) return known;
    const pacer = createPacer({ clock: options.clock, requestsPerMinute });
    pacers.set(site, pacer);
    return pacer;
  };
}
