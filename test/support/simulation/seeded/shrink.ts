import type { Plan, PlannedEvent } from "./plan.ts";
import { type RunOutcome, runPlan } from "./run-plan.ts";

export interface Shrunk {
  readonly outcome: RunOutcome;
  /** Places of the events that are left, in the plan of the seed. */
  readonly kept: readonly number[];
}

/** The plan with only these of its events. */
export function keeping(plan: Plan, places: readonly number[]): Plan {
  const kept = new Set(places);
  return { ...plan, events: plan.events.filter((_, place) => kept.has(place)) };
}

/**
 * Leaves out events for as long as what is left breaks the same invariant, halves first, then ever smaller parts, down to
 * single events. `mostRuns` bounds how long that takes.
 */
export async function shrink(plan: Plan, failing: RunOutcome, mostRuns = 200): Promise<Shrunk> {
  const invariants = new Set(failing.broken.map(invariantOf));
  let best: Shrunk = { outcome: failing, kept: plan.events.map((_: PlannedEvent, place) => place) };
  let runs = 0;
  for (let size = Math.ceil(best.kept.length / 2); size >= 1; ) {
    let shorter = false;
    for (let from = 0; from < best.kept.length && runs < mostRuns; ) {
      const kept = best.kept.filter((_, index) => index < from || index >= from + size);
      const outcome = await runPlan(keeping(plan, kept));
      runs += 1;
      if (outcome.broken.some((text) => invariants.has(invariantOf(text)))) {
        best = { outcome, kept };
        shorter = true;
      } else {
        from += size;
      }
    }
    if (runs >= mostRuns || (size === 1 && !shorter)) break;
    if (!shorter || size > 1) size = Math.max(1, Math.floor(size / 2));
  }
  return best;
}

function invariantOf(text: string): string {
  return text.slice(0, text.indexOf(":"));
}
