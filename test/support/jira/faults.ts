import type { Operation } from "./operation.ts";

/** What goes wrong with a request. "Processed" faults happen after the write took effect. */
export type FaultKind =
  /** 429 without processing. `retryAfter` in seconds, default 5; null sends no such header. `headers`: X-RateLimit-Reset and the like. */
  | { kind: "rateLimited"; retryAfter?: number | null; reason?: string; headers?: Record<string, string> }
  /** An HTML error page, default 503. `processed`: the write took effect all the same. */
  | { kind: "htmlError"; status?: number; processed?: boolean; retryAfter?: number }
  /** A JSON 500, as search gives at times. */
  | { kind: "serverError"; status?: number; processed?: boolean }
  /** The connection is reset before anything is processed. */
  | { kind: "resetBefore" }
  /** Processed, then the connection is reset: the client cannot know. */
  | { kind: "lostAnswer" }
  /** Processed; half of the announced bytes arrive, then the connection ends. */
  | { kind: "truncatedBody" }
  /** Processed; a complete 2xx answer whose JSON is cut in half. */
  | { kind: "invalidJson" }
  /** Waits for the promise, before processing or before answering. */
  | { kind: "hold"; until: Promise<void>; stage?: "before" | "after" }
  /** 302 to /login.jsp, which answers 200 with HTML. */
  | { kind: "redirectToLogin" }
  /** 200 with the HTML login page (Data Center). */
  | { kind: "htmlLoginPage" }
  /** Cloud: treated as anonymous, with `x-seraph-loginreason: AUTHENTICATED_FAILED`. Data Center: 401. */
  | { kind: "expiredToken" }
  | { kind: "unauthorized" }
  /** 403; `captcha` adds Data Center's X-Authentication-Denied-Reason. */
  | { kind: "forbidden"; captcha?: boolean }
  /** Adds headers to an answer that is otherwise right. */
  | { kind: "headers"; headers: Record<string, string> };

export type Fault = FaultKind & {
  /** Default: any operation. */
  operation?: Operation | readonly Operation[];
  /** A further condition. */
  when?: (request: FaultTarget) => boolean;
  /** How many requests it hits. Default 1; Infinity until cleared. */
  times?: number;
  /** How many matching requests pass first. Default 0. */
  skip?: number;
};

export interface FaultTarget {
  n: number;
  operation: Operation;
  method: string;
  path: string;
  body: string;
}

/** The queue of faults: the first that matches a request hits it. Deterministic; randomness, if any, is the caller's in `decide`. */
export class Faults {
  /** Asked before the queue for every request; for simulations that draw faults from a seed. */
  decide: ((request: FaultTarget) => FaultKind | undefined) | undefined;
  /** Every fault that hit, in order. */
  readonly fired: { n: number; operation: Operation; kind: FaultKind["kind"] }[] = [];

  #queue: { fault: Fault; skip: number; left: number }[] = [];

  push(...faults: readonly Fault[]): void {
    for (const fault of faults) this.#queue.push({ fault, skip: fault.skip ?? 0, left: fault.times ?? 1 });
  }

  /** Drops what has not hit yet. */
  clear(): void {
    this.#queue = [];
  }

  /** Hits still to come; Infinity when one is endless. */
  get pending(): number {
    return this.#queue.reduce((sum, { left }) => sum + left, 0);
  }

  take(request: FaultTarget): FaultKind | undefined {
    const fault = this.decide?.(request) ?? this.#next(request);
    if (fault !== undefined) this.fired.push({ n: request.n, operation: request.operation, kind: fault.kind });
    return fault;
  }

  #next(request: FaultTarget): FaultKind | undefined {
    for (const entry of this.#queue) {
      const { operation, when } = entry.fault;
      const operations = operation === undefined || typeof operation === "string" ? operation : [...operation];
      const hits =
        operations === undefined || (Array.isArray(operations) ? operations : [operations]).includes(request.operation);
      if (!hits || when?.(request) === false) continue;
      if (entry.skip > 0) {
        entry.skip--;
        continue;
      }
      entry.left--;
      if (entry.left <= 0) this.#queue = this.#queue.filter((one) => one !== entry);
      return entry.fault;
    }
    return undefined;
  }
}
