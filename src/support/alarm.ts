import type { Clock } from "./clock.ts";

/** A sleep that can be ended early by whoever has something to do for the sleeper. */
export class Alarm {
  readonly #clock: Pick<Clock, "sleep">;
  #ring = new AbortController();

  constructor(options: { clock: Pick<Clock, "sleep"> }) {
    this.#clock = options.clock;
  }

  /** To be called before the work that looks for something to do: a wake during it ends the sleep after it. */
  set(): void {
    this.#ring = new AbortController();
  }

  wake(): void {
    this.#ring.abort();
  }

  /** Resolves when the time is over, at a wake, or when one of the signals aborts. True for a wake. */
  async sleep(ms: number, stops: readonly AbortSignal[]): Promise<boolean> {
    const ring = this.#ring;
    if (stops.some(({ aborted }) => aborted)) return false;
    const ended = new AbortController();
    // Listeners that are taken away again: a signal made of others at every sleep would grow for as long as we run.
    const end = () => ended.abort();
    for (const each of [...stops, ring.signal]) each.addEventListener("abort", end, { once: true });
    if (ring.signal.aborted) end();
    try {
      await this.#clock.sleep(ms, ended.signal);
    } catch (thrown) {
      if (!ended.signal.aborted) throw thrown;
    } finally {
      for (const each of [...stops, ring.signal]) each.removeEventListener("abort", end);
    }
    return ring.signal.aborted;
  }
}
