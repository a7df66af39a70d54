import { decisionReasons } from "../../../../src/model/decision.ts";
import { deeds, happeningKinds } from "./plan.ts";
import { webhookFates } from "./postman.ts";
import type { RunOutcome } from "./run-plan.ts";
import { jiraFaultKinds } from "./trouble.ts";

/** What a run of many seeds has injected at least once, by the names it is counted under. */
const faults: readonly string[] = [
  ...Object.keys(happeningKinds).filter((kind) => kind !== "person"),
  ...Object.keys(deeds).map((does) => `person ${does}`),
  ...jiraFaultKinds.map((kind) => `jira ${kind}`),
  ...webhookFates.map((fate) => `webhook ${fate}`),
];

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

  /** Faults that took place in no run. */
  neverInjected(): readonly string[] {
    return faults.filter((name) => !this.counts.has(`fault:${name}`));
  }

  /** Reasons of the closed list that no run has reached, at a tick or between ticks. */
  neverReached(): readonly string[] {
    const reached = new Set(
      [...this.counts.keys()].flatMap((name) => (/^(outcome|decision):/.test(name) ? [name.split(":")[2]] : [])),
    );
    return decisionReasons.filter((reason) => !reached.has(reason));
  }

  /** One line each, the names of one kind together. */
  lines(): readonly string[] {
    return [...this.counts]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, count]) => `${String(count).padStart(9)}  ${name.replaceAll(":", "  ")}`);
  }
}
