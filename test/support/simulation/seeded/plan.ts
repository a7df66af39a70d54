import type { QueryFailure } from "../../../../src/model/query.ts";
import type { FaultKind } from "../../jira/faults.ts";
import type { Operation } from "../../jira/operation.ts";
import type { Deployment } from "../../jira/options.ts";
import type { RuleChange, RuleSketch } from "./rules.ts";

export const minute = 60_000;
/** The production, all schedules and all windows go by steps of five minutes. */
export const stepMs = 5 * minute;
/** Issues that are moved there are out of our account's reach. */
export const hiddenProject = "SEC";
export const startAt = Date.parse("2026-01-05T10:00:00Z");

/** All that happens in one run, as data: made from a seed, and shortened by leaving events out. */
export interface Plan {
  readonly seed: number;
  readonly deployment: Deployment;
  /** Whether Atlassian's documents judge each request. */
  readonly validates: boolean;
  readonly rules: readonly RuleSketch[];
  readonly limits: {
    readonly perRun: number;
    readonly perDay: number;
    readonly perDayPerProject: number;
    readonly storm: number;
  };
  /** Deliveries of Jira's webhook: none, each at once, or lost, late, repeated and in any order. */
  readonly webhooks: "none" | "prompt" | "troubled";
  /** How often tickets are read whatever webhooks say. */
  readonly learnEveryMinutes: number;
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
  | { readonly does: "command"; readonly command: "snooze-1h" | "refile" | "snooze-for-ever" }
  | { readonly does: "move"; readonly project: "OPS" | "APP" }
  /** `finding`: counts through those that there are then. */
  | { readonly does: "adopt"; readonly finding: number }
  | { readonly does: "close"; readonly status: "Done" | "Won't Do"; readonly resolution?: string }
  | { readonly does: "start" | "reopen" | "delete" | "merge" | "hide" | "comment" };

export type Happening =
  // Production.
  | {
      readonly kind: "problem";
      readonly rule: string;
      readonly series: number;
      readonly minutes: number;
      readonly level: number | "nothing";
      /** Good and bad take turns, one evaluation each. */
      readonly flaps: boolean;
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
  | { readonly kind: "silence"; readonly rule: string; readonly minutes: number; readonly untilWorse: boolean }
  | { readonly kind: "refile"; readonly finding: number }
  | { readonly kind: "retryParked" }
  | { readonly kind: "person"; readonly issue: number; readonly name: "alice" | "bob"; readonly action: PersonAction };

/** Every kind of what may happen, so that a run of many seeds can tell which did not. */
export const happeningKinds = {
  problem: true,
  outage: true,
  partial: true,
  refusal: true,
  stall: true,
  slowSource: true,
  sourceThrows: true,
  trackerFault: true,
  refusedCreate: true,
  slowAnswer: true,
  jiraDown: true,
  storm429: true,
  tokenExpired: true,
  indexLag: true,
  hiddenFromSearch: true,
  kill: true,
  restart: true,
  secondInstance: true,
  twinWorker: true,
  clockJump: true,
  ruleChange: true,
  silence: true,
  refile: true,
  retryParked: true,
  person: true,
} as const satisfies Record<Happening["kind"], true>;

/** Everything that people do. */
export const deeds = {
  edit: true,
  addLabel: true,
  removeOurLabel: true,
  command: true,
  move: true,
  adopt: true,
  close: true,
  start: true,
  reopen: true,
  delete: true,
  merge: true,
  hide: true,
  comment: true,
} as const satisfies Record<PersonAction["does"], true>;
