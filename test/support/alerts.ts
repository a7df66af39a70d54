import { type AlertPolicy, type AlertStep, type AlertTick, advanceAlert } from "../../src/detect/lifecycle.ts";
import type { Alert } from "../../src/model/alert.ts";
import { fingerprint, groupKey } from "../../src/model/identity.ts";
import { pickLabels } from "../../src/model/labels.ts";
import { limitsFor, type Rule } from "../../src/model/rule.ts";
import type { Verdict, VerdictKind } from "../../src/model/verdict.ts";

export const minute = 60_000;
export const hour = 60 * minute;
export const day = 24 * hour;
export const start = Date.parse("2026-01-05T10:00:00Z");
export const instance = "test";

/** The tick so many minutes after the start, of a schedule of one a minute (or every `step` minutes). */
export function tickAt(minutes: number, step = 1): AlertTick {
  return { at: start + minutes * minute, previousAt: start + (minutes - step) * minute };
}

const verdicts: Readonly<Record<VerdictKind, Verdict>> = {
  breached: { kind: "breached", value: 20, threshold: 10, direction: "above", events: 20 },
  between: { kind: "between", value: 8, threshold: 10, direction: "above", events: 8 },
  clear: { kind: "clear", value: 1, threshold: 10, direction: "above", events: 1 },
  no_data: { kind: "no_data", events: 0 },
  failed: { kind: "failed", reason: "query_failed", events: 0 },
};

export function verdictOf(kind: VerdictKind, overrides: Partial<Verdict> = {}): Verdict {
  return { ...verdicts[kind], ...overrides };
}

/** What lifecycle is told of a rule's alert for one label set. */
export function policyOf(rule: Rule, labels: Alert["labels"] = {}): AlertPolicy {
  return {
    fingerprint: fingerprint(instance, rule.identity, labels),
    ruleId: rule.id,
    ruleIdentity: rule.identity,
    labels,
    groupKey: groupKey(instance, rule.problem, pickLabels(labels, rule.group)),
    limits: limitsFor(rule, labels),
    windowMs: rule.signal.windowMs,
    keepForMs: rule.keepForMs,
  };
}

/** A firing alert of a rule; everything can be overridden. */
export function buildAlert(rule: Rule, overrides: Partial<Alert> = {}): Alert {
  const labels = overrides.labels ?? {};
  const { limits, windowMs: _window, keepForMs: _keep, ...identity } = policyOf(rule, labels);
  return {
    ...identity,
    state: "firing",
    since: start,
    heldMs: undefined,
    lastEvaluatedAt: start,
    noDataSince: undefined,
    episode: {
      startedAt: start,
      lastBreachAt: start,
      peak: { at: start, value: 20, threshold: 10 },
      sums: { bad: 20, total: 0 },
      tail: { bad: 0, total: 0 },
    },
    changeAges: [],
    flapping: false,
    severity: limits.severity,
    owner: limits.owner,
    verdict: verdictOf("breached"),
    ...overrides,
  };
}

/** One tick a minute, from minute 0; `null` is a tick that was missed. */
export function live(
  rule: Rule,
  given: readonly (Verdict | VerdictKind | null)[],
  labels: Alert["labels"] = {},
): readonly AlertStep[] {
  const policy = policyOf(rule, labels);
  let alert: Alert | undefined;
  return given.map((each, index) => {
    if (each === null) return { alert, change: "none" };
    const verdict = typeof each === "string" ? verdictOf(each) : each;
    const step = advanceAlert(alert, verdict, tickAt(index), policy);
    alert = step.alert;
    return step;
  });
}

/** `b` breached, `m` between, `c` clear, `_` no data, `!` failed, `x` a missed tick. */
export function verdictsOf(letters: string): readonly (VerdictKind | null)[] {
  const kinds: Readonly<Record<string, VerdictKind | null>> = {
    b: "breached",
    m: "between",
    c: "clear",
    _: "no_data",
    "!": "failed",
    x: null,
  };
  return [...letters].map((letter) => kinds[letter] ?? null);
}
