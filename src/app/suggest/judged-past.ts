import { judgeRule, type SeenLabels } from "../../detect/judge.ts";
import type { AlertTick } from "../../detect/lifecycle.ts";
import type { PlannedRule } from "../../detect/plan.ts";
import type { Alert } from "../../model/alert.ts";
import { labelsKey } from "../../model/labels.ts";
import type { Answer, BatchAnswer, Observation } from "../../model/query.ts";
import type { Rule } from "../../model/rule.ts";
import type { Verdict } from "../../model/verdict.ts";
import { minute } from "../../support/duration.ts";

/** One tick of a rule with its answers: whatever its limits are, they are the same. */
export interface AnsweredTick {
  readonly tick: AlertTick;
  readonly planned: PlannedRule;
  readonly answer: BatchAnswer;
}

/** What limits would have made of the past. An episode is one of a finding: from its first firing alert to its last. */
export interface EpisodeCount {
  readonly episodes: number;
  readonly findings: number;
  readonly shortEpisodes: number;
  /** Milliseconds of all episodes together. */
  readonly lastedMs: number;
}

export interface JudgedPast {
  readonly rule: Rule;
  readonly ticks: readonly AnsweredTick[];
  /** The instance name that identities are made of. */
  readonly instance: string;
  /** Only these label sets, by `labelsKey`; undefined: all. */
  readonly only?: ReadonlySet<string>;
  readonly onVerdict?: (key: string, verdict: Verdict) => void;
}

const shortEpisodeMs = 10 * minute;

/**
 * Judges a rule at every tick of the past and counts the episodes of its findings: verdicts, alerts and groups by the code of the
 * live run, without what a ticket needs beside them (score, caps, words). Pure but for its callback.
 */
export function countEpisodes({ rule, ticks, instance, only, onVerdict }: JudgedPast): EpisodeCount {
  const alerts = new Map<string, Alert>();
  const known = new Map<string, SeenLabels>();
  const open = new Map<string, number>();
  const findings = new Set<string>();
  let [episodes, shortEpisodes, lastedMs, lastAt] = [0, 0, 0, 0];
  const close = (group: string, at: number) => {
    const lasted = at - (open.get(group) ?? at);
    open.delete(group);
    lastedMs += lasted;
    return lasted;
  };
  for (const { tick, planned, answer } of ticks) {
    lastAt = tick.at;
    const seenAlone = only === undefined ? answer : onlyOf(answer, only);
    const judgement = judgeRule({
      planned: { ...planned, rule },
      answer: seenAlone,
      tick,
      alerts: [...alerts.values()],
      known,
      instance,
    });
    let moved = false;
    // What is calm and not told of needs no look at each label set.
    const evaluations = judgement.calm !== undefined && onVerdict === undefined ? [] : judgement.evaluations;
    for (const { labels, verdict, alert, ended } of evaluations) {
      onVerdict?.(labelsKey(labels), verdict);
      moved ||= alert !== undefined || ended !== undefined;
      if (ended !== undefined) alerts.delete(ended.fingerprint);
      if (alert !== undefined) alerts.set(alert.fingerprint, alert);
    }
    for (const seen of judgement.seen) known.set(labelsKey(seen.labels), seen);
    for (const labels of judgement.forgotten) known.delete(labelsKey(labels));
    if (!moved) continue;
    const alive = new Set(
      [...alerts.values()].filter(({ state }) => state !== "pending").map(({ groupKey }) => groupKey),
    );
    for (const group of alive) {
      if (open.has(group)) continue;
      open.set(group, tick.at);
      findings.add(group);
      episodes += 1;
    }
    for (const group of [...open.keys()].filter((each) => !alive.has(each))) {
      if (close(group, tick.at) < shortEpisodeMs) shortEpisodes += 1;
    }
  }
  for (const group of [...open.keys()]) close(group, lastAt);
  return { episodes, findings: findings.size, shortEpisodes, lastedMs };
}

const keys = new WeakMap<Observation, string>();

function keyOf(observation: Observation): string {
  let key = keys.get(observation);
  if (key === undefined) {
    key = labelsKey(observation.labels);
    keys.set(observation, key);
  }
  return key;
}

function onlyOf(answer: BatchAnswer, only: ReadonlySet<string>): BatchAnswer {
  const answers = answer.answers.map((each): Answer => {
    if (each.kind === "failed") return each;
    return { ...each, observations: each.observations.filter((observation) => only.has(keyOf(observation))) };
  });
  return { ...answer, answers };
}
