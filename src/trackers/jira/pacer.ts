import type { Clock } from "../../support/clock.ts";
import {
  follow,
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
/** So many deliveries pass a look that waits, then it has its turn: what people do is heard of while thousands of words go out. */
const mostPassing = 4;
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
  /** The same Jira is at this address as well: whoever uses that shares the pace from now on. */
  alsoAt(address: string): void;
}

interface Waiting {
  readonly ask: PaceAsk;
  /** Why and how long it was to wait when it came. */
  waited: Wait | undefined;
  settle(admission: Admission): void;
}

type OneJira = Omit<Pacer, "alsoAt">;

function paceOneJira(options: { clock: Clock; requestsPerMinute: number }): OneJira {
  const { clock } = options;
  let state: PaceState = initialPace(options.requestsPerMinute, clock.now());
  let waiting: readonly Waiting[] = [];
  let sleep: { readonly until: number; readonly stop: AbortController } | undefined;
  /** Deliveries that went since a look began to wait. */
  let passed = 0;

  /** Lets go who may go, turns away who would wait too long, and sleeps until the next may go. */
  function dispatch(): void {
    const now = clock.now();
    state = follow(state, now);
    letGo(now);
    let next = Number.POSITIVE_INFINITY;
    let ahead = 0;
    waiting = inOrder().filter((one) => {
      const wait = waitOf(state, one.ask, { now, ahead });
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
    sleepFor(next, now);
  }

  /** One by one: each that goes may change whose turn it is. */
  function letGo(now: number): void {
    for (;;) {
      const first = inOrder().find(({ ask }) => waitOf(state, ask, { now }).waitMs <= 0);
      if (first === undefined) return;
      state = spend(state, first.ask, now);
      waiting = waiting.filter((other) => other !== first);
      const isPassing = waiting.some(({ ask }) => ask.urgency === "background") && first.ask.urgency !== "background";
      passed = isPassing ? passed + (first.ask.urgency === "deliver" ? 1 : 0) : 0;
      first.settle({ goes: true, waited: first.waited });
    }
  }

  /** Sorting is stable, so of equally urgent ones who came first goes first. */
  function inOrder(): readonly Waiting[] {
    const isLooksTurn = passed >= mostPassing;
    return [...waiting].sort((a, b) => urgencyOrder(a.ask, b.ask, isLooksTurn));
  }

  /** A sleep that ends early enough is left alone: one is begun for each wait, and not for each request that comes. */
  function sleepFor(ms: number, now: number): void {
    if (sleep !== undefined && ms !== Number.POSITIVE_INFINITY && sleep.until <= now + ms) return;
    sleep?.stop.abort();
    sleep = undefined;
    if (ms === Number.POSITIVE_INFINITY) return;
    const current = { until: now + ms, stop: new AbortController() };
    sleep = current;
    const wake = () => {
      sleep = undefined;
      dispatch();
    };
    clock.sleep(ms, current.stop.signal).then(wake, () => undefined);
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

/** A pace that nobody else shares. */
export function createPacer(options: { clock: Clock; requestsPerMinute: number }): Pacer {
  return { ...paceOneJira(options), alsoAt: () => undefined };
}

/** One pace per Jira, however many trackers speak to it and however they spell its address; of two paces for one Jira the slower counts. */
export function createPacers(options: { clock: Clock }): (address: string, requestsPerMinute: number) => Pacer {
  const { clock } = options;
  const bySite = new Map<string, OneJira>();
  return (address, requestsPerMinute) => {
    let own = bySite.get(siteOf(address)) ?? paceOneJira({ clock, requestsPerMinute });
    own.atMost(requestsPerMinute);
    bySite.set(siteOf(address), own);
    return {
      admit: (ask, signal) => own.admit(ask, signal),
      heed: (signal, writesTo) => own.heed(signal, writesTo),
      atMost: (slower) => own.atMost(slower),
      alsoAt: (other) => {
        if (!URL.canParse(other)) return;
        const known = bySite.get(siteOf(other));
        known?.atMost(requestsPerMinute);
        bySite.set(siteOf(other), known ?? own);
        own = known ?? own;
      },
    };
  };
}

/** The same for all spellings of one address: case, default port, a dot behind the host, slashes at the end. */
function siteOf(address: string): string {
  if (!URL.canParse(address)) return address;
  const { protocol, hostname, port, pathname } = new URL(address);
  return `${protocol}//${hostname.replace(/\.$/, "")}:${port}${pathname.replace(/\/+$/, "")}`.toLowerCase();
}
