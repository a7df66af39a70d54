import type { Operation } from "./operation.ts";

/** An issue as the double keeps it. Field values are stored by id, so a renamed thing shows everywhere. */
export interface IssueRecord {
  id: string;
  key: string;
  projectKey: string;
  issueType: string;
  status: string;
  resolution: string | null;
  /** Milliseconds since 1970. */
  created: number;
  updated: number;
  resolved: number | null;
  creator: string;
  /** By field id; absent or null is empty. Text as sent (ADF or markup), names of priority, components, users and options. */
  fields: Record<string, unknown>;
  properties: Record<string, unknown>;
  comments: CommentRecord[];
  remoteLinks: RemoteLinkRecord[];
  attachments: AttachmentRecord[];
  links: LinkRecord[];
  changelog: ChangeRecord[];
}

export interface CommentRecord {
  id: string;
  author: string;
  updateAuthor: string;
  body: unknown;
  properties: Record<string, unknown>;
  visibility: unknown;
  created: number;
  updated: number;
}

export interface RemoteLinkRecord {
  id: number;
  globalId: string | undefined;
  relationship: string | undefined;
  application: unknown;
  object: Record<string, unknown>;
}

export interface AttachmentRecord {
  id: string;
  author: string;
  filename: string;
  contentType: string;
  size: number;
  created: number;
}

interface LinkRecord {
  id: string;
  type: string;
  /** The other issue's id, and the side it stands on. */
  other: string;
  side: "inward" | "outward";
}

export interface ChangeItem {
  field: string;
  fieldtype: "jira" | "custom";
  fieldId: string;
  from: string | null;
  fromString: string | null;
  to: string | null;
  toString: string | null;
}

interface ChangeRecord {
  id: string;
  author: string;
  created: number;
  items: ChangeItem[];
}

/** One write that took effect, by the API or by a person. */
export interface HistoryEntry {
  at: number;
  operation: Operation | "moveIssue";
  /** User name; people and the API user alike. */
  actor: string;
  issueId: string;
  issueKey: string;
  /** What was written, in the words of the request. */
  change: unknown;
}
