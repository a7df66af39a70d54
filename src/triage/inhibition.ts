import type { Alert } from "../model/alert.ts";
import { type Labels, labelsKey } from "../model/labels.ts";
import type { Inhibition, Rule } from "../model/rule.ts";
import { fixedLabels, hasLabels, isNamed } from "../model/rule-match.ts";

/** An alert that fires or recovers. */
type ToldAlert = Pick<Alert, "ruleId" | "labels" | "groupKey" | "state" | "episode">;

/** Something that is asked about: an alert, or what a finding remembers of one. */
export interface ExplainableAlert {
  readonly ruleId: string;
  readonly labels: Labels;
}

interface InhibitionRequest {
  /** All that fire or recover, of all rules and schedules, as they are after this tick. */
  readonly alerts: readonly ToldAlert[];
  /** By every id that a rule has or had. */
  readonly ruleOf: (ruleId: string) => Rule | undefined;
}

/** One entry of one rule, with the findings that it explains others by: by the values of `equal`, the longest lasting first. */
interface Entry {
  readonly ruleId: string;
  readonly inhibition: Inhibition;
  readonly sources: Map<string, string[]>;
}

/**
 * Which findings explain which others now. Made once of all alerts of a tick, before anything is decided, so that the order
 * within a tick does not matter; what was not seen at this tick is there as it was last. Pure.
 */
export class Inhibitions {
  readonly #ruleOf: InhibitionRequest["ruleOf"];
  readonly #entries: readonly Entry[];
  readonly #entriesFor = new Map<string, readonly Entry[]>();
  readonly #alerts = new Map<string, ToldAlert[]>();

  constructor({ alerts, ruleOf }: InhibitionRequest) {
    this.#ruleOf = ruleOf;
    const entries = new Map<string, readonly Entry[]>();
    const told = alerts.filter(({ state }) => state === "firing" || state === "recovering");
    const longestFirst = [...told].sort(
      (a, b) => a.episode.startedAt - b.episode.startedAt || (a.groupKey < b.groupKey ? -1 : 1),
    );
    for (const alert of longestFirst) {
      const same = this.#alerts.get(alert.groupKey);
      if (same === undefined) this.#alerts.set(alert.groupKey, [alert]);
      else same.push(alert);
      const rule = ruleOf(alert.ruleId);
      if (rule === undefined || rule.inhibits.length === 0) continue;
      const own = entries.get(rule.id) ?? entriesOf(rule);
      entries.set(rule.id, own);
      for (const { inhibition, sources } of own) {
        const key = equalKey(inhibition, labelsOf(alert, rule));
        if (key === undefined) continue;
        const found = sources.get(key) ?? [];
        sources.set(key, found);
        if (!found.includes(alert.groupKey)) found.push(alert.groupKey);
      }
    }
    this.#entries = [...entries.values()].flat();
  }

  /** Whether anything explains anything. */
  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /**
   * Group keys of the findings that explain these alerts of a finding: each alert by one at least, and none of them by
   * the finding itself. Empty when one alert is not explained, or there is none. `mayExplain` says of which findings that may be.
   */
  explainersOf(
    groupKey: string,
    alerts: readonly ExplainableAlert[],
    mayExplain: (source: string) => boolean,
  ): readonly string[] {
    const found = new Set<string>();
    for (const alert of alerts) {
      const source = this.#sourcesOf(alert).find((key) => key !== groupKey && mayExplain(key));
      if (source === undefined) return [];
      found.add(source);
    }
    return [...found];
  }

  /** Of a finding that is not decided now: those that fire; where none does, all. */
  alertsOf(groupKey: string): readonly ExplainableAlert[] {
    const all = this.#alerts.get(groupKey) ?? [];
    const firing = all.filter(({ state }) => state === "firing");
    return firing.length > 0 ? firing : all;
  }

  /** All findings with an alert that fires or recovers. */
  get groupKeys(): readonly string[] {
    return [...this.#alerts.keys()];
  }

  /** All findings that could explain another one. */
  get sources(): readonly string[] {
    return [...new Set(this.#entries.flatMap(({ sources }) => [...sources.values()].flat()))];
  }

  #sourcesOf(alert: ExplainableAlert): readonly string[] {
    const rule = this.#ruleOf(alert.ruleId);
    if (rule === undefined) return [];
    const labels = labelsOf(alert, rule);
    return this.#entriesOn(rule.id).flatMap(({ inhibition, sources }) => {
      if (!hasLabels(labels, inhibition.where)) return [];
      const key = equalKey(inhibition, labels);
      return key === undefined ? [] : (sources.get(key) ?? []);
    });
  }

  /** Which entries name a rule, asked once for each. */
  #entriesOn(ruleId: string): readonly Entry[] {
    const known = this.#entriesFor.get(ruleId);
    if (known !== undefined) return known;
    const own = this.#entries.filter((entry) => entry.ruleId !== ruleId && isNamed(ruleId, entry.inhibition.rules));
    this.#entriesFor.set(ruleId, own);
    return own;
  }
}

function entriesOf(rule: Rule): readonly Entry[] {
  return rule.inhibits.map((inhibition) => ({ ruleId: rule.id, inhibition, sources: new Map() }));
}

/** What an alert is about: its labels, and what its rule holds at one value. */
function labelsOf({ labels }: ExplainableAlert, { signal }: Rule): Labels {
  return { ...fixedLabels(signal.where), ...labels };
}

/** Undefined where a label is missing: that equals nothing, not even another one that is missing. */
function equalKey({ equal }: Inhibition, labels: Labels): string | undefined {
  if (!equal.every((name) => Object.hasOwn(labels, name))) return undefined;
  return labelsKey(Object.fromEntries(equal.map((name) => [name, labels[name] ?? ""])));
}

/**
 * Of each explained finding the one that explains it: the last of the chain, which itself is not explained. What would
 * explain one another in a ring is explained by nothing, so that something is told in any case.
 */
export function rootsOf(direct: ReadonlyMap<string, readonly string[]>): ReadonlyMap<string, string> {
  const roots = new Map<string, string>();
  for (const key of direct.keys()) {
    const root = rootOf(key, direct);
    if (root !== undefined) roots.set(key, root);
  }
  return roots;
}

function rootOf(key: string, direct: ReadonlyMap<string, readonly string[]>): string | undefined {
  const seen = new Set([key]);
  let at = key;
  for (let next = direct.get(at)?.[0]; next !== undefined; next = direct.get(at)?.[0]) {
    if (seen.has(next)) return undefined;
    seen.add(next);
    at = next;
  }
  return at === key ? undefined : at;
}
