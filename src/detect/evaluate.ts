import type { AlertState } from "../model/alert.ts";
import { leastValues, type Usual } from "../model/baseline.ts";
import { storable } from "../model/infinity.ts";
import { isZeroOfNothing, type Measure, type Observation } from "../model/query.ts";
import type { Limits, Rule, Until, When } from "../model/rule.ts";
import type { Verdict, VerdictKind, VerdictReason } from "../model/verdict.ts";
import { allowedDistance, type BaselineWhen } from "./baseline/usual.ts";
import { evaluateBurn } from "./evaluate-burn.ts";

/** What one window gave for one label set. */
export interface Evaluated {
  readonly measure: Measure;
  readonly limits: Limits;
  readonly noData: Rule["noData"];
  /** Decides what "under a floor" means. */
  readonly state: AlertState;
  /** Undefined when the source answered and had nothing for this label set. */
  readonly current: Observation | undefined;
  /** The earlier window of `change`; undefined when it had nothing for this label set. */
  readonly reference?: Observation | undefined;
  /** Whether the source had any event in the earlier window. */
  readonly referenceHadData?: boolean;
  /** Of `burn`: what a window of this length had. */
  readonly over?: (windowMs: number) => Observation | undefined;
  /** For `baseline`: what is usual of this label set; undefined while that is not known. */
  readonly usual?: Usual | undefined;
  /** The source's newest event is older than `stale_after`. */
  readonly stale: boolean;
  /** `new`: whether this label set has settled, so that it is known. */
  readonly known?: boolean;
}

const tooLittleHistory = `fewer than ${leastValues} windows of it are known yet: what is usual is learned as time goes on`;

interface Comparison {
  readonly breached: boolean;
  readonly direction: "above" | "below";
  readonly threshold: number | undefined;
  readonly reference?: number;
  readonly usual?: Usual;
  /** A floor of the form itself (`change`) was not reached. */
  readonly underFloor?: boolean;
}

/**
 * Judges one label set in one window: the table of `when` forms of RULES.md section 2, floors and staleness included.
 * Pure. Comparisons are strict: a value equal to its threshold is not breached.
 */
export function evaluate(input: Evaluated): Verdict {
  const { when } = input.limits;
  const events = input.current?.events ?? 0;
  const badEvents = input.current?.badEvents;
  const facts = badEvents === undefined ? { events } : { events, badEvents };
  if (when.form === "absent") {
    return events === 0
      ? { kind: "breached", reason: "nothing_reported", value: 0, direction: "below", ...facts }
      : { kind: "clear", value: events, direction: "below", ...facts };
  }
  if (when.form === "new") return evaluateNew(input, facts);
  if (input.stale && !isZeroOfNothing(input.measure)) return { kind: "failed", reason: "stale", ...facts };
  if (when.form === "burn") {
    const { over = () => undefined, state, limits } = input;
    const burn = evaluateBurn({ when, until: limits.until, state, over });
    return burn === "undetermined" ? withoutData(input, facts, undefined) : { ...burn, ...facts };
  }

  const value = measuredValue(input.current, input.measure);
  if (value === undefined) return withoutData(input, facts, undefined);
  const comparison = compare(when, value, input);
  if (typeof comparison === "string") return withoutData(input, { ...facts, value }, comparison);

  const measured = measuredVerdict(comparison, value, events, badEvents);
  if (comparison.breached && input.stale && comparison.direction === "above") {
    return { kind: "failed", reason: "stale", ...facts };
  }
  if (comparison.breached && (comparison.underFloor || isUnderFloor(when, input.measure, input.current))) {
    const active = input.state === "firing" || input.state === "recovering";
    return { ...measured, kind: active ? "between" : "clear", reason: "below_floor" };
  }
  if (comparison.breached) return measured;
  // An ingest stall must not look like a recovery; only what is bad when low was really seen to be high enough.
  if (input.stale && canBreachAbove(when)) return { kind: "failed", reason: "stale", ...facts };
  measured.kind = untilHolds(input.limits.until, value) ? "clear" : "between";
  return measured;
}

/**
 * The kind of `evaluate`'s verdict on an inactive label set under fixed limits, with fresh data, without what is told of it;
 * undefined where it may be bad, so that it has to be evaluated. Pure.
 */
export function wellKind(
  {
    limits: { when, until },
    noData,
    measure,
  }: Pick<Evaluated, "noData" | "measure"> & { readonly limits: FixedLimits },
  current: Observation | undefined,
): VerdictKind | undefined {
  const value = measuredValue(current, measure);
  if (value === undefined) return noData === "keep" ? "no_data" : noData === "clear" ? "clear" : undefined;
  const isBad = (when.above !== undefined && value > when.above) || (when.below !== undefined && value < when.below);
  if (isBad) return undefined;
  return untilHolds(until, value) ? "clear" : "between";
}

/** Limits that are the same for every value. */
export type FixedLimits = Limits & { readonly when: Extract<When, { form: "threshold" }> };

/** Breached while it occurs and is not known; an ingest stall is no end of it. */
function evaluateNew(input: Evaluated, facts: { readonly events: number; readonly badEvents?: number }): Verdict {
  if (input.stale) return { kind: "failed", reason: "stale", ...facts };
  const value = input.current?.value ?? facts.events;
  const measured = { value, direction: "above", ...facts } as const;
  if (input.known === true) return { kind: "clear", reason: "known", ...measured };
  if (facts.events === 0) return { kind: "clear", ...measured };
  if (facts.events < input.limits.when.minEvents) {
    const active = input.state === "firing" || input.state === "recovering";
    return { kind: active ? "between" : "clear", reason: "below_floor", ...measured };
  }
  return { kind: "breached", reason: "first_seen", ...measured };
}

/** As breached. One object and no spread where nothing is compared with: there is one for every label set of every tick. */
function measuredVerdict(
  { direction, threshold, reference, usual }: Comparison,
  value: number,
  events: number,
  badEvents: number | undefined,
): { -readonly [Key in keyof Verdict]: Verdict[Key] } {
  if (threshold !== undefined && reference === undefined && usual === undefined) {
    return badEvents === undefined
      ? { kind: "breached", value, direction, threshold, events }
      : { kind: "breached", value, direction, threshold, events, badEvents };
  }
  return {
    kind: "breached",
    value,
    direction,
    ...(threshold === undefined ? {} : { threshold }),
    ...(reference === undefined ? {} : { reference }),
    ...(usual === undefined ? {} : { usual }),
    events,
    ...(badEvents === undefined ? {} : { badEvents }),
  };
}

/** The measured value; 0 of nothing where the measure is a count of something, undefined where it is a mean of it. */
function measuredValue(observation: Observation | undefined, measure: Measure): number | undefined {
  if (observation?.value !== undefined) return observation.value;
  return isZeroOfNothing(measure) ? 0 : undefined;
}

function withoutData(
  input: Evaluated,
  facts: { readonly events: number; readonly badEvents?: number; readonly value?: number },
  reason: VerdictReason | undefined,
): Verdict {
  if (input.noData === "breach") return { kind: "breached", reason: "no_data_is_breach", ...facts };
  if (input.noData === "clear") return { kind: "clear", reason: "no_data_is_clear", ...facts };
  const detail = reason === "too_little_history" ? { detail: tooLittleHistory } : {};
  return { kind: "no_data", ...(reason === undefined ? {} : { reason }), ...facts, ...detail };
}

function compare(
  when: Exclude<When, { form: "absent" | "burn" | "new" }>,
  value: number,
  input: Evaluated,
): Comparison | "no_reference" | "too_little_history" {
  if (when.form === "change") return compareChange(when, value, input);
  if (when.form === "baseline") return compareUsual(when, value, input.usual);
  if (when.above !== undefined && value > when.above) {
    return { breached: true, direction: "above", threshold: when.above };
  }
  if (when.below !== undefined && value < when.below) {
    return { breached: true, direction: "below", threshold: when.below };
  }
  return when.above === undefined
    ? { breached: false, direction: "below", threshold: when.below }
    : { breached: false, direction: "above", threshold: when.above };
}

function compareChange(
  when: Extract<When, { form: "change" }>,
  value: number,
  input: Evaluated,
): Comparison | "no_reference" {
  const reference = measuredValue(input.reference, input.measure);
  if (reference === undefined) return "no_reference";
  // Nothing at all was in the source then: the 0 is not a measurement.
  if (reference === 0 && (input.reference?.events ?? 0) === 0 && input.referenceHadData !== true) return "no_reference";
  const underFloor = Math.max(value, reference) < when.floor;
  if (when.up !== undefined && value > reference * when.up) {
    return { breached: true, direction: "above", threshold: storable(reference * when.up), reference, underFloor };
  }
  if (when.down !== undefined && value < reference * (1 - when.down)) {
    return { breached: true, direction: "below", threshold: reference * (1 - when.down), reference, underFloor };
  }
  return when.up === undefined
    ? { breached: false, direction: "below", threshold: reference * (1 - (when.down ?? 0)), reference }
    : { breached: false, direction: "above", threshold: storable(reference * when.up), reference };
}

/** Strictly farther from the median than is allowed. Not breached, the limit is that of the side on which the value lies. */
function compareUsual(when: BaselineWhen, value: number, usual: Usual | undefined): Comparison | "too_little_history" {
  if (usual === undefined) return "too_little_history";
  const { median } = usual;
  const allowed = allowedDistance(usual, when);
  const above = { direction: "above", threshold: storable(median + allowed), usual } as const;
  const below = { direction: "below", threshold: storable(median - allowed), usual } as const;
  if (when.direction !== "down" && value - median > allowed) return { breached: true, ...above };
  if (when.direction !== "up" && median - value > allowed) return { breached: true, ...below };
  const isAbove = when.direction === "both" ? value >= median : when.direction === "up";
  return { breached: false, ...(isAbove ? above : below) };
}

/** Floors are on the events behind a mean or percentile, and on the bad events of a ratio; never on traffic. */
function isUnderFloor(when: When, measure: Measure, observation: Observation | undefined): boolean {
  if (measure.kind === "ratio") return (observation?.badEvents ?? 0) < when.minBadEvents;
  if (measure.kind === "avg" || measure.kind === "percentile") return (observation?.events ?? 0) < when.minEvents;
  return false;
}

function canBreachAbove(when: When): boolean {
  if (when.form === "baseline") return when.direction !== "down";
  return when.form === "threshold" ? when.above !== undefined : when.form === "change" && when.up !== undefined;
}

/** `until` holds; without limits of its own it holds whenever `when` does not, and the caller has seen that. */
function untilHolds(until: Until, value: number): boolean {
  if (until.above !== undefined && !(value > until.above)) return false;
  if (until.below !== undefined && !(value < until.below)) return false;
  return true;
}
