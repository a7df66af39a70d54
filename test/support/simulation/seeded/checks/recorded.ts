import { type Facts, hourOf, seriesOf } from "../facts.ts";
import { startAt } from "../plan.ts";
import { truthOf } from "./oracle.ts";

/** Invariant 2: what a tick saw is in the store before the tick ends, so a tick that counts as judged holds its breaches. */
export function recorded(facts: Facts): readonly string[] {
  return facts.ledger.rules().flatMap((rule) => {
    const stored = new Map((facts.ruleTicks.get(rule) ?? []).map((counts) => [counts.tick, counts.verdicts]));
    return facts.ledger.of(rule).flatMap(({ tick, sketch, sight }) => {
      if (sight === "failed" || sight === "blind") return [];
      const verdicts = stored.get(tick);
      const when = hourOf(tick, startAt);
      // Whoever died over it may not have stored it: it is asked again, or passed over as told.
      if (verdicts === undefined) {
        return sight === "seen" ? [`${rule} at ${when} was judged, and the store knows nothing of it`] : [];
      }
      // Nor what it was told when it was asked again, in vain.
      if (sight === "uncertain" && (verdicts["failed"] ?? 0) > 0) return [];
      // Nor what it was shown of a rule that was removed before it could ask again: the rule's alerts end at that tick.
      const hasOnlyEnded = (verdicts["no_data"] ?? 0) > 0 && Object.keys(verdicts).length === 1;
      if (sight === "uncertain" && hasOnlyEnded) return [];
      const breached = seriesOf(sketch).filter((_, series) => truthOf(facts, sketch, series, tick) === "breached");
      const known = verdicts["breached"] ?? 0;
      if (known === breached.length) return [];
      return [`${rule} at ${when} was shown ${breached.length} breaches, and is stored with ${known}`];
    });
  });
}
