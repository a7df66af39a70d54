/** The names by which requests are logged and faults are aimed; the same for both flavours. */
export type Operation =
  | "createIssue"
  | "getIssue"
  | "editIssue"
  | "deleteIssue"
  | "bulkFetchIssues"
  | "getEditMeta"
  | "getChangelog"
  | "getTransitions"
  | "transitionIssue"
  | "getComments"
  | "getComment"
  | "addComment"
  | "updateComment"
  | "deleteComment"
  | "getRemoteLinks"
  | "getRemoteLink"
  | "putRemoteLink"
  | "deleteRemoteLinks"
  | "deleteRemoteLink"
  | "getPropertyKeys"
  | "getProperty"
  | "setProperty"
  | "deleteProperty"
  | "addAttachment"
  | "getAttachment"
  | "getAttachmentContent"
  | "deleteAttachment"
  | "getAttachmentMeta"
  | "linkIssues"
  | "getIssueLinkTypes"
  | "getCreateMetaIssueTypes"
  | "getCreateMetaFields"
  | "getPriorities"
  | "searchPriorities"
  | "getStatuses"
  | "getResolutions"
  | "getFields"
  | "getProject"
  | "findAssignableUsers"
  | "getServerInfo"
  | "getMyself"
  | "getMyPermissions"
  | "search"
  | "unserved";

/** What a client sent, as handlers see it: already identified, authenticated and validated. */
export interface Call {
  operation: Operation;
  params: Record<string, string>;
  query: URLSearchParams;
  headers: Record<string, string | string[] | undefined>;
  /** Parsed JSON, or undefined. */
  body: unknown;
  /** The parts of a multipart body, in order. */
  parts: Part[];
  /** The authenticated user's name; undefined is anonymous. */
  user: string | undefined;
}

export interface Part {
  name: string;
  filename: string | undefined;
  contentType: string;
  content: Buffer;
}

export interface Reply {
  status: number;
  body?: unknown;
  /** A body that is not JSON (attachment content). */
  bytes?: { content: Buffer; contentType: string };
  headers?: Record<string, string>;
}

type Handler = (call: Call) => Reply;

export interface Route {
  operation: Operation;
  method: "get" | "post" | "put" | "delete";
  /** Path below /rest/api/N, in OpenAPI's notation. */
  path: string;
  handler: Handler;
}
