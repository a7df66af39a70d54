import type { Project } from "./catalog.ts";
import type { CustomFieldOptions } from "./options.ts";
import type { Site } from "./site.ts";

/** How a field's values are read and shown. */
type FieldKind =
  | "project"
  | "issuetype"
  | "summary"
  | "text"
  | "labels"
  | "priority"
  | "components"
  | "user"
  | CustomFieldOptions["kind"];

export interface Field {
  id: string;
  name: string;
  kind: FieldKind;
  schema: { type: string; items?: string; system?: string; custom?: string; customId?: number };
  operations: readonly string[];
  required: boolean;
}

const system = (
  id: string,
  name: string,
  kind: FieldKind,
  type: string,
  operations: readonly string[],
  items?: string,
): Field => ({
  id,
  name,
  kind,
  schema: { type, ...(items === undefined ? {} : { items }), system: id },
  operations,
  required: ["project", "issuetype", "summary"].includes(id),
});

const LIST = ["add", "set", "remove"];

/** The fields a client can write, in screen order. */
export const SYSTEM_FIELDS: readonly Field[] = [
  system("project", "Project", "project", "project", ["set"]),
  system("issuetype", "Issue Type", "issuetype", "issuetype", []),
  system("summary", "Summary", "summary", "string", ["set"]),
  system("description", "Description", "text", "string", ["set"]),
  system("priority", "Priority", "priority", "priority", ["set"]),
  system("labels", "Labels", "labels", "array", LIST, "string"),
  system("components", "Components", "components", "array", LIST, "component"),
  system("assignee", "Assignee", "user", "user", ["set"]),
  system("reporter", "Reporter", "user", "user", ["set"]),
  system("environment", "Environment", "text", "string", ["set"]),
];

/** The fields Jira keeps itself: readable, never on a screen. Id, name, type. */
export const KEPT_FIELDS: readonly (readonly [string, string, string])[] = [
  ["status", "Status", "status"],
  ["statusCategory", "Status Category", "statusCategory"],
  ["resolution", "Resolution", "resolution"],
  ["resolutiondate", "Resolved", "datetime"],
  ["created", "Created", "datetime"],
  ["updated", "Updated", "datetime"],
  ["creator", "Creator", "user"],
  ["comment", "Comment", "comments-page"],
  ["issuelinks", "Linked Issues", "array"],
  ["attachment", "Attachment", "array"],
];

const CUSTOM_TYPE = {
  textfield: { type: "string", operations: ["set"] },
  textarea: { type: "string", operations: ["set"] },
  select: { type: "option", operations: ["set"] },
  multiselect: { type: "array", items: "option", operations: LIST },
  number: { type: "number", operations: ["set"] },
  date: { type: "date", operations: ["set"] },
} as const;

const CUSTOM_PLUGIN = "com.atlassian.jira.plugin.system.customfieldtypes";

export function customField(options: CustomFieldOptions): Field {
  const { operations, ...schema } = CUSTOM_TYPE[options.kind];
  const plugin = { number: "float", date: "datepicker" }[options.kind as string] ?? options.kind;
  const customId = Number(options.id.replace("customfield_", ""));
  return {
    id: options.id,
    name: options.name,
    kind: options.kind,
    schema: { ...schema, custom: `${CUSTOM_PLUGIN}:${plugin}`, customId },
    operations,
    required: options.required ?? false,
  };
}

export function findField(site: Site, id: string): Field | undefined {
  const custom = site.catalog.customFields.get(id);
  return custom === undefined ? SYSTEM_FIELDS.find((field) => field.id === id) : customField(custom);
}

/** The fields on a project's create or edit screen; what is not here is refused with "not on the appropriate screen". */
export function screenFields(project: Project, screen: "create" | "edit"): Field[] {
  const always = screen === "create" ? ["project", "issuetype", "summary"] : ["issuetype", "summary"];
  return [
    ...SYSTEM_FIELDS.filter(({ id }) => always.includes(id) || project.screen.has(id)),
    ...project.customFields.filter((field) => (field.screens ?? ["create", "edit"]).includes(screen)).map(customField),
  ];
}
