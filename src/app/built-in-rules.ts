import type { RuleJudgement } from "../detect/judge.ts";
import { type AlertTick, advanceAlert } from "../detect/lifecycle.ts";
import type { Alert } from "../model/alert.ts";
import { fingerprint, groupKey } from "../model/identity.ts";
import type { Labels } from "../model/labels.ts";
import { labelsKey } from "../model/labels.ts";
import { defaultTicketPolicy, type Limits, type Rule, type Severity } from "../model/rule.ts";
import type { Verdict } from "../model/verdict.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** The name that built-in findings have where others have their source. */
export const builtInSource = "backfeed";

/** A rule whose every evaluation failed for over an hour. */
export const ruleFailing: Rule = builtInRule({
  id: "backfeed-rule-failing",
  title: "Rule {{ labels.rule }} has not been evaluated for over an hour",
  why: "This rule sees nothing at the moment: whatever it should find goes unnoticed until it works again.",
  severity: "warning",
  by: ["rule"],
  above: 1,
});

/** A source without a new event for longer than its `stale_after`. */
export const sourceStale: Rule = builtInRule({
  id: "backfeed-source-stale",
  title: "{{ labels.target }} in {{ labels.source }} receives no new events",
  why: "Rules over this data cannot be judged: nothing is reported as bad or as recovered until events arrive again.",
  severity: "high",
  by: ["source", "target"],
  above: 0,
});

/** A rule of the form `new` that has no room for what is new. */
export const ruleFull: Rule = builtInRule({
  id: "backfeed-rule-full",
  title: "Rule {{ labels.rule }} knows as much as it can: what is new is no longer seen",
  why: "Each new value or log message pattern beyond its limit goes unnoticed: what it watches is too varied to be known.",
  severity: "warning",
  by: ["rule"],
  above: 0,
});

/** The parent of a storm: many findings at once that are told on one ticket. */
export const stormParent: Rule = builtInRule({
  id: "backfeed-storm",
  title: "Storm: {{ value }} problems at once, since {{ labels.storm }}",
  why: "So many problems that begin at once mostly have one cause: it is found sooner when they are seen together.",
  severity: "high",
  by: ["storm"],
  above: 0,
});

export const builtInRules: readonly Rule[] = [ruleFailing, ruleFull, sourceStale, stormParent];

/** One thing that a built-in rule looks at. */
export interface BuiltInObservation {
  readonly labels: Labels;
  readonly breached: boolean;
  readonly value: number;
  /** Why, for people. */
  readonly detail?: string;
  /** Who is to hear of it; default the default owner. */
  readonly owner?: string;
}

/** Judges Backfeed's own state as if a source had answered: the same life of alerts, findings and tickets. Pure. */
export function judgeBuiltIn(
  rule: Rule,
  observations: readonly BuiltInObservation[],
  alerts: readonly Alert[],
  tick: AlertTick,
  instance: string,
): RuleJudgement {
  const byLabels = new Map(alerts.map((alert) => [labelsKey(alert.labels), alert]));
  const evaluations = observations.flatMap((observation) => {
    const alert = byLabels.get(labelsKey(observation.labels));
    if (alert === undefined && !observation.breached) return [];
    const verdict = verdictOf(rule, observation);
    const limits: Limits = { ...rule.limits, owner: observation.owner ?? rule.limits.owner };
    const step = advanceAlert(alert, verdict, tick, {
      fingerprint: fingerprint(instance, rule.identity, observation.labels),
      ruleId: rule.id,
      ruleIdentity: rule.identity,
      labels: observation.labels,
      groupKey: groupKey(instance, rule.problem, observation.labels),
      limits,
      windowMs: rule.signal.windowMs,
      keepForMs: rule.keepForMs,
    });
    return [
      {
        labels: observation.labels,
        verdict,
        stateBefore: alert?.state ?? ("inactive" as const),
        state: step.alert?.state ?? ("inactive" as const),
        change: step.change,
        alert: step.alert,
        ended: step.alert === undefined ? alert : undefined,
      },
    ];
  });
  return { rule, evaluations, failure: undefined, seen: [], forgotten: [], notEvaluated: 0, stale: undefined };
}

function verdictOf(rule: Rule, observation: BuiltInObservation): Verdict {
  const { when } = rule.limits;
  return {
    kind: observation.breached ? "breached" : "clear",
    value: observation.value,
    ...(when.form === "threshold" && when.above !== undefined ? { threshold: when.above } : {}),
    direction: "above",
    events: 0,
    ...(observation.detail === undefined ? {} : { detail: observation.detail }),
  };
}

/** What every built-in rule has in common: it is ours, and people tell it nothing. Pure. */
export function builtInRule(of: {
  id: string;
  title: string;
  why: string;
  severity: Severity;
  by: readonly string[];
  above: number;
}): Rule {
  const measure = { kind: "max", field: "value" } as const;
  const query = { target: of.id, where: {}, filters: [], measure, by: of.by, maxGroups: 10_000 };
  return {
    id: of.id,
    formerly: [],
    identity: of.id,
    title: of.title,
    why: of.why,
    mode: "file",
    schedule: { cron: "* * * * *", timezone: "UTC" },
    signal: { source: builtInSource, target: of.id, where: {}, measure, by: of.by, windowMs: minuteMs, query },
    limits: {
      when: { form: "threshold", above: of.above, forMs: 0, minEvents: 0, minBadEvents: 0 },
      until: { forMs: 10 * minuteMs },
      severity: of.severity,
      owner: "default",
    },
    overrides: [],
    noData: "keep",
    keepForMs: 24 * hourMs,
    knownForMs: 168 * hourMs,
    problem: of.id,
    group: of.by,
    impact: {},
    evidence: { samples: 0, fields: [], infra: [] },
    ticket: defaultTicketPolicy,
    inhibits: [],
    location: { file: "built-in", line: 1 },
    shape: of.id,
  };
}

/** Stands in for a rule that is no longer loaded, so that its alerts can end and its ticket can be told. Pure. */
export function retiredRule(alert: Alert): Rule {
  return {
    ...builtInRule({
      id: alert.ruleId,
      title: alert.ruleId,
      why: "Its rule is no longer there.",
      severity: alert.severity,
      by: [],
      above: 0,
    }),
    identity: alert.ruleIdentity,
    problem: alert.ruleIdentity,
  };
}
