import type { Document } from "./document.ts";
import type { EvidenceRequest } from "./evidence.ts";
import type { Band } from "./priority.ts";
import type { TicketIdentity, TicketRef, TicketRoute } from "./ticket.ts";

/** A durable intent towards a tracker. Plain JSON: it is stored as it stands. */
export type OutboxAction =
  | {
      readonly kind: "create";
      readonly identity: TicketIdentity;
      readonly route: TicketRoute;
      readonly summary: string;
      readonly band: Exclude<Band, "None">;
      /** The ticket's text up to the evidence, which is appended when it has been collected. */
      readonly document: Document;
      readonly evidence: EvidenceRequest;
      /** The finding's page, when `public_url` is configured. */
      readonly page: { readonly globalId: string; readonly url: string; readonly title: string } | undefined;
    }
  | {
      readonly kind: "comment";
      readonly marker: string;
      readonly document: Document;
      /** Said on a closed ticket, too: it is about the closing. */
      readonly onClosed?: true;
      /** Collected, and appended with its charts. */
      readonly evidence?: EvidenceRequest;
    }
  /** The summary block: one comment of ours, kept current. */
  | { readonly kind: "summary"; readonly marker: string; readonly document: Document }
  | {
      readonly kind: "priority";
      readonly band: Exclude<Band, "None">;
      readonly marker: string;
      /** Said instead when a person's priority stands. */
      readonly document: Document;
      /** The rule says so: written over what a person set. */
      readonly always?: true;
    }
  | { readonly kind: "transition"; readonly category: "done"; readonly marker: string; readonly document: Document }
  | {
      readonly kind: "reopen";
      readonly marker: string;
      readonly document: Document;
      /** Said instead where the workflow has no way back. */
      readonly closedDocument: Document;
      /** Collected, and appended with its charts, whichever of the two is said. */
      readonly evidence?: EvidenceRequest;
    }
  /** To the ticket before it, where a second one was meant. */
  | { readonly kind: "link"; readonly marker: string; readonly other: TicketRef }
  | {
      readonly kind: "labels";
      readonly marker: string;
      readonly add: readonly string[];
      readonly remove: readonly string[];
    }
  | {
      readonly kind: "field";
      readonly marker: string;
      readonly field: "summary" | "assignee";
      readonly value: string;
      readonly always?: true;
    }
  | {
      readonly kind: "description";
      readonly marker: string;
      /** Up to the evidence: what was collected last is appended. */
      readonly document: Document;
      readonly always?: true;
    };

export const outboxKinds = [
  "create",
  "comment",
  "summary",
  "priority",
  "transition",
  "reopen",
  "link",
  "labels",
  "field",
  "description",
] as const satisfies readonly OutboxAction["kind"][];

export const outboxStates = ["pending", "sending", "unknown", "done", "parked", "dropped"] as const;
/**
 * `sending` is written before a create leaves; found again after a crash it means `unknown`: the issue may exist, look
 * before repeating. `parked` waits for an operator. `dropped` was overtaken and is kept for the record.
 */
export type OutboxState = (typeof outboxStates)[number];

export interface OutboxDraft {
  /** Unique for ever: the same intent decided twice is stored once. */
  readonly idempotencyKey: string;
  readonly findingId: string;
  readonly groupKey: string;
  readonly generation: number;
  readonly action: OutboxAction;
  readonly createdAt: number;
  /** Higher goes first among equals: the score. */
  readonly rank: number;
}

export interface OutboxEntry extends OutboxDraft {
  readonly id: string;
  readonly state: OutboxState;
  /** Sends and looks so far. */
  readonly attempts: number;
  /** Looks for a lost create so far, and how many of the last in a row found nothing. */
  readonly looks: number;
  /** Creates sent so far whose answer was lost. */
  readonly lostCreates: number;
  readonly nextAttemptAt: number;
  readonly lease: { readonly owner: string; readonly until: number } | undefined;
  /** Why it is where it is: the last error, redacted; or the outcome. */
  readonly note: string | undefined;
  readonly finishedAt: number | undefined;
}
