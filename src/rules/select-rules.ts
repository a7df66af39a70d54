import type { Rule } from "../model/rule.ts";
import { canonicalJson, sha256 } from "../support/hashing.ts";
import { type Fault, sortedFaults } from "../support/yaml/fault.ts";
import { inhibitionFaults } from "./inhibition-checks.ts";
import { problemFaults } from "./problem-checks.ts";
import type { RuleEntry, RuleFile } from "./read-rule-file.ts";
import { withoutRings } from "./rings.ts";

/** Rules beyond it are refused; each is a share of every tick. */
const mostRules = 10_000;

export interface SelectedRules {
  /** By id. What runs: good versions, and last good versions of what is faulty now. */
  readonly rules: readonly Rule[];
  /** Ids that run in their last good version. */
  readonly kept: readonly string[];
  /** Ids that stand in files but do not run, because no good version of them is known. */
  readonly notLoaded: readonly string[];
  /** False when a file could not be read as a list of rules: then a rule that is not here need not have been removed. */
  readonly complete: boolean;
  readonly faults: readonly Fault[];
  /** Of the rules, wherever they stand. */
  readonly hash: string;
}

interface Placed {
  readonly file: string;
  readonly entry: RuleEntry;
}

/**
 * Which rules run, given the files as they are now and the rules that ran before. A rule that is faulty, or whose file
 * cannot be read, goes on in its last good version; one that was taken out of a readable file is gone. `partial`: there are
 * other files, so that a rule which is not in these may be there. Pure.
 */
export function selectRules(
  files: readonly RuleFile[],
  running: readonly Rule[],
  { partial = false }: { readonly partial?: boolean } = {},
): SelectedRules {
  const placed: Placed[] = files.flatMap(({ file, entries }) => entries.map((entry) => ({ file, entry })));
  const faults: Fault[] = files.flatMap((file) => [...file.faults]);
  const byId = new Map<string, Placed[]>();
  for (const place of placed) {
    const { id } = place.entry;
    if (id !== undefined) byId.set(id, [...(byId.get(id) ?? []), place]);
  }
  const clashing = new Set<RuleEntry>();
  for (const fault of [...duplicateIds(byId, clashing), ...clashingFormer(placed, byId, clashing)]) faults.push(fault);
  faults.push(...disagreeing(placed, clashing));

  const good = new Map<string, Rule>();
  for (const { file, entry } of placed) {
    if (entry.rule === undefined || clashing.has(entry)) continue;
    if (good.size < mostRules) good.set(entry.rule.id, entry.rule);
    else
      faults.push(
        faultAt(file, entry, `there are more than ${mostRules} rules`, "use `by` and `overrides` instead of copies"),
      );
  }
  const kept = running.filter((rule) => !good.has(rule.id) && goesOn(rule, files, placed, byId, good));
  const rules = withoutRings([...good.values(), ...kept].sort((a, b) => (a.id < b.id ? -1 : 1)));
  const complete = files.every((file) => file.readable) && placed.every(({ entry }) => entry.id !== undefined);
  faults.push(...inhibitionFaults(placed, complete && !partial));
  const loaded = new Set(rules.map((rule) => rule.id));
  return {
    rules,
    kept: kept.map((rule) => rule.id),
    notLoaded: [...byId.keys()].filter((id) => !loaded.has(id)).sort(),
    complete,
    faults: sortedFaults(faults),
    hash: sha256(rules.map(ruleKey).join("\n")),
  };
}

/** Equal for two versions of a rule that differ at most in where they stand. */
export function ruleKey({ location: _, ...rule }: Rule): string {
  return canonicalJson(rule);
}

function goesOn(
  rule: Rule,
  files: readonly RuleFile[],
  placed: readonly Placed[],
  byId: ReadonlyMap<string, readonly Placed[]>,
  good: ReadonlyMap<string, Rule>,
): boolean {
  for (const successor of good.values()) if (successor.formerly.includes(rule.id)) return false;
  if (byId.has(rule.id)) return true;
  // Renamed, and the new version is faulty.
  if (placed.some(({ entry }) => entry.formerly.some((former) => former.id === rule.id))) return true;
  const file = files.find((candidate) => candidate.file === rule.location.file);
  if (file === undefined) return false;
  return !file.readable || file.entries.some((entry) => entry.id === undefined);
}

function* duplicateIds(byId: ReadonlyMap<string, readonly Placed[]>, clashing: Set<RuleEntry>): Generator<Fault> {
  for (const [id, places] of byId) {
    if (places.length < 2) continue;
    for (const place of places) {
      clashing.add(place.entry);
      const others = places
        .filter((other) => other !== place)
        .map(({ file, entry }) => `${file}:${entry.line}:${entry.column}`);
      const also = others.slice(0, 5).join(", ");
      yield faultAt(
        place.file,
        place.entry,
        `the id \`${id}\` is used twice: also at ${also}`,
        "give each rule an id of its own; its tickets belong to the id",
      );
    }
  }
}

function* clashingFormer(
  placed: readonly Placed[],
  byId: ReadonlyMap<string, readonly Placed[]>,
  clashing: Set<RuleEntry>,
): Generator<Fault> {
  const claimed = new Map<string, Placed>();
  for (const place of placed) {
    for (const former of place.entry.formerly) {
      const [current] = byId.get(former.id) ?? [];
      const earlier = claimed.get(former.id);
      const other = current ?? earlier;
      claimed.set(former.id, earlier ?? place);
      if (other === undefined) continue;
      clashing.add(place.entry);
      yield {
        ...faultAt(
          place.file,
          place.entry,
          `\`formerly\` names \`${former.id}\`, which ${current === undefined ? "another rule was formerly too" : "is the id of a rule now"}: ${other.file}:${other.entry.line}:${other.entry.column}`,
          "only one rule can carry on the tickets of an id",
        ),
        line: former.line,
        column: former.column,
      };
    }
  }
}

/** Only what is wrong beyond doubt keeps a rule from running. */
function disagreeing(placed: readonly Placed[], clashing: Set<RuleEntry>): readonly Fault[] {
  const places = new Map<Rule, Placed>();
  for (const place of placed) {
    const { rule } = place.entry;
    if (rule !== undefined && !clashing.has(place.entry)) places.set(rule, place);
  }
  return problemFaults([...places.keys()]).flatMap(({ rule, severity, message, fix }) => {
    const place = places.get(rule);
    if (place === undefined) return [];
    if (severity === "error") clashing.add(place.entry);
    return [{ ...faultAt(place.file, place.entry, message, fix), severity }];
  });
}

function faultAt(file: string, entry: RuleEntry, message: string, fix: string): Fault {
  return {
    file,
    line: entry.line,
    column: entry.column,
    ...(entry.id === undefined ? {} : { ruleId: entry.id }),
    path: entry.path,
    message,
    fix,
    severity: "error",
  };
}
