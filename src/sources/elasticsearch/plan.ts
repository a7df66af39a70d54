import type { Batch, Probe, Query, Question } from "../../model/query.ts";
import type { Window } from "../../model/time.ts";
import type { FieldMap } from "./fields.ts";
import { queryParts, type ResolvedParts, resolvedParts } from "./query-parts.ts";

/** One question, however often the batch has it. */
export interface Asked {
  readonly question: Question;
  /** Places in the batch that wait for its answer. */
  readonly positions: number[];
}

export interface AskedProbe {
  readonly probe: Probe;
  readonly positions: number[];
}

/** A question's part of a search; `value` is which one of a family it is. */
export interface Member {
  readonly asked: Asked;
  readonly parts: ResolvedParts;
  readonly value: string | undefined;
}

/** One search to send, and whom its answer serves. All members have the same target, window, `by` and `maxGroups`. */
export interface Search {
  readonly target: string;
  readonly window: Window;
  /** JSON clauses, joined by commas. */
  readonly clauses: string;
  /** The field of a `terms` that tells a family apart, and its values in order of first use. */
  readonly family: { readonly field: string; readonly values: readonly string[] } | undefined;
  readonly members: readonly Member[];
}

/** A family's search makes at most this many buckets (the server's limit for a whole search is 65,536). */
const mostBuckets = 20_000;
const mostValues = 1_000;

/** Equal questions (the same query, window and labels that must be answered) become one, in order of first use. */
export function uniqueQuestions(questions: Batch["questions"]): Asked[] {
  const keyOf = windowKeys();
  const windows = new Map<string, Map<string, Asked>>();
  const unique: Asked[] = [];
  for (const [position, question] of questions.entries()) {
    const { query, window, mustAnswer } = question;
    const windowKey = mustAnswer.length === 0 ? keyOf(window) : `${keyOf(window)} ${JSON.stringify(mustAnswer)}`;
    let known = windows.get(windowKey);
    if (known === undefined) {
      known = new Map();
      windows.set(windowKey, known);
    }
    const { key } = queryParts(query);
    const asked = known.get(key);
    if (asked !== undefined) asked.positions.push(position);
    else {
      const first = { question, positions: [position] };
      known.set(key, first);
      unique.push(first);
    }
  }
  return unique;
}

/** Equal for equal windows. Most questions of a batch have the same window object: its text is made once. */
function windowKeys(): (window: Window) => string {
  const keys = new Map<Window, string>();
  return (window) => {
    let key = keys.get(window);
    if (key === undefined) {
      key = `${window.from} ${window.to}`;
      keys.set(window, key);
    }
    return key;
  };
}

export function uniqueProbes(probes: Batch["probes"]): AskedProbe[] {
  const unique = new Map<string, AskedProbe>();
  for (const [position, probe] of probes.entries()) {
    const key = JSON.stringify([probe.target, probe.window.from, probe.window.to]);
    const known = unique.get(key);
    if (known === undefined) unique.set(key, { probe, positions: [position] });
    else known.positions.push(position);
  }
  return [...unique.values()];
}

/** One question on its own. */
export function searchAlone(asked: Asked, parts: ResolvedParts): Search {
  const { query, window } = asked.question;
  const members = [{ asked, parts, value: undefined }];
  return { target: query.target, window, clauses: parts.clauses, family: undefined, members };
}

/**
 * As few searches as answer all questions: first the families (equal but for one `where` value), largest first, then
 * one search for each scope (equal but for the measure). Those of `apart` (they were refused before) are asked alone.
 */
export function planSearches(
  questions: readonly { readonly asked: Asked; readonly fields: FieldMap }[],
  apart: { has(query: Query): boolean } = new Set(),
): Search[] {
  const keyOf = windowKeys();
  const alone: Search[] = [];
  const windows = new Map<string, Candidate[]>();
  for (const { asked, fields } of questions) {
    const { query, window } = asked.question;
    const parts = resolvedParts(query, fields);
    if (apart.has(query)) alone.push(searchAlone(asked, parts));
    else push(windows, keyOf(window), { asked, parts, taken: false });
  }
  return [...windows.values()].flatMap(planWindow).concat(alone);
}

interface Candidate {
  readonly asked: Asked;
  readonly parts: ResolvedParts;
  taken: boolean;
}

function planWindow(candidates: readonly Candidate[]): Search[] {
  const families = new Map<string, Candidate[]>();
  for (const candidate of candidates) for (const { key } of candidate.parts.families) push(families, key, candidate);
  const searches: Search[] = [];
  const largestFirst = [...families].sort((a, b) => b[1].length - a[1].length);
  for (const [key, all] of largestFirst) {
    if (all.length < 2) break;
    const members = all.filter((candidate) => !candidate.taken);
    if (countScopes(members) < 2) continue;
    for (const member of members) member.taken = true;
    searches.push(...familySearches(key, members));
  }
  const scopes = new Map<string, Candidate[]>();
  for (const candidate of candidates) if (!candidate.taken) push(scopes, candidate.parts.scopeKey, candidate);
  for (const [first, ...others] of scopes.values()) {
    if (first === undefined) continue;
    const search = searchAlone(first.asked, first.parts);
    const more = others.map(({ asked, parts }) => ({ asked, parts, value: undefined }));
    searches.push({ ...search, members: [...search.members, ...more] });
  }
  return searches;
}

/** A family of one value shares nothing that its scope would not share as well. */
function countScopes(members: readonly Candidate[]): number {
  return new Set(members.map((member) => member.parts.scopeKey)).size;
}

function familySearches(key: string, candidates: readonly Candidate[]): Search[] {
  const byValue = new Map<string, Member[]>();
  let field = "";
  let clauses = "";
  for (const { asked, parts } of candidates) {
    const part = parts.families.find((family) => family.key === key);
    if (part === undefined) continue;
    ({ field, clauses } = part);
    push(byValue, part.value, { asked, parts, value: part.value });
  }
  const query = candidates[0]?.asked.question.query;
  const window = candidates[0]?.asked.question.window;
  if (query === undefined || window === undefined) return [];
  const groups = query.by.length === 0 ? 1 : query.maxGroups + 1;
  const most = Math.max(1, Math.min(mostValues, Math.floor(mostBuckets / groups)));
  const values = [...byValue];
  const searches: Search[] = [];
  for (let start = 0; start < values.length; start += most) {
    const part = values.slice(start, start + most);
    const members = part.flatMap(([, some]) => some);
    searches.push({
      target: query.target,
      window,
      clauses,
      family: { field, values: part.map(([value]) => value) },
      members,
    });
  }
  return searches;
}

function push<Key, Item>(lists: Map<Key, Item[]>, key: Key, item: Item): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}
