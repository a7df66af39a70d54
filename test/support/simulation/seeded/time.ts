import { ManualClock } from "../../../../src/support/clock.ts";

/** Sleeps of at most this long end with whatever happens next: a worker that polls is no event of its own. */
const lazySleepMs = 5_000;

interface Sleeper {
  readonly until: number;
  readonly order: number;
  readonly lazy: boolean;
  readonly wake: () => void;
}

/** The time of day of one run, in milliseconds: production and Jira live by it, and nothing else moves it. */
export class Time {
  #now: number;
  #sleepers: Sleeper[] = [];
  #order = 0;

  constructor(start: number) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  /** Calls once `ms` have passed; gives what takes that back. */
  after(ms: number, wake: () => void): () => void {
    const sleeper = { until: this.#now + ms, order: this.#order, lazy: ms <= lazySleepMs, wake };
    this.#order += 1;
    this.#sleepers.push(sleeper);
    return () => {
      this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
    };
  }

  /** When the next one who sleeps for long awakes. */
  nextWaking(): number | undefined {
    const times = this.#sleepers.filter(({ lazy }) => !lazy).map(({ until }) => until);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  moveTo(instant: number): void {
    this.#now = Math.max(this.#now, instant);
    const due = this.#sleepers.filter(({ until }) => until <= this.#now);
    this.#sleepers = this.#sleepers.filter(({ until }) => until > this.#now);
    for (const { wake } of due.sort((a, b) => a.until - b.until || a.order - b.order)) wake();
  }
}

/** The clock of one life of the program: off by what its machine is off, and still once that life is over. */
export class LifeClock extends ManualClock {
  readonly #time: Time;
  /** How far this machine's clock is ahead, in milliseconds. */
  readonly #offset: () => number;
  readonly #isOver: () => boolean;

  constructor(options: { time: Time; offset: () => number; isOver: () => boolean }) {
    super(options.time.now());
    this.#time = options.time;
    this.#offset = options.offset;
    this.#isOver = options.isOver;
  }

  override now(): number {
    return this.#time.now() + this.#offset();
  }

  /** By the machine's monotonic clock, as timers go: a jump neither shortens nor lengthens it. */
  override sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        forget();
        reject(signal?.reason);
      };
      const forget = this.#time.after(Math.max(0, ms), () => {
        signal?.removeEventListener("abort", onAbort);
        if (!this.#isOver()) resolve();
      });
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }
}
