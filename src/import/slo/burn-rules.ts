import type { Severity } from "../../model/rule.ts";
import { cleanText } from "../../support/clean-text.ts";
import { day, hour, minute } from "../../support/duration.ts";
import type { Path } from "../../support/yaml/fault.ts";
import type { ImportContext, ImportedRule, NoteTaker } from "../imported.ts";
import { resultLabels } from "../prometheus/result-labels.ts";
import { durationText, freeId, idOf, liquidLabel, liquidText, named } from "../words.ts";
import { overAnyWindow } from "./counts.ts";

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
  /** Bad events and all of them in a window, where both are known. */
  readonly events?:
    | { readonly bad: (window: string) => string; readonly total: (window: string) => string }
    | undefined;
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

interface ReachableTier extends Tier {
  readonly factor: number;
  readonly severity: Severity;
}

/** The tiers that are wanted, without those that the objective cannot reach, which is said. */
function tiersOf({ objective, notes, at }: BurnOptions): readonly ReachableTier[] {
  return tiers.flatMap((tier) => {
    const severity = objective.severities[tier.kind];
    if (severity === undefined) return [];
    const factor = Number(((tier.budgetShare * objective.periodMs) / tier.longMs).toPrecision(12));
    if (factor * budgetOf(objective) < 1) return [{ ...tier, factor, severity }];
    const words = `${durationText(tier.longMs)} can never burn ${factor} times as fast as ${percent(objective.target)} allows`;
    notes.differs(at, `${words}, since not more than everything is bad: it is left out`);
    return [];
  });
}

/**
 * The rules of an objective: one with `burn`, where bad events and all of them are known; else one for each tier over the ratio, which
 * share a `problem`, and so a ticket, which is that of the worst.
 */
export function burnRules(options: BurnOptions): readonly ImportedRule[] {
  const { objective, notes, at } = options;
  const wanted = tiersOf(options);
  if (wanted.length === 0) return [];
  const over = `${percent(objective.target)} over ${durationText(objective.periodMs)}`;
  notes.differs(
    at,
    "an alert is over when it was well for 10 minutes, so that a burn that comes and goes is one episode",
  );
  if (objective.events !== undefined) {
    notes.exact(at, `${over}, ${wanted.length === 1 ? "one tier" : `${wanted.length} tiers`} of \`burn\``);
    return [budgetRule(options, objective.events, wanted)];
  }
  notes.exact(at, `${wanted.length === 1 ? "one rule" : `${wanted.length} rules with one ticket`}: ${over}`);
  return wanted.map(({ longMs, shortMs, factor, severity }) => {
    const [long, short] = [durationText(longMs), durationText(shortMs)];
    const burn = (window: string) =>
      `(\n  ${objective.errorRatio(window).trim().replaceAll("\n", "\n  ")}\n) / ${budgetOf(objective)}`;
    const promql = `${burn(long)}\nand\n${burn(short)} > ${factor}`;
    return burnRule(options, { name: `burn-${long}`, promql, factor, severity, forMs: 0 });
  });
}

/** `when: burn` over a ratio of two expressions. */
function budgetRule(
  options: BurnOptions,
  events: NonNullable<Objective["events"]>,
  wanted: readonly ReachableTier[],
): ImportedRule {
  const { objective, notes, at, taken, place } = options;
  const bad = overAnyWindow(events.bad);
  const total = overAnyWindow(events.total);
  const counts = bad.counts && total.counts;
  if (!counts)
    notes.differs(at, "its queries give no counts of events, so priority knows the share that is bad and not how many");
  const written = (query: typeof bad, ofWindow: (window: string) => string) =>
    counts ? query.promql : ofWindow("$window").trim();
  const { by, wrapped } = alertLabels(options, total.promql.replaceAll("$window", "5m"), "sum");
  const lowest = wanted.at(-1)?.severity ?? "warning";
  const body = {
    id: freeId(idOf(objective.name, "slo"), taken),
    ...textsOf(objective, by),
    ...(lowest === "warning" ? {} : { severity: lowest }),
    ...routeOf(objective),
    signal: {
      measure: "ratio",
      promql: wrapped(written(total, events.total)),
      bad: wrapped(written(bad, events.bad)),
      ...(by.length === 0 ? {} : { by }),
    },
    when: {
      burn: {
        objective: `${Number((objective.target * 100).toPrecision(12))}%`,
        period: durationText(objective.periodMs),
        tiers: wanted.map(({ longMs, shortMs, factor, severity }) => ({
          long: durationText(longMs),
          short: durationText(shortMs),
          factor,
          ...(severity === lowest ? {} : { severity }),
        })),
      },
    },
    ...ticketOf(objective),
  };
  return { id: body.id, subject: objective.name, body, ...place };
}

export interface BurnRule {
  readonly name: string;
  readonly promql: string;
  readonly factor: number;
  readonly severity: Severity;
  readonly forMs: number;
}

/** A rule about how fast a budget burns: its value is how many times faster than the objective allows. */
export function burnRule(options: BurnOptions, rule: BurnRule): ImportedRule {
  const { objective, taken, place } = options;
  const { by, wrapped } = alertLabels(options, rule.promql, "max");
  const base = idOf(objective.name, "slo");
  const id = freeId(idOf(`${base.slice(0, 80)}-${rule.name}`, "slo"), taken);
  const body = {
    id,
    ...textsOf(objective, by),
    ...(rule.severity === "warning" ? {} : { severity: rule.severity }),
    ...routeOf(objective),
    signal: { promql: wrapped(rule.promql), ...(by.length === 0 ? {} : { by }) },
    when: { above: rule.factor, ...(rule.forMs === 0 ? {} : { for: durationText(rule.forMs) }) },
    problem: idOf(`${base.slice(0, 80)}-budget`, "slo-budget"),
    ...ticketOf(objective),
  };
  return { id, subject: objective.name, body, ...place };
}

/** The labels of an alert, and what makes series of one alert one where the expression does not say that they are. */
function alertLabels({ context, notes, at }: BurnOptions, expression: string, operation: "max" | "sum") {
  const own = resultLabels(expression);
  const by = own ?? context.by ?? [];
  if (own !== undefined) return { by, wrapped: (promql: string) => promql };
  const all = by.length === 0 ? "one alert for all series" : `one alert for each ${named(by)}`;
  notes.differs(at, `which labels its series have stands in the metrics: there is ${all}; name others with \`--by\``);
  return { by, wrapped: (promql: string) => `${operation} by (${by.join(", ")}) (\n${promql}\n)` };
}

function textsOf(objective: Objective, by: readonly string[]) {
  const name = liquidText(cleanText(objective.name, { maxLength: 300, singleLine: true }));
  const title = [...by.map(liquidLabel), name].join(" ");
  return { title: `${title}: the error budget burns {{ value | number }} times too fast`, why: objective.why };
}

function routeOf({ owner, runbook }: Objective) {
  return { ...(owner === undefined ? {} : { owner }), ...(runbook === undefined ? {} : { runbook }) };
}

function ticketOf({ labels }: Objective) {
  return labels.length === 0 ? {} : { ticket: { labels } };
}

/** What may be bad: 0.001 of 99.9 %, and not 0.0010000000000000009. */
export function budgetOf({ target }: Pick<Objective, "target">): number {
  return Number((1 - target).toPrecision(12));
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(12))} %`;
}
