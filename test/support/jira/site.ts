import { type Catalog, createCatalog, type Project } from "./catalog.ts";
import { changesBetween } from "./changes.ts";
import type { Operation } from "./operation.ts";
import type { Deployment, JiraDoubleOptions } from "./options.ts";
import type { HistoryEntry, IssueRecord } from "./record.ts";
import { issueNotFound } from "./refusal.ts";
import { SearchIndex } from "./search-index.ts";
import type { Webhooks } from "./webhooks.ts";

/** The state of one Jira: issues, what search sees of them, and what was written. All writes pass `commit` or `remove`. */
export class Site {
  readonly deployment: Deployment;
  readonly catalog: Catalog;
  readonly clock: () => number;
  readonly textLimit: number;
  readonly attachmentLimit: number;
  readonly index: SearchIndex;
  readonly history: HistoryEntry[] = [];
  readonly issues = new Map<string, IssueRecord>();
  /** Ids of issues that a bulk fetch fails to show, and says so; read one by one they are there. */
  readonly unshown = new Set<string>();
  /** Content of attachments by their id. */
  readonly files = new Map<string, Buffer>();
  /** Set once the server listens. */
  url = "";
  browseUrl = "";
  webhooks: Webhooks | undefined;

  /** Present and former keys to issue ids; a moved issue answers to all of them. */
  readonly #keys = new Map<string, string>();
  readonly #lastNumber = new Map<string, number>();
  readonly #counters = {
    issue: 10_000,
    comment: 20_000,
    link: 30_000,
    attachment: 40_000,
    remoteLink: 50_000,
    change: 60_000,
  };

  constructor(options: JiraDoubleOptions) {
    this.deployment = options.deployment;
    this.catalog = createCatalog(options);
    this.clock = options.clock ?? Date.now;
    this.textLimit = options.textLimit ?? 32_767;
    this.attachmentLimit = options.attachmentLimit ?? 10 * 1024 * 1024;
    this.index = new SearchIndex({ clock: this.clock, lag: options.indexLag ?? 0 });
  }

  get cloud(): boolean {
    return this.deployment === "cloud";
  }

  /** "3" or "2": the version whose paths this flavour serves. */
  get api(): string {
    return `${this.url}/rest/api/${this.cloud ? 3 : 2}`;
  }

  next(kind: "comment" | "link" | "attachment" | "remoteLink" | "change"): number {
    return this.#counters[kind]++;
  }

  project(key: string): Project {
    const project = this.catalog.projects.get(key);
    if (project === undefined) throw new Error(`Jira double: no project ${key}`);
    return project;
  }

  projectOf(issue: IssueRecord): Project {
    return this.project(issue.projectKey);
  }

  /** The next id and key of a project; taken only by a create that goes through. */
  allocate(projectKey: string): { id: string; key: string } {
    const id = String(this.#counters.issue++);
    return { id, key: this.giveKey(projectKey, id) };
  }

  giveKey(projectKey: string, id: string): string {
    const number = (this.#lastNumber.get(projectKey) ?? 0) + 1;
    this.#lastNumber.set(projectKey, number);
    const key = `${projectKey}-${number}`;
    this.#keys.set(key, id);
    return key;
  }

  find(idOrKey: string): IssueRecord | undefined {
    return this.issues.get(idOrKey) ?? this.issues.get(this.#keys.get(idOrKey.toUpperCase()) ?? "");
  }

  /** The issue, or Jira's 404. */
  issue(idOrKey: string): IssueRecord {
    const issue = this.find(idOrKey);
    if (issue === undefined) throw issueNotFound();
    return issue;
  }

  /** Makes the change, stamps it, and lets index, history, changelog and webhooks know. */
  commit(options: {
    issue: IssueRecord;
    operation: HistoryEntry["operation"];
    actor: string;
    change: unknown;
    apply: () => void;
  }): void {
    const { issue, operation, actor, change, apply } = options;
    const isNew = !this.issues.has(issue.id);
    const before = structuredClone(issue);
    apply();
    const now = this.clock();
    issue.updated = now;
    if (issue.resolution !== before.resolution) issue.resolved = issue.resolution === null ? null : now;
    this.issues.set(issue.id, issue);
    const items = isNew ? [] : changesBetween(this, before, issue);
    if (items.length > 0) issue.changelog.push({ id: String(this.next("change")), author: actor, created: now, items });
    this.index.write(issue.id, issue);
    this.#record({ operation, actor, issue, change });
    this.webhooks?.issueWritten({ issue, operation, actor, items });
  }

  remove(options: { issue: IssueRecord; actor: string }): void {
    const { issue, actor } = options;
    this.issues.delete(issue.id);
    for (const other of this.issues.values()) other.links = other.links.filter((link) => link.other !== issue.id);
    this.index.write(issue.id, undefined);
    this.#record({ operation: "deleteIssue", actor, issue, change: {} });
    this.webhooks?.issueWritten({ issue, operation: "deleteIssue", actor, items: [] });
  }

  #record(entry: { operation: Operation | "moveIssue"; actor: string; issue: IssueRecord; change: unknown }): void {
    const { operation, actor, issue, change } = entry;
    this.history.push({
      at: this.clock(),
      operation,
      actor,
      issueId: issue.id,
      issueKey: issue.key,
      change: structuredClone(change),
    });
  }
}
