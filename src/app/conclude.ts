import { formFindings, touchedGroups } from "../detect/findings.ts";
import { type Evaluation, type RuleJudgement, verdictCounts } from "../detect/judge.ts";
import type { Finding } from "../model/finding.ts";
import { fingerprint } from "../model/identity.ts";
import type { Rule } from "../model/rule.ts";
import type { FindingCommit, MeasuredHistory, RuleCommit, RuleState, RuleTickCounts } from "../store/store.ts";
import { isInWindow } from "../triage/muting.ts";
import type { TickContext } from "./context.ts";
import { type Outcomes, outcomesOf, type TickLine, tickLines } from "./outcomes.ts";
import { triageFindings } from "./triage-findings.ts";

/** One rule's part of a tick, judged, and the state to store with it. */
export interface Judged {
  readonly judgement: RuleJudgement;
  /** With the watermark as it is to be after this tick. */
  readonly state: RuleState;
  /** False for a failure that the next tick asks again: its alerts stay as they are stored. */
  readonly storeAlerts: boolean;
  /** False where the rule judged this very tick already: what it counted then stays. Default true. */
  readonly storeCounts?: boolean;
  /** What it measured that is to be compared with later. */
  readonly measured?: MeasuredHistory | undefined;
}

export interface ConcludeRequest {
  readonly schedule: string;
  readonly at: number;
  /** The schedule's tick before: one end of the step that this tick evaluated. Undefined when steps are not its matter. */
  readonly previousAt?: number;
  readonly judged: readonly Judged[];
  /** By id, built-in and retired ones included. */
  readonly rules: ReadonlyMap<string, Rule>;
}

export interface Concluded {
  /** Every label set that was judged; made when asked for, since nobody does of a tick that `serve` ran. */
  readonly lines: () => readonly TickLine[];
  readonly counts: RuleTickCounts;
  /** Rules whose part could not be stored; their watermarks stand still. */
  readonly notStored: readonly { readonly ruleId: string; readonly message: string }[];
  readonly findings: readonly Finding[];
}

/**
 * Findings, triage and the commit of one tick, one tick after another, since rules of two schedules may share a
 * finding. Whatever was judged is in the store when this resolves.
 */
export function conclude(request: ConcludeRequest, context: TickContext, signal: AbortSignal): Promise<Concluded> {
  return context.concludeLock.run(() => concludeAlone(request, context, signal));
}

async function concludeAlone(request: ConcludeRequest, context: TickContext, signal: AbortSignal): Promise<Concluded> {
  const { at, judged, rules } = request;
  const { state } = context.store;
  const alerting = new Map(judged.map(({ judgement }) => [judgement, alertingOf(judgement)]));
  const stored = judged.filter(({ storeAlerts }) => storeAlerts);
  const evaluations = stored.flatMap(({ judgement }) => alerting.get(judgement) ?? []);
  const keys = touchedGroups(evaluations);
  const evaluated = new Set(evaluations.flatMap(({ alert, ended }) => (alert ?? ended)?.fingerprint ?? []));
  const otherAlerts = keys.length === 0 ? [] : await state.alerts(evaluated);
  const steps =
    keys.length === 0
      ? []
      : formFindings({
          at,
          evaluations,
          otherAlerts,
          findings: await state.findings(keys),
          rules,
          modeOf: context.voice.modeOf,
          titleOf: context.voice.titleOf,
        });
  const alerts = () => [...evaluations.flatMap(({ alert }) => alert ?? []), ...otherAlerts];
  const facts = { rules: [...rules.values()], alerts };
  const { commits, storm } = await triageFindings(steps, facts, at, context, signal);
  const outcomes = outcomesOf([...alerting.values()].flat(), commits);
  const byRule = findingsByRule(commits, alerting);
  const rulesToCommit = judged.map((each) => {
    const own = alerting.get(each.judgement) ?? [];
    return ruleCommit(each, own, outcomes, byRule.get(each.judgement.rule.id) ?? []);
  });
  const notStored = await state.commitTick({ schedule: request.schedule, tick: at, rules: rulesToCommit, storm });
  const failed = new Set(notStored.map(({ ruleId }) => ruleId));
  for (const commit of rulesToCommit) {
    if (failed.has(commit.state.ruleId)) continue;
    context.knownLabelSets.committed(commit.state.ruleId, commit.labelSetsSeen, commit.labelSetsForgotten);
    context.measuredHistories.stored(commit.state.ruleId, commit.measured);
  }
  for (const { action, reason } of outcomes.values()) context.metrics.recordDecision(action, reason);
  watchFixes(request, commits, failed, context);
  return {
    lines: () => tickLines(judged, outcomes),
    counts: sumCounts(rulesToCommit.flatMap(({ counts }) => counts ?? [])),
    notStored,
    findings: commits.map(({ finding }) => finding),
  };
}

/** How long fixes hold is counted where every verdict is known, the clear ones of inactive alerts too. */
function watchFixes(
  { at, previousAt, judged }: ConcludeRequest,
  commits: readonly FindingCommit[],
  failed: ReadonlySet<string>,
  { fixWatch, instance, maintenance }: TickContext,
): void {
  const on = maintenance.on(at);
  for (const { judgement, state, storeAlerts } of judged) {
    const { rule } = judgement;
    if (previousAt === undefined || !storeAlerts || failed.has(state.ruleId) || !fixWatch.watches(rule)) continue;
    for (const { labels, verdict } of judgement.evaluations) {
      const alert = fingerprint(instance, rule.identity, labels);
      // What is seen during planned work says nothing for the fix and nothing against it.
      const isPlanned = on.some(({ window }) => isInWindow({ ruleId: rule.id, labels }, window, rule));
      // Nor does what still occurs, and is only known by now.
      const saysNothing = isPlanned || (verdict.reason === "known" && verdict.events > 0);
      fixWatch.ticked({
        fingerprint: alert,
        at,
        previous: previousAt,
        verdict: saysNothing ? "no_data" : verdict.kind,
      });
    }
  }
  fixWatch.stored(commits.map(({ finding }) => finding));
}

/** Of a healthy estate nearly none: what is to be done about alerts looks at these alone. */
function alertingOf(judgement: RuleJudgement): readonly Evaluation[] {
  return judgement.calm === undefined ? judgement.evaluations.filter(hasAlert) : [];
}

function hasAlert({ alert, ended }: Evaluation): boolean {
  return alert !== undefined || ended !== undefined;
}

/** Each rule's evaluations that have an alert, or had one until this tick. */
type Alerting = ReadonlyMap<RuleJudgement, readonly Evaluation[]>;

/** A finding is stored with the rule of its worst alert, or with the first rule of this tick when that one is not due. */
function findingsByRule(
  commits: readonly FindingCommit[],
  alerting: Alerting,
): ReadonlyMap<string, readonly FindingCommit[]> {
  if (commits.length === 0) return new Map();
  const due = new Set(Array.from(alerting.keys(), ({ rule }) => rule.id));
  const ruleOfGroup = new Map<string, string>();
  for (const [{ rule }, evaluations] of alerting) {
    for (const { alert, ended } of evaluations) {
      const key = (alert ?? ended)?.groupKey;
      if (key !== undefined && !ruleOfGroup.has(key)) ruleOfGroup.set(key, rule.id);
    }
  }
  const byRule = new Map<string, FindingCommit[]>();
  for (const commit of commits) {
    const worst = commit.finding.worst.ruleId;
    const ruleId = due.has(worst) ? worst : ruleOfGroup.get(commit.finding.groupKey);
    if (ruleId === undefined) continue;
    const list = byRule.get(ruleId);
    if (list === undefined) byRule.set(ruleId, [commit]);
    else list.push(commit);
  }
  return byRule;
}

function ruleCommit(
  { judgement, state, storeAlerts, storeCounts = true, measured }: Judged,
  alerting: readonly Evaluation[],
  outcomes: Outcomes,
  findings: readonly FindingCommit[],
): RuleCommit {
  const alertsChanged = storeAlerts ? alerting.flatMap(({ alert }) => alert ?? []) : [];
  const alive = new Set(alertsChanged.map(({ fingerprint }) => fingerprint));
  // A changed rule can end an alert and start its like at the same tick.
  const ended = alerting.flatMap((each) => each.ended?.fingerprint ?? []).filter((each) => !alive.has(each));
  return {
    state,
    alertsChanged,
    alertsEnded: storeAlerts ? ended : [],
    labelSetsSeen: judgement.seen.map((entry) => ({ ruleId: state.ruleId, ...entry })),
    labelSetsForgotten: judgement.forgotten,
    measured,
    counts: storeCounts ? countsOf(judgement, alerting, outcomes) : undefined,
    findings,
  };
}

function countsOf(judgement: RuleJudgement, alerting: readonly Evaluation[], outcomes: Outcomes): RuleTickCounts {
  const counts: Record<string, number> = {};
  for (const evaluation of alerting) {
    const outcome = outcomes.get(evaluation);
    if (outcome === undefined) continue;
    const name = outcome.action === "none" ? outcome.reason : `${outcome.action}:${outcome.reason}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return { verdicts: verdictCounts(judgement), outcomes: counts, notEvaluated: judgement.notEvaluated };
}

function sumCounts(counts: readonly RuleTickCounts[]): RuleTickCounts {
  const verdicts: Record<string, number> = {};
  const outcomes: Record<string, number> = {};
  let notEvaluated = 0;
  for (const each of counts) {
    for (const [name, count] of Object.entries(each.verdicts)) verdicts[name] = (verdicts[name] ?? 0) + count;
    for (const [name, count] of Object.entries(each.outcomes)) outcomes[name] = (outcomes[name] ?? 0) + count;
    notEvaluated += each.notEvaluated;
  }
  return { verdicts, outcomes, notEvaluated };
}
