import { budgetSpentBy } from "../model/burn.ts";
import type { SuspectDeploys } from "../model/deploy.ts";
import type { ValueUnit } from "../model/evidence.ts";
import type { AlertSummary, Finding, FindingEpisode } from "../model/finding.ts";
import { formatValue } from "../model/format.ts";
import { formatLabels, type Labels } from "../model/labels.ts";
import type { Priority } from "../model/priority.ts";
import { isShare, type Measure } from "../model/query.ts";
import { raisedText } from "../model/raised-alert.ts";
import { type Limits, limitsFor, type Rule } from "../model/rule.ts";
import type { TicketRecord, TicketRef } from "../model/ticket.ts";
import { formatInstant } from "../model/time.ts";
import { usualText } from "../model/usual-text.ts";
import type { BurnSeen } from "../model/verdict.ts";
import { formatDuration } from "../support/duration.ts";
import type { SilenceOver } from "./muting.ts";
import type { StormDigest } from "./storm-digest.ts";

const dayMs = 86_400_000;

/** What every text about a finding is made from. */
export interface Story {
  readonly instance: string;
  readonly finding: Finding;
  /** That of the worst alert. */
  readonly rule: Rule;
  /** Those of its other alerts, by the id in their summary. */
  readonly rules?: ReadonlyMap<string, Rule>;
  readonly priority: Priority;
  /** The tick that speaks. */
  readonly at: number;
  /** The finding's page, when `public_url` is configured. */
  readonly page: string | undefined;
  /** The finding's ticket, where it has one. */
  readonly ticket?: TicketRecord | undefined;
  /** What went out before it began; undefined where no deploy of its service is known. */
  readonly deploys?: SuspectDeploys | undefined;
  /** The ticket of the parent of the storm that it is in. */
  readonly stormParent?: TicketRef | undefined;
  /** What it tells as the parent of a storm. */
  readonly storm?: StormDigest | undefined;
  /** The silence that ends with what is said. */
  readonly silenceOver?: SilenceOver | undefined;
}

/** How a measure's values are written. */
export function unitOf(measure: Measure): ValueUnit {
  return isShare(measure) ? "ratio" : measure.kind === "rate" ? "per_second" : "number";
}

/** How the value of an alert is written: a burn rate as such, all else as its measure. */
export function valueUnit(rule: Rule, labels: Labels): ValueUnit {
  return limitsFor(rule, labels).when.form === "burn" ? "times" : unitOf(rule.signal.measure);
}

/** `8.0%, limit: above 5.0%, over windows of 5 min`; of a budget what `burnText` gives. */
export function measuredText(rule: Rule, alert: AlertSummary): string {
  const { measure, windowMs } = rule.signal;
  const { verdict } = alert;
  if (verdict.burn !== undefined) return burnText(limitsFor(rule, alert.labels), verdict.burn, verdict.threshold);
  if (measure.kind === "alerts") return alertsText(alert);
  const unit = unitOf(measure);
  if (verdict.reason === "nothing_reported") {
    return measure.kind === "promql" ? "nothing reported" : `nothing reported in ${formatDuration(windowMs)}`;
  }
  const value = verdict.value === undefined ? "no value" : formatValue(verdict.value, unit);
  const limit =
    verdict.threshold === undefined
      ? ""
      : `, limit: ${verdict.direction ?? "above"} ${formatValue(verdict.threshold, unit)}`;
  const reference = verdict.reference === undefined ? "" : `, was ${formatValue(verdict.reference, unit)} before`;
  const usual = verdict.usual === undefined ? "" : `, ${usualText(verdict.usual, verdict.value, unit)}`;
  // How far an expression looks back stands in itself.
  const windows = measure.kind === "promql" ? "" : `, over windows of ${formatDuration(windowMs)}`;
  return `${value}${limit}${reference}${usual}${noveltyText(rule, alert)}${windows}`;
}

/** What is new, and against what: `not seen in the 14 d before it came up`. */
function noveltyText(rule: Rule, { labels, verdict: { reason } }: AlertSummary): string {
  if (reason === "known") return ", known by now";
  const { when } = limitsFor(rule, labels);
  if (reason !== "first_seen" || when.form !== "new") return "";
  // What was forgotten, and what was never looked back at, is new as well: only the shorter of the two is sure.
  const before = `in the ${formatDuration(Math.min(rule.knownForMs, when.learnedFromMs))} before it came up`;
  return when.of.kind === "value" ? `, not seen ${before}` : `, no message like it known ${before}`;
}

/** `burn rate 20x over 1 h and 500x over 5 min, limit: above 14.4x in both, which spends 2.0% of the budget in 1 h`. */
function burnText({ when }: Limits, { longMs, shortMs, long, short }: BurnSeen, factor: number | undefined): string {
  const over = (rate: number | undefined, ms: number) =>
    `${rate === undefined ? "unknown (no events)" : formatValue(rate, "times")} over ${formatDuration(ms)}`;
  const rates = `burn rate ${over(long, longMs)} and ${over(short, shortMs)}`;
  if (factor === undefined || when.form !== "burn") return rates;
  const share = formatValue(budgetSpentBy(factor, longMs, when.periodMs), "ratio");
  const spends = `which spends ${share} of the budget in ${formatDuration(longMs)}`;
  return `${rates}, limit: above ${formatValue(factor, "times")} in both, ${spends}`;
}

/** `raised by Alertmanager since …`; of several alerts how many fire, and what the worst of them is. */
function alertsText({ verdict }: AlertSummary): string {
  const { value, threshold, direction = "above", raised, kind } = verdict;
  const worst = raised === undefined ? undefined : raisedText(raised, kind !== "no_data");
  if (value === undefined) return worst ?? "not heard of";
  const limit = threshold === undefined ? "" : `, limit: ${direction} ${formatValue(threshold, "number")}`;
  const count = `${formatValue(value, "number")} firing${limit}`;
  return worst === undefined ? count : `${count}; the worst ${worst}`;
}

/** How bad it is now: its worst alert, or how many of a storm's findings are. */
export function worstText({ storm, rule, finding }: Story): string {
  if (storm !== undefined) return `${storm.bad} of ${storm.total} problems are bad`;
  return measuredText(rule, finding.worst);
}

/** `since 2026-…, over its limit for 20 min, worst 8.3% at …, 480 bad of 8,000 events`. */
export function episodeText(story: Story, episode: FindingEpisode): string {
  const unit = valueUnit(story.rule, story.finding.worst.labels);
  const lasted = formatDuration(episode.lastBreachAt - episode.startedAt);
  if (story.storm !== undefined) {
    const most = episode.peak === undefined ? "" : `, ${whole(episode.peak.value)} bad at the same time at the most`;
    return `since ${formatInstant(episode.startedAt)}, ${story.storm.total} problems${most}`;
  }
  const parts = [
    `since ${formatInstant(episode.startedAt)}, ${badText(story)} for ${lasted === "0 ms" ? "one check" : lasted}`,
  ];
  if (episode.peak !== undefined) {
    parts.push(`worst ${formatValue(episode.peak.value, unit)} at ${formatInstant(episode.peak.at)}`);
  }
  if (episode.sums.total > 0) parts.push(`${whole(episode.sums.bad)} bad of ${whole(episode.sums.total)} events`);
  if (episode.budgetShare !== undefined) parts.push(`${formatValue(episode.budgetShare, "ratio")} of the error budget`);
  return parts.join(", ");
}

function badText({ finding, rule }: Story): string {
  if (finding.worst.verdict.raised !== undefined) return "firing";
  return rule.limits.when.form === "new" ? "seen" : "over its limit";
}

/** Of the worst alert. */
export function labelsOf(story: Story): string {
  return whereText(story.finding.worst);
}

/** An alert's labels, and what they stand for where they do not say it: `pattern=0f3a…: payment <num> refused`. */
export function whereText({ labels, subject }: AlertSummary): string {
  return subject === undefined ? formatLabels(labels) : `${formatLabels(labels)}: ${subject}`;
}

/** A count of events, which sums weigh by windows. */
export function whole(value: number): string {
  return formatValue(Math.round(value), "number");
}

/** Whole days where there are any: `3 days`, `1 day`, `40 min`. */
export function daysText(ms: number): string {
  const days = Math.floor(ms / dayMs);
  if (days < 1) return ms < 1_000 ? "a moment" : formatDuration(ms);
  return days === 1 ? "1 day" : `${days} days`;
}
