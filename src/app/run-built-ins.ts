import { endAlerts, type RuleJudgement } from "../detect/judge.ts";
import { newestTick, previousTick } from "../detect/schedule.ts";
import type { Alert } from "../model/alert.ts";
import { labelsKey } from "../model/labels.ts";
import type { Rule } from "../model/rule.ts";
import { formatInstant, scheduleKey } from "../model/time.ts";
import type { RuleState } from "../store/store.ts";
import {
  type BuiltInObservation,
  builtInRules,
  builtInSource,
  judgeBuiltIn,
  retiredRule,
  ruleFailing,
  ruleFull,
  sourceStale,
  stormParent,
} from "./built-in-rules.ts";
import { conclude, type Judged } from "./conclude.ts";
import type { TickContext } from "./context.ts";
import type { ScheduleRun } from "./run-schedule.ts";
import { observeStorms } from "./storms.ts";
import type { TickResult } from "./tick.ts";

const hourMs = 3_600_000;

/** What the schedules of this process have last seen of each target: fresh or stale. */
export class Freshness {
  readonly #stale = new Map<string, boolean>();

  /** From the newest tick of a run; a rule that did not ask, or whose query failed, says nothing. */
  learn(judged: readonly Judged[]): void {
    for (const { judgement } of judged) {
      if (judgement.failure !== undefined || judgement.stale === undefined) continue;
      this.#stale.set(targetKey(judgement.rule), judgement.stale);
    }
  }

  /** Undefined when nobody has looked yet. */
  isStale(rule: Rule): boolean | undefined {
    return this.#stale.get(targetKey(rule));
  }
}

const targetKeys = new WeakMap<Rule, string>();

function targetKey(rule: Rule): string {
  let key = targetKeys.get(rule);
  if (key === undefined) {
    const { source, target } = rule.signal;
    key = labelsKey({ source, target });
    targetKeys.set(rule, key);
  }
  return key;
}

export interface BuiltInRun {
  readonly run: ScheduleRun;
  /** As the run left them, by rule identity. */
  readonly states: ReadonlyMap<string, RuleState>;
  /** Every rule by id, built-in ones included. */
  readonly rules: ReadonlyMap<string, Rule>;
}

/** What Backfeed finds about itself, and the end of alerts whose rule is gone: once a run, at its own instant. */
export async function runBuiltIns(
  { run, states, rules }: BuiltInRun,
  context: TickContext,
  signal: AbortSignal,
): Promise<TickResult | undefined> {
  const at = newestTick(run.schedule, run.until);
  const alerts = await context.store.state.alerts();
  const alertsOf = (identity: string) => alerts.filter((alert) => alert.ruleIdentity === identity);
  const judgeOwn = (rule: Rule, seen: readonly BuiltInObservation[]): RuleJudgement[] => {
    const own = alertsOf(rule.identity);
    const tick = { at, previousAt: previousRun(run, at, states.get(rule.identity)?.watermark) };
    // A run of a slower schedule that comes late must not turn back what a newer one has judged.
    if (tick.previousAt >= at) return [];
    return [judgeBuiltIn(rule, seen, own, tick, context.instance)];
  };
  const loaded = [...run.allRules.values()];
  const failing = alertsOf(ruleFailing.identity);
  const stormsAlerting = new Set(alertsOf(stormParent.identity).flatMap(({ labels }) => labels["storm"] ?? []));
  const judgements = [
    ...judgeOwn(ruleFailing, withEnded(failingRules(loaded, states, run.until, failing), failing, run)),
    ...judgeOwn(ruleFull, withEnded(fullRules(loaded, states), alertsOf(ruleFull.identity), run)),
    ...judgeOwn(sourceStale, withEnded(staleSources(loaded, run.freshness), alertsOf(sourceStale.identity), run)),
    ...judgeOwn(stormParent, await observeStorms(at, stormsAlerting, context)),
  ];
  const all = new Map(rules);
  if (run.catalogueComplete) {
    // Nor must it end what was judged after it: a later run does.
    const judgedBy = alerts.filter(({ ruleIdentity }) => (states.get(ruleIdentity)?.watermark ?? at) <= at);
    judgements.push(...(await endRetired(judgedBy, all, context)));
  }
  const judged = judgements
    .filter(({ evaluations }) => evaluations.length > 0)
    .map((judgement): Judged => {
      const { identity, shape } = judgement.rule;
      const state = {
        ruleId: identity,
        identity,
        watermark: at,
        failingSince: undefined,
        lastFailure: undefined,
        shape,
      };
      // A rule that was removed after this tick has counted it.
      const storeCounts = (states.get(identity)?.watermark ?? Number.NEGATIVE_INFINITY) < at;
      return { judgement, state, storeAlerts: true, storeCounts };
    });
  if (judged.length === 0) return undefined;
  const concluded = await conclude({ schedule: scheduleKey(run.schedule), at, judged, rules: all }, context, signal);
  return { ...concluded, tick: at, judged, blocked: new Set() };
}

/**
 * Runs of all schedules are one series of instants for the built-in rules. A gap of more than this schedule's own step is
 * downtime, and counts for nothing.
 */
function previousRun(run: ScheduleRun, at: number, watermark: number | undefined): number {
  const stepMs = at - previousTick(run.schedule, at);
  return watermark !== undefined && at - watermark <= stepMs ? watermark : at - 1;
}

/** Of all loaded rules, whichever schedule runs: those that fail, and those that were told of. */
function failingRules(
  rules: readonly Rule[],
  states: ReadonlyMap<string, RuleState>,
  until: number,
  alerts: readonly Alert[],
): readonly BuiltInObservation[] {
  const told = new Set(alerts.map(({ labels }) => labels["rule"]));
  return rules.flatMap((rule) => {
    const { failingSince, lastFailure } = states.get(rule.identity) ?? {};
    if (failingSince === undefined && !told.has(rule.id)) return [];
    const failingMs = failingSince === undefined ? 0 : Math.max(0, until - failingSince);
    return {
      labels: { rule: rule.id },
      breached: failingMs > hourMs,
      value: failingMs / hourMs,
      owner: rule.limits.owner,
      ...(lastFailure === undefined ? {} : { detail: lastFailure }),
    };
  });
}

/** Those that can be full, with how long they have been. */
function fullRules(rules: readonly Rule[], states: ReadonlyMap<string, RuleState>): readonly BuiltInObservation[] {
  return rules.flatMap((rule) => {
    const { learned } = states.get(rule.identity) ?? {};
    if (rule.limits.when.form !== "new" || learned === undefined) return [];
    const isFull = learned.fullSince !== undefined;
    const detail = `it has had no room for what is new since ${formatInstant(learned.fullSince ?? learned.to)}: narrow it with \`where\` or \`filter\`, or raise \`max_groups\``;
    return {
      labels: { rule: rule.id },
      breached: isFull,
      value: isFull ? 1 : 0,
      owner: rule.limits.owner,
      ...(isFull ? { detail } : {}),
    };
  });
}

/** By source and target of the loaded rules, as far as anybody has looked. */
function staleSources(rules: readonly Rule[], freshness: Freshness): readonly BuiltInObservation[] {
  const byTarget = new Map<string, BuiltInObservation>();
  for (const rule of rules) {
    const key = targetKey(rule);
    if (byTarget.has(key)) continue;
    const stale = freshness.isStale(rule);
    const { source, target } = rule.signal;
    if (stale === undefined || source === builtInSource) continue;
    byTarget.set(key, { labels: { source, target }, breached: stale, value: stale ? 1 : 0 });
  }
  return [...byTarget.values()];
}

/** A rule or target that no rule file names any more cannot fail any more: its alert ends as recovered. */
function withEnded(
  seen: readonly BuiltInObservation[],
  alerts: readonly Alert[],
  run: ScheduleRun,
): readonly BuiltInObservation[] {
  if (alerts.length === 0 || !run.catalogueComplete) return seen;
  const named = new Set<string>();
  for (const rule of run.allRules.values()) named.add(labelsKey({ rule: rule.id })).add(targetKey(rule));
  const gone = alerts.filter(({ labels }) => !named.has(labelsKey(labels)));
  return [...seen, ...gone.map(({ labels }) => ({ labels, breached: false, value: 0 }))];
}

/** Ends the alerts of rules that are no longer loaded, and adds a stand-in for each such rule to `rules`. */
async function endRetired(
  alerts: readonly Alert[],
  rules: Map<string, Rule>,
  context: TickContext,
): Promise<readonly RuleJudgement[]> {
  const judgements: RuleJudgement[] = [];
  const loaded = new Set([...rules.values(), ...builtInRules].map(({ identity }) => identity));
  for (const alert of alerts) {
    const identity = alert.ruleIdentity;
    if (loaded.has(identity)) continue;
    loaded.add(identity);
    const retired = retiredRule(alert);
    rules.set(retired.id, retired);
    await context.knownLabelSets.load([identity]);
    const own = alerts.filter((each) => each.ruleIdentity === identity);
    judgements.push(endAlerts(retired, own, context.knownLabelSets.of(identity).values()));
  }
  return judgements;
}
