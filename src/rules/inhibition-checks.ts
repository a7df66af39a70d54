import { isNamed } from "../model/rule-match.ts";
import { didYouMean, listed } from "../support/yaml/closest.ts";
import type { Fault, Written, Wrong } from "../support/yaml/fault.ts";
import type { RuleEntry } from "./read-rule-file.ts";
import { ringsOf } from "./rings.ts";

const mostNamed = 3;

interface Placed {
  readonly file: string;
  readonly entry: RuleEntry;
}

interface Known {
  /** By id, faulty ones included. */
  readonly entries: ReadonlyMap<string, RuleEntry>;
  /** The id that a rule has now, by those that it had before. */
  readonly formerly: ReadonlyMap<string, string>;
}

/**
 * What `inhibits` must be to the rules of all files. A rule of which this is told runs all the same, and this part of it
 * explains nothing: rather a ticket too many than a problem unseen because another file changed. `whole`: every rule's id
 * is known, so that one which is not there is none.
 */
export function inhibitionFaults(placed: readonly Placed[], whole: boolean): readonly Fault[] {
  const entries = new Map(placed.flatMap(({ entry }) => (entry.id === undefined ? [] : [[entry.id, entry] as const])));
  const formerly = new Map(
    placed.flatMap(({ entry }) => entry.formerly.map((former) => [former.id, entry.id ?? former.id] as const)),
  );
  const known: Known = { entries, formerly };
  const rings = ringsOf(
    [...entries].map(([id, { inhibits }]) => ({
      id,
      inhibits: inhibits.map(({ rules }) => ({ rules: rules.map(({ text }) => text) })),
    })),
  );
  return placed.flatMap(({ file, entry }) =>
    entry.inhibits.flatMap((inhibition) => {
      const tell = (written: Written, wrong: Wrong): Fault => ({
        file,
        line: written.line,
        column: written.column,
        ...(entry.id === undefined ? {} : { ruleId: entry.id }),
        path: written.path,
        ...wrong,
        severity: "error",
      });
      const named = inhibition.rules.flatMap((pattern) => {
        const wrong =
          ringFault(pattern.text, entry, rings) ?? (whole ? nameFault(pattern.text, entry, known) : undefined);
        return wrong === undefined ? [] : [tell(pattern, wrong)];
      });
      const patterns = inhibition.rules.map(({ text }) => text);
      const targets = [...entries.values()].filter(
        ({ id }) => id !== undefined && id !== entry.id && isNamed(id, patterns),
      );
      const labels = [
        ...inhibition.equal.map((label) => [label, equalFault(label.text, entry, targets)] as const),
        ...inhibition.where.map((label) => [label, whereFault(label.text, targets)] as const),
      ];
      return [...named, ...labels.flatMap(([label, wrong]) => (wrong === undefined ? [] : [tell(label, wrong)]))];
    }),
  );
}

function ringFault(
  pattern: string,
  { id }: RuleEntry,
  rings: ReadonlyMap<string, readonly string[]>,
): Wrong | undefined {
  const way = id === undefined ? undefined : rings.get(id);
  if (way === undefined || !isNamed(way[1] ?? "", [pattern])) return undefined;
  const told = way.slice(1).map((each) => `\`${each}\``);
  return {
    message: `\`${id}\` explains ${told.join(", which explains ")}: while all of them last, none would get a ticket`,
    fix: "keep the direction from cause to effect, and remove the other",
  };
}

function nameFault(pattern: string, { id }: RuleEntry, { entries, formerly }: Known): Wrong | undefined {
  if (pattern === id) {
    return { message: "a rule does not explain itself", fix: "name other rules, whose problems follow from this one" };
  }
  const others = [...entries.keys()].filter((other) => other !== id);
  return missingRule(pattern, others, formerly);
}

/** What is wrong with a pattern that is the id of none of these rules. `formerly`: the id that a rule has now, by earlier ones. */
export function missingRule(
  pattern: string,
  ids: readonly string[],
  formerly: ReadonlyMap<string, string>,
): Wrong | undefined {
  if (ids.some((id) => isNamed(id, [pattern]))) return undefined;
  const now = formerly.get(pattern);
  if (now !== undefined)
    return { message: `the rule \`${pattern}\` is called \`${now}\` now`, fix: `write \`${now}\`` };
  if (pattern.includes("*")) {
    return { message: `no rule to be named here has an id like \`${pattern}\``, fix: `name one of ${listed(ids)}` };
  }
  return {
    message: `there is no rule \`${pattern}\`${didYouMean(pattern, ids)}`,
    fix: `name one of ${listed(ids)}; \`*\` stands for any characters`,
  };
}

/** What is missing on one side equals nothing. */
function equalFault(label: string, { labels }: RuleEntry, targets: readonly RuleEntry[]): Wrong | undefined {
  if (labels !== undefined && !labels.includes(label)) {
    return {
      message: `\`equal\` names \`${label}\`, which alerts of this rule do not have${didYouMean(label, labels)}`,
      fix: `${choiceOf(labels)}add it to \`signal.by\`, or to \`signal.where\` with one value`,
    };
  }
  const without = targets.filter((target) => target.labels !== undefined && !target.labels.includes(label));
  if (without.length === 0) return undefined;
  const named = without.slice(0, mostNamed).map(({ id }) => `\`${id}\``);
  const more = without.length > mostNamed ? ` and ${without.length - mostNamed} more` : "";
  return {
    message: `\`equal\` names \`${label}\`, which alerts of ${named.join(", ")}${more} do not have: they would never be explained`,
    fix: "add it to their `signal.by`, or to `signal.where` with one value; or name only rules that have it",
  };
}

function whereFault(label: string, targets: readonly RuleEntry[]): Wrong | undefined {
  if (targets.length === 0 || targets.some(({ labels }) => labels === undefined || labels.includes(label))) {
    return undefined;
  }
  const candidates = [...new Set(targets.flatMap(({ labels }) => labels ?? []))];
  return {
    message: `\`where\` names \`${label}\`, which alerts of none of these rules have${didYouMean(label, candidates)}`,
    fix: candidates.length === 0 ? "remove it: they have no labels" : `use ${listed(candidates)}`,
  };
}

function choiceOf(labels: readonly string[]): string {
  return labels.length === 0 ? "" : `use ${listed(labels)}; or `;
}
