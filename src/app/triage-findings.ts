import { isDeepStrictEqual } from "node:util";
import { observe } from "../detect/observe.ts";
import { type Finding, type ImpactMeasured, isOngoing } from "../model/finding.ts";
import type { Priority } from "../model/priority.ts";
import type { Rule } from "../model/rule.ts";
import type { TicketRecord } from "../model/ticket.ts";
import type { FindingCommit } from "../store/store.ts";
import { holdsRedaction } from "../support/redaction.ts";
import { isRegressed } from "../triage/closing.ts";
import { needsImpact, planImpact, readImpact } from "../triage/impact.ts";
import { priorityInputs } from "../triage/measure.ts";
import { score } from "../triage/score.ts";
import type { TickContext } from "./context.ts";
import { CreateBudget } from "./create-budget.ts";
import { explainingOf, type TriageFacts } from "./explaining.ts";
import { suspectsOf } from "./suspects.ts";
import { type TriageStep, triageOne } from "./triage-one.ts";

const dayMs = 86_400_000;

export interface AttendedFinding {
  readonly finding: Finding;
  /** That of its worst alert. */
  readonly rule: Rule;
  /** By the id in the summaries of its alerts. */
  readonly rules: ReadonlyMap<string, Rule>;
}

/** A stored finding to be decided although no alert of it moved. */
function attendedStep({ finding, rule, rules }: AttendedFinding, { voice }: Pick<TickContext, "voice">): TriageStep {
  const told = { ...finding, mode: voice.modeOf(rule) };
  return { finding: told, before: finding, change: "attended", rule, rules, alerts: [] };
}

/**
 * Findings whose ticket changed or whose time came, decided between ticks; inside `concludeLock`, with the findings read
 * there. Gives those of which something is to be stored.
 */
export async function attendFindings(
  attended: readonly AttendedFinding[],
  facts: TriageFacts,
  at: number,
  context: TickContext,
  signal: AbortSignal,
): Promise<readonly FindingCommit[]> {
  const before = new Map(attended.map(({ finding }) => [finding.id, finding]));
  const steps = attended.map((each) => attendedStep(each, context));
  const commits = await triageFindings(steps, facts, at, context, signal);
  return commits.filter(({ finding }) => !isDeepStrictEqual(plain(finding), plain(before.get(finding.id))));
}

/** As it is stored: a member that is undefined is none. */
function plain(finding: Finding | undefined): unknown {
  return finding === undefined ? undefined : JSON.parse(JSON.stringify({ ...finding, priority: undefined }));
}

/**
 * Ask impact for changed findings, score, decide: the rest of a tick's way from findings to what is committed. The
 * worst come first, so that caps cut off the least.
 */
export async function triageFindings(
  steps: readonly TriageStep[],
  facts: TriageFacts,
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
  const scored = steps
    .map((step) => {
      const { id, generation, impact, state } = step.finding;
      const record = tickets.get(id);
      // That of an older generation is not touched again.
      const ticket = record?.generation === generation ? record : undefined;
      const regressed = isRegressed(step.finding, ticket) ? "regressed" : state;
      const known: Finding = { ...step.finding, impact: impacts.get(id) ?? impact, state: regressed };
      const priority = priorityOf(known, step, at, context);
      return { step, finding: { ...known, priority }, ticket, priority };
    })
    .sort((a, b) => b.priority.score - a.priority.score || (a.finding.id < b.finding.id ? -1 : 1));
  const explaining = await explainingOf(scored, facts, context);
  const asked = scored.map(({ finding, step: { rule }, ticket }) => ({ finding, rule, doneAt: doneAt(ticket) }));
  const suspects = await suspectsOf(asked, context);
  return scored.map(({ finding: { explains: _, ...finding }, ...each }) => {
    const explains = explaining.by(finding.groupKey);
    const named = explains === undefined ? finding : { ...finding, explains };
    return triageOne({
      ...each,
      finding: named,
      deploys: suspects.get(finding.id),
      at,
      open,
      silences,
      explaining,
      budget,
      context,
    });
  });
}

function doneAt(ticket: TicketRecord | undefined): number | undefined {
  return ticket?.closed?.as === "done" ? ticket.closed.at : undefined;
}

/** A quiet finding keeps its last score. */
function priorityOf(finding: Finding, step: TriageStep, at: number, context: TickContext): Priority {
  if (!isOngoing(finding) && finding.priority !== undefined) return finding.priority;
  return score(priorityInputs(finding, step.rule, at), context.scale);
}

async function askImpact(
  steps: readonly TriageStep[],
  at: number,
  context: TickContext,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ImpactMeasured>> {
  const asking = steps.filter(
    ({ finding, rule, change }) =>
      change !== "attended" &&
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
