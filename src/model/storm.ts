import type { Band } from "./priority.ts";

/** Many findings at once, told on one parent ticket. */
export interface Storm {
  /** The tick that opened it, as an ISO instant: unique, and the group label of its parent finding. */
  readonly id: string;
  readonly parentId: string;
  readonly parentGroupKey: string;
  readonly openedAt: number;
  /** It takes new findings before this instant. */
  readonly takesUntil: number;
  /** Findings that have a ticket of their own by the storm's leave: the worst, at most five. */
  readonly children: readonly string[];
  /** When nothing of it was bad any more and its parent had been told. */
  readonly endedAt: number | undefined;
}

/** A finding's part in a storm. */
export interface StormMembership {
  readonly id: string;
  readonly parentId: string;
  readonly joinedAt: number;
  /** Until when the storm takes findings. */
  readonly until: number;
  /** The worst band that it had until then. */
  readonly band: Band;
  /** It is one of those with a ticket of their own. */
  readonly child: boolean;
  /** Id of the parent's issue that its own ticket was linked to. */
  readonly linkedTo?: string | undefined;
}
