import type { DecisionReason } from "../../model/decision.ts";
import { labelsKey } from "../../model/labels.ts";
import type { TickLine } from "../outcomes.ts";
import type { TickResult } from "../tick.ts";

/** What one alert came to, over all ticks. */
interface AlertTally {
  readonly ruleId: string;
  /** How often each outcome was decided without anything being sent. */
  readonly silent: Map<DecisionReason, number>;
  /** The finding it became part of, once it fired. */
  finding: string | undefined;
}

/** Counts over a replay what was looked at and what was decided, for the account of what was not filed. */
export class ReplayTally {
  readonly #alerts = new Map<string, AlertTally>();
  /** Label sets judged, all ticks together. */
  evaluations = 0;
  /** Of these, neither bad nor on the way to recovery. */
  fine = 0;
  /** The first failed query, in words. */
  failure: string | undefined;

  get alerts(): readonly AlertTally[] {
    return [...this.#alerts.values()];
  }

  add({ lines, judged }: TickResult): void {
    for (const { judgement } of judged) {
      const { failure, rule } = judgement;
      if (failure !== undefined) this.failure ??= `${rule.id}: ${failure.message}`;
    }
    for (const line of lines()) this.#addLine(line);
  }

  #addLine({ rule, evaluation, finding, action, reason }: TickLine): void {
    this.evaluations += 1;
    if (evaluation.state === "inactive" && evaluation.ended === undefined) {
      this.fine += 1;
      return;
    }
    const key = `${rule.id} ${labelsKey(evaluation.labels)}`;
    const tally = this.#alerts.get(key) ?? { ruleId: rule.id, silent: new Map(), finding: undefined };
    this.#alerts.set(key, tally);
    tally.finding = finding?.id ?? tally.finding;
    if (action === "none") tally.silent.set(reason, (tally.silent.get(reason) ?? 0) + 1);
  }
}
