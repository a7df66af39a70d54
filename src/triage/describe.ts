import { type Block, type Document, type Inline, link, paragraph, strong, text } from "../model/document.ts";
import type { ValueUnit } from "../model/evidence.ts";
import type { AlertSummary, Finding, FindingEpisode } from "../model/finding.ts";
import { formatValue } from "../model/format.ts";
import { formatLabels } from "../model/labels.ts";
import type { Priority } from "../model/priority.ts";
import type { Measure } from "../model/query.ts";
import type { Rule } from "../model/rule.ts";
import { formatInstant } from "../model/time.ts";
import { formatDuration } from "../support/duration.ts";
import { priorityLine } from "./score.ts";

const mostOthersListed = 20;

/** What every text about a finding is made from. */
export interface Story {
  readonly instance: string;
  readonly finding: Finding;
  readonly rule: Rule;
  readonly priority: Priority;
  /** The tick that speaks. */
  readonly at: number;
  /** The finding's page, when `public_url` is configured. */
  readonly page: string | undefined;
}

/** How a measure's values are written. */
export function unitOf(measure: Measure): ValueUnit {
  return measure.kind === "ratio" ? "ratio" : measure.kind === "rate" ? "per_second" : "number";
}

/** The ticket's text up to its evidence: why it matters first, then the numbers, then whom else it concerns. */
export function ticketDocument(story: Story): Document {
  const { finding, rule, instance } = story;
  const footer = paragraph(
    `Filed by Backfeed (${instance}) from rule ${rule.id}. What you edit here stays as you leave it; Backfeed keeps one comment of its own up to date.`,
  );
  return [
    paragraph(strong(priorityLine(story.priority))),
    paragraph(rule.why),
    { kind: "table", rows: facts(story) },
    ...others(finding),
    footer,
  ];
}

/** The summary block: one comment, edited in place. */
export function summaryDocument(story: Story): Document {
  const { finding, priority, at } = story;
  const { episode } = finding;
  const rows: Inline[][][] = [
    row("State", stateText(finding, at)),
    row("Priority", priorityLine(priority)),
    row(finding.state === "open" ? "This episode" : "Last episode", episodeText(story, episode)),
    row("Episodes in 30 days", String(1 + finding.pastEpisodes.length)),
    row("Since this ticket was filed", `back ${times(finding.memory.recurrences)}`),
  ];
  return [
    paragraph(strong(`Summary by Backfeed, as of ${formatInstant(at)}`)),
    { kind: "table", rows },
    ...others(finding),
  ];
}

function stateText({ state, episode }: Finding, at: number): string {
  if (state === "open") return "still happening";
  const since = `since ${formatInstant(episode.endedAt ?? at)}`;
  if (episode.ending === "vanished") return `no more data, not watched ${since}`;
  return episode.ending === "rule_changed" ? `no longer watched ${since}` : `quiet ${since}`;
}

export function quietDocument(story: Story): Document {
  return [
    paragraph(strong("Quiet now. "), `The last episode: ${episodeText(story, story.finding.episode)}.`),
    paragraph("If the cause is known and fixed, this ticket can be closed. Should it come back, it will be said here."),
  ];
}

export function vanishedDocument(story: Story): Document {
  return [
    paragraph(
      strong("No more data. "),
      `What this ticket is about (${labelsOf(story)}) has reported nothing for ${formatDuration(story.rule.keepForMs)}, so it is no longer watched. That is not a recovery: nobody has seen it well.`,
    ),
  ];
}

export function ruleChangedDocument(story: Story): Document {
  return [
    paragraph(
      strong("No longer watched. "),
      `The rule ${story.finding.worst.ruleId} was removed or now groups its alerts in another way. Backfeed will not touch this ticket again.`,
    ),
  ];
}

export function backDocument(story: Story): Document {
  const { finding, at } = story;
  const quietSince = finding.pastEpisodes[0]?.endedAt;
  const after = quietSince === undefined ? "" : ` after ${formatDuration(at - quietSince)} of quiet`;
  return [
    paragraph(
      strong("Back again"),
      `${after}: ${measuredText(story, finding.worst)}. Episode ${1 + finding.pastEpisodes.length} in 30 days.`,
    ),
    paragraph(priorityLine(story.priority)),
  ];
}

export function flappingDocument(story: Story): Document {
  return [
    paragraph(
      strong("It comes and goes. "),
      `${labelsOf(story)} changed at least four times between bad and good in the last twenty checks. Backfeed holds it as still happening until it settles, and says so only once.`,
    ),
  ];
}

/** Said instead of writing, when a person's priority stands. */
export function priorityKeptDocument(story: Story): Document {
  return [
    paragraph(
      strong("Priority left as you set it. "),
      `By the numbers it would be ${story.priority.band} now: ${priorityLine(story.priority)}`,
    ),
  ];
}

function facts(story: Story): Inline[][][] {
  const { finding, rule, at } = story;
  const { episode } = finding;
  const rows = [
    row("Measured", measuredText(story, finding.worst)),
    row("Where", labelsOf(story)),
    row("Since", `${formatInstant(episode.startedAt)} (${ageWhenFiled(at - episode.startedAt)})`),
  ];
  const peak = episode.peak;
  if (peak !== undefined) {
    rows.push(row("Worst", `${formatValue(peak.value, unitOf(rule.signal.measure))} at ${formatInstant(peak.at)}`));
  }
  const { bad, total } = episode.sums;
  if (total > 0) rows.push(row("Events", `${whole(bad)} bad of ${whole(total)} in this episode`));
  rows.push(row("Signal", signalText(rule)));
  if (rule.runbook !== undefined) rows.push([[strong("Runbook")], [link(rule.runbook, rule.runbook)]]);
  if (story.page !== undefined) rows.push([[strong("All about it")], [link("this finding in Backfeed", story.page)]]);
  return rows;
}

function others(finding: Finding): readonly Block[] {
  if (finding.alertCount <= 1) return [];
  const shown = finding.others.slice(0, mostOthersListed);
  const more = finding.alertCount - 1 - shown.length;
  const items: Inline[][] = shown.map((other) => [
    text(`${formatLabels(other.labels)}: ${other.state} since ${formatInstant(other.since)}`),
  ]);
  if (more > 0) items.push([text(`and ${more} more`)]);
  return [
    { kind: "heading", text: `Also affected: ${finding.alertCount - 1}` },
    { kind: "list", items },
  ];
}

/** `8.0%, limit: above 5.0%, over 5 min windows`. */
function measuredText(story: Story, alert: AlertSummary): string {
  const { measure, windowMs } = story.rule.signal;
  const { verdict } = alert;
  const unit = unitOf(measure);
  if (verdict.reason === "nothing_reported") return `nothing reported in ${formatDuration(windowMs)}`;
  const value = verdict.value === undefined ? "no value" : formatValue(verdict.value, unit);
  const limit =
    verdict.threshold === undefined
      ? ""
      : `, limit: ${verdict.direction ?? "above"} ${formatValue(verdict.threshold, unit)}`;
  const reference = verdict.reference === undefined ? "" : `, was ${formatValue(verdict.reference, unit)} before`;
  return `${value}${limit}${reference}, over windows of ${formatDuration(windowMs)}`;
}

function episodeText(story: Story, episode: FindingEpisode): string {
  const unit = unitOf(story.rule.signal.measure);
  const lasted = formatDuration(episode.lastBreachAt - episode.startedAt);
  const parts = [
    `since ${formatInstant(episode.startedAt)}, over its limit for ${lasted === "0 ms" ? "one check" : lasted}`,
  ];
  if (episode.peak !== undefined) {
    parts.push(`worst ${formatValue(episode.peak.value, unit)} at ${formatInstant(episode.peak.at)}`);
  }
  if (episode.sums.total > 0) parts.push(`${whole(episode.sums.bad)} bad of ${whole(episode.sums.total)} events`);
  if (episode.budgetShare !== undefined) parts.push(`${formatValue(episode.budgetShare, "ratio")} of the error budget`);
  return parts.join(", ");
}

function signalText(rule: Rule): string {
  const { measure, target, by } = rule.signal;
  const what =
    measure.kind === "percentile"
      ? `p${measure.percent} of ${measure.field}`
      : "field" in measure
        ? `${measure.kind} of ${measure.field}`
        : measure.kind;
  return `${what} in ${target}${by.length === 0 ? "" : ` by ${by.join(", ")}`} (rule ${rule.id}, ${rule.location.file}:${rule.location.line})`;
}

function labelsOf(story: Story): string {
  return formatLabels(story.finding.worst.labels);
}

function row(name: string, value: string): Inline[][] {
  return [[strong(name)], [text(value)]];
}

function whole(value: number): string {
  return formatValue(Math.round(value), "number");
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

function ageWhenFiled(ms: number): string {
  return ms < 1_000 ? "filed at once" : `${formatDuration(ms)} when this was filed`;
}
