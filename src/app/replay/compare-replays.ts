import type { Band } from "../../model/priority.ts";
import type { ReplayTicket } from "./ticket-tally.ts";

/** The same ticket with both sets of rules. */
export interface TicketPair {
  readonly before: ReplayTicket;
  readonly after: ReplayTicket;
}

/** What other rules would have changed. */
export interface ReplayDifference {
  readonly gained: readonly ReplayTicket[];
  readonly lost: readonly ReplayTicket[];
  /** Filed in another band. */
  readonly otherBand: readonly (TicketPair & { readonly from: Band | undefined; readonly to: Band | undefined })[];
  /** Filed at another instant, in the same band. */
  readonly otherTime: readonly TicketPair[];
  readonly same: number;
}

/** Tickets are the same when they are of the same finding and generation: identity holds no threshold, title or text. Pure. */
export function compareReplays(before: readonly ReplayTicket[], after: readonly ReplayTicket[]): ReplayDifference {
  const others = new Map(after.map((ticket) => [keyOf(ticket), ticket]));
  const pairs: TicketPair[] = before.flatMap((ticket) => {
    const other = others.get(keyOf(ticket));
    return other === undefined ? [] : [{ before: ticket, after: other }];
  });
  const paired = new Set(pairs.map((pair) => keyOf(pair.before)));
  const isOtherBand = (pair: TicketPair) => pair.before.band !== pair.after.band;
  const isOtherTime = (pair: TicketPair) => pair.before.openedAt !== pair.after.openedAt;
  return {
    gained: after.filter((ticket) => !paired.has(keyOf(ticket))),
    lost: before.filter((ticket) => !paired.has(keyOf(ticket))),
    otherBand: pairs.filter(isOtherBand).map((pair) => ({ ...pair, from: pair.before.band, to: pair.after.band })),
    otherTime: pairs.filter((pair) => !isOtherBand(pair) && isOtherTime(pair)),
    same: pairs.filter((pair) => !isOtherBand(pair) && !isOtherTime(pair)).length,
  };
}

function keyOf({ finding, generation }: ReplayTicket): string {
  return `${finding} ${generation}`;
}
