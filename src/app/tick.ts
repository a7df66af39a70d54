import { endAlerts, type JudgeRequest, judgeRule, type RuleJudgement, withEnded } from "../detect/judge.ts";
import type { AlertTick } from "../detect/lifecycle.ts";
import { observe, type SourceAnswer } from "../detect/observe.ts";
import { type PlannedRule, planTick } from "../detect/plan.ts";
import type { Alert } from "../model/alert.ts";
import { labelsKey } from "../model/labels.ts";
import type { BatchAnswer, QueryFailure } from "../model/query.ts";
import type { Rule } from "../model/rule.ts";
import type { Learned } from "../model/template.ts";
import { matchesQuery } from "../sources/alertmanager/match-alerts.ts";
import type { RuleState } from "../store/store.ts";
import { asBackfeedError } from "../support/errors.ts";
import { askPast } from "./ask-past.ts";
import { type Concluded, conclude, type Judged } from "./conclude.ts";
import type { TickContext } from "./context.ts";

export interface TickRequest {
  readonly schedule: string;
  readonly tick: AlertTick;
  /** The rules that are due at this tick; all of one schedule. */
  readonly rules: readonly Rule[];
  /** By rule identity. */
  readonly states: ReadonlyMap<string, RuleState>;
  /** Every rule by id, built-in and retired ones included. */
  readonly allRules: ReadonlyMap<string, Rule>;
  /** The instant for which this run was started: the tick itself, or a later one when it catches up. */
  readonly now: number;
}

export interface TickResult extends Concluded {
  readonly tick: number;
  readonly judged: readonly Judged[];
  /** Rules by id whose tick stays due: a failure that may pass, or a commit that failed. */
  readonly blocked: ReadonlySet<string>;
}

/** One tick, in the order of DESIGN.md section 5: plan, observe, judge, then conclude (findings, triage, commit). */
export async function runTick(request: TickRequest, context: TickContext, signal: AbortSignal): Promise<TickResult> {
  const { rules, tick, states } = request;
  await context.knownLabelSets.load(
    rules.filter(({ signal: { by } }) => by.length > 0).map(({ identity }) => identity),
  );
  await context.measuredHistories.load(rules, tick.at);
  const alerts = alertsByRule(rules, await context.store.state.alerts());
  const changed = new Set(rules.filter((rule) => hasChanged(rule, states)).map(({ id }) => id));
  const plans = planTick({
    tick: tick.at,
    rules,
    timings: context.timings,
    alerts,
    // A rule that groups otherwise now looks back like one that has never been evaluated.
    newRules: new Set(
      rules.filter((rule) => looksBack(rule, states, tick.at) || changed.has(rule.id)).map(({ id }) => id),
    ),
  });
  const answers = await observe(plans, context.sources, signal);

  const judged: Judged[] = [];
  for (const plan of plans) {
    const answer = answers.get(plan.source);
    if (answer === undefined) continue;
    context.metrics.recordSourceRequests(plan.source, answer.requests);
    for (const planned of plan.rules) {
      await askPast(planned, answer, context, signal);
      const judgement = judge(planned, answer, request, alerts.get(planned.rule.id) ?? [], changed, context);
      const measured = context.measuredHistories.toStore(judgement, planned.window);
      judged.push({ ...settle(judgement, request, context), measured });
    }
  }
  const concluded = await conclude(
    { schedule: request.schedule, at: tick.at, previousAt: tick.previousAt, judged, rules: request.allRules },
    context,
    signal,
  );
  const blocked = new Set(judged.filter(({ storeAlerts }) => !storeAlerts).map(({ judgement }) => judgement.rule.id));
  for (const { ruleId, message } of concluded.notStored) {
    const rule = rules.find(({ identity }) => identity === ruleId);
    if (rule !== undefined) blocked.add(rule.id);
    context.metrics.recordStoreError();
    context.logger.error("RULE_NOT_STORED", "a rule's part of a tick could not be stored and will be asked again", {
      rule: ruleId,
      problem: message,
    });
  }
  return { ...concluded, tick: tick.at, judged, blocked };
}

/** A fault in judging one rule harms that rule only. */
function judge(
  planned: PlannedRule,
  answer: SourceAnswer,
  request: TickRequest,
  alerts: readonly Alert[],
  changed: ReadonlySet<string>,
  context: TickContext,
): RuleJudgement {
  const { rule } = planned;
  const known = context.knownLabelSets.of(rule.identity);
  const usualOf = context.measuredHistories.usualOf(rule, planned.window);
  const { tick } = request;
  const { lines } = answer;
  const { instance } = context;
  // Written out and not spread: it is made for every rule of every tick.
  const asked = (ofAlerts: readonly Alert[], ofKnown: JudgeRequest["known"], learned?: Learned): JudgeRequest => {
    return { planned, answer, lines, learned, tick, alerts: ofAlerts, known: ofKnown, instance, usualOf };
  };
  try {
    const { learned } = request.states.get(rule.identity) ?? {};
    const strays = alerts.filter((alert) => isTakenElsewhere(rule, alert));
    if (!changed.has(rule.id) && strays.length > 0) {
      const others = alerts.filter((alert) => !strays.includes(alert));
      return withEnded(endAlerts(rule, strays, []), judgeRule(asked(others, known, learned)));
    }
    if (!changed.has(rule.id)) return judgeRule(asked(alerts, known, learned));
    const ended = endAlerts(rule, alerts, known.values());
    const fresh = judgeRule(asked([], new Map()));
    if (fresh.failure?.retryable === true) return fresh;
    const seen = new Set(fresh.seen.map(({ labels }) => labelsKey(labels)));
    const forgotten = ended.forgotten.filter((labels) => !seen.has(labelsKey(labels)));
    return { ...withEnded(ended, fresh), forgotten };
  } catch (thrown) {
    context.logger.error("RULE_NOT_JUDGED", "a rule could not be judged", { rule: rule.id }, thrown);
    const failure: QueryFailure = { code: "internal", message: asBackfeedError(thrown).message, retryable: false };
    return judgeRule({ ...asked(alerts, known), answer: failedAnswer(answer, failure) });
  }
}

/** A received alert that its rule is not about any more: another rule took it, or its `where` changed. */
function isTakenElsewhere({ signal: { measure, query } }: Rule, { labels }: Alert): boolean {
  return measure.kind === "alerts" && measure.each && !matchesQuery(labels, query);
}

function failedAnswer(answer: BatchAnswer, failure: QueryFailure): BatchAnswer {
  return { ...answer, answers: answer.answers.map(() => ({ kind: "failed", failure })) };
}

/** What to remember of the rule: a failure that may pass leaves the watermark, so that the next run asks this tick again. */
function settle(judgement: RuleJudgement, request: TickRequest, context: TickContext): Judged {
  const { rule, failure } = judgement;
  const before = request.states.get(rule.identity);
  const retry = failure?.retryable === true;
  if (failure !== undefined) {
    context.metrics.recordSourceFailure(rule.signal.source, failure.code);
    context.logger.warn("RULE_QUERY_FAILED", "a rule's query failed; nothing is taken as clear", {
      rule: rule.id,
      source: rule.signal.source,
      code: failure.code,
      problem: failure.message,
      again: retry,
    });
  }
  const state: RuleState = {
    ruleId: rule.identity,
    identity: rule.identity,
    // What was skipped before this tick is done with: asked in vain again, it must not be counted anew.
    watermark: retry ? Math.max(before?.watermark ?? 0, request.tick.previousAt) : request.tick.at,
    failingSince: failure === undefined ? undefined : (before?.failingSince ?? request.now),
    lastFailure: failure === undefined ? undefined : `${failure.code}: ${failure.message}`,
    shape: retry ? (before?.shape ?? neverEvaluated) : rule.shape,
    learned: judgement.learned ?? (before?.shape === rule.shape ? before.learned : undefined),
  };
  return { judgement, state, storeAlerts: !retry };
}

/** The shape of a rule whose first evaluation has yet to succeed. */
const neverEvaluated = "";

function isNew(rule: Rule, states: ReadonlyMap<string, RuleState>): boolean {
  return (states.get(rule.identity)?.shape ?? neverEvaluated) === neverEvaluated;
}

/** A rule of the form `new` looks back until it has learned, and again after a gap that is longer than what it then knows of. */
function looksBack(rule: Rule, states: ReadonlyMap<string, RuleState>, at: number): boolean {
  const { when } = rule.limits;
  if (when.form !== "new") return isNew(rule, states);
  const { learned } = states.get(rule.identity) ?? {};
  return learned === undefined || at - learned.to > when.learnedFromMs;
}

function hasChanged(rule: Rule, states: ReadonlyMap<string, RuleState>): boolean {
  const before = states.get(rule.identity);
  return before !== undefined && !isNew(rule, states) && before.shape !== rule.shape;
}

/** By the rule's present id: an alert keeps its identity when its rule is renamed. */
function alertsByRule(rules: readonly Rule[], alerts: readonly Alert[]): ReadonlyMap<string, readonly Alert[]> {
  if (alerts.length === 0) return new Map();
  const byIdentity = new Map<string, Alert[]>();
  for (const alert of alerts) {
    const same = byIdentity.get(alert.ruleIdentity);
    if (same === undefined) byIdentity.set(alert.ruleIdentity, [alert]);
    else same.push(alert);
  }
  return new Map(rules.map(({ id, identity }) => [id, byIdentity.get(identity) ?? []]));
}
