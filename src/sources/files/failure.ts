import type { QueryFailure } from "../../model/query.ts";
import { cleanText } from "../../support/clean-text.ts";
import { BackfeedError, type ErrorKind } from "../../support/errors.ts";

const maxMessage = 300;

type Code = QueryFailure["code"];

/** DuckDB's classes of errors, as the start of their messages; first match wins. */
const classes: readonly (readonly [pattern: RegExp, code: Code, retryable: boolean])[] = [
  [/^INTERRUPT/i, "timeout", true],
  [/^Out of Memory|max_temp_directory_size|failed to (?:offload|allocate)/i, "overloaded", true],
  [/^IO Error.*(?:No files found|No such file|Cannot open file|could not find)/is, "unknown_target", true],
  [/^(?:IO|Permission|HTTP|Serialization) Error/i, "partial", true],
  [
    /^(?:Conversion|Binder|Parser|Syntax|Catalog|Invalid Input|Out of Range|Mismatch Type|Not implemented) Error/i,
    "refused",
    false,
  ],
  [/^Invalid type|^Invalid unicode/i, "refused", false],
];

const kinds: Partial<Record<ErrorKind, Code>> = {
  refused: "refused",
  not_found: "unknown_target",
  limit: "overloaded",
  configuration: "refused",
};

/** What a thrown thing means for the question it was thrown for. */
export function failureOf(error: unknown, redact: (text: string) => string): QueryFailure {
  const text = error instanceof Error ? error.message : String(error);
  const message = shortMessage(redact(text));
  if (error instanceof BackfeedError) {
    if (error.kind === "unavailable")
      return { code: error.facts["timeout"] === true ? "timeout" : "partial", message, retryable: true };
    return { code: kinds[error.kind] ?? "internal", message, retryable: error.retryable };
  }
  const known = classes.find(([pattern]) => pattern.test(text));
  return known === undefined
    ? { code: "internal", message, retryable: true }
    : { code: known[1], message, retryable: known[2] };
}

export function timeoutError(timeoutMs: number): BackfeedError {
  const message = `no answer within ${timeoutMs} ms: raise the timeout, or ask about less`;
  return new BackfeedError("unavailable", message, { facts: { timeout: true } });
}

/** The failure as the error that samples, series and check throw. */
export function errorOf(failure: QueryFailure, cause: unknown): BackfeedError {
  const kind = { refused: "refused", unknown_target: "not_found", overloaded: "limit" }[failure.code as string];
  return new BackfeedError((kind as ErrorKind | undefined) ?? "unavailable", failure.message, {
    retryable: failure.retryable,
    cause,
  });
}

/** DuckDB's first lines without its picture of the statement, which shows our SQL and not what the user wrote. */
function shortMessage(text: string): string {
  const withoutPicture = text.split(/\n\s*(?:LINE \d+:|Candidate|Possible solutions)/)[0] ?? text;
  const message = cleanText(withoutPicture, { maxLength: maxMessage, singleLine: true });
  return message.length < 10 ? `DuckDB: ${message}` : message;
}
