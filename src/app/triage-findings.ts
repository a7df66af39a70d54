import type { FindingStep } from "../detect/findings.ts";
import { observe } from "../detect/observe.ts";
import type { Alert } from "../model/alert.ts";
import type { Decision } from "../model/decision.ts";
import type { AlertSummary, Finding, FindingEvent, ImpactMeasured } from "../model/finding.ts";
import type { OutboxEntry } from "../model/outbox.ts";
import { compareBands, type Priority } from "../model/priority.ts";
import { areSilenced, type Silence } from "../model/silence.ts";
import type { TicketRecord } from "../model/ticket.ts";
import { formatInstant } from "../model/time.ts";
import type { FindingCommit } from "../store/store.ts";
import { holdsRedaction } from "../support/redaction.ts";
import { decide } from "../triage/decide.ts";
import type { Story } from "../triage/describe.ts";
import { evidenceRequest } from "../triage/evidence.ts";
import { needsImpact, planImpact, readImpact } from "../triage/impact.ts";
import { intentsOf } from "../triage/intents.ts";
import { priorityInputs } from "../triage/measure.ts";
import { priorityLine, score } from "../triage/score.ts";
import type { TickContext } from "./context.ts";
import { CreateBudget } from "./create-budget.ts";
import { redactAction } from "./redaction.ts";

const dayMs = 86_400_000;

/**
 * Ask impact for changed findings, score, decide: the rest of a tick's way from findings to what is committed. The
 * worst come first, so that caps cut off the least.
 */
export async function triageFindings(
  steps: readonly FindingStep[],
  at: number,
  context: TickContext,
  signal: AbortSignal,
): Promise<readonly FindingCommit[]> {
  if (steps.length === 0) return [];
  const impacts = await askImpact(steps, at, context, signal);
  const ids = steps.map(({ finding }) => finding.id);
  const [tickets, open, lastDay, silences] = await Promise.all([
    context.store.tickets.ofFindings(ids),
    context.store.outbox.openOf(ids),
    context.store.state.createsSince(at - dayMs),
    context.store.silences.active(at),
  ]);
  const budget = new CreateBudget(context.createLimits, lastDay);
  const ranked = steps
    .map((step) => {
      const finding = { ...step.finding, impact: impacts.get(step.finding.id) ?? step.finding.impact };
      return { step, finding, priority: priorityOf(finding, step, at, context) };
    })
    .sort((a, b) => b.priority.score - a.priority.score || (a.finding.id < b.finding.id ? -1 : 1));
  return ranked.map(({ step, finding, priority }) =>
    triageOne({ step, finding, priority, at, ticket: tickets.get(finding.id), open, silences, budget, context }),
  );
}

/** A quiet finding keeps its last score. */
function priorityOf(finding: Finding, step: FindingStep, at: number, context: TickContext): Priority {
  if (finding.state !== "open" && finding.priority !== undefined) return finding.priority;
  return score(priorityInputs(finding, step.rule, at), context.scale);
}

async function askImpact(
  steps: readonly FindingStep[],
  at: number,
  context: TickContext,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ImpactMeasured>> {
  const asking = steps.filter(
    ({ finding, rule }) =>
      needsImpact(finding, at) &&
      context.sources.has(rule.signal.source) &&
      !Object.values(finding.groupLabels).some(holdsRedaction),
  );
  const plans = planImpact(asking, at, (source) => context.timings.get(source)?.delayMs ?? 0);
  const answers = await observe(plans, context.sources, signal);
  const impacts = new Map<string, ImpactMeasured>();
  for (const { source, plans: each } of plans) {
    const answer = answers.get(source);
    if (answer === undefined) continue;
    context.metrics.recordSourceRequests(source, answer.requests);
    for (const plan of each) impacts.set(plan.finding.id, readImpact(plan, answer, at));
  }
  return impacts;
}

interface TriageOne {
  readonly step: FindingStep;
  readonly finding: Finding;
  readonly priority: Priority;
  readonly at: number;
  readonly ticket: TicketRecord | undefined;
  readonly open: readonly OutboxEntry[];
  readonly silences: readonly Silence[];
  readonly budget: CreateBudget;
  readonly context: TickContext;
}

function triageOne(request: TriageOne): FindingCommit {
  const { step, finding, priority, at, ticket, open, silences, budget, context } = request;
  const { rule } = step;
  const { voice, instance } = context;
  const route = voice.routeOf(rule, finding);
  const decided = decide({
    at,
    finding,
    change: step.change,
    priority,
    scale: context.scale,
    policy: rule.ticket,
    // That of an older generation is not touched again.
    ticket: ticket?.generation === finding.generation ? ticket : undefined,
    createParked: open.some((entry) => entry.findingId === finding.id && isParkedCreate(entry)),
    silenced: areSilenced(speakingAlerts(step), silences),
    mayCreate: (band) => budget.allows(route, band),
  });
  if (decided.decision.action === "create") budget.spend(route);
  const delayMs = context.timings.get(rule.signal.source)?.delayMs ?? 0;
  const story: Story = { instance, finding, rule, priority, at, page: voice.pageOf(finding.id) };
  const intents = intentsOf(decided, story, {
    route,
    evidence: () => evidenceRequest(finding, rule, at, delayMs, voice.linksOf(rule, finding, at)),
  });
  const outbox = intents.map((draft) => ({ ...draft, action: redactAction(draft.action, context.redact) }));
  const after: Finding = {
    ...finding,
    priority,
    memory: decided.memory,
    decision: { ...decided.decision, at },
  };
  return { finding: after, events: eventsOf(step, after), outbox: context.dryRun ? [] : outbox };
}

/** Those that are the finding now: the worst and all that fire; when it went quiet, all that were in it before. */
function speakingAlerts({ finding, before, alerts }: FindingStep): readonly (Alert | AlertSummary)[] {
  const { worst } = finding;
  if (alerts.length === 0) return [worst, ...(before?.others ?? [])];
  return alerts.filter(({ state, fingerprint }) => state === "firing" || fingerprint === worst.fingerprint);
}

function isParkedCreate(entry: OutboxEntry): boolean {
  return entry.state === "parked" && entry.action.kind === "create";
}

/** The timeline gets what changed, not every tick. */
function eventsOf(step: FindingStep, after: Finding): readonly FindingEvent[] {
  const { before } = step;
  const { at } = after.decision;
  const events: FindingEvent[] = [];
  if (step.change !== "goes_on") {
    const words = { opened: "first seen", came_back: "came back", went_quiet: "went quiet" }[step.change];
    const text = `${words} at ${formatInstant(at)}: ${after.title}`;
    events.push({ at, kind: "state", code: step.change, text });
  }
  if (after.priority !== undefined && before?.priority?.band !== after.priority.band) {
    const rose = before?.priority === undefined || compareBands(after.priority.band, before.priority.band) > 0;
    events.push({ at, kind: "priority", code: rose ? "rose" : "fell", text: priorityLine(after.priority) });
  }
  if (after.decision.action !== "none" || !sameDecision(before?.decision, after.decision)) {
    const { action, reason, would } = after.decision;
    const instead = would === undefined ? "" : `; would have been ${would.action}: ${would.reason}`;
    events.push({ at, kind: "decision", code: reason, text: `${action}: ${reason}${instead}` });
  }
  return events;
}

function sameDecision(before: Decision | undefined, after: Decision): boolean {
  return (
    before?.action === after.action && before.reason === after.reason && before.would?.reason === after.would?.reason
  );
}
