import type { ReplayEpisode, ReplayTicket } from "../app/replay/ticket-tally.ts";
import { formatInstant } from "../model/time.ts";
import type { ReplayOutcome, ReplayReport } from "./ports.ts";

/** A replay for machines: instants in ISO 8601, durations in milliseconds, what there is not is null. */
export function replayJson(report: ReplayReport): unknown {
  const { from, to, ticks, notReplayed, sources, tried } = report;
  return {
    from: formatInstant(from),
    to: formatInstant(to),
    ticks,
    notReplayed,
    sources,
    ...outcomeJson(report),
    tried: tried === undefined ? null : { ...outcomeJson(tried), difference: differenceJson(tried.difference) },
  };
}

function outcomeJson({ rules, figures, tickets, notFiled }: ReplayOutcome) {
  const { longestSilence, busiestDay, shortShare } = figures;
  return {
    rules,
    figures: {
      ...figures,
      shortShare: shortShare ?? null,
      longestSilence: { from: formatInstant(longestSilence.from), to: formatInstant(longestSilence.to) },
      busiestDay:
        busiestDay === undefined ? null : { from: formatInstant(busiestDay.from), tickets: busiestDay.tickets },
    },
    tickets: tickets.map(ticketJson),
    notFiled: notFiled.map((each) => ({
      ...each,
      openedAt: formatInstant(each.openedAt),
      episodes: each.episodes.map(episodeJson),
    })),
  };
}

function ticketJson(ticket: ReplayTicket) {
  return {
    ...ticket,
    project: ticket.project ?? null,
    openedAt: formatInstant(ticket.openedAt),
    band: ticket.band ?? null,
    score: ticket.score ?? null,
    highestBand: ticket.highestBand ?? null,
    steps: ticket.steps.map((step) => ({
      ...step,
      at: formatInstant(step.at),
      band: step.band ?? null,
      score: step.score ?? null,
    })),
    episodes: ticket.episodes.map(episodeJson),
  };
}

function episodeJson({ startedAt, endedAt, ending, peak, threshold }: ReplayEpisode) {
  return {
    startedAt: formatInstant(startedAt),
    endedAt: endedAt === undefined ? null : formatInstant(endedAt),
    ending: ending ?? null,
    peak: peak ?? null,
    threshold: threshold ?? null,
  };
}

/** Tickets by their numbers in each list. */
function differenceJson({
  gained,
  lost,
  otherBand,
  otherTime,
  same,
}: NonNullable<ReplayReport["tried"]>["difference"]) {
  const pair = ({ before, after }: { readonly before: ReplayTicket; readonly after: ReplayTicket }) => ({
    before: before.number,
    after: after.number,
  });
  return {
    gained: gained.map(({ number }) => number),
    lost: lost.map(({ number }) => number),
    otherBand: otherBand.map((each) => ({ ...pair(each), from: each.from ?? null, to: each.to ?? null })),
    otherTime: otherTime.map(pair),
    same,
  };
}
