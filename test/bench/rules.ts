import type { Measure, Query } from "../../src/model/query.ts";
import type { Rule } from "../../src/model/rule.ts";
import { buildRule } from "../support/rules.ts";

const minute = 60_000;
const services = 50;

/** How a rule's questions can be shared with others. */
export type Kind = "shared" | "own_filter" | "grouped" | "change_or_percentile";

const sharedMeasures: readonly Measure[] = [
  { kind: "count" },
  { kind: "avg", field: "duration_ms" },
  { kind: "unique", field: "user.id" },
  { kind: "max", field: "duration_ms" },
];
const paths = ["/", "/login", "/search", "/cart", "/checkout", "/orders", "/profile", "/health"];

/** The mix of the issue: of ten rules 4 differ in one `where` value, 3 have a filter of their own, 2 are grouped, 1 is a change or percentile. */
export function mixedRules(count: number): readonly Rule[] {
  return Array.from({ length: count }, (_, position) => {
    const place = position % 10;
    const kind: Kind = place < 4 ? "shared" : place < 7 ? "own_filter" : place < 9 ? "grouped" : "change_or_percentile";
    return ruleOf(kind, position);
  });
}

/** Only rules of one kind. */
export function rulesOfKind(kind: Kind, count: number): readonly Rule[] {
  return Array.from({ length: count }, (_, position) => ruleOf(kind, position));
}

function ruleOf(kind: Kind, position: number): Rule {
  const service = `service-${String(position % services).padStart(2, "0")}`;
  const path = paths[position % paths.length] ?? "/";
  switch (kind) {
    case "shared": {
      const measure = sharedMeasures[Math.floor(position / services) % sharedMeasures.length] ?? { kind: "count" };
      return benchRule(position, { where: { "service.name": [service] }, measure });
    }
    case "own_filter":
      return benchRule(position, {
        filters: [`url.path:"${path}" AND duration_ms:>${100 + position} AND http.response.status_code:>=400`],
      });
    case "grouped":
      return benchRule(position, {
        by: [position % 2 === 0 ? "service.name" : "host.name"],
        where: { "url.path": [path] },
        measure: { kind: "ratio", bad: "http.response.status_code:>=500" },
      });
    case "change_or_percentile":
      return position % 2 === 0
        ? benchRule(position, { where: { "service.name": [service] } }, true)
        : benchRule(position, {
            where: { "service.name": [service] },
            measure: { kind: "percentile", field: "duration_ms", percent: 95 },
          });
  }
}

/** Limits that nothing reaches: what is measured is the judging of a healthy estate, which is nearly all of the time. */
function benchRule(position: number, parts: Partial<Query>, change = false): Rule {
  const query: Query = {
    target: "logs-bench",
    where: {},
    filters: [],
    measure: { kind: "count" },
    by: [],
    maxGroups: 200,
    ...parts,
  };
  const modifiers = { forMs: 0, minEvents: 0, minBadEvents: 0 };
  return buildRule({
    id: `bench-${position}`,
    signal: {
      source: "logs",
      target: query.target,
      where: query.where,
      measure: query.measure,
      by: query.by,
      windowMs: 5 * minute,
      query,
    },
    limits: {
      when: change
        ? { form: "change", versus: "previous", up: 1_000, floor: 0, ...modifiers }
        : { form: "threshold", above: 1e12, ...modifiers },
    },
  });
}
