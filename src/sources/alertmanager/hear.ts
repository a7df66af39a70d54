import type { ReceivedAlert } from "../../model/raised-alert.ts";
import { hour } from "../../support/duration.ts";
import type { AlertNotice } from "./read-delivery.ts";

/**
 * How long after its end a notice that an alert fires since before that end is taken for a late one. Deliveries that overtake
 * one another do so within a retry, which is minutes; who says so after that has seen it come back (a Prometheus that was cut
 * off from its Alertmanager keeps the old start).
 */
const lateForMs = hour;

/**
 * What is remembered of an alert after one more notice. The same notice twice, the same from the other of two Alertmanagers,
 * and notices that come late or out of order leave the state as it is; only when it was heard of last is then new. An end
 * is of the stretch that it lies in; a start before the end that is known is no news. Pure.
 */
export function hear(
  known: ReceivedAlert | undefined,
  notice: AlertNotice,
  at: number,
): { readonly alert: ReceivedAlert; readonly isNews: boolean } {
  const { labels, startsAt, endsAt, groupedBy } = notice;
  const words = { ...notice.words, since: startsAt, until: endsAt, heardAt: at };
  if (known === undefined) return { alert: { labels, words, groupedBy, changedAt: at }, isNews: true };
  const before = known.words;
  const heardAt = Math.max(before.heardAt, at);
  const same = { alert: { ...known, words: { ...before, heardAt } }, isNews: false };
  const changed = (since: number) => ({
    alert: { ...known, words: { ...words, since, heardAt }, changedAt: at },
    isNews: true,
  });
  if (endsAt === undefined) {
    if (before.until === undefined) return goesOn(known, notice, heardAt);
    if (startsAt > before.until) return changed(startsAt);
    // Nobody knows since when: only that it fires now.
    return at - known.changedAt > lateForMs ? changed(at) : same;
  }
  if (before.until === undefined) return endsAt >= before.since ? changed(Math.min(startsAt, before.since)) : same;
  return endsAt > before.until ? changed(startsAt) : same;
}

/** It fires as it did: what is said of it may be newer (a value in its text), and an older notice changes nothing. */
function goesOn(known: ReceivedAlert, { startsAt, words }: AlertNotice, heardAt: number) {
  const before = known.words;
  if (startsAt < before.since) return { alert: { ...known, words: { ...before, heardAt } }, isNews: false };
  return {
    alert: { ...known, words: { ...words, since: startsAt, until: undefined, heardAt } },
    isNews: startsAt > before.since,
  };
}
