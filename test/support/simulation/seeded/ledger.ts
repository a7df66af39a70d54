import type { Query } from "../../../../src/model/query.ts";
import type { RuleBook, RuleSketch } from "./rules.ts";
import type { Sight } from "./watched-source.ts";

/** One tick of one rule, as far as the outside can tell. */
export interface Seen {
  readonly tick: number;
  /** The rule as it was then. */
  readonly sketch: RuleSketch;
  /** `uncertain`: the process died between the answer and its own word that all is stored. */
  readonly sight: Sight | "uncertain";
}

/** Which windows the program got to see, kept by whoever answered it. */
export class Ledger {
  readonly #book: RuleBook;
  readonly #byRule = new Map<string, Map<number, Seen>>();
  #open: Seen[] = [];

  constructor(book: RuleBook) {
    this.#book = book;
  }

  answered(query: Query, tick: number, sight: Sight): void {
    const sketch = this.#book.asking(query);
    if (sketch !== undefined) this.#open.push({ tick, sketch, sight });
  }

  /** The program says that this tick of this rule is done with, or (`again`) that it will ask it again. */
  concluded(rule: string, tick: number, again: boolean): void {
    const own = this.#open.findLast((seen) => seen.sketch.id === rule && seen.tick === tick);
    this.#open = this.#open.filter((seen) => seen.sketch.id !== rule || seen.tick !== tick);
    if (own !== undefined && !again) this.#keep(own);
  }

  /** The process died: what it was told and did not conclude may or may not be in its store. */
  died(): void {
    for (const seen of this.#open) this.#keep({ ...seen, sight: seen.sight === "seen" ? "uncertain" : seen.sight });
    this.#open = [];
  }

  /** Oldest tick first. */
  of(rule: string): readonly Seen[] {
    return [...(this.#byRule.get(rule)?.values() ?? [])].sort((a, b) => a.tick - b.tick);
  }

  rules(): readonly string[] {
    return [...this.#byRule.keys()];
  }

  #keep(seen: Seen): void {
    const ticks = this.#byRule.get(seen.sketch.id) ?? new Map<number, Seen>();
    // What was seen for certain stays so, unless the same tick is judged once more.
    ticks.set(seen.tick, seen);
    this.#byRule.set(seen.sketch.id, ticks);
  }
}
