/**
 * The values of one label set, at most one for each slot of time, of as many slots as it holds; what is older gives its place
 * to what is newer. A slot is counted from 1970.
 */
export class ValueHistory {
  readonly #values: Float64Array;
  /** The newest slot that has a value. */
  #newest = Number.NEGATIVE_INFINITY;

  constructor(slots: number) {
    this.#values = new Float64Array(slots).fill(Number.NaN);
  }

  get newest(): number {
    return this.#newest;
  }

  /** Undefined where nothing was measured, and for a slot that is older than what it holds. */
  at(slot: number): number | undefined {
    if (!this.#holds(slot)) return undefined;
    const value = this.#values[this.#place(slot)] ?? Number.NaN;
    return Number.isNaN(value) ? undefined : value;
  }

  /** The first value of a slot stays. False where it was not taken. */
  put(slot: number, value: number): boolean {
    if (slot > this.#newest) this.#advance(slot);
    if (!this.#holds(slot) || this.at(slot) !== undefined) return false;
    this.#values[this.#place(slot)] = value;
    return true;
  }

  /** What the slots in [from, to) hold, oldest first. */
  between(from: number, to: number): number[] {
    const oldest = Math.max(from, this.#newest - this.#values.length + 1);
    const values: number[] = [];
    const end = Math.min(to, this.#newest + 1);
    for (let slot = oldest, place = this.#place(oldest); slot < end; slot++, place++) {
      if (place === this.#values.length) place = 0;
      const value = this.#values[place] ?? Number.NaN;
      if (!Number.isNaN(value)) values.push(value);
    }
    return values;
  }

  #advance(slot: number): void {
    const passed = Math.min(slot - this.#newest, this.#values.length);
    for (let back = 0; back < passed; back++) this.#values[this.#place(slot - back)] = Number.NaN;
    this.#newest = slot;
  }

  #holds(slot: number): boolean {
    return slot <= this.#newest && slot > this.#newest - this.#values.length;
  }

  #place(slot: number): number {
    const place = slot % this.#values.length;
    return place < 0 ? place + this.#values.length : place;
  }
}
