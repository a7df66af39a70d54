import type { Named, Project } from "./catalog.ts";
import { optionId } from "./field-values.ts";
import { type Field, screenFields } from "./fields.ts";
import type { TransitionOptions } from "./options.ts";
import type { AttachmentRecord, CommentRecord, RemoteLinkRecord } from "./record.ts";
import type { Site } from "./site.ts";
import { asksForResolution } from "./workflow.ts";

/** The JSON of the things around an issue, as each flavour writes them. */

export function time(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace("Z", "+0000");
}

export function renderUser(site: Site, name: string | null | undefined): Record<string, unknown> | null {
  const user = name === null || name === undefined ? undefined : site.catalog.users.get(name);
  if (user === undefined) return null;
  const { accountId, displayName, active, email } = user;
  const shared = { displayName, active, emailAddress: email, timeZone: "Etc/UTC" };
  if (site.cloud)
    return { self: `${site.api}/user?accountId=${accountId}`, accountId, accountType: "atlassian", ...shared };
  return { self: `${site.api}/user?username=${user.name}`, name: user.name, key: user.name, ...shared };
}

const CATEGORIES = {
  new: { id: 2, name: "To Do", colorName: "blue-gray" },
  indeterminate: { id: 4, name: "In Progress", colorName: "yellow" },
  done: { id: 3, name: "Done", colorName: "green" },
} as const;

export function renderStatus(site: Site, name: string): Record<string, unknown> {
  const status = site.catalog.statuses.find((one) => one.name === name);
  if (status === undefined) throw new Error(`Jira double: no status ${name}`);
  const category = CATEGORIES[status.category];
  return {
    self: `${site.api}/status/${status.id}`,
    description: "",
    iconUrl: `${site.browseUrl}/images/icons/statuses/generic.png`,
    name,
    id: status.id,
    statusCategory: { self: `${site.api}/statuscategory/${category.id}`, key: status.category, ...category },
  };
}

export function renderPriority(site: Site, name: unknown): Record<string, unknown> | null {
  const priority = site.catalog.priorities.find((one) => one.name === name);
  if (priority === undefined) return null;
  return {
    self: `${site.api}/priority/${priority.id}`,
    iconUrl: `${site.browseUrl}/images/icons/priorities/${priority.id}.svg`,
    ...priority,
  };
}

export function renderResolution(site: Site, name: string | null): Record<string, unknown> | null {
  const resolution = site.catalog.resolutions.find((one) => one.name === name);
  if (resolution === undefined) return null;
  return { self: `${site.api}/resolution/${resolution.id}`, description: "", ...resolution };
}

export function renderIssueType(site: Site, type: Named): Record<string, unknown> {
  return {
    self: `${site.api}/issuetype/${type.id}`,
    id: type.id,
    description: "",
    iconUrl: `${site.browseUrl}/images/issuetype.svg`,
    name: type.name,
    subtask: false,
  };
}

export function renderProject(site: Site, project: Project): Record<string, unknown> {
  const kind = site.cloud ? { projectTypeKey: "software", simplified: false } : {};
  return { self: `${site.api}/project/${project.id}`, id: project.id, key: project.key, name: project.name, ...kind };
}

export function renderComponent(site: Site, project: Project, name: string): Record<string, unknown> {
  const component = project.components.find((one) => one.name === name);
  return { self: `${site.api}/component/${component?.id}`, id: component?.id, name };
}

export function renderOption(site: Site, fieldId: string, value: string): Record<string, unknown> {
  const id = optionId(fieldId, site.catalog.customFields.get(fieldId)?.options ?? [], value);
  return { self: `${site.api}/customFieldOption/${id}`, value, id };
}

export function renderComment(options: {
  site: Site;
  issueId: string;
  comment: CommentRecord;
  withProperties: boolean;
}): Record<string, unknown> {
  const { site, issueId, comment, withProperties } = options;
  return {
    self: `${site.api}/issue/${issueId}/comment/${comment.id}`,
    id: comment.id,
    author: renderUser(site, comment.author),
    body: comment.body,
    updateAuthor: renderUser(site, comment.updateAuthor),
    created: time(comment.created),
    updated: time(comment.updated),
    ...(comment.visibility === undefined ? {} : { visibility: comment.visibility }),
    ...(site.cloud ? { jsdPublic: true } : {}),
    ...(withProperties
      ? { properties: Object.entries(comment.properties).map(([key, value]) => ({ key, value })) }
      : {}),
  };
}

export function renderRemoteLink(site: Site, issueId: string, link: RemoteLinkRecord): Record<string, unknown> {
  const { id, globalId, relationship, application, object } = link;
  const optional = { globalId, relationship, application };
  const set = Object.entries(optional).filter(([, value]) => value !== undefined);
  return { id, self: `${site.api}/issue/${issueId}/remotelink/${id}`, ...Object.fromEntries(set), object };
}

export function renderAttachment(site: Site, attachment: AttachmentRecord): Record<string, unknown> {
  const { id, filename, author, created, size, contentType } = attachment;
  const content = site.cloud
    ? `${site.api}/attachment/content/${id}`
    : `${site.browseUrl}/secure/attachment/${id}/${encodeURIComponent(filename)}`;
  return {
    self: `${site.api}/attachment/${id}`,
    id,
    filename,
    author: renderUser(site, author),
    created: time(created),
    size,
    mimeType: contentType,
    content,
  };
}

/** A field as createmeta, editmeta and transitions describe it. */
export function renderFieldMeta(site: Site, project: Project, field: Field): Record<string, unknown> {
  const allowed = allowedValues(site, project, field);
  return {
    required: field.required,
    schema: field.schema,
    name: field.name,
    key: field.id,
    fieldId: field.id,
    hasDefaultValue: field.id === "priority",
    operations: field.operations,
    ...(allowed === undefined ? {} : { allowedValues: allowed }),
  };
}

function allowedValues(site: Site, project: Project, field: Field): unknown[] | undefined {
  switch (field.kind) {
    case "project":
      return [renderProject(site, project)];
    case "issuetype":
      return project.issueTypes.map((type) => renderIssueType(site, type));
    case "priority":
      return project.priorities.map(({ name }) => renderPriority(site, name));
    case "components":
      return project.components.map(({ name }) => renderComponent(site, project, name));
    case "select":
    case "multiselect":
      return (site.catalog.customFields.get(field.id)?.options ?? []).map((value) =>
        renderOption(site, field.id, value),
      );
    default:
      return undefined;
  }
}

/** Cloud's editmeta and transition fields have no fieldId (their schema is closed); Data Center's have. */
function renderFieldMap(site: Site, project: Project, fields: readonly Field[]): Record<string, unknown> {
  return Object.fromEntries(
    fields.map((field) => {
      const { fieldId, ...meta } = renderFieldMeta(site, project, field);
      return [field.id, site.cloud ? meta : { fieldId, ...meta }];
    }),
  );
}

export function renderEditMeta(site: Site, project: Project): Record<string, unknown> {
  return { fields: renderFieldMap(site, project, screenFields(project, "edit")) };
}

export function renderTransition(options: {
  site: Site;
  transition: TransitionOptions;
  withFields: boolean;
}): Record<string, unknown> {
  const { site, transition, withFields } = options;
  const asks = asksForResolution(transition);
  const resolution = {
    required: transition.resolution === "required",
    schema: { type: "resolution", system: "resolution" },
    name: "Resolution",
    key: "resolution",
    hasDefaultValue: false,
    operations: ["set"],
    allowedValues: site.catalog.resolutions.map(({ name }) => renderResolution(site, name)),
    ...(site.cloud ? {} : { fieldId: "resolution" }),
  };
  const fields = withFields ? { fields: asks ? { resolution } : {} } : {};
  const flags = site.cloud
    ? {
        hasScreen: asks,
        isGlobal: transition.from === "any",
        isInitial: false,
        isAvailable: true,
        isConditional: false,
        isLooped: false,
      }
    : {};
  return { id: transition.id, name: transition.name, to: renderStatus(site, transition.to), ...flags, ...fields };
}
