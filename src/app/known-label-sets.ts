import type { SeenLabels } from "../detect/judge.ts";
import { type Labels, labelsKey } from "../model/labels.ts";
import type { KnownLabelSet, StateStore } from "../store/store.ts";

const nothing: ReadonlyMap<string, SeenLabels> = new Map();

/**
 * The label sets each rule has seen, kept in memory beside the store: they are read at every tick and seldom change.
 * Right only while one process writes them, which the store's lock sees to.
 */
export class KnownLabelSets {
  readonly #state: Pick<StateStore, "knownLabelSets">;
  readonly #byRule = new Map<string, Map<string, SeenLabels>>();

  constructor(state: Pick<StateStore, "knownLabelSets">) {
    this.#state = state;
  }

  /** Reads those of rules not yet in memory, in one go. */
  async load(ruleIds: readonly string[]): Promise<void> {
    const missing = ruleIds.filter((ruleId) => !this.#byRule.has(ruleId));
    if (missing.length === 0) return;
    const known = await this.#state.knownLabelSets(missing);
    for (const ruleId of missing) this.#byRule.set(ruleId, new Map());
    for (const { ruleId, ...entry } of known) this.#byRule.get(ruleId)?.set(labelsKey(entry.labels), entry);
  }

  /** By `labelsKey`. */
  of(ruleId: string): ReadonlyMap<string, SeenLabels> {
    return this.#byRule.get(ruleId) ?? nothing;
  }

  /** After the store has them. */
  committed(ruleId: string, seen: readonly KnownLabelSet[], forgotten: readonly Labels[]): void {
    const known = this.#byRule.get(ruleId);
    if (known === undefined) return;
    for (const { ruleId: _, ...entry } of seen) known.set(labelsKey(entry.labels), entry);
    for (const labels of forgotten) known.delete(labelsKey(labels));
  }
}
