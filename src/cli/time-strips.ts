import type { ReplayTicket } from "../app/replay/ticket-tally.ts";
import { formatInstant } from "../model/time.ts";
import { cleanText } from "../support/clean-text.ts";

/** Equal parts of the range, a character each. */
const columns = 60;
const longestName = 28;
const mostStrips = 40;

const quiet = "·";
const bad = "▒";

/**
 * The range as a strip for each rule: how many tickets were filed in a part (`+` for ten and more), where an episode went on, and
 * where nothing was.
 */
export function timeStrips(
  tickets: readonly ReplayTicket[],
  range: { readonly from: number; readonly to: number },
): string[] {
  const byRule = new Map<string, ReplayTicket[]>();
  for (const ticket of tickets) {
    const same = byRule.get(ticket.rule);
    if (same === undefined) byRule.set(ticket.rule, [ticket]);
    else same.push(ticket);
  }
  const rules = [...byRule].sort(([a, one], [b, other]) => other.length - one.length || (a < b ? -1 : 1));
  const shown = rules.slice(0, mostStrips);
  const width = Math.min(longestName, Math.max(...shown.map(([rule]) => rule.length)));
  const name = (text: string) => cleanText(text, { maxLength: width, singleLine: true }).padEnd(width);
  const start = formatInstant(range.from).slice(0, 10);
  const end = formatInstant(range.to).slice(0, 10);
  const strips = shown.map(([rule, own]) => `${name(rule)}  ${stripOf(own, range)}  ${own.length}`);
  if (rules.length > mostStrips) strips.push(`and ${rules.length - mostStrips} more rules with tickets`);
  return [...strips, `${name("")}  ${start}${end.padStart(columns - start.length)}`];
}

function stripOf(
  tickets: readonly ReplayTicket[],
  { from, to }: { readonly from: number; readonly to: number },
): string {
  const partOf = (at: number) => Math.max(0, Math.min(columns - 1, Math.floor((columns * (at - from)) / (to - from))));
  const strip = Array.from({ length: columns }, () => quiet);
  const filed = new Map<number, number>();
  for (const { openedAt, episodes } of tickets) {
    for (const { startedAt, endedAt = to } of episodes) strip.fill(bad, partOf(startedAt), partOf(endedAt) + 1);
    filed.set(partOf(openedAt), (filed.get(partOf(openedAt)) ?? 0) + 1);
  }
  for (const [part, count] of filed) strip[part] = count < 10 ? String(count) : "+";
  return strip.join("");
}
