import type { Alert, AlertChange, AlertEpisode, AlertState, EventSums } from "../model/alert.ts";
import type { Labels } from "../model/labels.ts";
import type { Limits, Severity } from "../model/rule.ts";
import type { Verdict } from "../model/verdict.ts";

/** Four or more changes between firing and recovering in the last twenty ticks are flapping (RULES.md section 3). */
const flappingChanges = 4;
const flappingTicks = 20;

export interface AlertTick {
  readonly at: number;
  /** The schedule's instant before `at`: a step counts only when this end was evaluated too. */
  readonly previousAt: number;
}

/** What stays the same while an alert lives, and what it is measured with. */
export interface AlertPolicy {
  readonly fingerprint: string;
  readonly ruleId: string;
  readonly ruleIdentity: string;
  readonly labels: Labels;
  readonly subject?: string;
  readonly groupKey: string;
  readonly groupedBy?: readonly string[];
  readonly limits: Limits;
  readonly windowMs: number;
  readonly keepForMs: number;
}

export interface AlertStep {
  /** Undefined when it is inactive now. */
  readonly alert: Alert | undefined;
  readonly change: AlertChange;
}

/**
 * One tick of one alert: the table of RULES.md section 3, row by row. Pure. `before` is undefined for an inactive
 * alert. Time is measured in evaluated steps, so downtime, no data and failures neither fire nor clear anything.
 */
export function advanceAlert(
  before: Alert | undefined,
  verdict: Verdict,
  tick: AlertTick,
  policy: AlertPolicy,
): AlertStep {
  if (before === undefined) return fromInactive(verdict, tick, policy);
  const observed = observe(before, verdict, tick, policy);
  if (verdict.kind === "failed") return { alert: observed, change: "none" };
  if (verdict.kind === "no_data") return withoutData(observed, tick, policy);
  switch (before.state) {
    case "pending":
      return fromPending(before, observed, verdict, tick, policy);
    case "firing":
      return fromFiring(observed, verdict, tick, policy);
    case "recovering":
      return fromRecovering(before, observed, verdict, tick, policy);
    case "inactive":
      return fromInactive(verdict, tick, policy);
  }
}

function fromInactive(verdict: Verdict, tick: AlertTick, policy: AlertPolicy): AlertStep {
  if (verdict.kind !== "breached") return { alert: undefined, change: "none" };
  const { limits, windowMs, keepForMs: _, ...identity } = policy;
  const stepMs = Math.min(windowMs, tick.at - tick.previousAt);
  const state: AlertState = limits.when.forMs === 0 ? "firing" : "pending";
  const alert: Alert = {
    ...identity,
    state,
    since: tick.at,
    heldMs: state === "pending" ? 0 : undefined,
    lastEvaluatedAt: tick.at,
    noDataSince: undefined,
    episode: {
      // What another system raises began when that says it did; two clocks differ, and it was seen at this tick.
      startedAt: Math.min(verdict.raised?.since ?? tick.at, tick.at),
      lastBreachAt: tick.at,
      peak: peakOf(undefined, verdict, tick.at),
      sums: sumsOfTick(verdict, stepMs / windowMs),
      tail: { bad: 0, total: 0 },
    },
    changeAges: [],
    flapping: false,
    severity: severityOf(verdict, limits, undefined),
    owner: limits.owner,
    verdict,
  };
  return { alert, change: state === "firing" ? "started_firing" : "became_pending" };
}

function fromPending(
  before: Alert,
  observed: Alert,
  verdict: Verdict,
  tick: AlertTick,
  policy: AlertPolicy,
): AlertStep {
  if (verdict.kind !== "breached") return { alert: undefined, change: "pending_ended" };
  const heldMs = (before.heldMs ?? 0) + evaluatedStep(before, tick);
  if (heldMs < policy.limits.when.forMs) return { alert: { ...observed, heldMs }, change: "none" };
  return { alert: { ...observed, state: "firing", since: tick.at, heldMs: undefined }, change: "started_firing" };
}

function fromFiring(observed: Alert, verdict: Verdict, tick: AlertTick, policy: AlertPolicy): AlertStep {
  if (verdict.kind !== "clear") return overdueAbsence(observed, verdict, tick, policy);
  if (observed.flapping) return { alert: observed, change: "none" };
  if (policy.limits.until.forMs === 0) return { alert: undefined, change: "recovered" };
  const changeAges = [...observed.changeAges, 0];
  // It would be one change too many: held firing instead. A change that was not made is not counted, or an alert that
  // is well for good would be held for ever by the changes it was kept from.
  if (changeAges.length >= flappingChanges) return { alert: { ...observed, flapping: true }, change: "none" };
  return {
    alert: { ...observed, state: "recovering", since: tick.at, heldMs: 0, changeAges },
    change: "started_recovering",
  };
}

function fromRecovering(
  before: Alert,
  observed: Alert,
  verdict: Verdict,
  tick: AlertTick,
  policy: AlertPolicy,
): AlertStep {
  if (verdict.kind === "breached") {
    const changeAges = [...observed.changeAges, 0];
    const flapping = changeAges.length >= flappingChanges;
    return {
      alert: { ...observed, state: "firing", since: tick.at, heldMs: undefined, changeAges, flapping },
      change: "fired_again",
    };
  }
  if (verdict.kind === "between") return { alert: { ...observed, heldMs: undefined }, change: "none" };
  const heldMs = before.heldMs === undefined ? 0 : before.heldMs + evaluatedStep(before, tick);
  if (heldMs >= policy.limits.until.forMs) return { alert: undefined, change: "recovered" };
  return { alert: { ...observed, heldMs }, change: "none" };
}

/** `keep` holds for at most `keep_for`; then the episode ends as vanished, which is no recovery. */
function withoutData(observed: Alert, tick: AlertTick, policy: AlertPolicy): AlertStep {
  if (tick.at - (observed.noDataSince ?? tick.at) < policy.keepForMs) return { alert: observed, change: "none" };
  return { alert: undefined, change: observed.state === "pending" ? "pending_ended" : "vanished" };
}

/**
 * What is absent for longer than `keep_for` will not come back: the label set is gone, not broken. The ungrouped label
 * set cannot be gone: ended here, it would fire anew at the next tick, told as an end and a return that never were.
 */
function overdueAbsence(observed: Alert, verdict: Verdict, tick: AlertTick, policy: AlertPolicy): AlertStep {
  const grouped = Object.keys(observed.labels).length > 0;
  const absent = grouped && policy.limits.when.form === "absent" && verdict.reason === "nothing_reported";
  if (absent && tick.at - observed.episode.startedAt >= policy.keepForMs)
    return { alert: undefined, change: "vanished" };
  return { alert: observed, change: "none" };
}

/** Everything a tick adds to an alert whatever becomes of its state. */
function observe(before: Alert, verdict: Verdict, tick: AlertTick, policy: AlertPolicy): Alert {
  const changeAges = before.changeAges.map((age) => age + 1).filter((age) => age < flappingTicks);
  const seen = {
    ...before,
    ruleId: policy.ruleId,
    groupKey: policy.groupKey,
    severity: severityOf(verdict, policy.limits, before.severity),
    owner: policy.limits.owner,
    ...(policy.subject === undefined ? {} : { subject: policy.subject }),
    changeAges,
    flapping: before.flapping && changeAges.length >= flappingChanges,
    // What was said of it holds until something else is.
    verdict:
      verdict.raised === undefined && before.verdict.raised !== undefined
        ? { ...verdict, raised: before.verdict.raised }
        : verdict,
  };
  if (verdict.kind === "failed") return seen;
  if (verdict.kind === "no_data") return { ...seen, noDataSince: before.noDataSince ?? tick.at };
  const stepMs = Math.min(policy.windowMs, tick.at - before.lastEvaluatedAt);
  return {
    ...seen,
    lastEvaluatedAt: tick.at,
    noDataSince: undefined,
    episode: advanceEpisode(before.episode, verdict, tick.at, stepMs / policy.windowMs),
  };
}

/** A tier of `burn` may have a severity of its own; it stays while none fires, as the alert does. */
function severityOf({ kind, burn }: Verdict, { when, severity }: Limits, before: Severity | undefined): Severity {
  if (when.form !== "burn" || when.tiers.every((tier) => tier.severity === undefined)) return severity;
  if (kind !== "breached") return before ?? severity;
  const tier = when.tiers.find(({ longMs, shortMs }) => longMs === burn?.longMs && shortMs === burn.shortMs);
  return tier?.severity ?? severity;
}

function advanceEpisode(episode: AlertEpisode, verdict: Verdict, at: number, weight: number): AlertEpisode {
  const added = sumsOfTick(verdict, weight);
  if (verdict.kind !== "breached") return { ...episode, tail: addSums(episode.tail, added) };
  return {
    startedAt: episode.startedAt,
    lastBreachAt: at,
    peak: peakOf(episode.peak, verdict, at),
    sums: addSums(addSums(episode.sums, episode.tail), added),
    tail: { bad: 0, total: 0 },
  };
}

/** Bad events and whole of one tick; where there is no whole, the events that matched are the bad ones. */
function sumsOfTick(verdict: Verdict, weight: number): EventSums {
  return verdict.badEvents === undefined
    ? { bad: verdict.events * weight, total: 0 }
    : { bad: verdict.badEvents * weight, total: verdict.events * weight };
}

export function addSums(a: EventSums, b: EventSums): EventSums {
  return { bad: a.bad + b.bad, total: a.total + b.total };
}

function peakOf(peak: AlertEpisode["peak"], verdict: Verdict, at: number): AlertEpisode["peak"] {
  if (verdict.value === undefined) return peak;
  const worse =
    peak === undefined || (verdict.direction === "below" ? verdict.value < peak.value : verdict.value > peak.value);
  return worse ? { at, value: verdict.value, threshold: verdict.threshold } : peak;
}

/** The schedule step that ends at this tick, when both its ends were evaluated; else 0. */
function evaluatedStep(before: Alert, tick: AlertTick): number {
  return before.lastEvaluatedAt === tick.previousAt ? tick.at - tick.previousAt : 0;
}
