import { day, minute } from "../../support/duration.ts";
import type { NotFiled, ReplayEpisode, ReplayTicket } from "./ticket-tally.ts";

const weekMs = 7 * day;
/** Shorter than this nobody could have begun to look. */
const shortEpisodeMs = 10 * minute;

/** How noisy rules would have been. */
export interface NoiseFigures {
  readonly tickets: number;
  readonly ticketsPerWeek: number;
  /** Episodes after a ticket's first: each would have been told on it, or have opened it again had it been closed. */
  readonly returns: number;
  readonly returnsPerWeek: number;
  /** Of filed and unfiled findings. */
  readonly episodes: number;
  readonly shortEpisodes: number;
  /** 0..1; undefined without episodes. */
  readonly shortShare: number | undefined;
  /** Until a ticket was filed, commented or changed, and after it; the whole range when nothing was. */
  readonly longestSilence: { readonly from: number; readonly to: number };
  /** UTC; undefined without tickets. */
  readonly busiestDay: { readonly from: number; readonly tickets: number } | undefined;
  /** Findings that no ticket was filed for. */
  readonly notFiled: number;
}

/** Counts over a range `[from, to]` in milliseconds. Pure. */
export function noiseFigures(
  { tickets, notFiled }: { readonly tickets: readonly ReplayTicket[]; readonly notFiled: readonly NotFiled[] },
  { from, to }: { readonly from: number; readonly to: number },
): NoiseFigures {
  const weeks = (to - from) / weekMs;
  const episodes = [...tickets, ...notFiled].flatMap((each) => each.episodes);
  const short = episodes.filter(isShort).length;
  const returns = tickets.reduce((total, ticket) => total + Math.max(0, ticket.episodes.length - 1), 0);
  return {
    tickets: tickets.length,
    ticketsPerWeek: weeks > 0 ? tickets.length / weeks : 0,
    returns,
    returnsPerWeek: weeks > 0 ? returns / weeks : 0,
    episodes: episodes.length,
    shortEpisodes: short,
    shortShare: episodes.length === 0 ? undefined : short / episodes.length,
    longestSilence: longestSilence(tickets, from, to),
    busiestDay: busiestDay(tickets),
    notFiled: notFiled.length,
  };
}

/** One that lasts is not known to be short. */
function isShort({ startedAt, endedAt }: ReplayEpisode): boolean {
  return endedAt !== undefined && endedAt - startedAt < shortEpisodeMs;
}

function longestSilence(tickets: readonly ReplayTicket[], from: number, to: number) {
  const said = tickets.flatMap(({ openedAt, steps }) => [openedAt, ...steps.map(({ at }) => at)]);
  const instants = [from, ...said.sort((a, b) => a - b), to];
  let longest = { from, to: from };
  for (const [place, at] of instants.entries()) {
    const before = instants[place - 1] ?? at;
    if (at - before > longest.to - longest.from) longest = { from: before, to: at };
  }
  return longest;
}

function busiestDay(tickets: readonly ReplayTicket[]): NoiseFigures["busiestDay"] {
  const byDay = new Map<number, number>();
  for (const { openedAt } of tickets) {
    const from = Math.floor(openedAt / day) * day;
    byDay.set(from, (byDay.get(from) ?? 0) + 1);
  }
  const [busiest] = [...byDay].sort(([a, one], [b, other]) => other - one || a - b);
  return busiest === undefined ? undefined : { from: busiest[0], tickets: busiest[1] };
}
