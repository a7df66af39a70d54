import { adfText } from "./adf.ts";
import type { IssueRecord } from "./record.ts";
import type { Site } from "./site.ts";

/** How JQL reads one field of an issue. */
export interface JqlField {
  name: string;
  kind: "id" | "key" | "choice" | "label" | "user" | "date" | "text";
  /** The values the issue has there, lower case; dates as milliseconds. */
  values: (issue: IssueRecord) => (string | number)[];
  /** Of a choice: how a query may write each value, and what it means; a value not in it is refused. */
  choices?: () => Map<string, string>;
  /** What ORDER BY goes by, when not by the value. */
  order?: (issue: IssueRecord) => string | number;
}

const lower = (values: readonly (string | null | undefined)[]): string[] =>
  values
    .filter((value): value is string => typeof value === "string" && value !== "")
    .map((value) => value.toLowerCase());

const CATEGORY_NAMES = { new: "To Do", indeterminate: "In Progress", done: "Done" } as const;

export function jqlFields(site: Site): Map<string, JqlField> {
  const { catalog } = site;
  const byIdAndName = (list: Iterable<{ id: string; name: string }>) => () => {
    const choices = new Map<string, string>();
    for (const { id, name } of list) choices.set(id, name.toLowerCase()).set(name.toLowerCase(), name.toLowerCase());
    return choices;
  };
  const category = (issue: IssueRecord) =>
    catalog.statuses.find(({ name }) => name === issue.status)?.category ?? "new";
  const projects = () => {
    const choices = new Map<string, string>();
    for (const { id, key, name } of catalog.projects.values()) {
      for (const written of [id, key, name]) choices.set(written.toLowerCase(), key.toLowerCase());
    }
    return choices;
  };
  const categories = () => {
    const choices = new Map<string, string>();
    for (const [key, name] of Object.entries(CATEGORY_NAMES)) choices.set(key, key).set(name.toLowerCase(), key);
    return choices;
  };
  const of = (id: string) => (issue: IssueRecord) => {
    const value = issue.fields[id];
    return lower(Array.isArray(value) ? (value as string[]) : [value as string | null]);
  };
  const text = (id: string) => (issue: IssueRecord) => {
    const value = issue.fields[id];
    return lower([typeof value === "string" ? value : adfText(value)]);
  };
  const issueTypes = () => byIdAndName([...catalog.projects.values()].flatMap((project) => project.issueTypes))();
  const components = () => byIdAndName([...catalog.projects.values()].flatMap((project) => project.components))();

  /** Ascending is from lowest to highest, as in Jira. */
  const rank = (issue: IssueRecord) => -catalog.priorities.findIndex(({ name }) => name === issue.fields["priority"]);

  const fields: [string[], JqlField][] = [
    [
      ["project"],
      { name: "project", kind: "choice", values: (issue) => [issue.projectKey.toLowerCase()], choices: projects },
    ],
    [["id"], { name: "id", kind: "id", values: (issue) => [issue.id] }],
    [
      ["key", "issuekey", "issue"],
      { name: "key", kind: "key", values: (issue) => [issue.id], order: (issue) => issue.key },
    ],
    [["labels", "label"], { name: "labels", kind: "label", values: of("labels") }],
    [
      ["status"],
      {
        name: "status",
        kind: "choice",
        values: (issue) => lower([issue.status]),
        choices: byIdAndName(catalog.statuses),
      },
    ],
    [
      ["statuscategory"],
      { name: "statusCategory", kind: "choice", values: (issue) => [category(issue)], choices: categories },
    ],
    [
      ["resolution"],
      {
        name: "resolution",
        kind: "choice",
        values: (issue) => lower([issue.resolution]),
        choices: byIdAndName(catalog.resolutions),
      },
    ],
    [
      ["priority"],
      {
        name: "priority",
        kind: "choice",
        values: of("priority"),
        choices: byIdAndName(catalog.priorities),
        order: rank,
      },
    ],
    [
      ["issuetype", "type"],
      { name: "issuetype", kind: "choice", values: (issue) => lower([issue.issueType]), choices: issueTypes },
    ],
    [["component", "components"], { name: "component", kind: "choice", values: of("components"), choices: components }],
    [["assignee"], { name: "assignee", kind: "user", values: of("assignee") }],
    [["reporter"], { name: "reporter", kind: "user", values: of("reporter") }],
    [["creator"], { name: "creator", kind: "user", values: (issue) => lower([issue.creator]) }],
    [["created", "createddate"], { name: "created", kind: "date", values: (issue) => [issue.created] }],
    [["updated", "updateddate"], { name: "updated", kind: "date", values: (issue) => [issue.updated] }],
    [
      ["resolved", "resolutiondate"],
      { name: "resolved", kind: "date", values: (issue) => (issue.resolved === null ? [] : [issue.resolved]) },
    ],
    [["summary"], { name: "summary", kind: "text", values: text("summary") }],
    [["description"], { name: "description", kind: "text", values: text("description") }],
    [
      ["text"],
      { name: "text", kind: "text", values: (issue) => [...text("summary")(issue), ...text("description")(issue)] },
    ],
  ];
  return new Map(fields.flatMap(([names, field]) => names.map((name) => [name, field] as const)));
}
