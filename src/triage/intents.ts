import type { Document } from "../model/document.ts";
import type { EvidenceRequest } from "../model/evidence.ts";
import type { OutboxAction, OutboxDraft } from "../model/outbox.ts";
import type { TicketRoute } from "../model/ticket.ts";
import type { Decided } from "./decide.ts";
import {
  backDocument,
  flappingDocument,
  priorityKeptDocument,
  quietDocument,
  ruleChangedDocument,
  type Story,
  summaryDocument,
  ticketDocument,
  vanishedDocument,
} from "./describe.ts";

export interface IntentContext {
  readonly route: TicketRoute;
  /** Asked for only when a ticket is created. */
  readonly evidence: () => EvidenceRequest;
}

/**
 * A decision as durable intents towards the tracker, in the order they are to be seen there. Pure. The idempotency keys
 * are made of what happened, not of when it was decided, so that the same tick run again gives the same keys.
 */
export function intentsOf(decided: Decided, story: Story, context: IntentContext): readonly OutboxDraft[] {
  const { finding, at } = story;
  const told: Story = { ...story, finding: { ...finding, memory: decided.memory } };
  const actions: OutboxAction[] = [];
  const main = mainAction(decided, told, context);
  if (main !== undefined) actions.push(main);
  if (decided.writePriority !== undefined) {
    const marker = `priority:${at}`;
    actions.push({ kind: "priority", band: decided.writePriority, marker, document: priorityKeptDocument(told) });
  }
  if (decided.refreshSummary) actions.push({ kind: "summary", marker: "summary", document: summaryDocument(told) });
  return actions.map((action) => ({
    idempotencyKey: `${finding.groupKey}:${finding.generation}:${keyOf(action, at)}`,
    findingId: finding.id,
    groupKey: finding.groupKey,
    generation: finding.generation,
    action,
    createdAt: at,
    rank: story.priority.score,
  }));
}

function keyOf(action: OutboxAction, at: number): string {
  if (action.kind === "create") return "create";
  return action.kind === "summary" ? `summary:${at}` : action.marker;
}

function mainAction(decided: Decided, story: Story, context: IntentContext): OutboxAction | undefined {
  const { action, reason } = decided.decision;
  const { finding } = story;
  if (action === "create") return createAction(story, context);
  const episode = finding.episode.startedAt;
  if (action === "transition") {
    return { kind: "transition", category: "done", marker: `quiet:${episode}`, document: quietDocument(story) };
  }
  if (action !== "comment") return undefined;
  const comment = (marker: string, document: Document): OutboxAction => ({ kind: "comment", marker, document });
  switch (reason) {
    case "all_quiet":
      return comment(`quiet:${episode}`, quietDocument(story));
    case "back_while_open":
      return comment(`back:${episode}`, backDocument(story));
    case "vanished":
      return comment(`vanished:${episode}`, vanishedDocument(story));
    case "rule_changed":
      return comment(`rule-changed:${episode}`, ruleChangedDocument(story));
    case "flapping":
      return comment(`flapping:${episode}`, flappingDocument(story));
    default:
      return undefined;
  }
}

function createAction(story: Story, context: IntentContext): OutboxAction {
  const { finding, instance, page, priority } = story;
  return {
    kind: "create",
    identity: { instance, groupKey: finding.groupKey, generation: finding.generation, rules: finding.ruleIds },
    route: context.route,
    summary: finding.title,
    band: priority.band === "None" ? "Low" : priority.band,
    document: ticketDocument(story),
    evidence: context.evidence(),
    page:
      page === undefined
        ? undefined
        : { globalId: `backfeed=${instance}&finding=${finding.id}`, url: page, title: `Backfeed: ${finding.title}` },
  };
}
