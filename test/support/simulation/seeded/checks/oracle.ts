import type { Labels } from "../../../../../src/model/labels.ts";
import { type Facts, groupKeyOf, seriesOf } from "../facts.ts";
import type { Seen } from "../ledger.ts";
import { minute } from "../plan.ts";
import { measured } from "../production.ts";
import type { RuleSketch } from "../rules.ts";

/** What RULES.md section 3 makes of one window that was seen. */
export type Truth = "breached" | "between" | "clear" | "nothing";

/** An alert that must have fired at a tick, by what the program was shown and nothing else. */
export interface MustFire {
  readonly sketch: RuleSketch;
  readonly labels: Labels;
  readonly groupKey: string;
  readonly tick: number;
}

/** The truth about the window of one label set that ends at a tick, under the rule as it was then. */
export function truthOf(facts: Facts, sketch: RuleSketch, series: number, tick: number): Truth {
  const level = facts.production.levelOf(sketch.id, series, tick);
  const { value, badEvents } = measured(sketch, level);
  if (value === undefined) return "nothing";
  const { when, until } = facts.book.ruleOf(sketch).limits;
  const above = when.form === "threshold" ? (when.above ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
  if (badEvents !== undefined && badEvents < when.minBadEvents)
    return value < (until.below ?? above) ? "clear" : "between";
  if (value > above) return "breached";
  return value < (until.below ?? above) ? "clear" : "between";
}

/**
 * The first tick of each stretch at which an alert must have fired: breached windows that were seen for certain hold it,
 * in evaluated time; what was not seen stops the clock; what may or may not have been seen sets it back.
 */
export function mustFire(facts: Facts): readonly MustFire[] {
  return facts.ledger.rules().flatMap((rule) => {
    const seen = facts.ledger.of(rule);
    const template = seen[0]?.sketch;
    if (template === undefined) return [];
    return seriesOf(template).flatMap((labels, series) => stretches(facts, seen, series, labels));
  });
}

function stretches(facts: Facts, seen: readonly Seen[], series: number, labels: Labels): readonly MustFire[] {
  const found: MustFire[] = [];
  let heldMs = 0;
  let lastBreach: number | undefined;
  let told = false;
  let shape = "";
  for (const { tick, sketch, sight } of seen) {
    const stepMs = sketch.everyMinutes * minute;
    const reset = sight === "uncertain" || shape !== String(sketch.grouped);
    shape = String(sketch.grouped);
    if (reset) {
      lastBreach = undefined;
      told = false;
      heldMs = 0;
    }
    if (sight !== "seen") continue;
    const truth = truthOf(facts, sketch, series, tick);
    if (truth === "nothing") {
      lastBreach = undefined;
      heldMs = 0;
      continue;
    }
    if (truth !== "breached") {
      lastBreach = undefined;
      told = false;
      heldMs = 0;
      continue;
    }
    heldMs = lastBreach === undefined ? 0 : heldMs + (lastBreach === tick - stepMs ? stepMs : 0);
    lastBreach = tick;
    if (told || heldMs < sketch.forMinutes * minute) continue;
    told = true;
    found.push({ sketch, labels, groupKey: groupKeyOf(facts.book, sketch, labels), tick });
  }
  return found;
}
