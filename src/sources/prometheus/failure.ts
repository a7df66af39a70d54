import type { QueryFailure } from "../../model/query.ts";
import { cleanText } from "../../support/clean-text.ts";
import { fail } from "../query-failure.ts";

const longestReason = 240;

/** What the API said of an error; both undefined where what answered is not the API. */
export interface Said {
  readonly errorType: string | undefined;
  readonly error: string | undefined;
}

/** Thanos says of a store that is gone what others say of an expression. */
const lostOnTheWay =
  /\brpc error\b|context (?:deadline exceeded|canceled)|connection (?:refused|reset)|no such host|\bEOF\b/;

/**
 * What an answer that is no success means (prometheus.io/docs/prometheus/latest/querying/api, "Format overview"): 400
 * bad_data and 422 execution are about the expression and fail again unchanged; the rest may be another answer tomorrow.
 */
export function classify(status: number, { errorType, error }: Said, redact: (text: string) => string): QueryFailure {
  const isApi = errorType !== undefined || error !== undefined;
  // Prometheus begins with the parameter's name, which is ours and not the author's.
  const bare = (error ?? "").replace(/^invalid parameter "?query"?:\s*/, "");
  const reason =
    bare === "" ? "no reason given" : cleanText(redact(bare), { maxLength: longestReason, singleLine: true });
  if (status === 401) return fail("unauthorized", false, `the source does not accept the credentials (401): ${reason}`);
  if (status === 403) return fail("unauthorized", false, `the source does not allow this (403): ${reason}`);
  if (status === 429) return fail("rate_limited", true, `the source asks for fewer requests (429): ${reason}`);
  if (status === 408 || status === 504 || errorType === "timeout" || errorType === "canceled") {
    return fail("timeout", true, `the source gave up on the expression (${status}): ${reason}`);
  }
  if (status >= 300 && status < 400) {
    const fix = "write its final address as the source's `url`; credentials are not sent elsewhere";
    return fail("unreachable", true, `the source answers with a redirect (${status}): ${fix}`);
  }
  // One expression may bring this on; the others are asked all the same.
  if (status === 500 && isApi) return fail("internal", true, `the source failed at the expression (500): ${reason}`);
  if (status >= 500) return fail("unreachable", true, `the source cannot answer now (${status}): ${reason}`);
  if (status === 413) return fail("refused", false, `the source refuses so long a request (413): ${reason}`);
  if (status === 404 || status === 405) {
    const fix = isApi ? reason : "the source's `url` must be the address before `/api/v1/`";
    return fail("unreachable", true, `there is no API of Prometheus (${status}): ${fix}`);
  }
  if (errorType === "execution" || status === 422) {
    if (lostOnTheWay.test(bare))
      return fail("partial", true, `the source did not reach all of its data (${status}): ${reason}`);
    return fail("refused", false, `the expression cannot be evaluated (${status}): ${reason}`);
  }
  if (isApi) return fail("refused", false, `the source refuses the expression (${status}): ${reason}`);
  return fail("unreachable", true, `the source answers ${status}, and not as the API of Prometheus does`);
}

/**
 * Warnings that are about the expression, as Prometheus marks them; any other is of an answer that lacks something: a
 * remote store that failed (Prometheus), a store that is gone (Thanos), a result that was cut.
 */
export function splitWarnings(warnings: readonly string[]): {
  readonly remarks: readonly string[];
  readonly partial: readonly string[];
} {
  const isRemark = (text: string) => /^PromQL (warning|info):/.test(text);
  return { remarks: warnings.filter(isRemark), partial: warnings.filter((text) => !isRemark(text)) };
}

export function partial(warnings: readonly string[], redact: (text: string) => string): QueryFailure {
  const [first = "a part of the data was not reached"] = warnings;
  const more = warnings.length > 1 ? ` and ${warnings.length - 1} more warnings` : "";
  const said = cleanText(redact(first), { maxLength: longestReason, singleLine: true });
  return fail("partial", true, `the source answered only in part: ${said}${more}`);
}
