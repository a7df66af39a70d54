import type { Query } from "../../src/model/query.ts";

/** The query of an expression, as a rule has it. */
export function promqlQuery(expression: string, by: readonly string[] = [], maxGroups = 200): Query {
  const measure = { kind: "promql", expression, isShare: false } as const;
  return { target: "", where: {}, filters: [], measure, by, maxGroups };
}

/** The query of a ratio of two expressions, as a rule has it. */
export function promqlRatio(whole: string, bad: string, by: readonly string[] = [], maxGroups = 200): Query {
  return { target: "", where: {}, filters: [], measure: { kind: "ratio", bad, whole }, by, maxGroups };
}
