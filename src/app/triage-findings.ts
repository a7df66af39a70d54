import { isDeepStrictEqual } from "node:util";
import { observe } from "../detect/observe.ts";
import { type Finding, type ImpactMeasured, isOngoing } from "../model/finding.ts";
import type { Priority } from "../model/priority.ts";
import type { Rule } from "../model/rule.ts";
import type { TicketRecord } from "../model/ticket.ts";
import type { FindingCommit, StormCommit } from "../store/store.ts";
import { holdsRedaction } from "../support/redaction.ts";
import { isRegressed } from "../triage/closing.ts";
import { stormTitle } from "../triage/describe-storm.ts";
import { needsImpact, planImpact, readImpact } from "../triage/impact.ts";
import { priorityInputs } from "../triage/measure.ts";
import { type Scored, worstFirst } from "../triage/rank.ts";
import { score } from "../triage/score.ts";
import type { StormDigest } from "../triage/storm-digest.ts";
import type { TickContext } from "./context.ts";
import { CreateBudget } from "./create-budget.ts";
import { explainingOf, type TriageFacts } from "./explaining.ts";
import { digestsOf, judgeStorms, listChanged, type Wishing } from "./storms.ts";
import { suspectsOf } from "./suspects.ts";
import { type TriageOne, type TriageStep, triageOne, wouldBeFiled } from "./triage-one.ts";

const dayMs = 86_400_000;
/** Of those that wait for a cap, as many are looked at: many days' worth of new tickets. */
export const mostWaiting = 1_000;

/** What was decided, the worst first, and what became of a storm by it: stored together. */
export interface Triaged {
  readonly commits: readonly FindingCommit[];
  readonly storm: StormCommit | undefined;
}

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
): Promise<Triaged> {
  const before = new Map(attended.map(({ finding }) => [finding.id, finding]));
  const steps = attended.map((each) => attendedStep(each, context));
  const { commits, storm } = await triageFindings(steps, facts, at, context, signal);
  const changed = commits.filter(({ finding }) => !isDeepStrictEqual(plain(finding), plain(before.get(finding.id))));
  return { commits: changed, storm };
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
): Promise<Triaged> {
  if (steps.length === 0) return { commits: [], storm: undefined };
  const impacts = await askImpact(steps, at, context, signal);
  const ids = steps.map(({ finding }) => finding.id);
  const [tickets, open, silences, digests] = await Promise.all([
    context.store.tickets.ofFindings(ids),
    context.store.outbox.openOf(ids),
    context.store.silences.active(at),
    digestsOf(
      steps.map(({ finding }) => finding),
      context,
    ),
  ]);
  const scored = steps
    .map((step) => {
      const { id, generation, impact, state } = step.finding;
      const record = tickets.get(id);
      // That of an older generation is not touched again.
      const ticket = record?.generation === generation ? record : undefined;
      const regressed = isRegressed(step.finding, ticket) ? "regressed" : state;
      const digest = digests.get(id);
      const title = digest === undefined ? step.finding.title : context.redact(stormTitle(digest));
      const known: Finding = { ...step.finding, title, impact: impacts.get(id) ?? impact, state: regressed };
      const priority = digest?.priority ?? priorityOf(known, step, at, context);
      return { step, finding: { ...known, priority }, ticket, priority };
    })
    .sort((a, b) => worstFirst(scoredOf(a), scoredOf(b)))
    // A storm's parent goes before what is listed on it.
    .sort((a, b) => Number(digests.has(b.finding.id)) - Number(digests.has(a.finding.id)));
  const windows = context.maintenance.on(at);
  const explaining = await explainingOf(scored, facts, context);
  const asked = scored.map(({ finding, step: { rule }, ticket }) => ({ finding, rule, doneAt: doneAt(ticket) }));
  const suspects = await suspectsOf(asked, context);
  const ranked = scored.map(({ finding: { explains: _, ...finding }, ...each }): TriageOne => {
    const explains = explaining.by(finding.groupKey);
    const named = explains === undefined ? finding : { ...finding, explains };
    return {
      ...each,
      finding: named,
      deploys: suspects.get(finding.id),
      at,
      open,
      silences,
      windows,
      explaining,
      context,
    };
  });
  return decideTogether(ranked, digests, at, context);
}

/** Storms and caps look at all of them, then each is decided in its turn. */
async function decideTogether(
  ranked: readonly TriageOne[],
  digests: ReadonlyMap<string, StormDigest>,
  at: number,
  context: TickContext,
): Promise<Triaged> {
  const filed = ranked.map((each) => ({ each, because: wouldBeFiled(each) })).filter(({ because }) => because);
  // What people asked for is filed as they asked.
  const wishes = filed
    .filter(({ each, because }) => because !== "refiled" && !digests.has(each.finding.id))
    .map(({ each }) => wishOf(each));
  const findings = ranked.map(({ finding }) => finding);
  const storms = await judgeStorms(findings, wishes, at, context);
  const budget = await createBudget(findings, filed.length > 0, at, context);
  for (const route of storms.reserve) budget.spend(route);
  const commits = ranked.map((each) => {
    const { finding } = each;
    const digest = digests.get(finding.id);
    const storm =
      digest === undefined
        ? storms.factsOf(finding)
        : { seat: undefined, parent: undefined, listChanged: listChanged(finding, digest, at) };
    return triageOne(each, { budget, storm, digest, wishedAt: storms.wishedAt(finding.id) });
  });
  return { commits, storm: storms.commit };
}

function wishOf({ finding, priority }: TriageOne): Wishing {
  return { finding, score: priority.score, band: priority.band };
}

/** What may be filed in this run. Who else waits is asked only where somebody wishes for a ticket. */
async function createBudget(
  findings: readonly Finding[],
  isAsked: boolean,
  at: number,
  { store, createLimits: limits }: TickContext,
): Promise<CreateBudget> {
  if (!isAsked) return new CreateBudget({ limits, at, lastDay: new Map() });
  const [lastDay, stored] = await Promise.all([store.state.createsSince(at - dayMs), store.state.waiting(mostWaiting)]);
  const decided = new Set(findings.map(({ id }) => id));
  const waiting = stored.flatMap(({ id, decision, priority }) =>
    decided.has(id) || decision.cap === undefined
      ? []
      : [{ project: decision.cap.project, score: priority?.score ?? 0 }],
  );
  return new CreateBudget({ limits, at, lastDay, waiting });
}

function doneAt(ticket: TicketRecord | undefined): number | undefined {
  return ticket?.closed?.as === "done" ? ticket.closed.at : undefined;
}

function scoredOf({ finding, priority }: { readonly finding: Finding; readonly priority: Priority }): Scored {
  return { finding, score: priority.score };
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
