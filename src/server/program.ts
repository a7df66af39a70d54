import type { SuspectDeploys } from "../model/deploy.ts";
import type { Document } from "../model/document.ts";
import type { Finding } from "../model/finding.ts";
import type { LocalTicket, LocalTicketEdit } from "../model/local-ticket.ts";
import type { MaintenanceTime, MaintenanceWindow } from "../model/maintenance.ts";
import type { Mode, Severity } from "../model/rule.ts";
import type {
  DeployStore,
  EvidenceStore,
  HistoryStore,
  LocalTicketStore,
  OutboxStore,
  RuleTickCounts,
  SilenceStore,
  TicketStore,
} from "../store/store.ts";

/** A fault in a rule file, as `check` prints it. Positions are 1-based. */
export interface RuleFault {
  readonly file: string;
  readonly line: number | undefined;
  readonly column: number | undefined;
  /** Undefined where the file as a whole cannot be read. */
  readonly ruleId: string | undefined;
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly fix: string | undefined;
}

/** What people see of one loaded rule. */
export interface RuleListing {
  readonly id: string;
  /** The template's text, as written. */
  readonly title: string;
  readonly why: string;
  readonly runbook: string | undefined;
  readonly severity: Severity;
  readonly owner: string;
  readonly mode: Mode;
  /** As `scheduleKey` gives it. */
  readonly schedule: string;
  readonly location: { readonly file: string; readonly line: number };
  /** Undefined before its first tick. */
  readonly watermark: number | undefined;
  /** Counts by verdict and outcome at its newest tick. */
  readonly lastTick: (RuleTickCounts & { readonly tick: number }) | undefined;
  readonly failingSince: number | undefined;
  readonly lastFailure: string | undefined;
}

/** The rules that run, and what is wrong in the files: a faulty rule's last good version is still among `rules`. */
export interface RuleCatalogue {
  readonly rules: readonly RuleListing[];
  readonly faults: readonly RuleFault[];
}

/** What people see of a maintenance window. */
export interface MaintenanceListing extends Omit<MaintenanceWindow, "schedule"> {
  /** As `scheduleKey` gives it. */
  readonly schedule: string;
  /** Undefined while it is off. */
  readonly on: MaintenanceTime | undefined;
  readonly next: MaintenanceTime;
}

/** What one run of one rule on an operator's wish did. */
export interface RuleRun {
  readonly ruleId: string;
  /** How many of its ticks were due and were judged; none where its schedule was quicker. */
  readonly ticks: number;
  /** The newest tick that is judged, now or before, with what it gave; undefined for a rule that has had none. */
  readonly tick: number | undefined;
  readonly counts: RuleTickCounts;
  /** Ids of the findings that it changed. */
  readonly findings: readonly string[];
}

/** A status a local ticket can be moved to from where it is. */
export interface TransitionTarget {
  readonly to: string;
}

/** What the server needs from the running program; `app` hands it over. All methods throw BackfeedError. */
export interface ServerProgram {
  readonly history: HistoryStore;
  readonly outbox: Pick<OutboxStore, "get" | "retry">;
  readonly evidence: Pick<EvidenceStore, "newest">;
  readonly silences: Pick<SilenceStore, "add" | "end" | "list">;
  readonly tickets: Pick<TicketStore, "ofFinding" | "ofFindings" | "byKey">;
  readonly localTickets: Pick<LocalTicketStore, "byKey" | "attachment"> & {
    /** Where the ticket can go from its status; pure. */
    transitions(ticket: LocalTicket): readonly TransitionTarget[];
    /** Throws `not_found`, or `conflict` when no transition leads from the current status to `to`. */
    transition(key: string, to: string, author: string): Promise<LocalTicket>;
    /** Throws `not_found`, or `conflict` when the ticket can take no more. */
    comment(key: string, text: string, author: string): Promise<LocalTicket>;
    /** Throws `not_found`, or `conflict` for a label that must stay and for too many. */
    edit(key: string, change: LocalTicketEdit, author: string): Promise<LocalTicket>;
    /** Throws `not_found` for either ticket, or `conflict` when `of` cannot be the original. */
    closeAsDuplicate(key: string, of: string, author: string): Promise<LocalTicket>;
  };
  readonly deploys: Pick<DeployStore, "list">;
  /** What went out before a finding began, judged and in the ticket's words; undefined where no deploy of its service is known. */
  deploysOf(finding: Finding): Promise<{ readonly deploys: SuspectDeploys; readonly text: Document } | undefined>;
  rules(): Promise<RuleCatalogue>;
  /** The configuration's windows, in its order, at most 100. */
  maintenance(now: number): readonly MaintenanceListing[];
  /** Every id by which a silence finds alerts of today's rules: built-in ones too, and the id a renamed one had at first. */
  ruleIds(): Promise<readonly string[]>;
  /** Evaluates one rule now, as its next tick would. Throws `not_found`, and `conflict` while it is being evaluated. */
  runRule(ruleId: string, signal: AbortSignal): Promise<RuleRun>;
  /**
   * Gives up a finding's ticket, so that its next tick files it anew, and writes that into its timeline. Throws
   * `not_found`, and `conflict` when it has no ticket and no parked create, or something of it is being delivered.
   */
  refile(findingId: string, wish: { readonly by: string; readonly at: number }): Promise<Finding>;
  /** Called after an operator made an outbox entry due, so that the worker need not sleep on. */
  wakeOutbox(): void;
  /** Cheap, and says nothing about sources and trackers: their failures never take the program out of rotation. */
  readiness(): Promise<{ readonly store: boolean; readonly rules: boolean }>;
}
