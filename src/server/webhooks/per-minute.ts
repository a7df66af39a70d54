import { minute } from "../../support/duration.ts";

/** Keys that are counted by themselves; all further ones share one count, so that many addresses cost no memory. */
const mostKeys = 10_000;
const theRest = "the rest";

/** Counts by key within one minute of a clock, then anew. */
export class PerMinute {
  #counts = new Map<string, number>();
  #since = Number.NEGATIVE_INFINITY;

  /** Counts one more and gives how many there are now. */
  add(key: string, now: number): number {
    const count = this.count(key, now) + 1;
    this.#counts.set(this.#keyOf(key), count);
    return count;
  }

  count(key: string, now: number): number {
    // A clock that was put back does not hold a key up for longer.
    if (now - this.#since >= minute || now < this.#since) {
      this.#counts = new Map();
      this.#since = now;
    }
    return this.#counts.get(this.#keyOf(key)) ?? 0;
  }

  #keyOf(key: string): string {
    return this.#counts.has(key) || this.#counts.size < mostKeys ? key : theRest;
  }
}
