import type { Document } from "./document.ts";
import type { Band } from "./priority.ts";
import type { StatusCategory, TicketIdentity } from "./ticket.ts";

export interface LocalComment {
  readonly marker: string;
  readonly at: number;
  readonly author: string;
  readonly document: Document;
}

/** One line of a ticket's history. */
export interface LocalChange {
  readonly at: number;
  readonly author: string;
  readonly text: string;
  /** The field that a person changed; undefined for all else, and in what versions before this one wrote. */
  readonly field?: "summary" | "priority" | "assignee" | undefined;
}

/** One ticket of the embedded backlog, with its whole life. */
export interface LocalTicket {
  readonly id: string;
  readonly number: number;
  /** `LOCAL-<number>`, or `<project>-<number>` where the route names a project. */
  readonly key: string;
  readonly identity: TicketIdentity;
  readonly labels: readonly string[];
  readonly summary: string;
  readonly document: Document;
  readonly priority: Exclude<Band, "None">;
  readonly status: string;
  readonly statusCategory: StatusCategory;
  readonly resolution: string | undefined;
  readonly assignee: string | undefined;
  readonly comments: readonly LocalComment[];
  readonly attachments: readonly { readonly name: string; readonly contentType: string; readonly bytes: number }[];
  readonly links: readonly { readonly globalId: string; readonly url: string; readonly title: string }[];
  /** Other tickets here that this one duplicates or has to do with. */
  readonly related?: readonly { readonly type: "duplicate" | "relates"; readonly id: string; readonly key: string }[];
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly history: readonly LocalChange[];
}

/** What a person changes on a local ticket: what is not named stays as it is. */
export interface LocalTicketEdit {
  readonly summary?: string | undefined;
  readonly priority?: LocalTicket["priority"] | undefined;
  /** Null: nobody. */
  readonly assignee?: string | null | undefined;
  readonly addLabels?: readonly string[] | undefined;
  readonly removeLabels?: readonly string[] | undefined;
}
