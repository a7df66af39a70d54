import type { Inhibition, Rule } from "../model/rule.ts";
import { isNamed } from "../model/rule-match.ts";

interface Explains {
  readonly id: string;
  readonly inhibits: readonly Pick<Inhibition, "rules">[];
}

/** By rule id: which rules it explains, of those that explain others themselves. Never itself. */
type Graph = ReadonlyMap<string, readonly string[]>;

/**
 * Rules that explain one another in a ring, each with the shortest way back to it (`[a, b, a]`). By rules and not by labels:
 * whatever the labels are, a reader of the rules should see what stands for what.
 */
export function ringsOf(rules: readonly Explains[]): ReadonlyMap<string, readonly string[]> {
  const graph = withinRings(graphOf(rules));
  const rings = new Map<string, readonly string[]>();
  for (const id of graph.keys()) {
    const way = wayBack(id, graph);
    if (way !== undefined) rings.set(id, way);
  }
  return rings;
}

/** What runs of faulty files must not hide everything: in a ring nothing is explained. */
export function withoutRings(rules: readonly Rule[]): readonly Rule[] {
  const rings = ringsOf(rules);
  if (rings.size === 0) return rules;
  return rules.map((rule) => {
    if (!rings.has(rule.id)) return rule;
    const inRing = [...rings.keys()].filter((id) => id !== rule.id);
    const inhibits = rule.inhibits.filter((inhibition) => !inRing.some((id) => isNamed(id, inhibition.rules)));
    return { ...rule, inhibits };
  });
}

function graphOf(rules: readonly Explains[]): Graph {
  const explaining = rules.filter(({ inhibits }) => inhibits.length > 0);
  return new Map(
    explaining.map(({ id, inhibits }) => [
      id,
      explaining
        .filter((other) => other.id !== id && inhibits.some((inhibition) => isNamed(other.id, inhibition.rules)))
        .map((other) => other.id),
    ]),
  );
}

/** Takes away, as long as there are any, rules that explain none of the rest: what is left leads into a ring. */
function withinRings(graph: Graph): Graph {
  let left = graph;
  for (;;) {
    const leading = new Map<string, readonly string[]>();
    for (const [id, explained] of left) {
      const rest = explained.filter((other) => left.has(other));
      if (rest.length > 0) leading.set(id, rest);
    }
    if (leading.size === left.size) return leading;
    left = leading;
  }
}

function wayBack(start: string, graph: Graph): readonly string[] | undefined {
  const from = new Map<string, string>();
  const queue = [start];
  for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
    for (const next of graph.get(id) ?? []) {
      if (next === start) return path(start, id, from);
      if (from.has(next)) continue;
      from.set(next, id);
      queue.push(next);
    }
  }
  return undefined;
}

function path(start: string, last: string, from: ReadonlyMap<string, string>): readonly string[] {
  const way = [start];
  for (let id: string | undefined = last; id !== undefined && id !== start; id = from.get(id)) way.unshift(id);
  return [start, ...way];
}
