import { createHmac } from "node:crypto";
import type { Deployment } from "./options.ts";

/** Deliveries shaped after Atlassian's pages "Webhooks" (Cloud, Data Center) and what both were seen to send (JIRA.md 2.6). */
interface DeliveryOptions {
  readonly deployment: Deployment;
  readonly event: string;
  readonly issueId?: string;
  readonly labels?: readonly string[];
  /** Who did it: account id on Cloud, user name on Data Center. */
  readonly account?: string;
}

/** The body of one delivery, as the bytes that are signed. */
export function deliveryBody({
  deployment,
  event,
  issueId = "10042",
  labels = [],
  account = "alice",
}: DeliveryOptions): string {
  const base = deployment === "cloud" ? "https://acme.atlassian.net" : "https://jira.example.com/jira";
  const user =
    deployment === "cloud"
      ? { accountId: account, accountType: "atlassian", displayName: "Alice Archer", active: true, timeZone: "Etc/GMT" }
      : { name: account, key: "JIRAUSER10100", emailAddress: "alice@example.com", displayName: "Alice Archer" };
  const fields = {
    summary: "cart: 20 errors",
    issuetype: { id: "10004", name: "Bug", subtask: false },
    project: { id: "10000", key: "OPS", name: "Operations" },
    status: { id: "3", name: "In Progress", statusCategory: { id: 4, key: "indeterminate" } },
    resolution: null,
    description: "h2. What\r\n{noformat}\r\nx\r\n{noformat}",
    updated: "2026-01-05T10:00:00.000+0000",
    labels,
  };
  const issue = { id: issueId, self: `${base}/rest/api/2/issue/${issueId}`, key: "OPS-7", fields };
  const status = { field: "status", fieldtype: "jira", from: "1", fromString: "To Do", to: "3", toString: "Doing" };
  const items = [deployment === "cloud" ? { ...status, fieldId: "status" } : status];
  const rest: Readonly<Record<string, object>> = {
    "jira:issue_created": { issue_event_type_name: "issue_created", user, issue },
    "jira:issue_updated": { issue_event_type_name: "issue_generic", user, issue, changelog: { id: "10124", items } },
    "jira:issue_deleted": { user, issue },
    comment_created: {
      comment: { id: "10001", author: user, updateAuthor: user, body: "fixed", created: fields.updated },
      issue: { id: issueId, self: issue.self, key: issue.key, fields: { summary: fields.summary, project: {} } },
    },
    issuelink_created: {
      issueLink: {
        id: 10_003,
        sourceIssueId: Number(issueId),
        destinationIssueId: Number(issueId) + 1,
        issueLinkType: { id: 10_002, name: "Duplicate", outwardName: "duplicates", inwardName: "is duplicated by" },
        sequence: 0,
        systemLink: false,
      },
    },
    "jira:version_released": { version: { id: "10000", name: "1.4", released: true, projectId: 10_000 } },
    project_created: { project: { id: 10_001, key: "NEW", name: "New", projectLead: user } },
  };
  return JSON.stringify({ timestamp: 1_767_607_200_000, webhookEvent: event, ...rest[event] });
}

export function signed(body: string | Uint8Array, secret: string): Record<string, string> {
  return { "x-hub-signature": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}` };
}
