import type { FaultKind } from "./faults.ts";
import type { Operation } from "./operation.ts";
import type { RefusalId } from "./refusals.ts";

/** One request as it arrived, and how it ended. */
export interface RequestEntry {
  /** From 1. */
  n: number;
  at: number;
  operation: Operation;
  method: string;
  /** With the query. */
  path: string;
  /** Credentials are reduced to their scheme. */
  headers: Record<string, string>;
  /** All that was received, as text. */
  body: string;
  /** Of the request's body. */
  bytes: number;
  /** null: no answer was given. */
  status: number | null;
  outcome: "open" | "answered" | "refused" | "fault" | "violation";
  fault: FaultKind["kind"] | undefined;
  /** What Atlassian's document said about the request; "skipped" when it ended before. */
  openapi: "skipped" | "passed" | "refused";
  /** The double's own refusals, see refusals.ts. */
  refusals: readonly RefusalId[];
  user: string | undefined;
}

/** An answer of the double itself that Atlassian's document does not allow, or a path it does not serve: a fault of the test set-up. */
export interface Violation {
  n: number;
  operation: Operation;
  path: string;
  message: string;
}
