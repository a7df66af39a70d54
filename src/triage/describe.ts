import { type Block, type Document, type Inline, link, paragraph, strong, text } from "../model/document.ts";
import { mostSections } from "../model/evidence.ts";
import { type AlertSummary, type Finding, isOngoing, recentEpisodes } from "../model/finding.ts";
import { formatValue } from "../model/format.ts";
import { ticketFields } from "../model/rule.ts";
import { formatInstant } from "../model/time.ts";
import { formatDuration } from "../support/duration.ts";
import { followsBlocks } from "./describe-closing.ts";
import { silenceOverBlocks } from "./describe-comments.ts";
import { suspectBlocks, suspectRows } from "./describe-deploys.ts";
import { raisedRows } from "./describe-raised.ts";
import { stormBlocks, stormSummary } from "./describe-storm.ts";
import { priorityLine } from "./score.ts";
import { worstOfRules } from "./sections.ts";
import { signalText } from "./signal-text.ts";
import { episodeText, labelsOf, measuredText, type Story, valueUnit, whereText, whole } from "./story.ts";

const mostOthersListed = 20;
const mostRulesListed = mostSections - 1;

/** The ticket's text up to its evidence: why it matters first, then the numbers, then whom else it concerns. */
export function ticketDocument(story: Story): Document {
  const { finding, rule, instance, storm } = story;
  const footer = paragraph(
    `Filed by Backfeed (${instance}) from rule ${rule.id}. What you edit here stays as you leave it${keptFields(story)}; Backfeed keeps one comment of its own up to date.`,
  );
  if (storm !== undefined) return [...stormBlocks(story, storm), footer];
  return [
    paragraph(strong(priorityLine(story.priority))),
    paragraph(rule.why),
    ...followsBlocks(story),
    ...silenceOverBlocks(story),
    { kind: "table", rows: facts(story) },
    ...suspectBlocks(story),
    ...others(finding),
    ...explainedBlocks(finding),
    footer,
  ];
}

/** Where the rule says that Backfeed writes over people. */
function keptFields({ rule: { ticket } }: Story): string {
  const kept = ticketFields.filter((field) => ticket.ownership[field] === "always");
  return kept.length === 0 ? "" : `, but for what its rule keeps as it should be: ${kept.join(", ")}`;
}

/** The summary block: one comment, edited in place. */
export function summaryDocument(story: Story): Document {
  const { finding, priority, at, storm } = story;
  if (storm !== undefined) return stormSummary(story, storm);
  const { episode } = finding;
  const ruleAlerts = worstOfRules(finding).slice(1);
  const rows: Inline[][][] = [
    row("State", stateText(finding, at)),
    row("Priority", priorityLine(priority)),
    row(isOngoing(finding) ? "This episode" : "Last episode", episodeText(story, episode)),
    row("Episodes in 30 days", String(recentEpisodes(finding))),
    row("Since this ticket was filed", `back ${times(finding.memory.recurrences)}`),
    ...suspectRows(story),
    ...otherRules(story, ruleAlerts),
  ];
  return [
    paragraph(strong(`Summary by Backfeed, as of ${formatInstant(at)}`)),
    { kind: "table", rows: [...rows, ...inhibitedRows(finding)] },
    ...others(finding, ruleAlerts.slice(0, mostRulesListed)),
    ...explainedBlocks(finding),
  ];
}

/** Why nothing was said for a while. */
function inhibitedRows({ memory: { inhibition } }: Finding): Inline[][][] {
  if (inhibition === undefined) return [];
  const { by, since, endedAt } = inhibition;
  const until = endedAt === undefined ? "now" : formatInstant(endedAt);
  const named = by.ticketKey === undefined ? by.title : `${by.ticketKey}: ${by.title}`;
  return [row("Explained", `from ${formatInstant(since)} to ${until} by ${named}`)];
}

/** Findings that get no ticket while this one lasts, since it explains them. */
function explainedBlocks({ explains }: Finding): readonly Block[] {
  if (explains === undefined) return [];
  const { count, findings } = explains;
  const items: Inline[][] = findings.map(({ title }) => [text(title)]);
  if (count > findings.length) items.push([text(`and ${count - findings.length} more`)]);
  return [
    { kind: "heading", text: `Explains ${count} other ${count === 1 ? "finding" : "findings"}` },
    { kind: "list", items },
  ];
}

/** What the rules measure that the ticket does not open with, each at its worst alert. */
function otherRules({ rules }: Story, worstAlerts: readonly AlertSummary[]): Inline[][][] {
  const rows = worstAlerts.slice(0, mostRulesListed).map((alert) => {
    const rule = rules?.get(alert.ruleId);
    const measured = rule === undefined ? alert.state : `${alert.state}, ${measuredText(rule, alert)}`;
    return row(`Rule ${alert.ruleId}`, `${whereText(alert)}: ${measured}`);
  });
  const more = worstAlerts.length - rows.length;
  return more > 0 ? [...rows, row("More rules", String(more))] : rows;
}

function stateText({ state, episode }: Finding, at: number): string {
  if (episode.endedAt === undefined) return state === "regressed" ? "back after it was done" : "still happening";
  const since = `since ${formatInstant(episode.endedAt ?? at)}`;
  if (episode.ending === "vanished") return `no more data, not watched ${since}`;
  return episode.ending === "rule_changed" ? `no longer watched ${since}` : `quiet ${since}`;
}

function facts(story: Story): Inline[][][] {
  const { finding, rule, at } = story;
  const { episode } = finding;
  const measured = measuredText(story.rule, finding.worst);
  // Whether one alert fires is no measurement: what is said of it stands in rows of its own.
  const isRaised = finding.worst.verdict.raised !== undefined && finding.worst.verdict.value === undefined;
  const rows = [
    ...(isRaised ? [] : [row("Measured", measured)]),
    ...raisedRows(finding, rule),
    row("Where", labelsOf(story)),
    row("Since", `${formatInstant(episode.startedAt)} (${ageWhenFiled(at - episode.startedAt)})`),
  ];
  const peak = episode.peak;
  if (peak !== undefined) {
    rows.push(
      row("Worst", `${formatValue(peak.value, valueUnit(rule, finding.worst.labels))} at ${formatInstant(peak.at)}`),
    );
  }
  const events = eventsText(finding);
  if (events !== undefined) rows.push(row("Events", events));
  rows.push(row("Signal", signalText(rule)));
  if (rule.runbook !== undefined) rows.push([[strong("Runbook")], [link(rule.runbook, rule.runbook)]]);
  if (story.page !== undefined) rows.push([[strong("All about it")], [link("this finding in Backfeed", story.page)]]);
  return rows;
}

/** An episode counts a window's events by the step between ticks: at its first tick that may be none, where the window has some. */
function eventsText({ episode, worst }: Finding): string | undefined {
  const { bad, total } = episode.sums;
  const { badEvents, events } = worst.verdict;
  if (total <= 0) return undefined;
  if (badEvents !== undefined && badEvents > bad) return `${whole(badEvents)} bad of ${whole(events)} in this window`;
  return `${whole(bad)} bad of ${whole(total)} in this episode`;
}

/** Whom else it concerns, but for the alerts that were told already. */
function others(finding: Finding, told: readonly AlertSummary[] = []): readonly Block[] {
  const count = finding.alertCount - 1 - told.length;
  if (count <= 0) return [];
  const shown = finding.others.filter((alert) => !told.includes(alert)).slice(0, mostOthersListed);
  const more = count - shown.length;
  const byRule = ({ ruleId }: AlertSummary) => (ruleId === finding.worst.ruleId ? "" : ` (rule ${ruleId})`);
  const items: Inline[][] = shown.map((other) => [
    text(`${whereText(other)}${byRule(other)}: ${other.state} since ${formatInstant(other.since)}`),
  ]);
  if (more > 0) items.push([text(`and ${more} more`)]);
  return [
    { kind: "heading", text: `Also affected: ${count}` },
    { kind: "list", items },
  ];
}

function row(name: string, value: string): Inline[][] {
  return [[strong(name)], [text(value)]];
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

function ageWhenFiled(ms: number): string {
  return ms < 1_000 ? "filed at once" : `${formatDuration(ms)} when this was filed`;
}
