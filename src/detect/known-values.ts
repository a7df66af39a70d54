import { type Labels, labelsKey } from "../model/labels.ts";
import type { Answer, Observation } from "../model/query.ts";
import { patternLabel, type Rule } from "../model/rule.ts";
import type { SeenLabels } from "./judge.ts";
import { TemplateTree } from "./patterns/template-tree.ts";
import type { LinesAnswer } from "./read-lines.ts";

/** Known values of one rule: as many as one question can be answered with. */
export const mostKnownValues = 10_000;

/** What a window held for a rule of the form `new`. */
export interface Sighting {
  /** What occurs in the window, by `labelsKey`. */
  readonly occurring: ReadonlyMap<string, Observation>;
  /** Of patterns: those that came to be or were generalised, by `labelsKey`. */
  readonly changed: ReadonlyMap<string, SeenLabels>;
  /** Label sets that were looked back at, by `labelsKey`. */
  readonly learned: ReadonlyMap<string, { readonly labels: Labels }>;
  /** What was looked back at and not taken; then nothing can be told to be new. */
  readonly notLearned: number;
  /** What occurs and was not taken, a lower bound: groups of values, messages of patterns. */
  readonly notTaken: number;
}

export type Answered = Extract<Answer, { kind: "answered" }>;
export type Lines = Extract<LinesAnswer, { kind: "answered" }>;

/** Values are groups of the answer. Pure. */
export function sightValues(current: Answered, lookback: Answered | undefined): Sighting {
  const occurring = (answer: Answered) =>
    new Map(
      answer.observations.flatMap((observation) =>
        observation.events === 0 ? [] : [[labelsKey(observation.labels), observation] as const],
      ),
    );
  const notLearned = lookback === undefined ? 0 : lookback.notAnswered;
  return {
    occurring: occurring(current),
    changed: new Map(),
    learned: lookback === undefined ? new Map() : occurring(lookback),
    notLearned,
    notTaken: current.notAnswered,
  };
}

/** Patterns are found in the lines, those of the past first. Pure. */
export function sightPatterns(
  rule: Rule,
  known: ReadonlyMap<string, SeenLabels>,
  current: Lines,
  earlier: readonly Lines[],
): Sighting {
  const templates = [...known.values()].flatMap(({ template }) => template ?? []);
  const tree = new TemplateTree({ templates, most: rule.signal.query.maxGroups });
  const learned = new Map<string, { readonly labels: Labels }>();
  let notLearned = 0;
  for (const { words, count } of earlier.flatMap(({ lines }) => lines)) {
    const template = tree.add(words);
    if (template === undefined) notLearned += count;
    else learned.set(labelsKey(labelsOf(template.id)), { labels: labelsOf(template.id) });
  }
  const counts = new Map<string, number>();
  let notTaken = 0;
  for (const { words, count } of current.lines) {
    const template = tree.add(words);
    if (template === undefined) notTaken += count;
    else counts.set(template.id, (counts.get(template.id) ?? 0) + count);
  }
  const occurring = Array.from(counts, ([id, count]) => {
    const labels = labelsOf(id);
    return [labelsKey(labels), { labels, value: count, events: count }] as const;
  });
  const changed = tree.changed.map((template) => {
    const labels = labelsOf(template.id);
    return [labelsKey(labels), { labels, seenAt: 0, template }] as const;
  });
  return { occurring: new Map(occurring), changed: new Map(changed), learned, notLearned, notTaken };
}

function labelsOf(id: string): Labels {
  return { [patternLabel]: id };
}

export interface KnownRequest {
  readonly rule: Rule;
  readonly at: number;
  readonly known: ReadonlyMap<string, SeenLabels>;
  readonly sighting: Sighting;
  /** Whether this tick is the one that learns: then all that occurs is known. */
  readonly learns: boolean;
  /** Label sets that are not to be forgotten, by `labelsKey`. */
  readonly alive: { has(key: string): boolean };
}

export interface KnownNow {
  /** After this tick. */
  readonly known: ReadonlyMap<string, SeenLabels>;
  /** Rows to write: new, changed, or seen again after a hundredth of `known_for`. */
  readonly seen: readonly SeenLabels[];
  readonly forgotten: readonly Labels[];
  /** Values that occur and for which there was no room. */
  readonly refused: number;
}

/** What is known after a tick: what occurs is taken up as far as there is room, what was not seen for `known_for` goes. Pure. */
export function knownAfter({ rule, at, known, sighting, learns, alive }: KnownRequest): KnownNow {
  const now = new Map(known);
  const written = new Map<string, SeenLabels>();
  const rewriteAfterMs = rule.knownForMs / 100;
  let refused = 0;
  const see = (key: string, labels: Labels, isLearned: boolean) => {
    const before = now.get(key);
    const template = sighting.changed.get(key)?.template ?? before?.template;
    if (before === undefined && now.size >= mostKnownValues) {
      refused += 1;
      return;
    }
    const isStale = before === undefined || at - before.seenAt >= rewriteAfterMs || template !== before.template;
    if (!isStale) return;
    const firstSeenAt = before === undefined ? (isLearned ? undefined : at) : before.firstSeenAt;
    const entry: SeenLabels = {
      labels,
      seenAt: at,
      ...(firstSeenAt === undefined ? {} : { firstSeenAt }),
      ...(template === undefined ? {} : { template }),
    };
    now.set(key, entry);
    written.set(key, entry);
  };
  for (const [key, { labels }] of sighting.learned) see(key, labels, true);
  for (const [key, { labels }] of sighting.occurring) see(key, labels, learns);
  const forgotten: Labels[] = [];
  for (const [key, { labels, seenAt }] of now) {
    if (at - seenAt <= rule.knownForMs || sighting.occurring.has(key) || alive.has(key)) continue;
    forgotten.push(labels);
    now.delete(key);
  }
  return { known: now, seen: [...written.values()], forgotten, refused };
}
