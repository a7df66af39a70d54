import type { Call, Reply, Route } from "../operation.ts";
import { requirePermission } from "../permissions.ts";
import type { IssueRecord } from "../record.ts";
import { issueNotFound, notFound, refuse } from "../refusal.ts";
import type { Site } from "../site.ts";
import { actor } from "./query.ts";

export function issueLinkRoutes(site: Site): Route[] {
  return [
    { operation: "linkIssues", method: "post", path: "/issueLink", handler: (call) => linkIssues(site, call) },
    { operation: "getIssueLinkTypes", method: "get", path: "/issueLinkType", handler: () => getLinkTypes(site) },
  ];
}

function getLinkTypes(site: Site): Reply {
  if (site.catalog.linkTypes.length === 0) throw notFound("Issue linking is currently disabled.");
  const issueLinkTypes = site.catalog.linkTypes.map((type) => ({
    ...type,
    self: `${site.api}/issueLinkType/${type.id}`,
  }));
  return { status: 200, body: { issueLinkTypes } };
}

type Reference = { id?: string; key?: string } | undefined;

function linkIssues(site: Site, call: Call): Reply {
  const body = call.body as {
    type?: { id?: string; name?: string };
    inwardIssue?: Reference;
    outwardIssue?: Reference;
  };
  const type = site.catalog.linkTypes.find(({ id, name }) =>
    body.type?.id === undefined ? name === body.type?.name : id === body.type.id,
  );
  if (type === undefined) refuse(site.deployment, "linkTypeUnknown", body.type?.name ?? body.type?.id ?? "");
  const find = (reference: Reference): IssueRecord => {
    const issue = site.find(reference?.id ?? reference?.key ?? "");
    if (issue === undefined) throw issueNotFound();
    requirePermission(site.projectOf(issue), "LINK_ISSUES");
    return issue;
  };
  addLink({ site, type: type.name, from: find(body.inwardIssue), to: find(body.outwardIssue), actor: actor(call) });
  return { status: 201 };
}

/** "`from` <outward description> `to`": on `from` the other stands as outward issue. The same link twice is one link, as in Jira. */
export function addLink(options: {
  site: Site;
  type: string;
  from: IssueRecord;
  to: IssueRecord;
  actor: string;
}): void {
  const { site, type, from, to, actor } = options;
  if (from.id === to.id) refuse(site.deployment, "linkToItself");
  if (from.links.some((link) => link.type === type && link.other === to.id && link.side === "outward")) return;
  const id = String(site.next("link"));
  const apply = () => {
    from.links.push({ id, type, other: to.id, side: "outward" });
    to.links.push({ id, type, other: from.id, side: "inward" });
  };
  site.commit({ issue: from, operation: "linkIssues", actor, change: { type, from: from.key, to: to.key }, apply });
  site.index.write(to.id, to);
}
