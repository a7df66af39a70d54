import { createColors } from "picocolors";
import type { NoiseFigures } from "../app/replay/noise-figures.ts";
import type { ReplayEpisode, ReplayTicket } from "../app/replay/ticket-tally.ts";
import { formatValue } from "../model/format.ts";
import { formatLabels, type Labels } from "../model/labels.ts";
import { formatInstant } from "../model/time.ts";
import { cleanText } from "../support/clean-text.ts";
import { formatDuration } from "../support/duration.ts";
import type { ReplayOutcome, ReplayReport } from "./ports.ts";
import { plural } from "./print-faults.ts";
import { timeStrips } from "./time-strips.ts";

type Paint = ReturnType<typeof createColors>;

const mostTickets = 200;
const mostEpisodes = 5;
const mostRules = 100;

/** Tickets on a time line, then how noisy it would have been, and what other rules would change. */
export function printReplay(report: ReplayReport, colours: boolean): string {
  const paint = createColors(colours);
  const { from, to, ticks, tried } = report;
  const range = `${formatInstant(from)} to ${formatInstant(to)} (${formatDuration(to - from)})`;
  const blocks = [
    [`${range}: ${plural(report.rules.length, "rule")}, ${number(ticks)} ticks`],
    ...outcomeBlocks(report, report, paint),
  ];
  if (tried !== undefined) {
    blocks.push([paint.bold("with the rules to try")], ...outcomeBlocks(tried, report, paint));
    blocks.push(differenceLines(tried.difference, paint));
  }
  if (report.notReplayed.length > 0)
    blocks.push(report.notReplayed.map(({ rule, why }) => `${clean(rule)} was not replayed: ${why}`));
  blocks.push(costLines(report), caveats);
  return `${blocks.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

const caveats = [
  "Every rule began with no state, so what was already bad at the start is shown as beginning there. Nobody acts on a",
  "ticket in a replay: none is closed, snoozed or edited. Silences and deploys are not looked at, configured maintenance is.",
];

function outcomeBlocks(
  outcome: ReplayOutcome,
  { from, to }: { readonly from: number; readonly to: number },
  paint: Paint,
): string[][] {
  const { tickets, figures } = outcome;
  const shown = tickets.slice(0, mostTickets).map((ticket) => ticketLines(ticket, paint).join("\n"));
  if (tickets.length > mostTickets) shown.push(`and ${tickets.length - mostTickets} more tickets (--json has all)`);
  const blocks = tickets.length === 0 ? [["no ticket"]] : [timeStrips(tickets, { from, to }), shown];
  return [...blocks, figureLines(figures, outcome), ruleLines(outcome)].filter((lines) => lines.length > 0);
}

function ticketLines(ticket: ReplayTicket, paint: Paint): string[] {
  const { number: place, openedAt, band, score, rule, labels, summary, highestBand, episodes, steps, unit } = ticket;
  const rose = highestBand === band ? "" : `, up to ${highestBand}`;
  const episodesShown = episodes.slice(0, mostEpisodes).map((episode) => `    ${episodeText(episode, unit)}`);
  if (episodes.length > mostEpisodes) episodesShown.push(`    and ${episodes.length - mostEpisodes} more episodes`);
  const counts = new Map<string, number>();
  for (const { action, reason } of steps) {
    const name = `${action} (${reason})`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const then = Array.from(counts, ([name, times]) => (times === 1 ? name : `${times} x ${name}`)).join(", ");
  return [
    `#${place} ${formatInstant(openedAt)}  ${paint.bold(`${band ?? "None"} ${score ?? ""}`.trim())}${rose}  ${paint.cyan(clean(rule))}  ${labelText(labels)}`,
    `    ${clean(summary)}`,
    ...episodesShown,
    ...(then === "" ? [] : [`    then ${then}`]),
  ];
}

function episodeText(
  { startedAt, endedAt, peak, threshold, ending }: ReplayEpisode,
  unit: ReplayTicket["unit"],
): string {
  const lasted =
    endedAt === undefined
      ? `from ${formatInstant(startedAt)}, still at the end`
      : `${formatInstant(startedAt)} for ${formatDuration(endedAt - startedAt)}`;
  const worst = peak === undefined ? "" : `, worst ${formatValue(peak, unit)}`;
  const limit = threshold === undefined ? "" : ` against ${formatValue(threshold, unit)}`;
  return `${lasted}${worst}${limit}${ending === undefined || ending === "recovered" ? "" : ` (${ending})`}`;
}

function figureLines(figures: NoiseFigures, { notFiled }: ReplayOutcome): string[] {
  const { tickets, ticketsPerWeek, returns, returnsPerWeek, episodes, shortEpisodes, shortShare } = figures;
  const { longestSilence, busiestDay } = figures;
  const reasons = new Map<string, number>();
  for (const { reason } of notFiled) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  const why = Array.from(reasons, ([reason, times]) => `${times} ${reason}`).join(", ");
  return [
    `tickets          ${tickets} (${rate(ticketsPerWeek)} a week), and ${plural(returns, "return")} on them (${rate(returnsPerWeek)} a week)`,
    `episodes         ${episodes}${shortShare === undefined ? "" : `, of them ${shortEpisodes} (${formatValue(shortShare, "ratio")}) shorter than 10 min`}`,
    `longest silence  ${formatDuration(longestSilence.to - longestSilence.from)}, from ${formatInstant(longestSilence.from)} to ${formatInstant(longestSilence.to)}`,
    ...(busiestDay === undefined
      ? []
      : [`busiest day      ${formatInstant(busiestDay.from).slice(0, 10)}: ${plural(busiestDay.tickets, "ticket")}`]),
    ...(notFiled.length === 0 ? [] : [`not filed        ${plural(notFiled.length, "finding")}: ${why}`]),
  ];
}

/** What tells that a rule was not really looked at: failed or missing data, or one that only reports until now. */
function ruleLines({ rules }: ReplayOutcome): string[] {
  const odd = rules.flatMap(({ id, mode, verdicts }) => {
    const { failed, no_data: noData } = verdicts;
    const all = Object.values(verdicts).reduce((total, count) => total + count, 0);
    const share = (count: number) => formatValue(all === 0 ? 0 : count / all, "ratio");
    const said = [
      ...(all === 0 ? ["was due at no tick"] : []),
      ...(failed > 0 ? [`${share(failed)} of its verdicts failed or were stale`] : []),
      ...(noData > 0 ? [`${share(noData)} had no data`] : []),
      ...(mode === "file" ? [] : [`is \`mode: ${mode}\`: live it files nothing`]),
    ];
    return said.length === 0 ? [] : [`${clean(id)}: ${said.join("; ")}`];
  });
  return odd.length > mostRules ? [...odd.slice(0, mostRules), `and ${odd.length - mostRules} more`] : odd;
}

function differenceLines(
  { gained, lost, otherBand, otherTime, same }: NonNullable<ReplayReport["tried"]>["difference"],
  paint: Paint,
): string[] {
  const line = (ticket: ReplayTicket) =>
    `${formatInstant(ticket.openedAt)} ${ticket.band ?? "None"} ${clean(ticket.rule)} ${labelText(ticket.labels)}: ${clean(ticket.summary)}`;
  const listed = (tickets: readonly string[]) =>
    tickets.length > mostTickets
      ? [...tickets.slice(0, mostTickets), `  and ${tickets.length - mostTickets} more`]
      : tickets;
  return [
    paint.bold(
      `difference: ${gained.length} gained, ${lost.length} lost, ${otherBand.length} of another band, ${otherTime.length} at another time, ${same} the same`,
    ),
    ...listed(gained.map((ticket) => paint.green(`+ ${line(ticket)}`))),
    ...listed(lost.map((ticket) => paint.red(`- ${line(ticket)}`))),
    ...listed(otherBand.map(({ after, from, to }) => `~ ${from ?? "None"} becomes ${to ?? "None"}: ${line(after)}`)),
    ...listed(otherTime.map(({ before, after }) => `~ ${formatInstant(before.openedAt)} becomes ${line(after)}`)),
  ];
}

function costLines({ sources }: ReplayReport): string[] {
  return sources.map(({ name, batched, single, fromBatches, alone }) => {
    const byThemselves = alone === 0 ? "" : `, and ${number(alone)} by themselves in ${plural(single, "request")}`;
    return `${clean(name)}: ${number(fromBatches)} questions of ticks answered from ${plural(batched, "request")}${byThemselves}`;
  });
}

function rate(perWeek: number): string {
  return perWeek < 10 ? perWeek.toFixed(1) : String(Math.round(perWeek));
}

function number(value: number): string {
  return formatValue(value, "number");
}

function labelText(labels: Labels): string {
  const text = formatLabels(labels);
  return text === "all" ? "" : clean(text);
}

function clean(text: string): string {
  return cleanText(text, { maxLength: 160, singleLine: true });
}
