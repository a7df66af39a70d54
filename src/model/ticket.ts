import type { Document } from "./document.ts";
import type { Band } from "./priority.ts";
import type { TicketClosed, WatchedField } from "./ticket-life.ts";

/** What makes a ticket ours: written into its label and its entity property when it is created. */
export interface TicketIdentity {
  readonly instance: string;
  readonly groupKey: string;
  readonly generation: number;
  readonly rules: readonly string[];
}

/** Where a ticket goes and what the team wants on it: rule, then owner, then tracker have decided. */
export interface TicketRoute {
  /** Name of a tracker in the service configuration. */
  readonly tracker: string;
  readonly project?: string;
  readonly issueType?: string;
  readonly component?: string;
  readonly assignee?: string;
  readonly labels: readonly string[];
  /** Raw values of custom fields; texts in them are rendered already. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface TicketDraft {
  readonly identity: TicketIdentity;
  readonly route: TicketRoute;
  /** One line of any length and content; the adapter makes it fit. */
  readonly summary: string;
  readonly document: Document;
  readonly band: Exclude<Band, "None">;
}

/** How a tracker names an issue. The id stays when the issue moves; the key may change. */
export interface TicketRef {
  readonly id: string;
  readonly key: string;
  /** For people: opens the ticket. */
  readonly url: string;
}

export interface CreatedTicket {
  readonly ref: TicketRef;
  /** The priority's name as written, undefined where the project has no priority field. */
  readonly priority: string | undefined;
  /** Wishes the tracker would not take, one sentence each: `assignee 5b10… is unknown`. */
  readonly dropped: readonly string[];
}

export type StatusCategory = "new" | "indeterminate" | "done";

/** What a ticket says now. */
export interface TicketSnapshot {
  readonly ref: TicketRef;
  readonly summary: string;
  readonly status: string;
  readonly statusCategory: StatusCategory;
  readonly resolution: string | undefined;
  readonly priority: string | undefined;
  readonly labels: readonly string[];
  readonly assignee: string | undefined;
  /** The key of its project; it changes when the issue moves. */
  readonly project?: string | undefined;
  /** The tracker's own instant of the last change. */
  readonly updatedAt?: number | undefined;
  /** The issue that people say this one duplicates. */
  readonly duplicateOf?: TicketRef | undefined;
  /** What our property on the issue says; undefined, too, where the tracker does not show properties of many issues at once. */
  readonly identity?: TicketIdentity | undefined;
  /** Stands for the words of the description, 32 hexadecimal digits: another value, and somebody has changed them. */
  readonly description?: string | undefined;
}

/** Our memory of one tracker issue. */
export interface TicketRecord {
  readonly tracker: string;
  readonly ref: TicketRef;
  readonly findingId: string;
  readonly groupKey: string;
  readonly generation: number;
  readonly createdAt: number;
  /** What we last wrote, per field that we may write again. */
  readonly written: { readonly priority: string | undefined; readonly band: Band };
  readonly dropped: readonly string[];
  /** What it said when reconcile last looked; delivery adds only what it wrote itself. */
  readonly seen:
    | {
        readonly at: number;
        readonly status: string;
        readonly statusCategory: StatusCategory;
        readonly resolution: string | undefined;
        readonly priority: string | undefined;
        readonly summary?: string | undefined;
        readonly description?: string | undefined;
        readonly labels?: readonly string[] | undefined;
        readonly assignee?: string | undefined;
        readonly project?: string | undefined;
        /** The tracker's own instant of the change that was seen last: what is older comes late and says nothing. */
        readonly updatedAt?: number | undefined;
      }
    | undefined;
  /** Undefined while it is open. */
  readonly closed?: TicketClosed | undefined;
  /** When it was first not found by its id, and when, after another miss, it was taken for deleted or out of reach. */
  readonly missed?: { readonly since: number } | undefined;
  readonly gone?: { readonly at: number } | undefined;
  /** Fields that a person changed, for good: only `ownership: always` writes them again. */
  readonly peoples?: readonly WatchedField[] | undefined;
  /** Labels that a person took off; they are not added again. */
  readonly labelsRemoved?: readonly string[] | undefined;
  /** A person set a snooze label: nothing is told before this instant. */
  readonly snoozedUntil?: number | undefined;
  /** Command labels that were carried out and may still stand on the issue. */
  readonly commandsDone?: readonly string[] | undefined;
  /** Second issues for the same generation that were folded into this one. */
  readonly folded?: readonly TicketRef[] | undefined;
  /** The issues that were the ticket before: closed as duplicates of another, or replaced by an adopted one. */
  readonly formerRefs?: readonly TicketRef[] | undefined;
  /** When the finding is to be decided again although no alert moves; undefined when nothing is waited for. */
  readonly attendAt?: number | undefined;
  /** When it was last looked for duplicates of it. */
  readonly sweptAt?: number | undefined;
}
