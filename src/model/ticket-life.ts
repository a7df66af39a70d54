import type { Band } from "./priority.ts";

/** What of a ticket is compared between two looks. */
export const watchedFields = [
  "status",
  "resolution",
  "priority",
  "assignee",
  "summary",
  "description",
  "labels",
  "project",
] as const;
export type WatchedField = (typeof watchedFields)[number];

/** Those that people and we may both want to write: once a person changed one, it is theirs. */
export const sharedFields = [
  "priority",
  "summary",
  "description",
  "assignee",
] as const satisfies readonly WatchedField[];
export type SharedField = (typeof sharedFields)[number];

/** What closing a ticket meant: fixed, not worth doing, or the same as another. */
export type ClosedAs = "done" | "wont_do" | "duplicate";

/** How a ticket came to be closed. Remembered when first seen: every wait of RULES.md section 4 runs from `at`. */
export interface TicketClosed {
  readonly at: number;
  readonly as: ClosedAs;
  /** `us`: by a rule's `on_quiet: transition`. */
  readonly by: "us" | "people";
  /** The finding's band then. */
  readonly band: Band;
  readonly status: string;
  readonly resolution: string | undefined;
}

/** A change that a person made on a ticket of ours, kept to learn from. Values are the tracker's words, cut to 500 characters. */
export interface TicketEdit {
  /** The tracker's own instant where it is known, else when we saw it. */
  readonly at: number;
  readonly findingId: string;
  readonly generation: number;
  readonly tracker: string;
  readonly issueId: string;
  /** `ticket`: the issue itself, deleted or back. */
  readonly field: WatchedField | "ticket";
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** Known only when a webhook told it. */
  readonly who: string | undefined;
}

/** One delivery of a tracker's webhook: a hint that an issue changed. What it says of the change is not believed. */
export interface WebhookHint {
  readonly tracker: string;
  /** The tracker's own id of the delivery: a repeated one is the same hint. */
  readonly deliveryId: string;
  readonly issueId: string;
  /** Who is said to have changed it, as people know them. */
  readonly who: string | undefined;
  /** The issue is said to carry an adopt label: worth a look although it is none of ours. */
  readonly adopts: boolean;
  readonly receivedAt: number;
}

const hourMs = 3_600_000;
/** An index that lags by minutes has caught up after the first; the second finds what a longer outage of it hid. */
const sweepAfterMs = [2 * hourMs, 24 * hourMs] as const;

/** When to look for duplicates of a ticket; undefined when that was done often enough. */
export function nextSweepAt({
  createdAt,
  sweptAt,
}: {
  createdAt: number;
  sweptAt?: number | undefined;
}): number | undefined {
  return sweepAfterMs.map((after) => createdAt + after).find((at) => sweptAt === undefined || sweptAt < at);
}
