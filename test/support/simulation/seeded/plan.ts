import type { Band } from "../../../../src/model/priority.ts";
import type { QueryFailure } from "../../../../src/model/query.ts";
import type { FaultKind } from "../../jira/faults.ts";
import type { Operation } from "../../jira/operation.ts";
import type { Deployment } from "../../jira/options.ts";
import type { RuleChange, RuleSketch } from "./rules.ts";

export const minute = 60_000;
/** The production, all schedules and all windows go by steps of five minutes. */
export const stepMs = 5 * minute;
export const startAt = Date.parse("2026-01-05T10:00:00Z");

/** All that happens in one run, as data: made from a seed, and shortened by leaving events out. */
export interface Plan {
  readonly seed: number;
  readonly deployment: Deployment;
  /** Whether Atlassian's documents judge each request. */
  readonly validates: boolean;
  readonly rules: readonly RuleSketch[];
  readonly limits: { readonly perRun: number; readonly perDay: number; readonly perDayPerProject: number };
  /** How long things happen, from the start on; then all is healed and the program has time to settle. */
  readonly activeMs: number;
  readonly events: readonly PlannedEvent[];
}

/** `at`: milliseconds from the start. */
export type PlannedEvent = { readonly at: number } & Happening;

/** What a person does to one of the issues: `issue` counts through those that exist then. */
export type PersonAction =
  | {
      readonly does: "edit";
      readonly field: "summary" | "description" | "priority" | "assignee";
      readonly value: string;
    }
  | { readonly does: "addLabel"; readonly label: string }
  | { readonly does: "removeOurLabel" }
  | { readonly does: "command"; readonly command: "snooze-2h" | "refile" }
  | { readonly does: "move"; readonly project: string }
  | { readonly does: "close"; readonly status: "Done" | "Won't Do"; readonly resolution?: string }
  | { readonly does: "start" | "reopen" | "delete" | "merge" | "comment" };

export type Happening =
  // Production.
  | {
      readonly kind: "problem";
      readonly rule: string;
      readonly series: number;
      readonly minutes: number;
      readonly level: number | "nothing";
    }
  // The source.
  | { readonly kind: "outage"; readonly minutes: number; readonly code: QueryFailure["code"] }
  | { readonly kind: "partial"; readonly minutes: number; readonly rule: string }
  | { readonly kind: "refusal"; readonly minutes: number; readonly rule: string }
  | { readonly kind: "stall"; readonly minutes: number }
  | { readonly kind: "slowSource"; readonly minutes: number; readonly seconds: number }
  | { readonly kind: "sourceThrows"; readonly times: number }
  // The tracker.
  | {
      readonly kind: "trackerFault";
      readonly fault: FaultKind;
      readonly operation?: Operation;
      readonly times: number;
      readonly skip: number;
    }
  | { readonly kind: "refusedCreate"; readonly times: number }
  | {
      readonly kind: "slowAnswer";
      readonly operation: Operation;
      readonly stage: "before" | "after";
      readonly seconds: number;
    }
  | { readonly kind: "jiraDown"; readonly minutes: number }
  | { readonly kind: "storm429"; readonly minutes: number; readonly retryAfter: number | null }
  | { readonly kind: "tokenExpired"; readonly minutes: number }
  | { readonly kind: "indexLag"; readonly minutes: number; readonly lagSeconds: number }
  | { readonly kind: "hiddenFromSearch"; readonly searches: number }
  // The program.
  | { readonly kind: "kill"; readonly afterPoints: number; readonly downMinutes: number }
  | { readonly kind: "restart"; readonly downMinutes: number }
  | { readonly kind: "secondInstance" }
  | { readonly kind: "twinWorker"; readonly minutes: number }
  | { readonly kind: "clockJump"; readonly offsetMinutes: number; readonly minutes: number }
  // Our users.
  | { readonly kind: "ruleChange"; readonly rule: string; readonly change: RuleChange }
  | { readonly kind: "silence"; readonly rule: string; readonly minutes: number; readonly untilBand?: Band }
  | { readonly kind: "refile"; readonly finding: number }
  | { readonly kind: "retryParked" }
  | { readonly kind: "person"; readonly issue: number; readonly name: "alice" | "bob"; readonly action: PersonAction };
