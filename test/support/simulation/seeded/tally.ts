import { actions, decisionReasons } from "../../../../src/model/decision.ts";
import type { RunOutcome } from "./run-plan.ts";

/** How often each fault took place and each decision was reached, over many runs. */
export class Tally {
  readonly counts = new Map<string, number>();
  runs = 0;

  add(outcome: Pick<RunOutcome, "counts">): void {
    this.runs += 1;
    for (const [name, count] of Object.entries(outcome.counts)) {
      this.counts.set(name, (this.counts.get(name) ?? 0) + count);
    }
  }

  /** Reasons of the closed list that no run has reached. */
  unreached(): readonly string[] {
    const reached = new Set([...this.counts.keys()].map((name) => name.split(":").at(-1)));
    return decisionReasons.filter((reason) => !reached.has(reason));
  }

  /** Actions that no decision took. */
  unused(): readonly string[] {
    const used = new Set(
      [...this.counts.keys()].filter((name) => name.startsWith("decision:")).map((name) => name.split(":")[1]),
    );
    return actions.filter((action) => !used.has(action));
  }

  /** One line each, the names of one kind together. */
  lines(): readonly string[] {
    return [...this.counts]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, count]) => `${String(count).padStart(9)}  ${name.replace(":", "  ")}`);
  }
}
