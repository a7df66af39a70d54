import type { Labels } from "./labels.ts";
import type { Severity } from "./rule.ts";
import type { Verdict } from "./verdict.ts";

export type AlertState = "inactive" | "pending" | "firing" | "recovering";

/** Sums of one stretch. A tick adds events x step / window, so that overlapping windows count each event once. */
export interface EventSums {
  readonly bad: number;
  readonly total: number;
}

/** One stretch of firing, as far as it has come. It begins with the first breached tick, pending included. */
export interface AlertEpisode {
  readonly startedAt: number;
  readonly lastBreachAt: number;
  /** The worst value so far, and the threshold it was measured against. */
  readonly peak: { readonly at: number; readonly value: number; readonly threshold: number | undefined } | undefined;
  /** From the first to the last breached tick. */
  readonly sums: EventSums;
  /** Since the last breached tick: joins `sums` when it breaches again, so that the wait for recovery is left out. */
  readonly tail: EventSums;
}

/** The living instance of a rule for one label set. Inactive alerts are not stored. */
export interface Alert {
  readonly fingerprint: string;
  readonly ruleId: string;
  readonly ruleIdentity: string;
  readonly labels: Labels;
  /** What its labels stand for, where they do not say it: the template of a log message pattern. */
  readonly subject?: string;
  readonly groupKey: string;
  /** Names of the labels that its group key is made of, where they are not its rule's. */
  readonly groupedBy?: readonly string[];
  readonly state: AlertState;
  /** When it came into this state. */
  readonly since: number;
  /**
   * Evaluated time towards the next state: of `for` when pending, of `until.for` when recovering. Milliseconds.
   * Undefined while that clock does not run: when firing, and after a `between` set it back.
   */
  readonly heldMs: number | undefined;
  /** The last tick with a verdict other than no data and failed: one end of an evaluated step. */
  readonly lastEvaluatedAt: number;
  /** Since when it has had no data, while `keep` holds. */
  readonly noDataSince: number | undefined;
  readonly episode: AlertEpisode;
  /** How many ticks ago it went between firing and recovering, for each time in the last twenty ticks. */
  readonly changeAges: readonly number[];
  /** Held firing because it changed too often. */
  readonly flapping: boolean;
  readonly severity: Severity;
  readonly owner: string;
  readonly verdict: Verdict;
}

/** What one tick did to one alert. `vanished`, `rule_changed` end an episode without a recovery. */
export type AlertChange =
  | "none"
  | "became_pending"
  | "pending_ended"
  | "started_firing"
  | "started_recovering"
  | "fired_again"
  | "recovered"
  | "vanished"
  | "rule_changed";
