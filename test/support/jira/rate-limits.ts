import type { Operation } from "./operation.ts";
import type { RateLimitOptions } from "./options.ts";
import type { Site } from "./site.ts";

export interface LimitHit {
  retryAfter: number;
  reason: string;
}

/** Cloud's burst and per-issue write limits (JIRA.md 2.4) on the double's clock; off unless options set them. */
export class RateLimits {
  readonly #site: Site;
  readonly #options: RateLimitOptions;
  readonly #writes = new Map<string, number[]>();
  readonly #bursts = new Map<Operation, { start: number; count: number }>();

  constructor(site: Site, options: RateLimitOptions) {
    this.#site = site;
    this.#options = options;
  }

  /** Counts a write to an issue, or says that there were too many. */
  write(issueId: string): LimitHit | undefined {
    const limits = this.#options.perIssueWrites ?? [];
    if (limits.length === 0) return undefined;
    const now = this.#site.clock();
    const longest = Math.max(...limits.map(({ perMs }) => perMs));
    const times = (this.#writes.get(issueId) ?? []).filter((at) => at > now - longest);
    for (const { writes, perMs } of limits) {
      const recent = times.filter((at) => at > now - perMs);
      const first = recent[recent.length - writes];
      if (first !== undefined)
        return { retryAfter: Math.ceil((first + perMs - now) / 1000), reason: "jira-per-issue-on-write" };
    }
    this.#writes.set(issueId, [...times, now]);
    return undefined;
  }

  /** Counts a request of an operation; the headers go on its answer, the hit refuses it. */
  request(operation: Operation): { headers: Record<string, string>; hit?: LimitHit } {
    const { burst } = this.#options;
    if (burst === undefined) return { headers: {} };
    const now = this.#site.clock();
    const known = this.#bursts.get(operation);
    const window = known !== undefined && now < known.start + burst.perMs ? known : { start: now, count: 0 };
    window.count++;
    this.#bursts.set(operation, window);
    const remaining = Math.max(0, burst.requests - window.count);
    const end = window.start + burst.perMs;
    const headers: Record<string, string> = {
      "X-RateLimit-Limit": String(burst.requests),
      "X-RateLimit-Remaining": String(remaining),
      "X-RateLimit-Reset": new Date(end).toISOString(),
      ...(remaining < burst.requests / 5 ? { "X-RateLimit-NearLimit": "true" } : {}),
    };
    if (window.count <= burst.requests) return { headers };
    return { headers, hit: { retryAfter: Math.max(1, Math.ceil((end - now) / 1000)), reason: "jira-burst-based" } };
  }
}
