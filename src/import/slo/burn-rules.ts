import type { Severity } from "../../model/rule.ts";
import { cleanText } from "../../support/clean-text.ts";
import { day, hour, minute } from "../../support/duration.ts";
import type { Path } from "../../support/yaml/fault.ts";
import type { ImportContext, ImportedRule, NoteTaker } from "../imported.ts";
import { resultLabels } from "../prometheus/result-labels.ts";
import { durationText, freeId, idOf, liquidLabel, liquidText, named } from "../words.ts";

/** Two windows that must both burn faster than a share of the budget allows. */
interface Tier {
  readonly longMs: number;
  readonly shortMs: number;
  /** The share of the whole period's budget that is gone when the long window is over. */
  readonly budgetShare: number;
  readonly kind: "page" | "ticket";
}

/**
 * Multiwindow, multi-burn-rate alerts of the SRE Workbook (chapter "Alerting on SLOs", table 5-8), with the last tier of its text. Of
 * 30 days the factors are 14.4, 6, 3 and 1, as Sloth has them.
 */
const tiers: readonly Tier[] = [
  { longMs: hour, shortMs: 5 * minute, budgetShare: 0.02, kind: "page" },
  { longMs: 6 * hour, shortMs: 30 * minute, budgetShare: 0.05, kind: "page" },
  { longMs: day, shortMs: 2 * hour, budgetShare: 0.1, kind: "ticket" },
  { longMs: 3 * day, shortMs: 6 * hour, budgetShare: 0.1, kind: "ticket" },
];

/** An objective and how the share of bad events is asked. */
export interface Objective {
  readonly name: string;
  /** 0 to 1: the share that must be good. */
  readonly target: number;
  readonly periodMs: number;
  readonly why: string;
  readonly runbook: string | undefined;
  readonly owner: string | undefined;
  readonly labels: readonly string[];
  /** The share of bad events in a window, as PromQL; the window as PromQL writes it. */
  readonly errorRatio: (window: string) => string;
  /** Undefined: no such alerts. */
  readonly severities: Readonly<Record<Tier["kind"], Severity | undefined>>;
}

export interface BurnOptions {
  readonly objective: Objective;
  readonly context: ImportContext;
  readonly taken: Set<string>;
  readonly notes: NoteTaker;
  readonly place: Pick<ImportedRule, "file" | "line" | "column">;
  readonly at: Path;
}

/** One rule for each tier; all share a `problem`, and so a ticket, which is that of the worst. */
export function burnRules(options: BurnOptions): readonly ImportedRule[] {
  const { objective, notes, at } = options;
  const budget = budgetOf(objective);
  const rules = tiers.flatMap((tier) => {
    const severity = objective.severities[tier.kind];
    if (severity === undefined) return [];
    const factor = Number(((tier.budgetShare * objective.periodMs) / tier.longMs).toPrecision(12));
    if (factor * budget >= 1) {
      const words = `${durationText(tier.longMs)} can never burn ${factor} times as fast as ${percent(objective.target)} allows`;
      notes.differs(at, `${words}, since not more than everything is bad: there is no rule for it`);
      return [];
    }
    const [long, short] = [durationText(tier.longMs), durationText(tier.shortMs)];
    const burn = (window: string) =>
      `(\n  ${objective.errorRatio(window).trim().replaceAll("\n", "\n  ")}\n) / ${budget}`;
    const promql = `${burn(long)}\nand\n${burn(short)} > ${factor}`;
    return [burnRule(options, { name: `burn-${long}`, promql, factor, severity, forMs: 0 })];
  });
  if (rules.length > 0) {
    notes.exact(
      at,
      `${rules.length === 1 ? "one rule" : `${rules.length} rules with one ticket`}: ${percent(objective.target)} over ${durationText(objective.periodMs)}`,
    );
    notes.differs(
      at,
      "an alert is over when it was well for 10 minutes, so that a burn that comes and goes is one episode",
    );
  }
  return rules;
}

export interface BurnRule {
  readonly name: string;
  readonly promql: string;
  readonly factor: number;
  readonly severity: Severity;
  readonly forMs: number;
}

/** A rule about how fast a budget burns: its value is how many times faster than the objective allows. */
export function burnRule({ objective, context, taken, notes, place, at }: BurnOptions, rule: BurnRule): ImportedRule {
  const own = resultLabels(rule.promql);
  const by = own ?? context.by ?? [];
  if (own === undefined) {
    const all = by.length === 0 ? "one alert for all series" : `one alert for each ${named(by)}`;
    notes.differs(at, `which labels its series have stands in the metrics: there is ${all}; name others with \`--by\``);
  }
  const promql = own === undefined ? `max by (${by.join(", ")}) (\n${rule.promql}\n)` : rule.promql;
  const base = idOf(objective.name, "slo");
  const title = [
    ...by.map(liquidLabel),
    liquidText(cleanText(objective.name, { maxLength: 300, singleLine: true })),
  ].join(" ");
  const id = freeId(idOf(`${base.slice(0, 80)}-${rule.name}`, "slo"), taken);
  const body = {
    id,
    title: `${title}: the error budget burns {{ value | number }} times too fast`,
    why: objective.why,
    ...(rule.severity === "warning" ? {} : { severity: rule.severity }),
    ...(objective.owner === undefined ? {} : { owner: objective.owner }),
    ...(objective.runbook === undefined ? {} : { runbook: objective.runbook }),
    signal: { promql, ...(by.length === 0 ? {} : { by }) },
    when: { above: rule.factor, ...(rule.forMs === 0 ? {} : { for: durationText(rule.forMs) }) },
    problem: idOf(`${base.slice(0, 80)}-budget`, "slo-budget"),
    ...(objective.labels.length === 0 ? {} : { ticket: { labels: objective.labels } }),
  };
  return { id, subject: objective.name, body, ...place };
}

/** What may be bad: 0.001 of 99.9 %, and not 0.0010000000000000009. */
export function budgetOf({ target }: Pick<Objective, "target">): number {
  return Number((1 - target).toPrecision(12));
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(12))} %`;
}
