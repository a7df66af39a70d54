import type { AlertmanagerConfig, ServiceConfig } from "../config/types.ts";
import type { Query, Where } from "../model/query.ts";
import { alertsProblem, alertsSource } from "../model/raised-alert.ts";
import type { Rule } from "../model/rule.ts";
import type { AlertPolicy } from "../sources/alertmanager/alert-policy.ts";
import { minute } from "../support/duration.ts";
import { builtInRule } from "./built-in-rules.ts";

/** Alertmanager repeats at the first flush of a group after `repeat_interval`; groups are flushed every five minutes by default. */
const deliveryMs = 15 * minute;
const mostAlerts = 10_000;

const withAlerts = new WeakMap<readonly Rule[], readonly Rule[]>();

/**
 * The loaded rules, and where alerts are received the one for those that none of them is about. The same list gives the same
 * rule, since sources key what they derive on its query.
 */
export function withAlertsRule(config: ServiceConfig, rules: readonly Rule[]): readonly Rule[] {
  const { alertmanager } = config.server.webhooks;
  if (alertmanager === undefined) return rules;
  let all = withAlerts.get(rules);
  if (all === undefined) {
    all = [...rules, alertsRule(alertmanager, rules)];
    withAlerts.set(rules, all);
  }
  return all;
}

function alertsRule({ ignore }: AlertmanagerConfig, rules: readonly Rule[]): Rule {
  const measure = { kind: "alerts", each: true } as const;
  const none_of: readonly Where[] = [...ignore, ...takenOver(rules)];
  const query: Query = { target: "", where: {}, filters: [{ none_of }], measure, by: [], maxGroups: mostAlerts };
  const base = builtInRule({
    id: alertsProblem,
    title: "{{ labels.alertname }}{% if alert.summary %}: {{ alert.summary }}{% endif %}",
    why: "Its alerting rule was written because this matters; no rule of Backfeed's says more about it.",
    severity: "warning",
    by: [],
    above: 0,
  });
  return {
    ...base,
    signal: { source: alertsSource, target: "", where: {}, measure, by: [], windowMs: minute, query },
    takesFromAlert: { severity: true, owner: true, group: true },
    group: ["alertname"],
  };
}

/** What rules of the files are about. */
function takenOver(rules: readonly Rule[]): readonly Where[] {
  return rules.flatMap(({ signal }) => (signal.source === alertsSource ? [signal.where] : []));
}

/** How the source of received alerts reads them. */
export function alertPolicyOf(config: ServiceConfig, alertmanager: AlertmanagerConfig): AlertPolicy {
  const { severityLabel, severities, ownerLabels, group, repeatIntervalMs } = alertmanager;
  return {
    severityLabel,
    severities,
    ownerLabels,
    owners: new Set(Object.keys(config.owners)),
    groupBy: group,
    seenForMs: repeatIntervalMs + deliveryMs,
  };
}
