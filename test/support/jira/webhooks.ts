import { createHmac } from "node:crypto";
import { adfText } from "./adf.ts";
import type { ChangeItem, HistoryEntry, IssueRecord } from "./record.ts";
import { renderComment, renderUser } from "./render.ts";
import { renderIssue } from "./render-issue.ts";
import type { Site } from "./site.ts";

export interface WebhookEvent {
  /** X-Atlassian-Webhook-Identifier: the same over retries. */
  id: string;
  payload: Record<string, unknown>;
}

/**
 * What an admin webhook would send, queued in `pending` so that the test decides when, in which order and how often it arrives.
 * Payloads are those of JIRA.md 2.6: v2 addresses, description as text, changelog in one delivery.
 */
export class Webhooks {
  readonly pending: WebhookEvent[] = [];
  readonly #site: Site;
  readonly #target: { url: string; secret?: string } | undefined;
  #sent = 0;

  constructor(site: Site, target: { url: string; secret?: string } | undefined) {
    this.#site = site;
    this.#target = target;
  }

  issueWritten(write: {
    issue: IssueRecord;
    operation: HistoryEntry["operation"];
    actor: string;
    items: readonly ChangeItem[];
  }): void {
    const { issue, operation, actor, items } = write;
    const site = this.#site;
    const comment = ["addComment", "updateComment"].includes(operation) ? issue.comments.at(-1) : undefined;
    const event = {
      createIssue: "jira:issue_created",
      deleteIssue: "jira:issue_deleted",
      addComment: "comment_created",
      updateComment: "comment_updated",
    }[operation as string];
    const view = { fields: ["*navigable"], expand: new Set<string>(), properties: [] };
    const shown = renderIssue(site, issue, view);
    const fields = shown["fields"] as Record<string, unknown>;
    const description =
      typeof fields["description"] === "object" && fields["description"] !== null
        ? adfText(fields["description"])
        : fields["description"];
    const self = `${site.url}/rest/api/2/issue/${issue.id}`;
    this.#sent++;
    this.pending.push({
      id: `webhook-${this.#sent}`,
      payload: {
        timestamp: site.clock(),
        webhookEvent: event ?? "jira:issue_updated",
        ...(event === undefined
          ? { issue_event_type_name: operation === "transitionIssue" ? "issue_generic" : "issue_updated" }
          : {}),
        user: renderUser(site, actor),
        issue: { id: issue.id, self, key: issue.key, fields: { ...fields, description } },
        ...(items.length > 0
          ? { changelog: { id: issue.changelog.at(-1)?.id, items: items.map((item) => this.#item(item)) } }
          : {}),
        ...(comment === undefined
          ? {}
          : {
              comment: {
                ...renderComment({ site, issueId: issue.id, comment, withProperties: false }),
                body: typeof comment.body === "string" ? comment.body : adfText(comment.body),
              },
            }),
      },
    });
  }

  /** Data Center's items carry no fieldId (JIRA.md 2.6). */
  #item({ fieldId, ...item }: ChangeItem): Record<string, unknown> {
    return this.#site.cloud ? { ...item, fieldId } : item;
  }

  /**
   * Posts one event and gives the receiver's status. The event leaves `pending` on a 2xx, and stays otherwise.
   * `retry` is the X-Atlassian-Webhook-Retry count; deliver the same event twice for a duplicate.
   */
  async deliver(event: WebhookEvent, options: { retry?: number; url?: string; secret?: string } = {}): Promise<number> {
    const url = options.url ?? this.#target?.url;
    const secret = options.secret ?? this.#target?.secret;
    if (url === undefined) throw new Error("Jira double: deliver() needs the option webhook.url, or a url");
    const body = JSON.stringify(event.payload);
    const headers: Record<string, string> = {
      "content-type": "application/json",
      "X-Atlassian-Webhook-Identifier": event.id,
      ...(options.retry === undefined ? {} : { "X-Atlassian-Webhook-Retry": String(options.retry) }),
      ...(secret === undefined
        ? {}
        : { "X-Hub-Signature": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}` }),
    };
    const answer = await fetch(url, { method: "POST", headers, body });
    await answer.arrayBuffer();
    const place = this.pending.indexOf(event);
    if (answer.ok && place >= 0) this.pending.splice(place, 1);
    return answer.status;
  }

  /** Delivers all pending events in order; stops at the first that is not taken and gives how many were. */
  async deliverAll(): Promise<number> {
    let taken = 0;
    for (const event of [...this.pending]) {
      const status = await this.deliver(event);
      if (status < 200 || status > 299) break;
      taken++;
    }
    return taken;
  }
}
