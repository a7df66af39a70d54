import type { Labels } from "../../../../src/model/labels.ts";
import type { Query } from "../../../../src/model/query.ts";
import {
  defaultTicketPolicy,
  type Mode,
  type Rule,
  type Severity,
  type TicketPolicy,
} from "../../../../src/model/rule.ts";
import { buildRule } from "../../rules.ts";

const minute = 60_000;

/** A rule of the simulation: a few choices over one of the templates below. */
export interface RuleSketch {
  readonly id: string;
  readonly template: TemplateName;
  readonly severity: Severity;
  readonly everyMinutes: 5 | 10;
  readonly forMinutes: number;
  readonly untilMinutes: number;
  readonly mode: Mode;
  readonly ticket: Partial<TicketPolicy>;
  /** Rules whose findings it explains. */
  readonly explains: readonly string[];
  /** What rule changes turn: part of the title, the threshold, and by what it groups. */
  readonly wording: number;
  readonly threshold: number;
  readonly grouped: boolean;
}

export type RuleChange =
  | { readonly to: "threshold"; readonly threshold: number }
  | { readonly to: "title" }
  | { readonly to: "severity"; readonly severity: Severity }
  | { readonly to: "mode"; readonly mode: Mode }
  | { readonly to: "group" }
  | { readonly to: "removed" }
  | { readonly to: "loaded" };

interface Template {
  /** Every label set that the production has for it; the first ones carry the problems. */
  readonly series: readonly Labels[];
  readonly by: readonly string[];
  readonly group: readonly string[];
  readonly measure: Rule["signal"]["measure"];
  readonly noData: Rule["noData"];
  readonly keepForMs: number;
  /** Rules of one problem share a finding. */
  readonly problem?: string;
  /** What a window holds when all is well. */
  readonly well: number;
}

export const templates = {
  /** Events, so that there are samples, charts and secrets in them. The level is how many of the requests are bad. */
  errors: {
    series: [{ service: "checkout" }, { service: "search" }],
    by: ["service"],
    group: ["service"],
    measure: { kind: "ratio", bad: { status: { gte: 500 } } },
    noData: "keep",
    keepForMs: 24 * 60 * minute,
    well: 0,
  },
  latency: {
    series: [
      { service: "pay", host: "a" },
      { service: "pay", host: "b" },
      { service: "cart", host: "a" },
    ],
    by: ["service", "host"],
    group: ["service"],
    measure: { kind: "max", field: "took" },
    noData: "keep",
    keepForMs: 30 * minute,
    well: 1,
  },
  jobs: {
    series: [{}],
    by: [],
    group: [],
    measure: { kind: "count" },
    noData: "keep",
    keepForMs: 24 * 60 * minute,
    well: 0,
  },
  noise: {
    series: [{ region: "eu" }, { region: "us" }, { region: "ap" }, { region: "sa" }],
    by: ["region"],
    group: ["region"],
    measure: { kind: "count" },
    noData: "keep",
    keepForMs: 24 * 60 * minute,
    well: 2,
  },
  queueLength: {
    series: [{ service: "orders" }],
    by: ["service"],
    group: ["service"],
    measure: { kind: "max", field: "waiting" },
    noData: "keep",
    keepForMs: 60 * minute,
    problem: "orders-stuck",
    well: 3,
  },
  queueAge: {
    series: [{ service: "orders" }],
    by: ["service"],
    group: ["service"],
    measure: { kind: "max", field: "age" },
    noData: "keep",
    keepForMs: 60 * minute,
    problem: "orders-stuck",
    well: 3,
  },
} as const satisfies Record<string, Template>;
export type TemplateName = keyof typeof templates;

/** The same object for equal sketches: the program keeps what it derives from a rule on the rule itself. */
export class RuleBook {
  readonly #built = new Map<string, Rule>();
  readonly #byQuery = new Map<Query, RuleSketch>();

  ruleOf(sketch: RuleSketch): Rule {
    const key = JSON.stringify(sketch);
    const rule = this.#built.get(key) ?? build(sketch);
    this.#built.set(key, rule);
    this.#byQuery.set(rule.signal.query, sketch);
    return rule;
  }

  /** The rule that asks this; undefined for what is asked for other ends. */
  asking(query: Query): RuleSketch | undefined {
    return this.#byQuery.get(query);
  }
}

function build(sketch: RuleSketch): Rule {
  const { id, template, everyMinutes, forMinutes, untilMinutes, threshold } = sketch;
  const { by, group, measure, noData, keepForMs, ...rest }: Template = templates[template];
  const ratio = measure.kind === "ratio";
  return buildRule({
    id,
    title: `${id} ${"!".repeat(sketch.wording)}: {{ value | number }}`,
    mode: sketch.mode,
    schedule: { cron: `*/${everyMinutes} * * * *`, timezone: "UTC" },
    signal: { target: id, measure, by },
    group: sketch.grouped ? group : [],
    problem: rest.problem ?? id,
    noData,
    keepForMs,
    limits: {
      when: {
        form: "threshold",
        above: ratio ? threshold / 100 : threshold,
        forMs: forMinutes * minute,
        minEvents: 0,
        minBadEvents: ratio ? 2 : 0,
      },
      until: { below: ratio ? threshold / 200 : threshold / 2, forMs: untilMinutes * minute },
      severity: sketch.severity,
    },
    impact: ratio ? { slo: { objective: 0.99, periodMs: 30 * 24 * 60 * minute } } : {},
    evidence: { samples: ratio ? 2 : 0, fields: [], infra: [] },
    ticket: { ...defaultTicketPolicy, ...sketch.ticket },
    inhibits: sketch.explains.length === 0 ? [] : [{ rules: sketch.explains, where: {}, equal: [] }],
    shape: `${template}:${sketch.grouped}`,
  });
}

/** The sketch after a change; undefined when the rule is gone. */
export function changed(sketch: RuleSketch, change: RuleChange): RuleSketch | undefined {
  switch (change.to) {
    case "threshold":
      return { ...sketch, threshold: change.threshold };
    case "title":
      return { ...sketch, wording: sketch.wording + 1 };
    case "severity":
      return { ...sketch, severity: change.severity };
    case "mode":
      return { ...sketch, mode: change.mode };
    case "group":
      return { ...sketch, grouped: !sketch.grouped };
    case "removed":
      return undefined;
    case "loaded":
      return sketch;
  }
}
