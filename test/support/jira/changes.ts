import { adfText } from "./adf.ts";
import type { ChangeItem, IssueRecord } from "./record.ts";
import type { Site } from "./site.ts";

/** The changelog items of one write: what differs between two states of an issue, as Jira's history tab would list it. */
export function changesBetween(site: Site, before: IssueRecord, after: IssueRecord): ChangeItem[] {
  const items: ChangeItem[] = [];
  const add = (
    fieldId: string,
    field: string,
    from: [string | null, string | null],
    to: [string | null, string | null],
  ) => {
    if (from[1] === to[1]) return;
    const fieldtype = fieldId.startsWith("customfield_") ? "custom" : "jira";
    items.push({ field, fieldtype, fieldId, from: from[0], fromString: from[1], to: to[0], toString: to[1] });
  };
  const status = (name: string): [string, string] => [
    site.catalog.statuses.find((one) => one.name === name)?.id ?? "",
    name,
  ];
  const resolution = (name: string | null): [string | null, string | null] => [
    site.catalog.resolutions.find((one) => one.name === name)?.id ?? null,
    name,
  ];
  add("resolution", "resolution", resolution(before.resolution), resolution(after.resolution));
  add("status", "status", status(before.status), status(after.status));
  add("issuetype", "issuetype", [before.issueType, before.issueType], [after.issueType, after.issueType]);
  add("project", "project", [before.projectKey, before.projectKey], [after.projectKey, after.projectKey]);
  add("", "Key", [null, before.key], [null, after.key]);
  for (const id of new Set([...Object.keys(before.fields), ...Object.keys(after.fields)])) {
    add(id, fieldName(site, id), side(site, id, before.fields[id]), side(site, id, after.fields[id]));
  }
  return items;
}

function fieldName(site: Site, id: string): string {
  return site.catalog.customFields.get(id)?.name ?? { components: "Component" }[id] ?? id;
}

function side(site: Site, id: string, value: unknown): [string | null, string | null] {
  if (value === null || value === undefined) return [null, null];
  if (Array.isArray(value)) return [null, value.join(" ")];
  if (typeof value === "object") return [null, adfText(value)];
  const text = String(value);
  if (id === "priority") return [site.catalog.priorities.find((one) => one.name === text)?.id ?? null, text];
  const user = id === "assignee" || id === "reporter" ? site.catalog.users.get(text) : undefined;
  return user === undefined ? [null, text] : [site.cloud ? user.accountId : user.name, user.displayName];
}
