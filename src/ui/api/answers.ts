import type { Decision } from "../../model/decision.ts";
import type { Document } from "../../model/document.ts";
import type { ValueUnit } from "../../model/evidence.ts";
import type { AlertSummary, Explained, Explainer, Finding, FindingEpisode, FindingEvent } from "../../model/finding.ts";
import type { LocalTicket, LocalTicketEdit } from "../../model/local-ticket.ts";
import type { OutboxAction, OutboxState } from "../../model/outbox.ts";
import type { Band, Priority } from "../../model/priority.ts";
import type { Mode, Severity } from "../../model/rule.ts";
import type { Silence } from "../../model/silence.ts";
import type { StormMembership } from "../../model/storm.ts";
import type { StatusCategory, TicketRecord } from "../../model/ticket.ts";
import type { Window } from "../../model/time.ts";

/**
 * What the API answers, in the model's words. A unit test of the server holds its views against these types, so that
 * the two cannot drift apart.
 */
type Json<T> = T extends string | number | boolean | undefined
  ? T
  : T extends readonly (infer Item)[]
    ? readonly Json<Item>[]
    : { readonly [K in keyof T as undefined extends T[K] ? never : K]: Json<T[K]> } & {
        readonly [K in keyof T as undefined extends T[K] ? K : never]?: Json<T[K]>;
      };

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
}

export type Alert = Json<AlertSummary>;
export type Episode = Json<Omit<FindingEpisode, "endedSums">>;
export type PriorityAnswer = Json<Priority>;
export type TimelineEvent = Json<Omit<FindingEvent, "facts">>;

type Shared = Json<
  Pick<
    Finding,
    | "id"
    | "title"
    | "problem"
    | "groupLabels"
    | "generation"
    | "state"
    | "mode"
    | "owner"
    | "severity"
    | "ruleIds"
    | "openedAt"
    | "changedAt"
    | "alertCount"
    | "flapping"
    | "impact"
  >
> & {
  readonly worst: Alert;
  readonly episode: Episode;
  readonly decision: Json<Decision> & { readonly at: number };
  readonly storm?: Pick<StormMembership, "id" | "parentId" | "child"> | undefined;
};

/** Findings that are worth a ticket and have none. */
export interface WaitingAnswer {
  readonly overCap: number;
  readonly storm: number;
}

interface TicketLink {
  readonly tracker: string;
  readonly key: string;
  readonly url: string;
  readonly status?: string | undefined;
  readonly statusCategory?: StatusCategory | undefined;
}

export type FindingSummary = Shared & {
  readonly score?: number | undefined;
  readonly band?: Band | undefined;
  readonly reach?: string | undefined;
  readonly episodeCount: number;
  readonly ticket?: TicketLink | undefined;
};

export type FindingAnswer = Shared & {
  readonly others: readonly Alert[];
  readonly pastEpisodes: readonly Episode[];
  readonly episodeCount: number;
  readonly priority?: PriorityAnswer | undefined;
  readonly explains?: Json<Explained> | undefined;
  readonly explainedBy?: Json<Explainer> | undefined;
};

export interface EvidenceMeta {
  readonly collectedAt: number;
  readonly sections: readonly EvidenceSection[];
  readonly moreRules: readonly string[];
}

export interface EvidenceSection {
  readonly ruleId: string;
  readonly about: Document;
  readonly source: string;
  readonly target: string;
  readonly title: string;
  readonly episodeStartedAt?: number | undefined;
  readonly window: Window;
  readonly unit: ValueUnit;
  readonly valueUnit: ValueUnit;
  readonly threshold?: number | undefined;
  readonly sampleCount: number;
  readonly chart?: string | undefined;
  readonly infra: readonly { readonly title: string; readonly words: string; readonly chart?: string | undefined }[];
  readonly missing: readonly string[];
  readonly links: readonly { readonly text: string; readonly url: string }[];
}

export interface Evidence extends EvidenceMeta {
  readonly sections: readonly (EvidenceSection & {
    readonly samples: readonly { readonly at: number; readonly fields: readonly (readonly [string, string])[] }[];
  })[];
}

export interface OutboxEntry {
  readonly id: string;
  readonly findingId: string;
  readonly kind: OutboxAction["kind"];
  readonly state: OutboxState;
  readonly attempts: number;
  readonly createdAt: number;
  readonly nextAttemptAt: number;
  readonly note?: string | undefined;
}

export type TicketRecordAnswer = Pick<
  TicketRecord,
  "tracker" | "findingId" | "generation" | "createdAt" | "dropped"
> & {
  readonly key: string;
  readonly url: string;
  readonly written: Json<TicketRecord["written"]>;
  readonly seen?: Json<NonNullable<TicketRecord["seen"]>> | undefined;
};

export type TicketItem = TicketRecordAnswer & { readonly title?: string | undefined };

export interface FindingDetail {
  readonly finding: FindingAnswer;
  readonly events: readonly TimelineEvent[];
  readonly evidence?: EvidenceMeta | undefined;
  readonly deploys?: { readonly text: Document } | undefined;
  readonly ticket?: TicketRecordAnswer | undefined;
  readonly outbox: readonly OutboxEntry[];
  readonly rules: readonly { readonly id: string; readonly why: string; readonly runbook?: string | undefined }[];
}

export type LocalTicketAnswer = Json<
  Pick<
    LocalTicket,
    | "key"
    | "labels"
    | "summary"
    | "priority"
    | "status"
    | "statusCategory"
    | "resolution"
    | "assignee"
    | "attachments"
    | "createdAt"
    | "updatedAt"
    | "history"
  >
> & {
  readonly findingId: string;
  readonly document: Document;
  readonly comments: readonly { readonly at: number; readonly author: string; readonly document: Document }[];
  readonly links: readonly { readonly url: string; readonly title: string }[];
  readonly related: readonly { readonly type: "duplicate" | "relates"; readonly key: string }[];
};

/** What can be asked for on a local ticket: the last part of the route, and its body. */
export type TicketAct =
  | { readonly act: "transitions"; readonly body: { readonly to: string } }
  | { readonly act: "comments"; readonly body: { readonly text: string } }
  | { readonly act: "edit"; readonly body: LocalTicketEdit }
  | { readonly act: "duplicate"; readonly body: { readonly of: string } };

export interface TicketDetail {
  readonly record?: TicketRecordAnswer | undefined;
  readonly local?: LocalTicketAnswer | undefined;
  readonly transitions: readonly { readonly to: string }[];
}

export type SilenceAnswer = Json<Omit<Silence, "untilWorse">> & {
  readonly untilWorse: boolean;
  readonly active: boolean;
};

interface MaintenanceTimes {
  readonly from: number;
  readonly until: number;
}

export interface MaintenanceAnswer {
  readonly name: string;
  readonly reason: string;
  readonly schedule: string;
  readonly durationMs: number;
  readonly rules: readonly string[];
  readonly where: Readonly<Record<string, readonly string[]>>;
  readonly on?: MaintenanceTimes | undefined;
  readonly next: MaintenanceTimes;
}

/** What a new silence is asked for with. */
export interface SilenceRequest {
  readonly matchers: Readonly<Record<string, string>>;
  readonly ruleId?: string;
  readonly reason: string;
  readonly endsAt?: number;
  readonly untilWorse?: true;
}

export interface RuleFault {
  readonly file: string;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  readonly ruleId?: string | undefined;
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly fix?: string | undefined;
}

export interface RuleAnswer {
  readonly id: string;
  readonly title: string;
  readonly why: string;
  readonly runbook?: string | undefined;
  readonly severity: Severity;
  readonly owner: string;
  readonly mode: Mode;
  readonly schedule: string;
  readonly location: { readonly file: string; readonly line: number };
  readonly watermark?: number | undefined;
  readonly lastTick?: { readonly tick: number; readonly verdicts: Readonly<Record<string, number>> } | undefined;
  readonly failingSince?: number | undefined;
  readonly lastFailure?: string | undefined;
}

export interface RulePage extends Page<RuleAnswer> {
  readonly faults: readonly RuleFault[];
  readonly faultCount: number;
}

export interface RuleRun {
  readonly ruleId: string;
  readonly ticks: number;
  readonly tick?: number;
  readonly verdicts: Readonly<Record<string, number>>;
  readonly findings: readonly string[];
}
