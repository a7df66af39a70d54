import { isObject } from "../adf.ts";
import { readCommentBody } from "../comment-body.ts";
import { readProperties } from "../create-screen.ts";
import type { Call, Reply, Route } from "../operation.ts";
import { requirePermission } from "../permissions.ts";
import type { CommentRecord, IssueRecord } from "../record.ts";
import { Complaints, notFound, refuse } from "../refusal.ts";
import { renderComment } from "../render.ts";
import type { Site } from "../site.ts";
import { actor, list, page } from "./query.ts";

export function commentRoutes(site: Site): Route[] {
  const path = "/issue/{issueIdOrKey}/comment";
  const one = `${path}/{id}`;
  return [
    { operation: "getComments", method: "get", path, handler: (call) => getComments(site, call) },
    { operation: "addComment", method: "post", path, handler: (call) => addComment(site, call) },
    { operation: "getComment", method: "get", path: one, handler: (call) => reply(site, call, find(site, call), 200) },
    { operation: "updateComment", method: "put", path: one, handler: (call) => updateComment(site, call) },
    { operation: "deleteComment", method: "delete", path: one, handler: (call) => deleteComment(site, call) },
  ];
}

const ROLES = ["Administrators", "Developers", "Users"];

function readVisibility(site: Site, visibility: unknown): unknown {
  if (!isObject(visibility)) return undefined;
  const { value } = visibility as { value?: unknown };
  if (!ROLES.includes(String(value))) refuse(site.deployment, "visibilityUnknown", String(value));
  return visibility;
}

interface CommentBody {
  body?: unknown;
  visibility?: unknown;
  properties?: { key?: unknown; value?: unknown }[];
}

function read(site: Site, call: Call): { body: unknown; visibility: unknown; properties: Record<string, unknown> } {
  const { body, visibility, properties } = call.body as CommentBody;
  const complaints = new Complaints(site.deployment);
  const read = {
    body: readCommentBody(site, body),
    visibility: readVisibility(site, visibility),
    properties: readProperties(properties, complaints),
  };
  complaints.throwIfAny();
  return read;
}

function addComment(site: Site, call: Call): Reply {
  const issue = site.issue(call.params["issueIdOrKey"] ?? "");
  requirePermission(site.projectOf(issue), "ADD_COMMENTS");
  const comment = commit({ site, issue, author: actor(call), ...read(site, call) });
  return reply(site, call, { issue, comment }, 201);
}

function commit(options: {
  site: Site;
  issue: IssueRecord;
  author: string;
  body: unknown;
  visibility: unknown;
  properties: Record<string, unknown>;
}): CommentRecord {
  const { site, issue, author, body, visibility, properties } = options;
  const now = site.clock();
  const id = String(site.next("comment"));
  const comment = { id, author, updateAuthor: author, body, properties, visibility, created: now, updated: now };
  const change = { commentId: id, body, properties };
  site.commit({ issue, operation: "addComment", actor: author, change, apply: () => issue.comments.push(comment) });
  return comment;
}

/** A comment by a person. */
export function addPersonsComment(options: {
  site: Site;
  issue: IssueRecord;
  author: string;
  body: unknown;
}): CommentRecord {
  const body = readCommentBody(options.site, options.body);
  return commit({ ...options, body, visibility: undefined, properties: {} });
}

function find(site: Site, call: Call): { issue: IssueRecord; comment: CommentRecord } {
  const issue = site.issue(call.params["issueIdOrKey"] ?? "");
  const comment = issue.comments.find(({ id }) => id === call.params["id"]);
  if (comment === undefined) throw notFound(`Can not find a comment for the id: ${call.params["id"]}.`);
  return { issue, comment };
}

function reply(site: Site, call: Call, found: { issue: IssueRecord; comment: CommentRecord }, status: number): Reply {
  const { issue, comment } = found;
  const withProperties = list(call.query, "expand").includes("properties");
  return { status, body: renderComment({ site, issueId: issue.id, comment, withProperties }) };
}

function updateComment(site: Site, call: Call): Reply {
  const found = find(site, call);
  const { issue, comment } = found;
  const { body, visibility, properties } = read(site, call);
  const author = actor(call);
  site.commit({
    issue,
    operation: "updateComment",
    actor: author,
    change: { commentId: comment.id, body, properties },
    apply: () => {
      Object.assign(comment, { body, visibility, updateAuthor: author, updated: site.clock() });
      Object.assign(comment.properties, properties);
    },
  });
  return reply(site, call, found, 200);
}

function deleteComment(site: Site, call: Call): Reply {
  const { issue, comment } = find(site, call);
  const apply = () => {
    issue.comments = issue.comments.filter((one) => one !== comment);
  };
  site.commit({ issue, operation: "deleteComment", actor: actor(call), change: { commentId: comment.id }, apply });
  return { status: 204 };
}

function getComments(site: Site, call: Call): Reply {
  const issue = site.issue(call.params["issueIdOrKey"] ?? "");
  const { startAt, maxResults } = page(site, call.query, {
    size: site.cloud ? 100 : 50,
    limit: site.cloud ? 5000 : 1000,
  });
  const withProperties = list(call.query, "expand").includes("properties");
  const ordered = call.query.get("orderBy") === "-created" ? [...issue.comments].reverse() : issue.comments;
  const comments = ordered
    .slice(startAt, startAt + maxResults)
    .map((comment) => renderComment({ site, issueId: issue.id, comment, withProperties }));
  return { status: 200, body: { startAt, maxResults, total: issue.comments.length, comments } };
}
