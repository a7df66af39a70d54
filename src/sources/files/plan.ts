import type { Labels } from "../../model/labels.ts";
import type { Query, Question, Scalar, Where } from "../../model/query.ts";
import type { Window } from "../../model/time.ts";
import { canonicalJson } from "../../support/hashing.ts";

/** A question once, with everyone who asked it. */
export interface Ask {
  readonly query: Query;
  readonly window: Window;
  readonly users: readonly {
    /** Place in the batch. */
    readonly index: number;
    readonly maxGroups: number;
    readonly mustAnswer: readonly Labels[];
  }[];
}

/** One ask inside a scan. */
export interface Part {
  readonly ask: Ask;
  /** What all its events must match beside the family's value. */
  readonly where: Where;
  /** Asks that are equal but for the value of this field share one grouping. */
  readonly family: { readonly field: string; readonly value: Scalar } | undefined;
}

/** One statement: a window of a table, grouped by these fields, with the conditions and measures of all its parts. */
export interface Scan {
  readonly target: string;
  readonly window: Window;
  readonly groupBy: readonly string[];
  readonly parts: readonly Part[];
}

/** More measures than this in one statement make DuckDB plan longer than it scans. */
const maxPartsPerScan = 400;

/** Equal questions become one ask. */
export function mergeQuestions(questions: readonly Question[]): Ask[] {
  const asks = new Map<string, Ask & { users: Ask["users"][number][] }>();
  for (const [index, { query, window, mustAnswer }] of questions.entries()) {
    const key = canonicalJson([
      query.target,
      window,
      query.where,
      query.filters,
      query.containing,
      query.measure,
      [...query.by].sort(),
    ]);
    const ask = asks.get(key) ?? { query, window, users: [] };
    ask.users.push({ index, maxGroups: query.maxGroups, mustAnswer });
    asks.set(key, ask);
  }
  return [...asks.values()];
}

/** As few scans as can be: one for each table, window and set of group fields, after families were found. */
export function planScans(asks: readonly Ask[]): Scan[] {
  const scans = new Map<string, Scan & { parts: Part[] }>();
  for (const part of findFamilies(asks)) {
    const { query, window } = part.ask;
    const fields = part.family === undefined ? query.by : [...query.by, part.family.field];
    const groupBy = [...new Set(fields)].sort();
    const key = JSON.stringify([query.target, window.from, window.to, groupBy]);
    const scan = scans.get(key) ?? { target: query.target, window, groupBy, parts: [] };
    scan.parts.push(part);
    scans.set(key, scan);
  }
  return [...scans.values()].flatMap((scan) => split(scan, maxPartsPerScan));
}

function split(scan: Scan, size: number): Scan[] {
  const scans: Scan[] = [];
  for (let start = 0; start < scan.parts.length; start += size) {
    scans.push({ ...scan, parts: scan.parts.slice(start, start + size) });
  }
  return scans;
}

/** The same scan in two halves, for finding the part that makes it fail. */
export function halves(scan: Scan): Scan[] {
  return split(scan, Math.ceil(scan.parts.length / 2));
}

/** An ask alone, without any sharing. */
export function scanAlone(ask: Ask): Scan {
  const { target, by, where } = ask.query;
  return { target, window: ask.window, groupBy: [...by].sort(), parts: [{ ask, where, family: undefined }] };
}

function findFamilies(asks: readonly Ask[]): Part[] {
  const values = new Map<string, Set<string>>();
  const choices = asks.map((ask) => {
    const own = familyChoices(ask);
    for (const { key, value } of own) values.set(key, (values.get(key) ?? new Set()).add(JSON.stringify(value)));
    return own;
  });
  return asks.map((ask, index): Part => {
    let best: FamilyChoice | undefined;
    let size = 1;
    for (const choice of choices[index] ?? []) {
      const members = values.get(choice.key)?.size ?? 0;
      if (members > size) [best, size] = [choice, members];
    }
    if (best === undefined) return { ask, where: ask.query.where, family: undefined };
    const { [best.field]: _value, ...where } = ask.query.where;
    return { ask, where, family: { field: best.field, value: best.value } };
  });
}

interface FamilyChoice {
  readonly key: string;
  readonly field: string;
  readonly value: Scalar;
}

/** Each field that is matched with one value could be what sets a family's members apart. */
function familyChoices({ query, window }: Ask): FamilyChoice[] {
  return Object.entries(query.where).flatMap(([field, matched]) => {
    const [value] = matched;
    if (value === undefined || matched.length !== 1) return [];
    const { [field]: _value, ...rest } = query.where;
    return [
      {
        field,
        value,
        key: canonicalJson([query.target, window, field, rest, query.filters, query.containing, [...query.by].sort()]),
      },
    ];
  });
}
