import type { Rule } from "../model/rule.ts";
import type { RuleState } from "../store/store.ts";

/**
 * Gives each rule the id that its alerts' identity is made of: its own, or the one under which the store knows a rule
 * that it formerly was. So a renamed rule keeps its tickets, in whatever order `formerly` lists its names. Pure.
 */
export function withIdentities(rules: readonly Rule[], states: ReadonlyMap<string, RuleState>): readonly Rule[] {
  return rules.map((rule) => {
    if (rule.formerly.length === 0 || states.has(rule.id)) return rule;
    const identity = rule.formerly.find((id) => states.has(id));
    if (identity === undefined) return rule;
    return { ...rule, identity, problem: rule.problem === rule.id ? identity : rule.problem };
  });
}

/** By every id a rule has or had: a finding that is quiet keeps the one of its last tick. */
export function rulesByName(rules: readonly Rule[]): ReadonlyMap<string, Rule> {
  const formerly = rules.flatMap((rule) => [...rule.formerly, rule.identity].map((id) => [id, rule] as const));
  return new Map([...formerly, ...rules.map((rule) => [rule.id, rule] as const)]);
}
