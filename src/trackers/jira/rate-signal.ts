import type { Answer } from "./answer.ts";
import type { RateSignal } from "./pace.ts";

const longestWaitMs = 24 * 3_600_000;
/** Data Center tells an account that may send nothing to wait for 2^63 seconds. An administrator may have second thoughts. */
const blockedWaitMs = 3_600_000;
/** The part that is left when Jira itself speaks of a near limit (JIRA.md 2.4). */
const nearPart = 0.2;

type Headed = Pick<Answer, "status" | "headers">;

/**
 * What an answer says about limits: Cloud's `X-RateLimit-*`, `RateLimit-Reason` and near limits, its `RateLimit` (and while it is
 * announced only, `Beta-RateLimit`) of an hour's quota, Data Center's bucket, and `Retry-After` of any refusal. Pure.
 */
export function readRateSignal(answer: Headed, now: number): RateSignal {
  const { status, headers } = answer;
  const isRefused = status === 429;
  const isOfIssue = isRefused && /per-issue/i.test(headers["ratelimit-reason"] ?? "");
  const remaining = count(headers["x-ratelimit-remaining"]);
  const limit = count(headers["x-ratelimit-limit"]);
  const isLow = remaining !== undefined && limit !== undefined && remaining < limit * nearPart;
  const near = [headers["x-ratelimit-nearlimit"], headers["x-beta-ratelimit-nearlimit"]];
  // A quota that is announced and not yet kept to: a reason to slow down, none to stop.
  const announced = quotasOf(headers, "beta-ratelimit");
  const quotas = quotasOf(headers, "ratelimit");
  const isSpent = remaining === 0 || quotas.some((quota) => quota.remaining === 0);
  return {
    isRefused,
    isOfIssue,
    waitMs:
      isRefused || isSpent || status >= 500 ? waitOf(answer, { now, isLimited: isRefused || isSpent }) : undefined,
    isNear: isLow || near.some((each) => /^true$/i.test(each ?? "")) || [...quotas, ...announced].some(isNearlySpent),
    remaining,
    perMinute: fillRate(headers),
  };
}

/** How long to wait before asking again, in milliseconds; undefined when the answer does not say (JIRA.md 2.4). */
export function retryAfterOf(answer: Headed, now: number): number | undefined {
  return waitOf(answer, { now, isLimited: answer.status === 429 });
}

/**
 * Retry-After in seconds or as a date. Behind a limit also the instant of X-RateLimit-Reset, the end of a spent quota, or the
 * interval of Data Center's bucket; all of these stand on other answers as well, where they are nothing to wait for.
 */
function waitOf(answer: Headed, options: { now: number; isLimited: boolean }): number | undefined {
  const { headers } = answer;
  // A date is read against the server's own clock where it tells it.
  const serverNow = instantOf(headers["date"]) ?? options.now;
  const until = (instant: number | undefined) => (instant === undefined ? undefined : instant - serverNow);
  const after = headers["retry-after"]?.trim() ?? "";
  const said = /^\d+(\.\d+)?$/.test(after) ? Number(after) * 1000 : until(instantOf(after));
  const wait = said ?? (options.isLimited ? (until(resetOf(headers, serverNow)) ?? quotaWait(headers)) : undefined);
  if (wait === undefined) return undefined;
  return wait > longestWaitMs ? blockedWaitMs : Math.max(Math.ceil(wait), 0);
}

/** ISO 8601, or seconds since 1970 or from now. */
function resetOf(headers: Headed["headers"], serverNow: number): number | undefined {
  const value = headers["x-ratelimit-reset"]?.trim() ?? "";
  if (!/^\d{1,11}$/.test(value)) return instantOf(value);
  return value.length < 9 ? serverNow + Number(value) * 1000 : Number(value) * 1000;
}

/** Until a spent quota is filled again, else until Data Center's bucket gets its next tokens. */
function quotaWait(headers: Headed["headers"]): number | undefined {
  const spent = quotasOf(headers, "ratelimit").filter(({ remaining }) => remaining === 0);
  const waits = spent.flatMap(({ resetSeconds }) => resetSeconds ?? []);
  const seconds = waits.length > 0 ? Math.max(...waits) : count(headers["x-ratelimit-interval-seconds"]);
  return seconds === undefined ? undefined : seconds * 1000;
}

/** What `Date.parse` makes of other texts is a guess: "-5" would be a day of the year 2001. */
function instantOf(value: string | undefined): number | undefined {
  const text = value?.trim() ?? "";
  const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?$/.exec(text);
  if (iso === null && !/^[A-Z][a-z]{2,8}, .{10,25} GMT$/.test(text)) return undefined;
  // Without a zone it would be read as this machine's.
  const instant = Date.parse(iso !== null && iso[3] === undefined ? `${text}Z` : text);
  return Number.isFinite(instant) ? instant : undefined;
}

/** Tokens a minute that Data Center fills a bucket with. */
function fillRate(headers: Headed["headers"]): number | undefined {
  const tokens = count(headers["x-ratelimit-fillrate"]) ?? 0;
  const seconds = count(headers["x-ratelimit-interval-seconds"]) ?? 0;
  return tokens === 0 || seconds === 0 ? undefined : (tokens * 60) / seconds;
}

interface Quota {
  readonly remaining: number | undefined;
  readonly total: number | undefined;
  readonly resetSeconds: number | undefined;
}

/** `RateLimit: "name";r=11000;t=600` and `RateLimit-Policy: "name";q=65000;w=3600`, several with commas between (draft-ietf-httpapi-ratelimit-headers). */
function quotasOf(headers: Headed["headers"], name: string): readonly Quota[] {
  const policies = itemsOf(headers[`${name}-policy`]);
  return [...itemsOf(headers[name])].map(([quota, { r, t }]) => ({
    remaining: r,
    total: policies.get(quota)?.["q"],
    resetSeconds: t,
  }));
}

/** Where the total is not told, only nothing is little. */
function isNearlySpent({ remaining, total }: Quota): boolean {
  return remaining !== undefined && (total === undefined ? remaining === 0 : remaining < total * nearPart);
}

/** At most ten items, by name, each with its whole numbers. */
function itemsOf(header: string | undefined): ReadonlyMap<string, Record<string, number | undefined>> {
  const items = (header ?? "").slice(0, 2_000).split(",").slice(0, 10);
  return new Map(
    items.map((item) => {
      const [name = "", ...parameters] = item.split(";").map((part) => part.trim());
      const numbers = parameters
        .map((parameter) => parameter.split("="))
        .map(([key = "", value]) => [key, count(value)]);
      return [name, Object.fromEntries(numbers)];
    }),
  );
}

function count(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,12}$/.test(header.trim()) ? Number(header) : undefined;
}
