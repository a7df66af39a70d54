import type { CreatedTicket, TicketDraft, TicketIdentity } from "../../model/ticket.ts";
import { BackfeedError } from "../../support/errors.ts";
import { refusedFields } from "./answer.ts";
import type { CreateScreens } from "./create-screen.ts";
import { type IssueBody, issueBody } from "./issue-fields.ts";
import type { Jira } from "./session.ts";

/** Key of our entity property on issues and on comments. */
export const propertyKey = "backfeed";

/**
 * One issue, with label and property in the same request. A refusal (a definite no, so nothing was made) that names
 * fields is answered once: with the screen as it is now, and without the optional fields named.
 */
export async function createIssue(options: {
  jira: Jira;
  screens: CreateScreens;
  draft: TicketDraft;
  where: { project: string; issueType: string };
  labelPrefix: string;
  signal: AbortSignal;
}): Promise<CreatedTicket> {
  const { jira, screens, draft, where, labelPrefix, signal } = options;
  const bodyWithout = async (refused: ReadonlySet<string>): Promise<IssueBody> => {
    const screen = await screens.get(jira.client, where, signal);
    return issueBody({ draft, screen, flavour: jira.flavour, markup: jira.markup, labelPrefix, refused });
  };
  const post = (body: IssueBody) =>
    jira.client.createIssue(
      { fields: body.fields, properties: [{ key: propertyKey, value: issueProperty(draft.identity) }] },
      signal,
    );

  let body = await bodyWithout(new Set());
  const created = await post(body).catch(async (thrown: unknown) => {
    const named = namedFields(thrown);
    if (named.length > 0) screens.forget(where);
    const refused = droppable(named);
    if (refused.size === 0) throw thrown;
    body = await bodyWithout(refused);
    return post(body);
  });
  return {
    ref: { id: created.id, key: created.key, url: jira.browseUrl(created.key) },
    priority: body.priority,
    dropped: body.dropped,
  };
}

/** What our property on an issue says (DESIGN.md section 8). */
export function issueProperty({ instance, groupKey, generation, rules }: TicketIdentity): Record<string, unknown> {
  return { v: 1, instance, groupKey, generation, rules: rules.slice(0, 100) };
}

const essential = new Set(["project", "issuetype", "summary"]);

function namedFields(thrown: unknown): readonly string[] {
  const isRefusal = thrown instanceof BackfeedError && thrown.kind === "refused" && thrown.status === 400;
  return isRefusal ? refusedFields(thrown) : [];
}

/** The fields to try without; none when the refusal is about something that a ticket cannot be without. */
function droppable(named: readonly string[]): ReadonlySet<string> {
  return new Set(named.some((field) => essential.has(field)) ? [] : named);
}
