/** Runs one piece of work at a time, in the order they came. A failure is its caller's and stops nobody else. */
export class Mutex {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** Whether somebody is at work or waits. */
  get busy(): boolean {
    return this.#waiting > 0;
  }

  async run<Value>(work: () => Promise<Value>): Promise<Value> {
    this.#waiting += 1;
    const turn = this.#last.then(work, work);
    this.#last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.#waiting -= 1;
    }
  }
}
