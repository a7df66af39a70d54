import type { QueryFailure } from "../model/query.ts";
import { BackfeedError, type ErrorKind } from "../support/errors.ts";

export function fail(code: QueryFailure["code"], retryable: boolean, message: string): QueryFailure {
  return { code, message, retryable };
}

const kinds: Readonly<Record<QueryFailure["code"], ErrorKind>> = {
  timeout: "unavailable",
  partial: "unavailable",
  rate_limited: "rate_limited",
  overloaded: "unavailable",
  unreachable: "unavailable",
  unauthorized: "unauthorized",
  refused: "refused",
  unknown_target: "not_found",
  unknown_field: "refused",
  too_many_groups: "limit",
  internal: "internal",
};

/** A failure as an error, for samples, series, lines and check. */
export function asError(failure: QueryFailure, cause?: unknown): BackfeedError {
  return new BackfeedError(kinds[failure.code], failure.message, { retryable: failure.retryable, cause });
}
