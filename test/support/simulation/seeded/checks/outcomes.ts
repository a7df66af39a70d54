import { actions, decisionReasons } from "../../../../../src/model/decision.ts";
import { labelsKey } from "../../../../../src/model/labels.ts";
import { type Facts, hourOf } from "../facts.ts";
import { minute, startAt } from "../plan.ts";

/** Invariant 5: each alert ends each tick as exactly one decision, with a reason of the closed list; no tick is left out. */
export function outcomes(facts: Facts): readonly string[] {
  return [...oneEach(facts), ...everyTick(facts)];
}

function oneEach(facts: Facts): readonly string[] {
  const found: string[] = [];
  for (const result of facts.results) {
    const told = new Set<string>();
    for (const { rule, evaluation, action, reason } of result.lines()) {
      const alert = evaluation.alert ?? evaluation.ended;
      if (alert === undefined) continue;
      const what = `${rule.id}{${Object.values(alert.labels).join(",")}} at ${hourOf(result.tick, startAt)}`;
      const known =
        (actions as readonly string[]).includes(action) && (decisionReasons as readonly string[]).includes(reason);
      if (!known) found.push(`${what} ended as ${action}: ${reason}, which is no outcome`);
      const key = `${rule.id} ${evaluation.alert === undefined} ${labelsKey(alert.labels)}`;
      if (told.has(key)) found.push(`${what} has two outcomes`);
      told.add(key);
    }
  }
  return found;
}

/** Every tick of a rule that was loaded throughout was judged, or is recorded as skipped. */
function everyTick(facts: Facts): readonly string[] {
  const changed = new Set(facts.plan.events.flatMap((event) => (event.kind === "ruleChange" ? [event.rule] : [])));
  return facts.ledger.rules().flatMap((rule) => {
    const seen = facts.ledger.of(rule);
    const stepMs = (seen[0]?.sketch.everyMinutes ?? 5) * minute;
    if (changed.has(rule)) return [];
    const judged = new Set(seen.map(({ tick }) => tick));
    const skipped = skippedTicks(facts, stepMs);
    const first = seen[0]?.tick ?? 0;
    const last = seen.at(-1)?.tick ?? 0;
    const missing: string[] = [];
    for (let tick = first; tick <= last; tick += stepMs) {
      if (!judged.has(tick) && !skipped.has(tick)) missing.push(hourOf(tick, startAt));
    }
    return missing.length === 0 ? [] : [`${rule} was not judged at ${missing.join(", ")}, and nothing says why`];
  });
}

function skippedTicks({ ticks }: Facts, stepMs: number): ReadonlySet<number> {
  const skipped = new Set<number>();
  for (const { tick, counts, schedule } of ticks) {
    if (!schedule.includes(`*/${stepMs / minute} `)) continue;
    const count = counts.outcomes["skipped_ticks"] ?? 0;
    for (let back = 0; back < count; back += 1) skipped.add(tick - back * stepMs);
  }
  return skipped;
}
