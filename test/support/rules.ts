import type { Measure, Query } from "../../src/model/query.ts";
import { defaultTicketPolicy, type Limits, type Rule, type When } from "../../src/model/rule.ts";

const minute = 60_000;

/** Builds a rule as the compiler would; everything can be overridden. */
export function buildRule(
  overrides: Partial<Omit<Rule, "signal" | "limits">> & {
    signal?: Partial<Rule["signal"]>;
    limits?: Partial<Omit<Limits, "when">> & { when?: Partial<When> };
  } = {},
): Rule {
  const { signal, limits, ...rest } = overrides;
  const id = rest.id ?? "errors";
  const by = signal?.by ?? [];
  const measure: Measure = signal?.measure ?? { kind: "count" };
  const target = signal?.target ?? "logs";
  const where = signal?.where ?? {};
  const query: Query = signal?.query ?? { target, where, filters: [], measure, by, maxGroups: 200 };
  const modifiers = { forMs: 0, minEvents: 0, minBadEvents: 0 };
  const when = { form: "threshold", above: 10, ...modifiers, ...limits?.when } as When;
  return {
    id,
    formerly: [],
    identity: id,
    title: `{{ rule.id }} is bad`,
    why: "People notice.",
    mode: "file",
    schedule: { cron: "* * * * *", timezone: "UTC" },
    overrides: [],
    noData: "keep",
    keepForMs: 24 * 60 * minute,
    knownForMs: 7 * 24 * 60 * minute,
    problem: id,
    group: by,
    impact: {},
    evidence: { samples: 5, fields: [], infra: [] },
    ticket: defaultTicketPolicy,
    inhibits: [],
    location: { file: "rules/test.yaml", line: 3 },
    shape: "shape-1",
    ...rest,
    signal: { source: "logs", target, where, measure, by, windowMs: 5 * minute, ...signal, query },
    limits: { until: { forMs: 10 * minute }, severity: "warning", owner: "default", ...limits, when },
  };
}
