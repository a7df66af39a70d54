import type { Evaluation, RuleJudgement } from "../detect/judge.ts";
import type { DecisionReason } from "../model/decision.ts";
import type { Finding } from "../model/finding.ts";
import type { Rule } from "../model/rule.ts";
import type { FindingCommit } from "../store/store.ts";

/** What was decided about one label set of one rule at one tick. */
export interface Outcome {
  readonly action: string;
  readonly reason: DecisionReason;
  readonly finding: Finding | undefined;
}

/** Of every evaluation that has an alert, or had one until this tick: exactly one outcome. */
export type Outcomes = ReadonlyMap<Evaluation, Outcome>;

/** One label set of one rule at one tick, with what was decided: a line of `run --once --json`. */
export interface TickLine extends Outcome {
  readonly rule: Rule;
  readonly evaluation: Evaluation;
}

/**
 * Every alert that is not inactive ends the tick as exactly one decision; the finding's own goes to its worst alert.
 * `alerting` are the evaluations with an alert, in the order in which the rules were judged.
 */
export function outcomesOf(alerting: readonly Evaluation[], commits: readonly FindingCommit[]): Outcomes {
  const byGroup = new Map(commits.map(({ finding }) => [finding.groupKey, finding]));
  const told = new Set<string>();
  const here = new Set(alerting.flatMap(({ alert, ended }) => (alert ?? ended)?.fingerprint ?? []));
  const outcomes = new Map<Evaluation, Outcome>();
  for (const evaluation of alerting) {
    const alert = evaluation.alert ?? evaluation.ended;
    const finding = alert === undefined ? undefined : byGroup.get(alert.groupKey);
    outcomes.set(evaluation, { ...outcomeOf(evaluation, finding, told, here), finding });
  }
  return outcomes;
}

/** All that was judged, what is well included, in the order of the rules. */
export function tickLines(
  judged: readonly { readonly judgement: RuleJudgement }[],
  outcomes: Outcomes,
): readonly TickLine[] {
  return judged.flatMap(({ judgement: { rule, evaluations } }) =>
    evaluations.map((evaluation) => {
      const well = { ...withoutFinding(evaluation), finding: undefined };
      return { rule, evaluation, ...(outcomes.get(evaluation) ?? well) };
    }),
  );
}

type Decided = Pick<Outcome, "action" | "reason">;

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
): Decided {
  const alert = evaluation.alert ?? evaluation.ended;
  if (finding === undefined || alert === undefined) return withoutFinding(evaluation);
  if (evaluation.state === "pending" || alert.state === "pending") return withoutFinding(evaluation);
  // When the worst alert's rule is not due at this tick, the first that is speaks for the finding.
  const { fingerprint } = finding.worst;
  const speaks = fingerprint === alert.fingerprint || !here.has(fingerprint);
  if (!speaks || told.has(finding.id)) return none.grouped;
  told.add(finding.id);
  return finding.decision;
}

function withoutFinding({ state, verdict }: Evaluation): Decided {
  if (state === "pending") return none.pending;
  return verdict.kind === "failed" ? none.failed : none.unchanged;
}
