/**
 * What went wrong, in the words the core can act on. Adapters classify; the core switches on the kind.
 *
 * - `configuration`: what our users wrote is wrong; exit code 2.
 * - `invalid_request`: the caller asked for what cannot be asked, a page by another list's cursor; `facts.at` names the parameter.
 * - `rule`: a rule, rule test or template is wrong; exit code 1.
 * - `not_found`: the named thing does not exist.
 * - `conflict`: somebody else holds it, or it is not in the state the call needs.
 * - `unauthorized`: credentials are missing, wrong, expired, or not allowed to do this.
 * - `unavailable`: an outside system cannot be reached or cannot answer now; exit code 3.
 * - `rate_limited`: an outside system asked us to wait.
 * - `refused`: an outside system understood and said no; the same request will fail again.
 * - `unknown_outcome`: the request may or may not have taken effect.
 * - `limit`: one of our own limits was reached.
 * - `aborted`: the caller asked to stop.
 * - `internal`: a fault of ours.
 */
export type ErrorKind =
  | "configuration"
  | "invalid_request"
  | "rule"
  | "not_found"
  | "conflict"
  | "unauthorized"
  | "unavailable"
  | "rate_limited"
  | "refused"
  | "unknown_outcome"
  | "limit"
  | "aborted"
  | "internal";

export interface ErrorDetails {
  /** Whether the same request can succeed later without anybody changing anything. Defaults by kind. */
  readonly retryable?: boolean;
  readonly cause?: unknown;
  /** How long the other side asked us to wait, in milliseconds. */
  readonly retryAfterMs?: number;
  /** HTTP status of the other side, where there was one. */
  readonly status?: number;
  /** Ids and short facts for logs and the API; never secrets, never text of others unredacted. */
  readonly facts?: Readonly<Record<string, string | number | boolean>>;
}

const retryableByDefault: ReadonlySet<ErrorKind> = new Set(["unavailable", "rate_limited"]);

/** The one error class that crosses folder borders. The message is safe to show: no secrets. */
export class BackfeedError extends Error {
  readonly kind: ErrorKind;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly status: number | undefined;
  readonly facts: Readonly<Record<string, string | number | boolean>>;

  constructor(kind: ErrorKind, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "BackfeedError";
    this.kind = kind;
    this.retryable = details.retryable ?? retryableByDefault.has(kind);
    this.retryAfterMs = details.retryAfterMs;
    this.status = details.status;
    this.facts = details.facts ?? {};
  }
}

/** Gives any thrown thing as a BackfeedError; what is not one already becomes `internal`. */
export function asBackfeedError(thrown: unknown): BackfeedError {
  if (thrown instanceof BackfeedError) return thrown;
  if (thrown instanceof Error && thrown.name === "AbortError") {
    return new BackfeedError("aborted", "the work was stopped", { cause: thrown });
  }
  return new BackfeedError("internal", thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown });
}
