import { isObject } from "../adf.ts";
import type { Call, Reply, Route } from "../operation.ts";
import { requirePermission } from "../permissions.ts";
import type { IssueRecord, RemoteLinkRecord } from "../record.ts";
import { Complaints, notFound, Refusal } from "../refusal.ts";
import { renderRemoteLink } from "../render.ts";
import type { Site } from "../site.ts";
import { target } from "./issue.ts";
import { actor } from "./query.ts";

export function remoteLinkRoutes(site: Site): Route[] {
  const path = "/issue/{issueIdOrKey}/remotelink";
  const one = `${path}/{linkId}`;
  return [
    { operation: "getRemoteLinks", method: "get", path, handler: (call) => getLinks(site, call) },
    { operation: "putRemoteLink", method: "post", path, handler: (call) => putLink(site, call) },
    { operation: "deleteRemoteLinks", method: "delete", path, handler: (call) => deleteLinks(site, call) },
    { operation: "getRemoteLink", method: "get", path: one, handler: (call) => getLink(site, call) },
    { operation: "deleteRemoteLink", method: "delete", path: one, handler: (call) => deleteLink(site, call) },
  ];
}

function getLinks(site: Site, call: Call): Reply {
  const issue = target(site, call);
  const globalId = call.query.get("globalId");
  if (globalId === null)
    return { status: 200, body: issue.remoteLinks.map((link) => renderRemoteLink(site, issue.id, link)) };
  const link = issue.remoteLinks.find((one) => one.globalId === globalId);
  if (link === undefined) throw notFound(`No remote issue link with globalId '${globalId}' exists.`);
  return { status: 200, body: renderRemoteLink(site, issue.id, link) };
}

function getLink(site: Site, call: Call): Reply {
  const issue = target(site, call);
  return { status: 200, body: renderRemoteLink(site, issue.id, findLink(issue, call)) };
}

function findLink(issue: IssueRecord, call: Call): RemoteLinkRecord {
  const link = issue.remoteLinks.find(({ id }) => String(id) === call.params["linkId"]);
  if (link === undefined) throw notFound("Remote issue link does not exist.");
  return link;
}

interface LinkBody {
  globalId?: string;
  relationship?: string;
  application?: unknown;
  object?: unknown;
}

/** With a known globalId the link is overwritten whole (what is not sent is gone), otherwise one is added. */
function putLink(site: Site, call: Call): Reply {
  const issue = target(site, call);
  requirePermission(site.projectOf(issue), "LINK_ISSUES");
  const { globalId, relationship, application, object } = call.body as LinkBody;
  const complaints = new Complaints(site.deployment);
  const linked = isObject(object) ? object : {};
  if (!isObject(object)) complaints.add("remoteLinkObject");
  else {
    if (typeof linked["title"] !== "string" || linked["title"] === "") complaints.add("remoteLinkTitle");
    if (!isWebAddress(linked["url"])) complaints.add("remoteLinkUrl");
  }
  if (globalId !== undefined && globalId.length > 255) complaints.add("globalIdTooLong");
  complaints.throwIfAny();

  const known = globalId === undefined ? undefined : issue.remoteLinks.find((one) => one.globalId === globalId);
  const id = known?.id ?? site.next("remoteLink");
  const link: RemoteLinkRecord = { id, globalId, relationship, application, object: linked };
  const apply = () => {
    issue.remoteLinks =
      known === undefined ? [...issue.remoteLinks, link] : issue.remoteLinks.map((one) => (one === known ? link : one));
  };
  site.commit({ issue, operation: "putRemoteLink", actor: actor(call), change: call.body, apply });
  const status = known === undefined && site.cloud ? 201 : 200;
  return { status, body: { id, self: `${site.api}/issue/${issue.id}/remotelink/${id}` } };
}

function isWebAddress(value: unknown): boolean {
  return typeof value === "string" && /^https?:\/\//i.test(value) && URL.canParse(value);
}

function deleteLinks(site: Site, call: Call): Reply {
  const issue = target(site, call);
  const globalId = call.query.get("globalId");
  const links = issue.remoteLinks.filter((one) => one.globalId === globalId);
  if (links.length === 0) throw notFound(`No remote issue link with globalId '${globalId}' exists.`);
  return removeLinks({ site, call, issue, links });
}

function deleteLink(site: Site, call: Call): Reply {
  const issue = target(site, call);
  return removeLinks({ site, call, issue, links: [findLink(issue, call)] });
}

function removeLinks(options: { site: Site; call: Call; issue: IssueRecord; links: RemoteLinkRecord[] }): Reply {
  const { site, call, issue, links } = options;
  // Cloud answers 415 when this DELETE carries no Content-Type, although it has no body (JIRA.md 2.2).
  if (call.headers["content-type"] === undefined)
    throw new Refusal({ status: 415, errorMessages: ["Unsupported Media Type"] });
  const apply = () => {
    issue.remoteLinks = issue.remoteLinks.filter((one) => !links.includes(one));
  };
  site.commit({
    issue,
    operation: call.operation as "deleteRemoteLink",
    actor: actor(call),
    change: { ids: links.map(({ id }) => id) },
    apply,
  });
  return { status: 204 };
}
