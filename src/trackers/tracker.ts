import type { Document } from "../model/document.ts";
import type { Band } from "../model/priority.ts";
import type {
  CreatedTicket,
  StatusCategory,
  TicketDraft,
  TicketIdentity,
  TicketRef,
  TicketRoute,
  TicketSnapshot,
} from "../model/ticket.ts";
import type { SharedField } from "../model/ticket-life.ts";

export interface TrackerFault {
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly fix?: string;
  /** The first of the routes that it is about; none where it is about the tracker itself. */
  readonly route?: TicketRoute;
}

export interface Attachment {
  /** Carries a hash of the content, so that the same content is attached once. `[A-Za-z0-9._-]` only. */
  readonly name: string;
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

/** The fields of a ticket that people and we may both want to write; priority has its own verb. */
export type OwnedField = "summary" | "description" | "assignee";

/**
 * What a ticket's later life asks of a tracker, with the promises of `Tracker`.
 */
export interface TicketLife {
  /** In as few requests as the tracker allows. An issue that is not in the answer is deleted or out of our reach. By id. */
  readMany(refs: readonly TicketRef[], signal: AbortSignal): Promise<ReadonlyMap<string, TicketSnapshot>>;
  /** Of these fields those that somebody else than our account has changed since the issue was made, as far as its history tells. */
  editedByOthers(ref: TicketRef, signal: AbortSignal): Promise<readonly SharedField[]>;
  /**
   * Issues that our account made and that changed at or after an instant, the oldest change first, at most `limit`. As
   * far as the tracker's index knows: `readMany` is the floor under it.
   */
  changedSince(since: number, limit: number, signal: AbortSignal): Promise<readonly TicketSnapshot[]>;
  /**
   * Ids of issues that carry one of these labels (at most 100 of them), whoever made them, as far as the tracker's index
   * knows; at most `limit`.
   */
  labelled(labels: readonly string[], limit: number, signal: AbortSignal): Promise<readonly string[]>;
  /** Every issue that carries our label and property, read in pages, for `recover` and the sweep. Lowest id first. */
  ours(signal: AbortSignal): AsyncIterable<TicketSnapshot & { readonly identity: TicketIdentity }>;
  /** Adds and removes single labels; what else stands there stays. */
  changeLabels(
    ref: TicketRef,
    change: { readonly add: readonly string[]; readonly remove: readonly string[] },
    signal: AbortSignal,
  ): Promise<"written" | "unchanged">;
  /**
   * Writes one field unless it no longer says what it said when we last looked (`lastSeen`, as the snapshot gave it:
   * `summary`, `assignee` or `description`), or the ticket's history says that somebody else changed it since we wrote it: then a
   * person's stays, but for `always`. A description is a Document, the others are text.
   */
  writeField(
    ref: TicketRef,
    change: {
      readonly field: OwnedField;
      readonly value: string | Document;
      readonly lastSeen: string | undefined;
      readonly always?: true;
    },
    signal: AbortSignal,
  ): Promise<"written" | "unchanged" | "kept" | "unsupported">;
  /** `duplicate`: this issue duplicates the other. Once, however often asked. */
  link(
    ref: TicketRef,
    link: { readonly other: TicketRef; readonly type: "duplicate" | "relates" },
    signal: AbortSignal,
  ): Promise<"created" | "unchanged" | "unsupported">;
  /** Makes an issue that a person filed ours: label and property. */
  adopt(ref: TicketRef, identity: TicketIdentity, signal: AbortSignal): Promise<void>;
  /** Moves a done issue to a status that is not, when a transition leads there: `indeterminate` before `new`. */
  reopen(ref: TicketRef, signal: AbortSignal): Promise<"moved" | "unchanged" | "unavailable">;
}

/**
 * Where tickets live. Every operation but `create` is safe to repeat: it looks before it writes, or the tracker itself
 * makes the repetition harmless. All throw BackfeedError; `create` throws `unknown_outcome` when the issue may exist.
 * One suite in test/contract holds for every adapter.
 */
export interface Tracker extends TicketLife {
  /** Its name in the service configuration. */
  readonly name: string;
  /**
   * Our tickets of this group key and generation, lowest id first. Throws `unauthorized` rather than give an empty
   * list that an anonymous caller might have got.
   */
  find(identity: TicketIdentity, route: TicketRoute, signal: AbortSignal): Promise<readonly TicketRef[]>;
  /** Files a new issue: with label and property in the one request. Never repeats itself. */
  create(draft: TicketDraft, signal: AbortSignal): Promise<CreatedTicket>;
  /** Undefined when the issue is deleted or out of our reach. */
  read(ref: TicketRef, signal: AbortSignal): Promise<TicketSnapshot | undefined>;
  /** Adds a comment once per marker; `marker` is `[a-z0-9:-]`, unique per issue and event. */
  comment(
    ref: TicketRef,
    comment: { marker: string; document: Document },
    signal: AbortSignal,
  ): Promise<"created" | "unchanged">;
  /** Keeps one comment of ours current under its marker. When a person edited or deleted it, a new one is made. */
  keepComment(
    ref: TicketRef,
    comment: { marker: string; document: Document },
    signal: AbortSignal,
  ): Promise<"created" | "updated" | "unchanged">;
  /**
   * Writes the priority of a band, unless it is no longer what we wrote last (`lastWritten`), or the ticket's history says that
   * somebody else changed it since: then it stays (`kept`), but for `always`. Gives the priority's name that stands on the ticket now.
   */
  setPriority(
    ref: TicketRef,
    change: { band: Exclude<Band, "None">; lastWritten: string | undefined; always?: true },
    signal: AbortSignal,
  ): Promise<{ outcome: "written" | "unchanged" | "kept" | "unsupported"; priority: string | undefined }>;
  /** Moves to a status of the category when a transition leads there from the current status. */
  transition(
    ref: TicketRef,
    category: StatusCategory,
    signal: AbortSignal,
  ): Promise<"moved" | "unchanged" | "unavailable">;
  attach(ref: TicketRef, attachment: Attachment, signal: AbortSignal): Promise<"created" | "unchanged">;
  /** A link back to us; the same `globalId` on the same issue is one link. */
  linkBack(ref: TicketRef, link: { globalId: string; url: string; title: string }, signal: AbortSignal): Promise<void>;
  /** What `check --online` asks for each route: project, issue type, fields on the screen, priorities, permissions. Throws `unavailable` when it cannot be reached. */
  check(routes: readonly TicketRoute[], signal: AbortSignal): Promise<readonly TrackerFault[]>;
  /** How long a create whose answer was lost is looked for, as waits between looks in milliseconds; empty when a look is certain. */
  readonly settleWaitsMs: readonly number[];
  close(): Promise<void>;
}
