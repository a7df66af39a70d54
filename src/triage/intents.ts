import type { DecisionReason } from "../model/decision.ts";
import type { Document } from "../model/document.ts";
import type { EvidenceRequest } from "../model/evidence.ts";
import type { OutboxAction, OutboxDraft } from "../model/outbox.ts";
import type { TicketRoute } from "../model/ticket.ts";
import type { Decided } from "./decided.ts";
import { summaryDocument, ticketDocument } from "./describe.ts";
import {
  notReopened,
  regressedDocument,
  stillHappeningDocument,
  suppressedDocument,
  takesOverDocument,
  verifiedDocument,
  wontDoOverDocument,
} from "./describe-closing.ts";
import {
  backDocument,
  flappingDocument,
  joinedDocument,
  priorityKeptDocument,
  quietDocument,
  ruleChangedDocument,
  silenceOverDocument,
  vanishedDocument,
} from "./describe-comments.ts";
import { fieldActions } from "./fields.ts";
import { joiningRules } from "./sections.ts";
import type { Story } from "./story.ts";

export interface IntentContext {
  readonly route: TicketRoute;
  /** Asked for only when a ticket is created or a later episode told on it, or for these rules when they join it. */
  readonly evidence: (only?: readonly string[]) => EvidenceRequest;
}

/**
 * A decision as durable intents towards the tracker, in the order they are to be seen there. Pure. The idempotency keys
 * are made of what happened, not of when it was decided, so that the same tick run again gives the same keys.
 */
export function intentsOf(decided: Decided, story: Story, context: IntentContext): readonly OutboxDraft[] {
  const { at } = story;
  const { memory, state, generation } = decided;
  const finding = { ...story.finding, memory, state, generation };
  const told: Story = { ...story, finding };
  // Of the memory before: what is decided now remembers them as told.
  const joining = joiningRules(story.finding);
  const actions: OutboxAction[] = [...mainActions(decided, told, context, joining)];
  if (decided.writePriority !== undefined) {
    const band = decided.writePriority;
    const always = story.rule.ticket.ownership.priority === "always" ? { always: true as const } : {};
    actions.push({ kind: "priority", band, marker: keptMarker(band), document: priorityKeptDocument(told), ...always });
  }
  // What is written besides goes along with a word that watchers are told of anyway.
  if (decided.refreshSummary) {
    actions.push(...fieldActions(story.finding.memory.wrote, told, context.route));
    actions.push({ kind: "summary", marker: "summary", document: summaryDocument(told) });
  }
  return actions.map((action) => ({
    idempotencyKey: `${finding.groupKey}:${generation}:${keyOf(action, at)}`,
    findingId: finding.id,
    groupKey: finding.groupKey,
    generation,
    action,
    createdAt: at,
    rank: story.priority.score,
  }));
}

/** Words that tell of an episode after the one that the ticket was filed for. */
const provenAgain: ReadonlySet<DecisionReason> = new Set(["back_while_open", "regressed"]);

/** The words that belong to a reason, and the marker under which they are said once on a ticket. */
interface Words {
  readonly marker: string;
  readonly document: Document;
  readonly onClosed?: true;
}

function keyOf(action: OutboxAction, at: number): string {
  switch (action.kind) {
    case "create":
      return "create";
    // The same again at a later time is another intent, although it is said under the same marker.
    case "summary":
    case "priority":
    case "labels":
    case "field":
    case "description":
      return `${action.marker}:${at}`;
    default:
      return action.marker;
  }
}

function keptMarker(band: string): string {
  return `priority-kept:${band.toLowerCase()}`;
}

function mainActions(
  decided: Decided,
  story: Story,
  context: IntentContext,
  joining: readonly string[],
): readonly OutboxAction[] {
  const { action, reason } = decided.decision;
  if (action === "create") return [createAction(story, context), ...linkActions(story)];
  if (action === "link") return parentLink(story);
  const words = wordsFor(reason, story, joining);
  if (words === undefined) return [];
  if (action === "comment" && reason === "rule_joined") {
    return [{ kind: "comment", ...words, evidence: context.evidence(joining) }];
  }
  // What was collected for an earlier episode proves nothing of this one.
  const proof = provenAgain.has(reason) ? { evidence: context.evidence() } : {};
  if (action === "comment") return [{ kind: "comment", ...words, ...proof }];
  const { marker, document } = words;
  if (action === "transition") return [{ kind: "transition", category: "done", marker, document }];
  if (action === "reopen") {
    return [{ kind: "reopen", marker, document, closedDocument: notReopened(document), ...proof }];
  }
  return [];
}

function wordsFor(reason: DecisionReason, story: Story, joining: readonly string[]): Words | undefined {
  const { finding, at, ticket } = story;
  const episode = finding.episode.startedAt;
  const closing = ticket?.closed?.at ?? at;
  switch (reason) {
    case "all_quiet":
      return { marker: `quiet:${episode}`, document: quietDocument(story) };
    case "back_while_open":
      return { marker: `back:${episode}`, document: backDocument(story) };
    case "vanished":
      return { marker: `vanished:${episode}`, document: vanishedDocument(story) };
    case "rule_changed":
      return { marker: `rule-changed:${episode}`, document: ruleChangedDocument(story) };
    case "flapping":
      return { marker: `flapping:${episode}`, document: flappingDocument(story) };
    case "priority_raised":
    case "priority_lowered":
      return { marker: keptMarker(finding.memory.ticketBand ?? "None"), document: priorityKeptDocument(story) };
    case "regressed":
      return { marker: `regressed:${episode}`, document: regressedDocument(story), onClosed: true };
    case "still_happening":
      return { marker: `still-happening:${closing}`, document: stillHappeningDocument(story), onClosed: true };
    case "wont_do_over":
      return { marker: `wont-do-over:${episode}`, document: wontDoOverDocument(story), onClosed: true };
    case "suppressed":
      return { marker: `suppressed:${closing}`, document: suppressedDocument(story), onClosed: true };
    case "verified":
      return { marker: `verified:${closing}:${episode}`, document: verifiedDocument(story), onClosed: true };
    case "rule_joined":
      // A rule joins a ticket once.
      return { marker: `joined:${joining[0] ?? ""}`, document: joinedDocument(story, joining) };
    case "silence_over":
      return { marker: `silence-over:${at}`, document: silenceOverDocument(story) };
    case "takes_over":
      // Once for each ticket before it, also when the store that remembered was lost.
      return {
        marker: `takes-over:${ticket?.formerRefs?.at(-1)?.id ?? at}`,
        document: takesOverDocument(story),
        onClosed: true,
      };
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

/** A ticket in a storm is linked with the parent's. */
function parentLink({ stormParent }: Story): readonly OutboxAction[] {
  if (stormParent === undefined) return [];
  return [{ kind: "link", marker: `link:storm:${stormParent.id}`, other: stormParent }];
}

/** A second ticket is linked to the one before. */
function linkActions({ finding }: Story): readonly OutboxAction[] {
  const { follows } = finding.memory;
  return follows === undefined ? [] : [{ kind: "link", marker: "link:before", other: follows.ref }];
}
