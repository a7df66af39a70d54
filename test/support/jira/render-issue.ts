import { customField, findField, KEPT_FIELDS, SYSTEM_FIELDS } from "./fields.ts";
import type { IssueRecord } from "./record.ts";
import {
  renderAttachment,
  renderComment,
  renderComponent,
  renderEditMeta,
  renderIssueType,
  renderOption,
  renderPriority,
  renderProject,
  renderResolution,
  renderStatus,
  renderTransition,
  renderUser,
  time,
} from "./render.ts";
import type { Site } from "./site.ts";
import { availableTransitions } from "./workflow.ts";

/** What of an issue a client asked for. */
export interface IssueView {
  /** Ids, `*all`, `*navigable`, and `-id` to leave one out. */
  fields: readonly string[];
  expand: ReadonlySet<string>;
  properties: readonly string[];
}

const NOT_NAVIGABLE = new Set(["comment", "attachment"]);

export function renderIssue(site: Site, issue: IssueRecord, view: IssueView): Record<string, unknown> {
  const project = site.projectOf(issue);
  const ids = selectFields(site, issue, view.fields);
  const names = Object.fromEntries(ids.map((id) => [id, nameOf(site, id)]));
  const transitions = () =>
    availableTransitions(site, issue).map((transition) =>
      renderTransition({ site, transition, withFields: view.expand.has("transitions.fields") }),
    );
  return {
    expand: "renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations",
    id: issue.id,
    self: `${site.api}/issue/${issue.id}`,
    key: issue.key,
    ...(view.expand.has("names") ? { names } : {}),
    ...(view.expand.has("editmeta") ? { editmeta: renderEditMeta(site, project) } : {}),
    ...(view.expand.has("transitions") || view.expand.has("transitions.fields") ? { transitions: transitions() } : {}),
    ...(view.expand.has("changelog") ? { changelog: renderChangelog(site, issue) } : {}),
    ...(view.properties.length > 0 ? { properties: pickProperties(issue, view.properties) } : {}),
    fields: Object.fromEntries(ids.map((id) => [id, renderField(site, issue, id)])),
  };
}

function selectFields(site: Site, issue: IssueRecord, wanted: readonly string[]): string[] {
  const custom = site.projectOf(issue).customFields.map(({ id }) => id);
  const all = [...SYSTEM_FIELDS.map(({ id }) => id), ...KEPT_FIELDS.map(([id]) => id), ...custom];
  const chosen = new Set<string>();
  for (const name of wanted) {
    if (name === "*all") for (const id of all) chosen.add(id);
    else if (name === "*navigable") for (const id of all) NOT_NAVIGABLE.has(id) || chosen.add(id);
    else if (all.includes(name)) chosen.add(name);
  }
  for (const name of wanted) if (name.startsWith("-")) chosen.delete(name.slice(1));
  return all.filter((id) => chosen.has(id));
}

function nameOf(site: Site, id: string): string {
  return findField(site, id)?.name ?? KEPT_FIELDS.find(([kept]) => kept === id)?.[1] ?? id;
}

function pickProperties(issue: IssueRecord, keys: readonly string[]): Record<string, unknown> {
  const all = keys.includes("*all");
  return Object.fromEntries(Object.entries(issue.properties).filter(([key]) => all || keys.includes(key)));
}

function renderField(site: Site, issue: IssueRecord, id: string): unknown {
  const project = site.projectOf(issue);
  const value = issue.fields[id] ?? null;
  switch (id) {
    case "project":
      return renderProject(site, project);
    case "issuetype": {
      const types = [...site.catalog.projects.values()].flatMap((one) => one.issueTypes);
      const type = types.find((one) => one.name === issue.issueType);
      return type === undefined ? null : renderIssueType(site, type);
    }
    case "status":
      return renderStatus(site, issue.status);
    case "statusCategory":
      return renderStatus(site, issue.status)["statusCategory"];
    case "resolution":
      return renderResolution(site, issue.resolution);
    case "resolutiondate":
      return issue.resolved === null ? null : time(issue.resolved);
    case "created":
      return time(issue.created);
    case "updated":
      return time(issue.updated);
    case "creator":
      return renderUser(site, issue.creator);
    case "comment":
      return renderCommentPage(site, issue);
    case "attachment":
      return issue.attachments.map((attachment) => renderAttachment(site, attachment));
    case "issuelinks":
      return issue.links.flatMap((link) => renderLink(site, link));
    case "priority":
      return renderPriority(site, value);
    case "labels":
      return value ?? [];
    case "components":
      return ((value ?? []) as string[]).map((name) => renderComponent(site, project, name));
    case "assignee":
    case "reporter":
      return renderUser(site, value as string | null);
    default:
      return renderCustom(site, id, value);
  }
}

function renderCustom(site: Site, id: string, value: unknown): unknown {
  const options = site.catalog.customFields.get(id);
  const kind = options === undefined ? undefined : customField(options).kind;
  if (value === null) return null;
  if (kind === "select") return renderOption(site, id, String(value));
  if (kind === "multiselect") return (value as string[]).map((one) => renderOption(site, id, one));
  return value;
}

function renderCommentPage(site: Site, issue: IssueRecord): unknown {
  const comments = issue.comments.map((comment) =>
    renderComment({ site, issueId: issue.id, comment, withProperties: false }),
  );
  const total = comments.length;
  return { comments, self: `${site.api}/issue/${issue.id}/comment`, maxResults: total, total, startAt: 0 };
}

function renderLink(site: Site, link: IssueRecord["links"][number]): unknown[] {
  const other = site.issues.get(link.other);
  const type = site.catalog.linkTypes.find((one) => one.name === link.type);
  if (other === undefined) return [];
  const shown = {
    id: other.id,
    key: other.key,
    self: `${site.api}/issue/${other.id}`,
    fields: {
      summary: other.fields["summary"],
      status: renderStatus(site, other.status),
      priority: renderPriority(site, other.fields["priority"]),
    },
  };
  const self = `${site.api}/issueLink/${link.id}`;
  const linkType = { ...type, self: `${site.api}/issueLinkType/${type?.id}` };
  return [{ id: link.id, self, type: linkType, [link.side === "inward" ? "inwardIssue" : "outwardIssue"]: shown }];
}

function renderChangelog(site: Site, issue: IssueRecord): Record<string, unknown> {
  const total = issue.changelog.length;
  return { startAt: 0, maxResults: total, total, histories: renderHistories(site, issue) };
}

export function renderHistories(site: Site, issue: IssueRecord): Record<string, unknown>[] {
  return issue.changelog.map(({ id, author, created, items }) => ({
    id,
    author: renderUser(site, author),
    created: time(created),
    items: items.map(({ fieldId, ...item }) => {
      // Left out, `toString` would be every object's own function to whoever looks at it.
      const texts = { ...item, fromString: item.fromString ?? "", toString: item.toString ?? "" };
      const set = Object.fromEntries(Object.entries(texts).filter(([, value]) => value !== null));
      return site.cloud ? { ...set, fieldId } : set;
    }),
  }));
}
