import { labelsKey } from "../model/labels.ts";
import type { Observation } from "../model/query.ts";
import type { Limits } from "../model/rule.ts";
import type { VerdictCounts, VerdictKind } from "../model/verdict.ts";
import { type FixedLimits, wellKind } from "./evaluate.ts";
import type { JudgeRequest, SeenLabels } from "./judge.ts";
import { type SteadyKnown, steadyKnown } from "./known-labels.ts";

/*
 * A replayed month judges fifty million label sets, nearly all of them well: made one by one, their verdicts are most of its
 * processor time, and nobody reads more of them than their number.
 */

/** A tick at which every label set of a rule is inactive and stays it. */
export interface CalmSight {
  readonly verdicts: VerdictCounts;
  readonly seen: SteadyKnown["seen"];
  /** The label sets that were known when this was seen, by `labelsKey`: what is remembered changes at every tick. */
  known(): ReadonlyMap<string, SeenLabels>;
}

/**
 * Undefined wherever a label set may be bad, and for everything that is judged by more than one value under one pair of limits
 * (`change`, `burn`, `baseline`, `absent`, overrides, alerts of other systems). `current` is a whole answer and not stale. Pure.
 */
export function calmSight(request: JudgeRequest, current: ReadonlyMap<string, Observation>): CalmSight | undefined {
  const { planned, alerts } = request;
  const { rule } = planned;
  const { limits, noData, signal } = rule;
  const { measure } = signal;
  if (alerts.length > 0 || planned.lookback !== undefined || planned.references.size + planned.windows.size > 0) {
    return undefined;
  }
  if (!isFixed(limits) || rule.overrides.length > 0 || measure.kind === "alerts" || rule.takesFromAlert !== undefined) {
    return undefined;
  }
  // Without groups there is one label set, also where nothing answered.
  if (signal.by.length === 0 && current.size === 0) return undefined;
  const verdicts: Partial<Record<VerdictKind, number>> = {};
  for (const observation of current.values()) {
    const kind = wellKind({ limits, noData, measure }, observation);
    if (kind === undefined) return undefined;
    verdicts[kind] = (verdicts[kind] ?? 0) + 1;
  }
  const steady = steadyKnown(request, current);
  if (steady === undefined) return undefined;
  const { missing, seen, before } = steady;
  if (missing > 0) {
    const kind = wellKind({ limits, noData, measure }, undefined);
    if (kind === undefined) return undefined;
    verdicts[kind] = (verdicts[kind] ?? 0) + missing;
  }
  return { verdicts, seen, known: () => new Map(before.map((entry) => [labelsKey(entry.labels), entry])) };
}

function isFixed(limits: Limits): limits is FixedLimits {
  return limits.when.form === "threshold";
}
