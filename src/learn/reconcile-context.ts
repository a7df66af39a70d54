import type { Store } from "../store/store.ts";
import type { Clock } from "../support/clock.ts";
import type { Logger } from "../support/logging.ts";
import type { Tracker } from "../trackers/tracker.ts";

/** What of a tracker's configuration matters to what people do on its tickets. */
export interface TrackerPolicy {
  readonly labelPrefix: string;
  readonly wontDo: readonly string[];
  /** Close what the sweep, or an adopted issue, made a duplicate. */
  readonly closeDuplicates: boolean;
}

/** Findings are asked for in turn, a page with each pass. */
export interface AdoptionWalk {
  cursor: string | undefined;
}

/** What reconcile works with, for one tracker. */
export interface ReconcileContext {
  readonly tracker: Tracker;
  readonly policy: TrackerPolicy;
  readonly store: Pick<Store, "tickets" | "inbox" | "outbox" | "state" | "history">;
  /** The instance name that identities are made of. */
  readonly instance: string;
  readonly clock: Pick<Clock, "now">;
  readonly logger: Logger;
  /** Takes secrets out of what people wrote, before it is stored. */
  readonly redact: (text: string) => string;
  /** A person's wish for a new ticket. Throws `conflict` when that cannot be now. */
  readonly refile: (findingId: string, by: string) => Promise<unknown>;
  /** Where the walk over findings that issues may be adopted by has come to, between two passes. */
  readonly adoptions: AdoptionWalk;
  /** Told once for every second ticket that was folded into the first. */
  readonly onDuplicate: () => void;
}
