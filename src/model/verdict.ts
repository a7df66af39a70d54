import type { Usual } from "./baseline.ts";
import type { RaisedWords } from "./raised-alert.ts";

export const verdictKinds = ["breached", "between", "clear", "no_data", "failed"] as const;
export type VerdictKind = (typeof verdictKinds)[number];

/** How many label sets were judged how; a kind that none was is left out. */
export type VerdictCounts = Readonly<Partial<Record<VerdictKind, number>>>;

/** Why a verdict is not simply the comparison of a value with its threshold. */
export type VerdictReason =
  | "below_floor"
  | "first_seen"
  | "known"
  | "no_reference"
  | "too_little_history"
  | "nothing_reported"
  | "no_data_is_breach"
  | "no_data_is_clear"
  | "stale"
  | "vanished"
  | "query_failed";

/** The tier that `value` and `threshold` are of: `value` is the slower of its burn rates. */
export interface BurnSeen {
  readonly longMs: number;
  readonly shortMs: number;
  /** Burn rates of the two windows; undefined for one without events. */
  readonly long?: number;
  readonly short?: number;
  /** In the long window. */
  readonly badEvents: number;
}

/** What one evaluation says of one label set. A failed query is never clear. */
export interface Verdict {
  readonly kind: VerdictKind;
  readonly reason?: VerdictReason;
  readonly value?: number;
  /** The limit that the value was (or would be) on the wrong side of. */
  readonly threshold?: number;
  readonly direction?: "above" | "below";
  /** The value the change was measured against. */
  readonly reference?: number;
  /** What the value was measured against, where that is what is usual. */
  readonly usual?: Usual;
  /** Events behind the value; for a ratio the whole. */
  readonly events: number;
  readonly badEvents?: number;
  /** Of `burn`: the tier that fires, or the one that is nearest to it. */
  readonly burn?: BurnSeen;
  /** For people, where `reason` needs more words: the source's failure. */
  readonly detail?: string;
  /** For an alert that another system raises: what it says of it. */
  readonly raised?: RaisedWords;
}
