import type {
  CreatedTicket,
  StatusCategory,
  TicketDraft,
  TicketIdentity,
  TicketRef,
  TicketSnapshot,
} from "../../src/model/ticket.ts";
import type { Tracker } from "../../src/trackers/tracker.ts";

interface FakeIssue {
  readonly ref: TicketRef;
  readonly draft: TicketDraft;
  status: string;
  statusCategory: StatusCategory;
  priority: string;
  readonly comments: Map<string, unknown>;
  readonly attachments: Set<string>;
  readonly links: Set<string>;
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
  | "linkBack";

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
      hiddenFor: this.indexLag,
    };
    this.issues.set(id, issue);
    return issue;
  }

  async find(identity: TicketIdentity): Promise<readonly TicketRef[]> {
    this.#enter("find");
    const hits = [...this.issues.values()].filter(({ draft }) => {
      const { groupKey, generation } = draft.identity;
      return groupKey === identity.groupKey && generation === identity.generation;
    });
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
    if (issue === undefined) return undefined;
    const { status, statusCategory, priority, draft } = issue;
    return {
      ref: issue.ref,
      summary: draft.summary,
      status,
      statusCategory,
      resolution: undefined,
      priority,
      labels: [],
      assignee: undefined,
    };
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
    change: { band: string; lastWritten: string | undefined },
  ): Promise<{ outcome: "written" | "unchanged" | "kept"; priority: string }> {
    this.#enter("setPriority");
    const issue = this.#issue(ref);
    if (issue.priority !== change.lastWritten) return { outcome: "kept", priority: issue.priority };
    issue.priority = change.band;
    return { outcome: "written", priority: issue.priority };
  }

  async transition(ref: TicketRef, category: StatusCategory): Promise<"moved" | "unchanged"> {
    this.#enter("transition");
    const issue = this.#issue(ref);
    if (issue.statusCategory === category) return "unchanged";
    issue.statusCategory = category;
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
    if (issue === undefined) throw new Error(`no issue ${ref.id}`);
    return issue;
  }
}
