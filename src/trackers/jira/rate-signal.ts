import type { Answer } from "./answer.ts";
import type { RateSignal } from "./pace.ts";

const longestWaitMs = 24 * 3_600_000;
/** The part that is left when Jira itself speaks of a near limit (JIRA.md 2.4). */
const nearPart = 0.2;

type Headed = Pick<Answer, "status" | "headers">;

/**
 * What an answer says about limits: Cloud's `X-RateLimit-*`, `RateLimit-Reason` and `X-RateLimit-NearLimit`, Data Center's
 * remaining tokens, and `Retry-After` of any refusal. Pure.
 */
export function readRateSignal(answer: Headed, now: number): RateSignal {
  const { status, headers } = answer;
  const isRefused = status === 429;
  const isOfIssue = isRefused && /per-issue/i.test(headers["ratelimit-reason"] ?? "");
  const remaining = count(headers["x-ratelimit-remaining"]);
  const limit = count(headers["x-ratelimit-limit"]);
  const isSpent = remaining !== undefined && remaining <= 0;
  const isLow = remaining !== undefined && limit !== undefined && remaining < limit * nearPart;
  const mayWait = isRefused || status >= 500 || isSpent;
  return {
    isRefused,
    isOfIssue,
    waitMs: mayWait ? retryAfterOf(answer, now) : undefined,
    isNear: headers["x-ratelimit-nearlimit"]?.toLowerCase() === "true" || isLow,
  };
}

/** How long to wait, in milliseconds: Retry-After in seconds or as a date, else the instant of X-RateLimit-Reset (JIRA.md 2.4). */
export function retryAfterOf({ headers }: Headed, now: number): number | undefined {
  const after = headers["retry-after"]?.trim();
  // A date is read against the server's own clock where it tells it.
  const serverNow = Date.parse(headers["date"] ?? "") || now;
  const wait =
    after !== undefined && /^\d+(\.\d+)?$/.test(after)
      ? Number(after) * 1000
      : firstNumber(Date.parse(after ?? "") - serverNow, resetInstant(headers["x-ratelimit-reset"]) - serverNow);
  return wait === undefined ? undefined : Math.min(Math.max(Math.ceil(wait), 0), longestWaitMs);
}

function resetInstant(value: string | undefined): number {
  if (value === undefined) return Number.NaN;
  return /^\d{9,11}$/.test(value) ? Number(value) * 1000 : Date.parse(value);
}

function firstNumber(...values: readonly number[]): number | undefined {
  return values.find((value) => Number.isFinite(value));
}

function count(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,12}$/.test(header.trim()) ? Number(header) : undefined;
}
