import { plainText } from "../../src/model/document.ts";
import { ticketLabel } from "../../src/model/identity.ts";
import type {
  CreatedTicket,
  StatusCategory,
  TicketDraft,
  TicketIdentity,
  TicketRef,
  TicketSnapshot,
} from "../../src/model/ticket.ts";
import type { SharedField } from "../../src/model/ticket-life.ts";
import { BackfeedError } from "../../src/support/errors.ts";
import type { TicketLife, Tracker } from "../../src/trackers/tracker.ts";

interface FakeIssue {
  readonly ref: TicketRef;
  readonly draft: TicketDraft;
  status: string;
  statusCategory: StatusCategory;
  priority: string;
  readonly comments: Map<string, unknown>;
  readonly attachments: Set<string>;
  readonly links: Set<string>;
  identity: TicketIdentity;
  summary: string;
  description: string;
  resolution: string | undefined;
  assignee: string | undefined;
  labels: readonly string[];
  project: string;
  updatedAt: number;
  /** What its history says that people changed; a test that edits an issue says so here. */
  edited: readonly SharedField[];
  related: readonly { readonly type: "duplicate" | "relates"; readonly other: TicketRef }[];
  /** Not found by `find` before this many further looks: an index that lags. */
  hiddenFor: number;
}

type Verb =
  | "find"
  | "create"
  | "read"
  | "comment"
  | "keepComment"
  | "setPriority"
  | "transition"
  | "attach"
  | "linkBack"
  | "readMany"
  | "editedByOthers"
  | "changedSince"
  | "labelled"
  | "ours"
  | "changeLabels"
  | "writeField"
  | "link"
  | "adopt"
  | "reopen";

/** A tracker in memory that fails as it is told: a script of failures per verb, used up one call at a time. */
export class FakeTracker implements Tracker {
  readonly name = "jira";
  settleWaitsMs: readonly number[] = [2_000, 5_000, 15_000];
  readonly issues = new Map<string, FakeIssue>();
  readonly calls: Verb[] = [];
  /** Before the verb takes effect. */
  readonly failBefore = new Map<Verb, (Error | (() => void))[]>();
  /** After the verb took effect: the answer is lost. */
  readonly failAfter = new Map<Verb, Error[]>();
  indexLag = 0;
  /** The tracker's own time, for `updatedAt`: moved on by each write, or set by the test. */
  now = 0;

  count(verb: Verb): number {
    return this.calls.filter((call) => call === verb).length;
  }

  fail(verb: Verb, ...errors: readonly (Error | (() => void))[]): void {
    this.failBefore.set(verb, [...(this.failBefore.get(verb) ?? []), ...errors]);
  }

  loseAnswer(verb: Verb, ...errors: readonly Error[]): void {
    this.failAfter.set(verb, [...(this.failAfter.get(verb) ?? []), ...errors]);
  }

  /** An issue that is there already, as another process would have filed it. */
  file(draft: TicketDraft): FakeIssue {
    const id = String(10_001 + this.issues.size);
    const issue: FakeIssue = {
      ref: { id, key: `SHOP-${this.issues.size + 1}`, url: `https://jira.example/browse/${id}` },
      draft,
      status: "To Do",
      statusCategory: "new",
      priority: draft.band,
      comments: new Map(),
      attachments: new Set(),
      links: new Set(),
      identity: draft.identity,
      summary: draft.summary,
      description: plainText(draft.document),
      resolution: undefined,
      assignee: draft.route.assignee,
      labels: [ticketLabel("backfeed", draft.identity.groupKey), ...draft.route.labels],
      project: "SHOP",
      updatedAt: ++this.now,
      edited: [],
      related: [],
      hiddenFor: this.indexLag,
    };
    this.issues.set(id, issue);
    return issue;
  }

  async find(identity: TicketIdentity): Promise<readonly TicketRef[]> {
    this.#enter("find");
    const hits = [...this.issues.values()].filter(
      (hit) => hit.identity.groupKey === identity.groupKey && hit.identity.generation === identity.generation,
    );
    const seen = hits.filter(({ hiddenFor }) => hiddenFor <= 0).map(({ ref }) => ref);
    for (const hit of hits) hit.hiddenFor -= 1;
    return seen;
  }

  async create(draft: TicketDraft): Promise<CreatedTicket> {
    this.#enter("create");
    const issue = this.file(draft);
    this.#leave("create");
    return { ref: issue.ref, priority: issue.priority, dropped: [] };
  }

  async read(ref: TicketRef): Promise<TicketSnapshot | undefined> {
    this.#enter("read");
    const issue = this.issues.get(ref.id);
    return issue === undefined ? undefined : snapshotOf(issue);
  }

  async comment(ref: TicketRef, comment: { marker: string }): Promise<"created" | "unchanged"> {
    this.#enter("comment");
    const comments = this.#issue(ref).comments;
    const had = comments.has(comment.marker);
    comments.set(comment.marker, comment);
    this.#leave("comment");
    return had ? "unchanged" : "created";
  }

  async keepComment(ref: TicketRef, comment: { marker: string }): Promise<"created" | "updated" | "unchanged"> {
    this.#enter("keepComment");
    const comments = this.#issue(ref).comments;
    const had = comments.has(comment.marker);
    comments.set(comment.marker, comment);
    return had ? "updated" : "created";
  }

  async setPriority(
    ref: TicketRef,
    change: { band: string; lastWritten: string | undefined; always?: true },
  ): Promise<{ outcome: "written" | "unchanged" | "kept"; priority: string }> {
    this.#enter("setPriority");
    const issue = this.#issue(ref);
    const isTheirs = issue.priority !== change.lastWritten || issue.edited.includes("priority");
    if (isTheirs && change.always !== true) return { outcome: "kept", priority: issue.priority };
    this.#touch(issue).priority = change.band;
    return { outcome: "written", priority: issue.priority };
  }

  async transition(ref: TicketRef, category: StatusCategory): Promise<"moved" | "unchanged"> {
    this.#enter("transition");
    const issue = this.#issue(ref);
    if (issue.statusCategory === category) return "unchanged";
    this.#move(issue, category);
    this.#leave("transition");
    return "moved";
  }

  async attach(ref: TicketRef, attachment: { name: string }): Promise<"created" | "unchanged"> {
    this.#enter("attach");
    const { attachments } = this.#issue(ref);
    const had = attachments.has(attachment.name);
    attachments.add(attachment.name);
    return had ? "unchanged" : "created";
  }

  async linkBack(ref: TicketRef, link: { globalId: string }): Promise<void> {
    this.#enter("linkBack");
    this.#issue(ref).links.add(link.globalId);
  }

  async readMany(refs: readonly TicketRef[]): Promise<ReadonlyMap<string, TicketSnapshot>> {
    this.#enter("readMany");
    const found = refs.flatMap(({ id }) => this.issues.get(id) ?? []);
    return new Map(found.map((issue) => [issue.ref.id, snapshotOf(issue)]));
  }

  async editedByOthers(ref: TicketRef): Promise<readonly SharedField[]> {
    this.#enter("editedByOthers");
    return this.#issue(ref).edited;
  }

  async changedSince(since: number, limit: number): Promise<readonly TicketSnapshot[]> {
    this.#enter("changedSince");
    const changed = [...this.issues.values()].filter(({ updatedAt }) => updatedAt >= since);
    return changed
      .sort((a, b) => a.updatedAt - b.updatedAt)
      .slice(0, limit)
      .map(snapshotOf);
  }

  async labelled(labels: readonly string[], limit: number): Promise<readonly string[]> {
    this.#enter("labelled");
    const found = [...this.issues.values()].filter((issue) => issue.labels.some((label) => labels.includes(label)));
    return found.slice(0, limit).map(({ ref }) => ref.id);
  }

  async *ours(): AsyncIterable<TicketSnapshot & { readonly identity: TicketIdentity }> {
    this.#enter("ours");
    for (const issue of this.issues.values()) {
      const label = ticketLabel("backfeed", issue.identity.groupKey);
      if (issue.labels.includes(label)) yield { ...snapshotOf(issue), identity: issue.identity };
    }
  }

  async changeLabels(
    ref: TicketRef,
    change: { readonly add: readonly string[]; readonly remove: readonly string[] },
  ): Promise<"written" | "unchanged"> {
    this.#enter("changeLabels");
    const issue = this.#issue(ref);
    const kept = issue.labels.filter((label) => !change.remove.includes(label));
    const labels = [...new Set([...kept, ...change.add])];
    if (labels.join(" ") === issue.labels.join(" ")) return "unchanged";
    this.#touch(issue).labels = labels;
    this.#leave("changeLabels");
    return "written";
  }

  async writeField(
    ref: TicketRef,
    { field, value, lastSeen, always }: Parameters<TicketLife["writeField"]>[1],
  ): Promise<"written" | "unchanged" | "kept"> {
    this.#enter("writeField");
    const issue = this.#issue(ref);
    const wished = typeof value === "string" ? value : plainText(value);
    if (issue[field] === wished) return "unchanged";
    const isTheirs = issue[field] !== lastSeen || issue.edited.includes(field);
    if (isTheirs && always !== true) return "kept";
    this.#touch(issue)[field] = wished;
    this.#leave("writeField");
    return "written";
  }

  async link(ref: TicketRef, { other, type }: Parameters<TicketLife["link"]>[1]): Promise<"created" | "unchanged"> {
    this.#enter("link");
    const issue = this.#issue(ref);
    this.#issue(other);
    if (issue.related.some((one) => one.type === type && one.other.id === other.id)) return "unchanged";
    this.#touch(issue).related = [...issue.related, { type, other }];
    this.#leave("link");
    return "created";
  }

  async adopt(ref: TicketRef, identity: TicketIdentity): Promise<void> {
    this.#enter("adopt");
    const issue = this.#touch(this.#issue(ref));
    issue.identity = identity;
    issue.labels = [...new Set([...issue.labels, ticketLabel("backfeed", identity.groupKey)])];
    this.#leave("adopt");
  }

  async reopen(ref: TicketRef): Promise<"moved" | "unchanged"> {
    this.#enter("reopen");
    const issue = this.#issue(ref);
    if (issue.statusCategory !== "done") return "unchanged";
    this.#move(issue, "new");
    this.#leave("reopen");
    return "moved";
  }

  async check(): Promise<readonly never[]> {
    return [];
  }

  async close(): Promise<void> {}

  #enter(verb: Verb): void {
    this.calls.push(verb);
    const next = this.failBefore.get(verb)?.shift();
    if (next instanceof Error) throw next;
    next?.();
  }

  #leave(verb: Verb): void {
    const lost = this.failAfter.get(verb)?.shift();
    if (lost !== undefined) throw lost;
  }

  #issue(ref: TicketRef): FakeIssue {
    const issue = this.issues.get(ref.id);
    if (issue === undefined) throw new BackfeedError("not_found", `no issue ${ref.id}`);
    return issue;
  }

  #touch(issue: FakeIssue): FakeIssue {
    issue.updatedAt = ++this.now;
    return issue;
  }

  #move(issue: FakeIssue, category: StatusCategory): void {
    this.#touch(issue).statusCategory = category;
    issue.status = statusNames[category];
    issue.resolution = category === "done" ? "Done" : undefined;
  }
}

const statusNames = { new: "To Do", indeterminate: "In Progress", done: "Done" } as const;

function snapshotOf(issue: FakeIssue): TicketSnapshot {
  const { ref, summary, status, statusCategory, resolution, priority, labels, assignee } = issue;
  const { project, updatedAt, identity, description, related } = issue;
  const duplicateOf = related.find(({ type }) => type === "duplicate")?.other;
  const seen = { ref, summary, status, statusCategory, resolution, priority, labels, assignee };
  return { ...seen, project, updatedAt, identity, description, duplicateOf };
}
