import { isObject } from "../adf.ts";
import { type FieldChanges, readChanges, readCreate } from "../create-screen.ts";
import { screenFields } from "../fields.ts";
import { newIssue } from "../new-issue.ts";
import type { Call, Reply, Route } from "../operation.ts";
import { requirePermission } from "../permissions.ts";
import type { CommentRecord, IssueRecord } from "../record.ts";
import { Complaints, refuse } from "../refusal.ts";
import { renderEditMeta, renderTransition } from "../render.ts";
import { renderHistories, renderIssue } from "../render-issue.ts";
import type { Site } from "../site.ts";
import { availableTransitions, readTransition } from "../workflow.ts";
import { actor, issueView, list, page } from "./query.ts";

export function issueRoutes(site: Site): Route[] {
  const issue = "/issue/{issueIdOrKey}";
  const cloudOnly: Route[] = [
    {
      operation: "bulkFetchIssues",
      method: "post",
      path: "/issue/bulkfetch",
      handler: (call) => bulkFetch(site, call),
    },
    {
      operation: "getChangelog",
      method: "get",
      path: `${issue}/changelog`,
      handler: (call) => getChangelog(site, call),
    },
  ];
  return [
    { operation: "createIssue", method: "post", path: "/issue", handler: (call) => createIssue(site, call) },
    { operation: "getIssue", method: "get", path: issue, handler: (call) => getIssue(site, call) },
    { operation: "editIssue", method: "put", path: issue, handler: (call) => editIssue(site, call) },
    { operation: "deleteIssue", method: "delete", path: issue, handler: (call) => deleteIssue(site, call) },
    { operation: "getEditMeta", method: "get", path: `${issue}/editmeta`, handler: (call) => getEditMeta(site, call) },
    {
      operation: "getTransitions",
      method: "get",
      path: `${issue}/transitions`,
      handler: (call) => getTransitions(site, call),
    },
    {
      operation: "transitionIssue",
      method: "post",
      path: `${issue}/transitions`,
      handler: (call) => transitionIssue(site, call),
    },
    ...(site.cloud ? cloudOnly : []),
  ];
}

export function target(site: Site, call: Call): IssueRecord {
  return site.issue(call.params["issueIdOrKey"] ?? "");
}

function createIssue(site: Site, call: Call): Reply {
  const { project, issueType, fields, properties, comments } = readCreate(site, call.body);
  requirePermission(project, "CREATE_ISSUES");
  const { id, key } = site.allocate(project.key);
  const creator = actor(call);
  const kept = { reporter: creator, ...fields };
  const issue = newIssue({ site, id, key, project, issueType, creator, fields: kept });
  Object.assign(issue.properties, properties);
  addComments({ site, issue, comments, author: actor(call) });
  site.commit({ issue, operation: "createIssue", actor: actor(call), change: call.body, apply: () => {} });
  return { status: 201, body: { id, key, self: `${site.api}/issue/${id}` } };
}

function getIssue(site: Site, call: Call): Reply {
  const issue = target(site, call);
  requirePermission(site.projectOf(issue), "BROWSE_PROJECTS");
  return { status: 200, body: renderIssue(site, issue, issueView(call)) };
}

function bulkFetch(site: Site, call: Call): Reply {
  const body = call.body as { issueIdsOrKeys: string[]; fields?: string[]; expand?: string[]; properties?: string[] };
  const wanted = [...new Set(body.issueIdsOrKeys)];
  if (wanted.length < 1 || wanted.length > 100) refuse(site.deployment, "bulkFetchTooMany");
  const view = {
    fields: body.fields ?? ["*navigable"],
    expand: new Set(body.expand ?? []),
    properties: body.properties ?? [],
  };
  // What is not there, or not for the caller, is in neither list; errors are of issues that could not be shown just now.
  const found = new Set(wanted.flatMap((idOrKey) => site.find(idOrKey) ?? []));
  const allowed = [...found].filter((issue) => !site.projectOf(issue).denied.has("BROWSE_PROJECTS"));
  const shown = allowed.filter(({ id }) => !site.unshown.has(id)).sort((a, b) => Number(a.id) - Number(b.id));
  const issueErrors = allowed
    .filter(({ id }) => site.unshown.has(id))
    .map(({ id }) => ({ id, errorMessage: "The issue could not be fetched. Please try again." }));
  return { status: 200, body: { issues: shown.map((issue) => renderIssue(site, issue, view)), issueErrors } };
}

function editIssue(site: Site, call: Call): Reply {
  const issue = target(site, call);
  requirePermission(site.projectOf(issue), "EDIT_ISSUES");
  applyEdit({ site, issue, body: call.body, actor: actor(call) });
  if (call.query.get("returnIssue") === "true") return { status: 200, body: renderIssue(site, issue, issueView(call)) };
  return { status: 204 };
}

/** Checks and makes an edit, as the API and people do it. */
export function applyEdit(options: { site: Site; issue: IssueRecord; body: unknown; actor: string }): void {
  const { site, issue, body, actor } = options;
  const request = isObject(body) ? body : {};
  const asked = ["fields", "update"].some((part) => isObject(request[part]) && Object.keys(request[part]).length > 0);
  const hasProperties = Array.isArray(request["properties"]) && request["properties"].length > 0;
  if (!asked && !hasProperties) refuse(site.deployment, "nothingToEdit");
  const project = site.projectOf(issue);
  const status = site.catalog.statuses.find(({ name }) => name === issue.status);
  if (asked && status?.editable === false) refuse(site.deployment, "notEditable");

  const complaints = new Complaints(site.deployment);
  const changes = readChanges({
    site,
    project,
    body: request,
    screen: screenFields(project, "edit"),
    current: issue.fields,
    complaints,
  });
  complaints.throwIfAny();
  const { transition: _ignored, ...change } = request;
  site.commit({
    issue,
    operation: "editIssue",
    actor,
    change,
    apply: () => applyChanges({ site, issue, changes, author: actor }),
  });
}

function applyChanges(options: { site: Site; issue: IssueRecord; changes: FieldChanges; author: string }): void {
  const { site, issue, changes, author } = options;
  Object.assign(issue.fields, changes.fields);
  Object.assign(issue.properties, changes.properties);
  if (changes.issueType !== undefined) issue.issueType = changes.issueType;
  addComments({ site, issue, comments: changes.comments, author });
}

function addComments(options: {
  site: Site;
  issue: IssueRecord;
  comments: readonly { body: unknown }[];
  author: string;
}): void {
  const { site, issue, comments, author } = options;
  const now = site.clock();
  for (const { body } of comments) {
    const id = String(site.next("comment"));
    const comment: CommentRecord = {
      id,
      author,
      updateAuthor: author,
      body,
      properties: {},
      visibility: undefined,
      created: now,
      updated: now,
    };
    issue.comments.push(comment);
  }
}

function deleteIssue(site: Site, call: Call): Reply {
  const issue = target(site, call);
  requirePermission(site.projectOf(issue), "DELETE_ISSUES");
  site.remove({ issue, actor: actor(call) });
  return { status: 204 };
}

function getEditMeta(site: Site, call: Call): Reply {
  const issue = target(site, call);
  const status = site.catalog.statuses.find(({ name }) => name === issue.status);
  return {
    status: 200,
    body: status?.editable === false ? { fields: {} } : renderEditMeta(site, site.projectOf(issue)),
  };
}

function getChangelog(site: Site, call: Call): Reply {
  const issue = target(site, call);
  const { startAt, maxResults } = page(site, call.query, { size: 100, limit: 100 });
  const all = renderHistories(site, issue);
  const isLast = startAt + maxResults >= all.length;
  const self = `${site.api}/issue/${issue.id}/changelog`;
  return {
    status: 200,
    body: { self, startAt, maxResults, total: all.length, isLast, values: all.slice(startAt, startAt + maxResults) },
  };
}

function getTransitions(site: Site, call: Call): Reply {
  const issue = target(site, call);
  const withFields = list(call.query, "expand").includes("transitions.fields");
  const wanted = call.query.get("transitionId");
  const transitions = availableTransitions(site, issue)
    .filter(({ id }) => wanted === null || id === wanted)
    .map((transition) => renderTransition({ site, transition, withFields }));
  return { status: 200, body: site.cloud ? { expand: "transitions", transitions } : { transitions } };
}

function transitionIssue(site: Site, call: Call): Reply {
  const issue = target(site, call);
  requirePermission(site.projectOf(issue), "TRANSITION_ISSUES");
  applyTransition({ site, issue, body: call.body, actor: actor(call) });
  return { status: 204 };
}

/** Checks and makes a transition, as the API and people do it. */
export function applyTransition(options: { site: Site; issue: IssueRecord; body: unknown; actor: string }): void {
  const { site, issue, body, actor } = options;
  const changes = readTransition(site, issue, body);
  const apply = () => {
    applyChanges({ site, issue, changes, author: actor });
    issue.status = changes.transition.to;
    if (changes.resolution !== undefined) issue.resolution = changes.resolution;
  };
  const change = { ...(body as object), to: changes.transition.to, resolution: changes.resolution };
  site.commit({ issue, operation: "transitionIssue", actor, change, apply });
}
