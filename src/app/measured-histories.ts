import { type BaselineWhen, historySlotsOf, UsualValues } from "../detect/baseline/usual.ts";
import { ValueHistory } from "../detect/baseline/value-history.ts";
import type { JudgeRequest, RuleJudgement } from "../detect/judge.ts";
import { type HistorySlots, type MeasuredWindow, slotOf, type Usual } from "../model/baseline.ts";
import { isInfinite } from "../model/infinity.ts";
import { labelsKey } from "../model/labels.ts";
import { limitsFor, type Rule } from "../model/rule.ts";
import type { Window } from "../model/time.ts";
import type { MeasuredHistory, StateStore } from "../store/store.ts";
import { canonicalJson, sha256 } from "../support/hashing.ts";

/** What one label set measured, and what was usual of it when it was last asked. */
interface LabelSetHistory {
  readonly values: ValueHistory;
  last: { readonly slot: number; readonly when: BaselineWhen; readonly usual: Usual | undefined } | undefined;
}

interface RuleHistory {
  readonly signal: string;
  readonly slots: HistorySlots;
  /** How many label sets are remembered at most. */
  readonly mostSets: number;
  /** By `labelSetHash`. */
  readonly sets: Map<string, LabelSetHistory>;
  /** What came from the source's past and is not stored yet. */
  unstored: readonly MeasuredWindow[];
  /** Whether the source's past is still to be asked. */
  wantsPast: boolean;
}

/**
 * What rules with a `baseline` measured, kept in memory beside the store: it is compared with at every tick and written once
 * a slot. Right only while one process writes it, which the store's lock sees to.
 */
export class MeasuredHistories {
  readonly #state: Pick<StateStore, "measuredWindows">;
  readonly #byRule = new Map<string, RuleHistory>();

  constructor(state: Pick<StateStore, "measuredWindows">) {
    this.#state = state;
  }

  /** Reads those of rules not yet in memory; of a rule whose signal became another nothing is taken over. */
  async load(rules: readonly Rule[], at: number): Promise<void> {
    for (const rule of rules) {
      const slots = historySlotsOf(rule);
      if (slots === undefined) continue;
      const signal = signalOf(rule);
      const known = this.#byRule.get(rule.identity);
      if (known?.signal === signal && known.slots.historyMs === slots.historyMs) continue;
      const since = at - slots.slots * slots.slotMs - rule.signal.windowMs;
      const windows = await this.#state.measuredWindows({ ruleId: rule.identity, signal, since });
      const { maxGroups: mostSets } = rule.signal.query;
      const wantsPast = windows.length === 0;
      const history: RuleHistory = { signal, slots, mostSets, sets: new Map(), unstored: [], wantsPast };
      for (const window of windows) put(history, window);
      this.#byRule.set(rule.identity, history);
    }
  }

  /** Whether nothing is known of a rule that compares with what was. */
  wantsPast(rule: Rule): boolean {
    return this.#byRule.get(rule.identity)?.wantsPast === true;
  }

  /** What the source said of the past, oldest first; undefined: it could not be asked, and is not asked again. */
  takePast(rule: Rule, windows: readonly MeasuredWindow[] | undefined): void {
    const history = this.#byRule.get(rule.identity);
    if (history === undefined) return;
    history.wantsPast = false;
    history.unstored = windows ?? [];
    for (const window of history.unstored) put(history, window);
  }

  /** For `judgeRule`. */
  usualOf(rule: Rule, window: Window): JudgeRequest["usualOf"] {
    const history = this.#byRule.get(rule.identity);
    if (history === undefined) return undefined;
    const usual = new UsualValues(rule, history.slots, window.from);
    return (key, { when }) => {
      if (when.form !== "baseline") return undefined;
      const set = history.sets.get(labelSetHash(key));
      if (set === undefined) return undefined;
      if (set.last?.slot !== usual.slot || set.last.when !== when) {
        set.last = { slot: usual.slot, when, usual: usual.of(set.values, when) };
      }
      return set.last.usual;
    };
  }

  /** What of a judgement is new and to be stored with it; undefined where nothing is. */
  toStore(judgement: RuleJudgement, { from }: Window): MeasuredHistory | undefined {
    const { rule } = judgement;
    const history = this.#byRule.get(rule.identity);
    if (history === undefined || history.wantsPast) return undefined;
    const slot = slotOf(from, history.slots);
    const values = new Map<string, number>();
    for (const { labels, verdict, change } of judgement.evaluations) {
      const { value } = verdict;
      if (value === undefined || isInfinite(value) || change === "rule_changed") continue;
      if (limitsFor(rule, labels).when.form !== "baseline") continue;
      const hash = labelSetHash(labelsKey(labels));
      if ((history.sets.get(hash)?.values.newest ?? Number.NEGATIVE_INFINITY) < slot) values.set(hash, value);
    }
    const windows = values.size === 0 ? history.unstored : [...history.unstored, { from, values }];
    if (windows.length === 0) return undefined;
    return { signal: history.signal, keepForMs: history.slots.slots * history.slots.slotMs, windows };
  }

  /** After the store has it. */
  stored(ruleId: string, measured: MeasuredHistory | undefined): void {
    const history = this.#byRule.get(ruleId);
    if (history === undefined || measured?.signal !== history.signal) return;
    history.unstored = [];
    for (const window of measured.windows) put(history, window);
  }
}

const hashLength = 16;

/** What a label set is stored under, from its `labelsKey`: labels are hostile and of any length. */
export function labelSetHash(key: string): string {
  return sha256(key).slice(0, hashLength);
}

/** What the values are of: of another query or window they would be other numbers. */
function signalOf({ signal: { query, windowMs, source } }: Rule): string {
  const { maxGroups: _anyNumber, ...asked } = query;
  return sha256(canonicalJson({ source, windowMs, asked })).slice(0, hashLength);
}

function put({ slots, sets, mostSets }: RuleHistory, { from, values }: MeasuredWindow): void {
  const slot = slotOf(from, slots);
  for (const [hash, value] of values) {
    let set = sets.get(hash);
    if (set === undefined) {
      if (sets.size >= mostSets) forgetLongestUnseen(sets);
      set = { values: new ValueHistory(slots.slots), last: undefined };
      sets.set(hash, set);
    }
    set.values.put(slot, value);
  }
}

function forgetLongestUnseen(sets: Map<string, LabelSetHistory>): void {
  let oldest: { readonly hash: string; readonly newest: number } | undefined;
  for (const [hash, { values }] of sets) {
    if (oldest === undefined || values.newest < oldest.newest) oldest = { hash, newest: values.newest };
  }
  if (oldest !== undefined) sets.delete(oldest.hash);
}
