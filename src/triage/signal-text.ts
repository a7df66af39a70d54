import type { Filter, Query, Scalar } from "../model/query.ts";
import { patternLabel, type Rule } from "../model/rule.ts";

/** Of a condition as its author wrote it; the rule's file has all of it. */
const longestCondition = 300;

/** What is counted, so that a developer can ask the same: `ratio of "status >= 500" in app where env=prod, by service (rule errors, rules/a.yaml:4)`. */
export function signalText(rule: Rule): string {
  const { target, by, query } = rule.signal;
  const exact = Object.entries(query.where).map(([field, values]) => `${field}=${values.map(scalarText).join(" or ")}`);
  // Received alerts have no filter but that other rules take theirs.
  const filters =
    query.measure.kind !== "alerts"
      ? query.filters.map(conditionText)
      : query.filters.map(() => "no other rule takes them");
  const conditions = [...exact, ...filters];
  const only = conditions.length === 0 ? "" : ` where ${conditions.join(" and ")}`;
  const { when } = rule.limits;
  const novelty = when.form === "new" ? ` of each new ${when.of.kind} of ${when.of.field}` : "";
  const known = when.form !== "new" ? undefined : when.of.kind === "value" ? when.of.field : patternLabel;
  const labels = by.filter((label) => label !== known);
  const groups = labels.length === 0 ? "" : `${only === "" ? "" : ","} by ${labels.join(", ")}`;
  const place = target === "" ? rule.signal.source : target;
  return `${measureText(query)}${novelty} in ${place}${only}${groups} (rule ${rule.id}, ${rule.location.file}:${rule.location.line})`;
}

function measureText({ measure }: Query): string {
  if (measure.kind === "ratio" && measure.whole !== undefined) {
    return `ratio of ${conditionText(measure.bad)} to ${conditionText(measure.whole)}`;
  }
  if (measure.kind === "ratio") return `ratio of ${conditionText(measure.bad)}`;
  if (measure.kind === "promql") return `value of ${conditionText(measure.expression)}`;
  if (measure.kind === "percentile") return `p${measure.percent} of ${measure.field}`;
  if (measure.kind === "alerts") return "alerts";
  return "field" in measure ? `${measure.kind} of ${measure.field}` : measure.kind;
}

function scalarText(value: Scalar): string {
  return cut(String(value));
}

function conditionText(filter: Filter): string {
  return typeof filter === "string" ? `"${cut(filter.trim())}"` : cut(JSON.stringify(filter));
}

function cut(text: string): string {
  return text.length > longestCondition ? `${text.slice(0, longestCondition - 1)}…` : text;
}
