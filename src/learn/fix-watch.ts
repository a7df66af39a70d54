import type { ClearTime, Finding } from "../model/finding.ts";
import type { Rule } from "../model/rule.ts";
import type { VerdictKind } from "../model/verdict.ts";
import { hour, minute } from "../support/duration.ts";

/** What one tick said of the alert that a fixed finding is known by. */
export interface FixTick {
  readonly fingerprint: string;
  readonly at: number;
  /** The schedule's tick before this one: a step counts when both its ends were evaluated clear. */
  readonly previous: number;
  readonly verdict: VerdictKind;
}

/** A fixed finding and how long it has held by now. */
export interface FixHeld {
  readonly groupKey: string;
  readonly clear: ClearTime;
}

interface Watched extends FixHeld {
  readonly ruleId: string;
  /** The part of `clear` that is not stored yet. */
  readonly unstoredMs: number;
  /** A breach set it back to nothing, and what is stored says more. */
  readonly setBack: boolean;
}

/** Stored at least once in a hundredth of the time that it must hold, and not at every tick: a crash costs that much. */
function storeAfterMs(verifyForMs: number): number {
  return Math.min(Math.max(verifyForMs / 100, minute), hour);
}

/**
 * Counts how long fixes have held, in evaluated time: no data, failed queries and downtime stop the clock, and a breach sets it
 * back, also one that did not last long enough to fire. Of a fixed finding its worst alert is watched; whatever else fires
 * opens the finding again. In memory, since its alerts are inactive
 * and have no rows; what is counted goes to the finding's memory from time to time.
 */
export class FixWatch {
  /** By the fingerprint of the finding's worst alert. */
  readonly #watched = new Map<string, Watched>();
  /** By finding: where it is watched. */
  readonly #places = new Map<string, string>();
  /** How many are watched of each rule. */
  readonly #rules = new Map<string, number>();

  /** Follows the findings as they are stored: a fixed one is watched, any other is not. */
  stored(findings: readonly Finding[]): void {
    for (const { id, groupKey, state, worst, memory } of findings) {
      this.#forget(id);
      if (state !== "fixed" || memory.clear === undefined) continue;
      const { ruleId, fingerprint } = worst;
      this.#watched.set(fingerprint, { groupKey, ruleId, clear: memory.clear, unstoredMs: 0, setBack: false });
      this.#places.set(id, fingerprint);
      this.#rules.set(ruleId, (this.#rules.get(ruleId) ?? 0) + 1);
    }
  }

  /** Whether the ticks of a rule matter, so that a healthy estate costs nothing. */
  watches({ id, formerly }: Pick<Rule, "id" | "formerly">): boolean {
    if (this.#rules.size === 0) return false;
    return this.#rules.has(id) || formerly.some((name) => this.#rules.has(name));
  }

  ticked({ fingerprint, at, previous, verdict }: FixTick): void {
    const watched = this.#watched.get(fingerprint);
    if (watched === undefined || at <= (watched.clear.at ?? Number.NEGATIVE_INFINITY)) return;
    if (verdict === "breached") {
      const setBack = watched.setBack || watched.clear.ms > 0;
      this.#watched.set(fingerprint, { ...watched, clear: { ms: 0, at: undefined }, unstoredMs: 0, setBack });
      return;
    }
    const clear = verdict === "clear";
    const step = clear && watched.clear.at !== undefined && watched.clear.at >= previous ? at - watched.clear.at : 0;
    this.#watched.set(fingerprint, {
      ...watched,
      clear: { ms: watched.clear.ms + step, at: clear ? at : undefined },
      unstoredMs: watched.unstoredMs + step,
    });
  }

  /** Those of which enough was counted to be stored, or to be verified. `verifyForMs` is undefined for a rule that is gone. */
  due(verifyForMs: (ruleId: string) => number | undefined): readonly FixHeld[] {
    return [...this.#watched.values()].flatMap(({ ruleId, groupKey, clear, unstoredMs, setBack }) => {
      const wanted = verifyForMs(ruleId);
      if (wanted === undefined) return [];
      const isDue = setBack || (unstoredMs > 0 && (clear.ms >= wanted || unstoredMs >= storeAfterMs(wanted)));
      return isDue ? [{ groupKey, clear }] : [];
    });
  }

  #forget(id: string): void {
    const fingerprint = this.#places.get(id);
    if (fingerprint === undefined) return;
    this.#places.delete(id);
    const ruleId = this.#watched.get(fingerprint)?.ruleId;
    this.#watched.delete(fingerprint);
    if (ruleId === undefined) return;
    const left = (this.#rules.get(ruleId) ?? 1) - 1;
    if (left > 0) this.#rules.set(ruleId, left);
    else this.#rules.delete(ruleId);
  }
}
