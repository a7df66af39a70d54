import type { Query } from "../../src/model/query.ts";

/** The query of an expression, as a rule has it. */
export function promqlQuery(expression: string, by: readonly string[] = [], maxGroups = 200): Query {
  const measure = { kind: "promql", expression, isShare: false } as const;
  return { target: "", where: {}, filters: [], measure, by, maxGroups };
}
