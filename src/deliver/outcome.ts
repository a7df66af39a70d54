import type { OutboxEntry, OutboxState } from "../model/outbox.ts";
import type { BackfeedError } from "../support/errors.ts";

const second = 1_000;
const minute = 60 * second;
/** Waits double from the first to the longest; an outage of hours costs a request every five minutes. */
const firstWaitMs = 5 * second;
const longestWaitMs = 5 * minute;
const shortestWaitMs = second;
/** A fault of ours is not tried for ever. */
const mostInternalAttempts = 10;
/** A create whose answer was lost is sent once more after the settle window, never a third time. */
const mostLostCreates = 2;

/** How one attempt ends. */
export interface AttemptOutcome {
  readonly state: Exclude<OutboxState, "sending">;
  readonly nextAttemptAt?: number;
  readonly attempts?: number;
  readonly looks?: number;
  readonly lostCreates?: number;
  readonly note?: string;
}

/** Doubling waits without jitter: entries of one tick differ in rank, and the tracker's own limits pace us. */
function backoffMs(attempts: number): number {
  return Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(attempts, 10));
}

/**
 * What becomes of an entry whose attempt failed. Pure. Whatever may pass by itself is tried again for as long as it
 * takes; what the tracker refused waits for a person.
 */
export function afterFailure(
  entry: OutboxEntry,
  error: BackfeedError,
  now: number,
  settleWaitsMs: readonly number[],
): AttemptOutcome {
  const attempts = entry.attempts + 1;
  const later = { state: "pending", attempts, note: error.message } as const;
  switch (error.kind) {
    case "unknown_outcome":
      if (entry.action.kind !== "create") return { ...later, nextAttemptAt: now + backoffMs(entry.attempts) };
      return {
        state: "unknown",
        attempts,
        looks: 0,
        lostCreates: entry.lostCreates + 1,
        nextAttemptAt: now + (settleWaitsMs[0] ?? 0),
        note: error.message,
      };
    case "rate_limited": {
      // `Retry-After: 0` with a refusal says nothing: asked again at once, for ever, it would be a storm of our own.
      const said = error.retryAfterMs ?? 0;
      const waitMs = said > 0 ? Math.max(shortestWaitMs, said) : backoffMs(entry.attempts);
      return { ...stay(entry, later), nextAttemptAt: now + waitMs };
    }
    case "unavailable":
    case "unauthorized":
    case "conflict":
      return {
        ...stay(entry, later),
        nextAttemptAt: now + Math.max(error.retryAfterMs ?? 0, backoffMs(entry.attempts)),
      };
    case "aborted":
      return { ...stay(entry, later), attempts: entry.attempts, nextAttemptAt: now };
    case "internal":
    case "limit":
      if (attempts < mostInternalAttempts)
        return { ...stay(entry, later), nextAttemptAt: now + backoffMs(entry.attempts) };
      return { state: "parked", attempts, note: error.message };
    default:
      return { state: "parked", attempts, note: error.message };
  }
}

/** A create whose fate is unknown stays unknown when the look itself fails: an error is not an empty answer. */
function stay<Later extends AttemptOutcome>(entry: OutboxEntry, later: Later): Later | (Later & { state: "unknown" }) {
  return entry.state === "unknown" ? { ...later, state: "unknown" } : later;
}

/** What to do when a look for a lost create found nothing. Pure. */
export function afterEmptyLook(
  entry: OutboxEntry,
  now: number,
  settleWaitsMs: readonly number[],
): { readonly next: "send" } | { readonly next: "wait"; readonly outcome: AttemptOutcome } {
  if (entry.state !== "unknown") return { next: "send" };
  const looks = entry.looks + 1;
  const attempts = entry.attempts + 1;
  const wait = settleWaitsMs[looks];
  if (wait !== undefined) {
    const note = `its answer was lost; looked ${looks} of ${settleWaitsMs.length} times and found nothing yet`;
    return { next: "wait", outcome: { state: "unknown", attempts, looks, nextAttemptAt: now + wait, note } };
  }
  if (entry.lostCreates < mostLostCreates) return { next: "send" };
  const note = "the answer to its create was lost twice and nothing was found: check the tracker, then retry";
  return { next: "wait", outcome: { state: "parked", attempts, looks, note } };
}
