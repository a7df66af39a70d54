import type { Clock } from "../support/clock.ts";
import { BackfeedError } from "../support/errors.ts";
import { aroundTracker } from "../trackers/around.ts";
import type { Tracker } from "../trackers/tracker.ts";

/** When a tracker asked us to wait, and until when. */
interface Rest {
  readonly from: number;
  readonly until: number;
}

/**
 * Trackers that asked for a pause get one from everybody: asking early prolongs it (JIRA.md 2.4), and the next entry is no
 * better than the one that was told to wait.
 */
export class Rests {
  readonly #clock: Pick<Clock, "now">;
  readonly #rests = new Map<string, Rest>();

  constructor(options: { clock: Pick<Clock, "now"> }) {
    this.#clock = options.clock;
  }

  /** The tracker with every verb throwing `rate_limited`, and sending nothing, for as long as it rests. */
  heeding(tracker: Tracker): Tracker {
    return aroundTracker(tracker, async (_verb, call) => {
      this.#refuseWhileResting(tracker.name);
      try {
        return await call();
      } catch (thrown) {
        this.#note(tracker.name, thrown);
        throw thrown;
      }
    });
  }

  #refuseWhileResting(name: string): void {
    const rest = this.#rests.get(name);
    const now = this.#clock.now();
    // A clock that was put back does not make a pause longer.
    if (rest === undefined || now < rest.from || now >= rest.until) return;
    const retryAfterMs = rest.until - now;
    throw new BackfeedError("rate_limited", `${name} asked us to wait`, { retryAfterMs });
  }

  #note(name: string, thrown: unknown): void {
    if (!(thrown instanceof BackfeedError) || (thrown.retryAfterMs ?? 0) <= 0) return;
    const from = this.#clock.now();
    const until = from + (thrown.retryAfterMs ?? 0);
    this.#rests.set(name, { from, until: Math.max(until, this.#rests.get(name)?.until ?? until) });
  }
}
