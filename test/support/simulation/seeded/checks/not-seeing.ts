import { type Facts, groupKeyOf, hourOf, seriesOf } from "../facts.ts";
import type { Seen } from "../ledger.ts";
import { minute, startAt } from "../plan.ts";
import { type Truth, truthOf } from "./oracle.ts";

/**
 * Invariant 3: not seeing is not recovery. A finding may be told as quiet only when each of its label sets that was seen
 * breached was, since then, seen to be clear for as long as `until.for` asks.
 */
export function notSeeing(facts: Facts): readonly string[] {
  const changed = new Set(facts.plan.events.flatMap((event) => (event.kind === "ruleChange" ? [event.rule] : [])));
  return facts.findings.flatMap((finding) => {
    if (finding.ruleIds.some((id) => changed.has(id))) return [];
    // Two schedules catch up one after the other: each tells what it knows by then.
    const paces = facts.plan.rules.filter(({ id }) => finding.ruleIds.includes(id)).map((rule) => rule.everyMinutes);
    if (new Set(paces).size > 1) return [];
    const quiets = (facts.events.get(finding.id) ?? []).filter(({ code }) => code === "went_quiet");
    const episodes = [finding.episode, ...finding.pastEpisodes];
    const endings = new Map(episodes.map((each) => [each.endedAt, each.ending]));
    // What vanished was told as that, and is no part of a later episode that another rule began.
    const vanished = episodes.flatMap(({ endedAt, ending }) => (ending === "vanished" ? (endedAt ?? []) : []));
    return quiets.flatMap(({ at }) => {
      if (endings.get(at) !== "recovered") return [];
      // Two rules of which one alone could not be asked at a tick: that tick comes later, and speaks of its own time.
      if (finding.ruleIds.length > 1 && finding.ruleIds.some((id) => isTroubledAlone(facts, id, at))) return [];
      const vanishedAt = Math.max(0, ...vanished.filter((instant) => instant < at));
      return facts.ledger.rules().flatMap((rule) => {
        if (changed.has(rule)) return [];
        const seen = facts.ledger.of(rule).filter(({ tick }) => tick > vanishedAt && tick <= at);
        const sketch = seen[0]?.sketch;
        if (sketch === undefined) return [];
        return seriesOf(sketch).flatMap((labels, series) => {
          if (groupKeyOf(facts.book, sketch, labels) !== finding.groupKey) return [];
          const clearMs = clearSinceBreach(facts, seen, series);
          if (clearMs === undefined) return [];
          const what = `${rule}{${Object.values(labels).join(",")}}`;
          return [`${what} is told as quiet at ${hourOf(at, startAt)}, seen clear for ${clearMs / minute} min`];
        });
      });
    });
  });
}

function isTroubledAlone({ plan }: Facts, rule: string, tick: number): boolean {
  const since = tick - startAt;
  return plan.events.some(
    (event) =>
      (event.kind === "partial" || event.kind === "refusal") &&
      event.rule === rule &&
      event.at <= since &&
      since <= event.at + event.minutes * minute,
  );
}

/** Evaluated time seen clear since the last breach of an alert that surely fires; undefined when none does. */
function clearSinceBreach(facts: Facts, seen: readonly Seen[], series: number): number | undefined {
  let heldMs = 0;
  let clearMs: number | undefined;
  let last: { readonly tick: number; readonly truth: Truth } | undefined;
  for (const { tick, sketch, sight } of seen) {
    if (sight === "uncertain") {
      clearMs = undefined;
      last = undefined;
    }
    if (sight !== "seen") continue;
    const truth = truthOf(facts, sketch, series, tick);
    const stepMs = last?.truth === truth && last.tick === tick - sketch.everyMinutes * minute ? tick - last.tick : 0;
    heldMs = truth === "breached" && last?.truth === truth ? heldMs + stepMs : 0;
    const fires = clearMs !== undefined || (truth === "breached" && heldMs >= sketch.forMinutes * minute);
    if (fires && truth !== "nothing") clearMs = truth === "clear" ? (clearMs ?? 0) + stepMs : 0;
    if (clearMs !== undefined && truth === "clear" && clearMs >= sketch.untilMinutes * minute) clearMs = undefined;
    last = { tick, truth };
  }
  return clearMs;
}
