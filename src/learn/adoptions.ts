import type { TicketRecord } from "../model/ticket.ts";
import type { StoredHint } from "../store/store.ts";
import { asBackfeedError } from "../support/errors.ts";
import { adoptIssue } from "./adopt.ts";
import type { ReconcileContext } from "./reconcile-context.ts";

/** Issues of one pass: each is read and written several times. */
const mostAdoptions = 10;
/** Labels of one question: one for each finding, and JQL has no "begins with". */
const findingsAtOnce = 100;

/** Issues of people that ask to become a finding's ticket, as a webhook hinted. Throws what the tracker throws. */
export async function adoptHinted(
  hints: readonly StoredHint[],
  hinted: readonly TicketRecord[],
  context: ReconcileContext,
  signal: AbortSignal,
): Promise<void> {
  const { store, clock } = context;
  const ours = new Set(hinted.map(({ ref }) => ref.id));
  const asked = hints.filter(({ issueId, adopts }) => adopts && !ours.has(issueId)).slice(0, mostAdoptions);
  for (const hint of asked) {
    if (await adopted(hint, context, signal)) await store.inbox.done([hint.id], clock.now());
  }
}

/** The same without webhooks: the adopt labels of a page of findings, in turn, are searched for. */
export async function adoptLabelled(context: ReconcileContext, signal: AbortSignal): Promise<void> {
  for (const issueId of await labelled(context, signal)) await adopted({ issueId, who: undefined }, context, signal);
}

/** Of the next page of findings, worst first and around again. */
async function labelled(context: ReconcileContext, signal: AbortSignal): Promise<readonly string[]> {
  const { store, tracker, policy, adoptions: walk } = context;
  const page = await store.history.findings({
    limit: findingsAtOnce,
    ...(walk.cursor === undefined ? {} : { cursor: walk.cursor }),
  });
  walk.cursor = page.next;
  if (page.items.length === 0) return [];
  const labels = page.items.map(({ id }) => `${policy.labelPrefix}-adopt-${id}`);
  const ids = await tracker.labelled(labels, mostAdoptions, signal);
  // On a ticket of ours the label is an order like others, that a look at the ticket sees.
  const known = new Set((await store.tickets.byIssueIds(tracker.name, ids)).map(({ ref }) => ref.id));
  return ids.filter((id) => !known.has(id));
}

/** Whether nothing is left to do about it: one issue that cannot be adopted holds no other up. */
async function adopted(
  asked: { readonly issueId: string; readonly who: string | undefined },
  context: ReconcileContext,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    return await adoptIssue(asked, context, signal);
  } catch (thrown) {
    const error = asBackfeedError(thrown);
    if (error.kind !== "refused" && error.kind !== "not_found") throw error;
    context.logger.warn("TICKET_COMMAND_FAILED", "an issue could not be adopted", { issue: asked.issueId }, error);
    return true;
  }
}
