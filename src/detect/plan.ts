import type { Alert } from "../model/alert.ts";
import type { Batch, Probe, Question } from "../model/query.ts";
import type { Limits, Rule } from "../model/rule.ts";
import type { Window } from "../model/time.ts";

/** What detect must know of a source to ask it: when its data is complete, and when it counts as stale. */
export interface SourceTiming {
  readonly delayMs: number;
  /** Undefined switches the check off. */
  readonly staleAfterMs: number | undefined;
}

/** An earlier window, and the probe whether the source had data then. */
export interface PlannedReference {
  readonly answer: number;
  readonly probe: number;
}

/** How far back the window lies that a label set is compared with; undefined for every form but `change`. */
export function referenceBackMs({ when }: Limits, windowMs: number): number | undefined {
  if (when.form !== "change") return undefined;
  return when.versus === "previous" ? windowMs : when.versus;
}

/** Where a rule's answers stand in its source's batch. */
export interface PlannedRule {
  readonly rule: Rule;
  readonly window: Window;
  readonly current: number;
  /** `change`: the earlier windows by how far back they lie; one, unless overrides compare with another. */
  readonly references: ReadonlyMap<number, PlannedReference>;
  /** `absent`, first evaluation: which label sets reported within `known_for`. */
  readonly lookback: number | undefined;
  readonly freshProbe: number | undefined;
}

export interface SourcePlan {
  readonly source: string;
  readonly batch: Batch;
  readonly rules: readonly PlannedRule[];
}

export interface PlanRequest {
  readonly tick: number;
  readonly rules: readonly Rule[];
  readonly timings: ReadonlyMap<string, SourceTiming>;
  /** Alerts that are not inactive, by rule id: their label sets must be answered. */
  readonly alerts: ReadonlyMap<string, readonly Alert[]>;
  /** Rules that have never been evaluated. */
  readonly newRules: ReadonlySet<string>;
}

/** All questions of one tick, one batch a source. Pure; which of them can be asked together is the source's plan. */
export function planTick(request: PlanRequest): readonly SourcePlan[] {
  const builders = new Map<string, SourcePlanBuilder>();
  for (const rule of request.rules) {
    // A source that is not configured is asked all the same: it fails there, where it is seen.
    const timing = request.timings.get(rule.signal.source) ?? { delayMs: 0, staleAfterMs: undefined };
    let builder = builders.get(rule.signal.source);
    if (builder === undefined) {
      builder = new SourcePlanBuilder(rule.signal.source, request.tick - timing.delayMs, timing.staleAfterMs);
      builders.set(rule.signal.source, builder);
    }
    builder.add(rule, request.alerts.get(rule.id) ?? [], request.newRules.has(rule.id));
  }
  return [...builders.values()].map((builder) => builder.plan());
}

class SourcePlanBuilder {
  readonly #source: string;
  /** Exclusive end of every current window of this tick. */
  readonly #to: number;
  readonly #staleAfterMs: number | undefined;
  readonly #questions: Question[] = [];
  readonly #probes: Probe[] = [];
  readonly #probePositions = new Map<string, number>();
  readonly #windows = new Map<string, Window>();
  readonly #rules: PlannedRule[] = [];

  constructor(source: string, to: number, staleAfterMs: number | undefined) {
    this.#source = source;
    this.#to = to;
    this.#staleAfterMs = staleAfterMs;
  }

  add(rule: Rule, alerts: readonly Alert[], isNew: boolean): void {
    const { windowMs, query, target } = rule.signal;
    // An override may replace the form of `when`: what any of them needs is asked.
    const allLimits = [rule.limits, ...rule.overrides.map(({ limits }) => limits)];
    const window = this.#window(this.#to - windowMs, this.#to);
    const mustAnswer = alerts.map((alert) => alert.labels);
    const current = this.#ask({ query, window, mustAnswer });

    const references = new Map<number, PlannedReference>();
    for (const limits of allLimits) {
      const back = referenceBackMs(limits, windowMs);
      if (back === undefined || references.has(back)) continue;
      const earlier = this.#window(window.from - back, window.to - back);
      references.set(back, {
        answer: this.#ask({ query, window: earlier, mustAnswer }),
        probe: this.#probe(target, earlier),
      });
    }
    const knownFor = allLimits.flatMap(({ when }) => (when.form === "absent" ? [when.knownForMs] : []));
    const lookback =
      knownFor.length > 0 && isNew && query.by.length > 0
        ? this.#ask({ query, window: this.#window(window.to - Math.max(...knownFor), window.from), mustAnswer: [] })
        : undefined;
    const freshProbe =
      this.#staleAfterMs === undefined || knownFor.length === allLimits.length
        ? undefined
        : this.#probe(target, this.#window(this.#to - this.#staleAfterMs, this.#to));
    this.#rules.push({ rule, window, current, references, lookback, freshProbe });
  }

  plan(): SourcePlan {
    return { source: this.#source, batch: { questions: this.#questions, probes: this.#probes }, rules: this.#rules };
  }

  #ask(question: Question): number {
    return this.#questions.push(question) - 1;
  }

  #probe(target: string, window: Window): number {
    const key = `${window.from} ${window.to} ${target}`;
    let position = this.#probePositions.get(key);
    if (position === undefined) {
      position = this.#probes.push({ target, window }) - 1;
      this.#probePositions.set(key, position);
    }
    return position;
  }

  /** Equal windows are one object, so that a source can tell them equal at a glance. */
  #window(from: number, to: number): Window {
    const key = `${from} ${to}`;
    let window = this.#windows.get(key);
    if (window === undefined) {
      window = { from, to };
      this.#windows.set(key, window);
    }
    return window;
  }
}
