import { formFindings, touchedGroups } from "../detect/findings.ts";
import type { Evaluation, RuleJudgement } from "../detect/judge.ts";
import type { DecisionReason } from "../model/decision.ts";
import type { Finding } from "../model/finding.ts";
import type { Rule } from "../model/rule.ts";
import type { FindingCommit, RuleCommit, RuleState, RuleTickCounts } from "../store/store.ts";
import type { TickContext } from "./context.ts";
import { triageFindings } from "./triage-findings.ts";

/** One rule's part of a tick, judged, and the state to store with it. */
export interface Judged {
  readonly judgement: RuleJudgement;
  /** With the watermark as it is to be after this tick. */
  readonly state: RuleState;
  /** False for a failure that the next tick asks again: its alerts stay as they are stored. */
  readonly storeAlerts: boolean;
}

export interface ConcludeRequest {
  readonly schedule: string;
  readonly at: number;
  readonly judged: readonly Judged[];
  /** By id, built-in and retired ones included. */
  readonly rules: ReadonlyMap<string, Rule>;
}

/** One label set of one rule at one tick, with what was decided: a line of `run --once --json`. */
export interface TickLine {
  readonly rule: Rule;
  readonly evaluation: Evaluation;
  readonly finding: Finding | undefined;
  readonly action: string;
  readonly reason: DecisionReason;
}

export interface Concluded {
  readonly lines: readonly TickLine[];
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
  const stored = judged.filter(({ storeAlerts }) => storeAlerts);
  const evaluations = stored.flatMap(({ judgement }) => judgement.evaluations.filter(hasAlert));
  const keys = touchedGroups(evaluations);
  const evaluated = new Set(evaluations.flatMap(({ alert, ended }) => (alert ?? ended)?.fingerprint ?? []));
  const steps =
    keys.length === 0
      ? []
      : formFindings({
          at,
          evaluations,
          otherAlerts: (await state.alerts()).filter((alert) => !evaluated.has(alert.fingerprint)),
          findings: await state.findings(keys),
          rules,
          modeOf: context.voice.modeOf,
          titleOf: context.voice.titleOf,
        });
  const commits = await triageFindings(steps, at, context, signal);
  const lines = linesOf(judged, commits);
  const byRule = findingsByRule(commits, judged);
  const rulesToCommit = judged.map((each) => ruleCommit(each, lines, byRule.get(each.judgement.rule.id) ?? []));
  const notStored = await state.commitTick({ schedule: request.schedule, tick: at, rules: rulesToCommit });
  const failed = new Set(notStored.map(({ ruleId }) => ruleId));
  for (const commit of rulesToCommit) {
    if (failed.has(commit.state.ruleId)) continue;
    context.knownLabelSets.committed(commit.state.ruleId, commit.labelSetsSeen, commit.labelSetsForgotten);
  }
  for (const { action, reason, evaluation } of lines.all) {
    if (evaluation.state !== "inactive" || evaluation.ended !== undefined)
      context.metrics.recordDecision(action, reason);
  }
  return {
    lines: lines.all,
    counts: sumCounts(rulesToCommit.map(({ counts }) => counts)),
    notStored,
    findings: commits.map(({ finding }) => finding),
  };
}

/** Of a healthy estate nearly none: what is to be done about alerts looks at these alone. */
function hasAlert({ alert, ended }: Evaluation): boolean {
  return alert !== undefined || ended !== undefined;
}

interface Lines {
  readonly all: readonly TickLine[];
  readonly byRule: ReadonlyMap<RuleJudgement, readonly TickLine[]>;
}

/** Every alert that is not inactive ends the tick as exactly one decision; the finding's own goes to its worst alert. */
function linesOf(judged: readonly Judged[], commits: readonly FindingCommit[]): Lines {
  const byGroup = new Map(commits.map(({ finding }) => [finding.groupKey, finding]));
  const told = new Set<string>();
  const here = new Set(
    judged.flatMap(({ judgement }) =>
      judgement.evaluations.filter(hasAlert).flatMap(({ alert, ended }) => (alert ?? ended)?.fingerprint ?? []),
    ),
  );
  const all: TickLine[] = [];
  const byRule = new Map<RuleJudgement, TickLine[]>();
  for (const { judgement } of judged) {
    const own: TickLine[] = [];
    for (const evaluation of judgement.evaluations) {
      const alert = evaluation.alert ?? evaluation.ended;
      const finding = alert === undefined ? undefined : byGroup.get(alert.groupKey);
      const { action, reason } = outcomeOf(evaluation, finding, told, here);
      own.push({ rule: judgement.rule, evaluation, finding, action, reason });
    }
    byRule.set(judgement, own);
    all.push(...own);
  }
  return { all, byRule };
}

interface Outcome {
  readonly action: string;
  readonly reason: DecisionReason;
}

const none = {
  pending: { action: "none", reason: "pending" },
  grouped: { action: "none", reason: "grouped" },
  failed: { action: "none", reason: "failed" },
  unchanged: { action: "none", reason: "unchanged" },
} as const;

function outcomeOf(
  evaluation: Evaluation,
  finding: Finding | undefined,
  told: Set<string>,
  here: ReadonlySet<string>,
): Outcome {
  if (evaluation.state === "pending") return none.pending;
  const alert = evaluation.alert ?? evaluation.ended;
  if (finding !== undefined && alert !== undefined && alert.state !== "pending") {
    // When the worst alert's rule is not due at this tick, the first that is speaks for the finding.
    const { fingerprint } = finding.worst;
    const speaks = fingerprint === alert.fingerprint || !here.has(fingerprint);
    if (!speaks || told.has(finding.id)) return none.grouped;
    told.add(finding.id);
    return finding.decision;
  }
  return evaluation.verdict.kind === "failed" ? none.failed : none.unchanged;
}

/** A finding is stored with the rule of its worst alert, or with the first rule of this tick when that one is not due. */
function findingsByRule(
  commits: readonly FindingCommit[],
  judged: readonly Judged[],
): ReadonlyMap<string, readonly FindingCommit[]> {
  if (commits.length === 0) return new Map();
  const due = new Set(judged.map(({ judgement }) => judgement.rule.id));
  const ruleOfGroup = new Map<string, string>();
  for (const { judgement } of judged) {
    for (const { alert, ended } of judgement.evaluations) {
      const key = (alert ?? ended)?.groupKey;
      if (key !== undefined && !ruleOfGroup.has(key)) ruleOfGroup.set(key, judgement.rule.id);
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
  { judgement, state, storeAlerts }: Judged,
  lines: Lines,
  findings: readonly FindingCommit[],
): RuleCommit {
  const evaluations = judgement.evaluations.filter(hasAlert);
  const alertsChanged = storeAlerts ? evaluations.flatMap(({ alert }) => alert ?? []) : [];
  const alive = new Set(alertsChanged.map(({ fingerprint }) => fingerprint));
  // A changed rule can end an alert and start its like at the same tick.
  const ended = evaluations.flatMap((each) => each.ended?.fingerprint ?? []).filter((each) => !alive.has(each));
  return {
    state,
    alertsChanged,
    alertsEnded: storeAlerts ? ended : [],
    labelSetsSeen: judgement.seen.map(({ labels, seenAt }) => ({ ruleId: state.ruleId, labels, seenAt })),
    labelSetsForgotten: judgement.forgotten,
    counts: countLines(lines.byRule.get(judgement) ?? [], judgement.notEvaluated),
    findings,
  };
}

function countLines(lines: readonly TickLine[], notEvaluated: number): RuleTickCounts {
  const verdicts: Record<string, number> = {};
  const outcomes: Record<string, number> = {};
  for (const { evaluation, action, reason } of lines) {
    verdicts[evaluation.verdict.kind] = (verdicts[evaluation.verdict.kind] ?? 0) + 1;
    if (evaluation.state === "inactive" && evaluation.ended === undefined) continue;
    const outcome = action === "none" ? reason : `${action}:${reason}`;
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  return { verdicts, outcomes, notEvaluated };
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
