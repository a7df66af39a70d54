import { adfParagraph } from "./adf.ts";
import type { Project } from "./catalog.ts";
import { newIssue } from "./new-issue.ts";
import type { IssueRecord } from "./record.ts";
import { addPersonsComment } from "./routes/comment.ts";
import { applyEdit, applyTransition } from "./routes/issue.ts";
import { addLink } from "./routes/issue-link.ts";
import type { Site } from "./site.ts";
import { asksForResolution, availableTransitions } from "./workflow.ts";

/** Someone working in Jira's own pages: the same rules as the API, but no requests, faults or limits. Issues by id or key. */
export class Person {
  readonly #site: Site;
  readonly name: string;

  constructor(site: Site, name: string) {
    if (!site.catalog.users.has(name)) throw new Error(`Jira double: no user ${name}`);
    this.#site = site;
    this.name = name;
  }

  /** `fields` in the API's form; text may be a plain string, and a priority its name. */
  edit(idOrKey: string, fields: Record<string, unknown>): void {
    const read = Object.fromEntries(Object.entries(fields).map(([id, value]) => [id, this.#value(id, value)]));
    applyEdit({ site: this.#site, issue: this.#issue(idOrKey), body: { fields: read }, actor: this.name });
  }

  addLabel(idOrKey: string, label: string): void {
    this.#update(idOrKey, { labels: [{ add: label }] });
  }

  removeLabel(idOrKey: string, label: string): void {
    this.#update(idOrKey, { labels: [{ remove: label }] });
  }

  /** To a status by name, by whatever transition leads there; `resolution` is a name, default the first where one is asked for. */
  transition(idOrKey: string, status: string, resolution?: string): void {
    const issue = this.#issue(idOrKey);
    const transition = availableTransitions(this.#site, issue).find(({ to }) => to === status);
    if (transition === undefined) throw new Error(`Jira double: no transition from ${issue.status} to ${status}`);
    const name = resolution ?? this.#site.catalog.resolutions[0]?.name;
    const fields = asksForResolution(transition) ? { fields: { resolution: { name } } } : {};
    applyTransition({
      site: this.#site,
      issue,
      body: { transition: { id: transition.id }, ...fields },
      actor: this.name,
    });
  }

  comment(idOrKey: string, text: string): string {
    const body = this.#site.cloud ? adfParagraph(text) : text;
    return addPersonsComment({ site: this.#site, issue: this.#issue(idOrKey), author: this.name, body }).id;
  }

  delete(idOrKey: string): void {
    this.#site.remove({ issue: this.#issue(idOrKey), actor: this.name });
  }

  /** To another project: the id stays, the key is new, the old one keeps working. Values the new project lacks are dropped. */
  move(idOrKey: string, projectKey: string): string {
    const issue = this.#issue(idOrKey);
    const project = this.#site.project(projectKey);
    const key = this.#site.giveKey(projectKey, issue.id);
    const apply = () => {
      issue.key = key;
      issue.projectKey = projectKey;
      if (!project.issueTypes.some(({ name }) => name === issue.issueType))
        issue.issueType = project.issueTypes[0]?.name ?? issue.issueType;
      if (!project.workflow.statuses.some(({ name }) => name === issue.status))
        issue.status = project.workflow.statuses[0]?.name ?? issue.status;
      const components = (issue.fields["components"] ?? []) as string[];
      issue.fields["components"] = components.filter((component) =>
        project.components.some(({ name }) => name === component),
      );
      if (!project.priorities.some(({ name }) => name === issue.fields["priority"]))
        issue.fields["priority"] = project.priorities[0]?.name ?? null;
    };
    this.#site.commit({ issue, operation: "moveIssue", actor: this.name, change: { projectKey, key }, apply });
    return key;
  }

  /** A new issue of this person's, gives its key. */
  file(projectKey: string, summary: string): string {
    const project = this.#site.project(projectKey);
    const issueType = project.issueTypes[0]?.name ?? "Bug";
    return this.#add({ project, issueType, fields: { summary, reporter: this.name } });
  }

  /** A copy, as Jira makes it: with fields and labels, without comments, attachments and properties. Gives its key. */
  clone(idOrKey: string): string {
    const original = this.#issue(idOrKey);
    const fields = { ...structuredClone(original.fields), summary: `CLONE - ${original.fields["summary"]}` };
    const { issueType } = original;
    const key = this.#add({ project: this.#site.projectOf(original), issueType, fields });
    const copy = this.#issue(key);
    addLink({ site: this.#site, type: "Cloners", from: copy, to: original, actor: this.name });
    return key;
  }

  /** "`idOrKey` duplicates `original`". */
  linkAsDuplicate(idOrKey: string, original: string): void {
    addLink({
      site: this.#site,
      type: "Duplicate",
      from: this.#issue(idOrKey),
      to: this.#issue(original),
      actor: this.name,
    });
  }

  /** What people mean by merging: linked as duplicate, then closed as one. */
  merge(idOrKey: string, original: string, status = "Done"): void {
    this.linkAsDuplicate(idOrKey, original);
    this.transition(idOrKey, status, "Duplicate");
  }

  #add(made: { project: Project; issueType: string; fields: Record<string, unknown> }): string {
    const { project, issueType, fields } = made;
    const { id, key } = this.#site.allocate(project.key);
    const issue = newIssue({ site: this.#site, id, key, project, issueType, creator: this.name, fields });
    const change = { fields };
    this.#site.commit({ issue, operation: "createIssue", actor: this.name, change, apply: () => {} });
    return key;
  }

  #issue(idOrKey: string): IssueRecord {
    return this.#site.issue(idOrKey);
  }

  #update(idOrKey: string, update: Record<string, unknown>): void {
    applyEdit({ site: this.#site, issue: this.#issue(idOrKey), body: { update }, actor: this.name });
  }

  #value(id: string, value: unknown): unknown {
    if (typeof value !== "string") return value;
    if (id === "priority") return { name: value };
    if (id === "assignee")
      return this.#site.cloud ? { accountId: this.#site.catalog.users.get(value)?.accountId } : { name: value };
    const isText =
      id === "description" || id === "environment" || this.#site.catalog.customFields.get(id)?.kind === "textarea";
    return isText && this.#site.cloud ? adfParagraph(value) : value;
  }
}
