import type { Labels } from "../model/labels.ts";
import type { Observation } from "../model/query.ts";
import type { JudgeRequest, SeenLabels } from "./judge.ts";

/** Remembered label sets of one rule; beyond it the longest unseen are forgotten first. */
const mostKnownLabelSets = 10_000;

/** What one tick means for what a rule knows. */
export interface KnownLabels {
  /** Known and did not answer now, by `labelsKey`, the latest seen first. */
  readonly missing: readonly (readonly [key: string, entry: SeenLabels])[];
  /** New, or seen again after a hundredth of `known_for`: written no more often, since each is a row. */
  readonly seen: readonly SeenLabels[];
  readonly forgotten: readonly Labels[];
}

const nothingKnown: KnownLabels = { missing: [], seen: [], forgotten: [] };

/** Pure. `lookback` and `current` are what answered, by `labelsKey`. */
export function knownLabelSets(
  request: JudgeRequest,
  lookback: ReadonlyMap<string, Observation>,
  current: ReadonlyMap<string, Observation>,
): KnownLabels {
  const { rule } = request.planned;
  if (rule.signal.by.length === 0) return nothingKnown;
  const { at } = request.tick;
  const seen = new Map<string, SeenLabels>();
  const rewriteAfterMs = rule.knownForMs / 100;
  if (lookback.size === 0 && isAllAsBefore(request.known, current, at - rewriteAfterMs)) return nothingKnown;
  for (const observations of [lookback, current]) {
    for (const [key, { labels, events }] of observations) {
      if (events === 0) continue;
      const before = seen.get(key) ?? request.known.get(key);
      if (before !== undefined && at - before.seenAt < rewriteAfterMs) continue;
      if (before?.seenAt !== at) seen.set(key, { labels, seenAt: at });
    }
  }
  const forgotten: Labels[] = [];
  const missing: [string, SeenLabels][] = [];
  const tooMany =
    request.known.size + seen.size > mostKnownLabelSets
      ? longestUnseen(new Map([...request.known, ...seen]), mostKnownLabelSets)
      : undefined;
  const look = (key: string, entry: SeenLabels) => {
    if (at - entry.seenAt > rule.knownForMs || tooMany?.has(entry)) forgotten.push(entry.labels);
    else if (!current.has(key)) missing.push([key, entry]);
  };
  // Not put together first: of a thousand known label sets a few were seen.
  for (const [key, entry] of request.known) look(key, seen.get(key) ?? entry);
  for (const [key, entry] of seen) if (!request.known.has(key)) look(key, entry);
  return { missing: missing.sort(([, a], [, b]) => latestFirst(a, b)), seen: [...seen.values()], forgotten };
}

/** Nearly always: all that is known answered, nothing else did, and no row is old enough to be written again. */
function isAllAsBefore(
  known: ReadonlyMap<string, SeenLabels>,
  current: ReadonlyMap<string, Observation>,
  writtenAfter: number,
): boolean {
  if (known.size !== current.size || known.size > mostKnownLabelSets) return false;
  for (const [key, { events }] of current) {
    const before = known.get(key);
    if (events === 0 || before === undefined || before.seenAt <= writtenAfter) return false;
  }
  return true;
}

/** `knownLabelSets` where nothing is forgotten and nothing was looked back at. */
export interface SteadyKnown {
  /** How many are known and did not answer now. */
  readonly missing: number;
  readonly seen: readonly SeenLabels[];
  /** What was known before this tick, whatever is remembered after it. */
  readonly before: readonly SeenLabels[];
}

/** The same by counting, in a small part of the time; undefined where something is forgotten. Pure. */
export function steadyKnown(
  { planned: { rule }, known, tick: { at } }: JudgeRequest,
  current: ReadonlyMap<string, Observation>,
): SteadyKnown | undefined {
  if (rule.signal.by.length === 0) return noneKnown;
  const before = [...known.values()];
  for (const { seenAt } of before) if (at - seenAt > rule.knownForMs) return undefined;
  const rewriteAfterMs = rule.knownForMs / 100;
  const seen: SeenLabels[] = [];
  let missing = before.length;
  for (const [key, { labels, events }] of current) {
    const entry = known.get(key);
    if (entry !== undefined) missing -= 1;
    if (events === 0 || (entry !== undefined && (entry.seenAt === at || at - entry.seenAt < rewriteAfterMs))) continue;
    seen.push({ labels, seenAt: at });
  }
  return before.length + seen.length > mostKnownLabelSets ? undefined : { missing, seen, before };
}

const noneKnown: SteadyKnown = { missing: 0, seen: [], before: [] };

function longestUnseen(all: ReadonlyMap<string, SeenLabels>, beyond: number): ReadonlySet<SeenLabels> {
  return new Set([...all.values()].sort(latestFirst).slice(beyond));
}

function latestFirst(a: SeenLabels, b: SeenLabels): number {
  return b.seenAt - a.seenAt;
}
