import type { TicketSnapshot } from "../../model/ticket.ts";
import { BackfeedError } from "../../support/errors.ts";
import type { Jira } from "./session.ts";
import { readCategory } from "./transition.ts";

const fields = "summary,status,resolution,priority,labels,assignee";

/** What the issue says now, by its id, so that it is followed when it moves; undefined when it is deleted or hidden from us. */
export async function readSnapshot(
  jira: Jira,
  options: { issueId: string; signal: AbortSignal },
): Promise<TicketSnapshot | undefined> {
  try {
    const { id, key, fields: read } = await jira.client.readIssue(options.issueId, { fields }, options.signal);
    return {
      ref: { id, key, url: jira.browseUrl(key) },
      summary: read.summary ?? "",
      status: read.status?.name ?? "",
      statusCategory: readCategory(read.status?.statusCategory?.key),
      resolution: read.resolution?.name,
      priority: read.priority?.name,
      labels: read.labels ?? [],
      assignee: read.assignee?.accountId ?? read.assignee?.name,
    };
  } catch (thrown) {
    if (thrown instanceof BackfeedError && thrown.kind === "not_found") return undefined;
    throw thrown;
  }
}
