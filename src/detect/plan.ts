import type { Alert } from "../model/alert.ts";
import type { Labels } from "../model/labels.ts";
import type { Batch, MessagesRequest, Probe, Question } from "../model/query.ts";
import type { Limits, Rule, When } from "../model/rule.ts";
import type { Window } from "../model/time.ts";
import { sameTimeBefore } from "./schedule.ts";

/** What detect must know of a source to ask it: when its data is complete, and when it counts as stale. */
export interface SourceTiming {
  readonly delayMs: number;
  /** Undefined switches the check off. */
  readonly staleAfterMs: number | undefined;
}

/** An earlier window, and the probe whether the source had data then. */
export interface PlannedReference {
  readonly answer: number;
  /** Undefined for an expression: a series that is there has a value. */
  readonly probe: number | undefined;
}

/** How far back the window lies that a label set is compared with; undefined for every form but `change`. */
export function referenceBackMs({ when }: Limits, windowMs: number): number | undefined {
  if (when.form !== "change") return undefined;
  return when.versus === "previous" ? windowMs : when.versus;
}

/** The window's messages, and at the first evaluation those of parts of `learned_from`, oldest first. */
export interface PlannedMessages {
  readonly current: number;
  readonly earlier: readonly number[];
}

/** Messages of a window that are looked at, and characters of each: a secret that is cut in two is no longer seen as one. */
const mostMessages = 10_000;
const longestMessage = 2_000;
/** What is looked back at is too much to read: of each of so many equal parts the newest. */
const learningParts = 28;
const mostMessagesOfPart = 500;

/** Where a rule's answers stand in its source's batch. */
export interface PlannedRule {
  readonly rule: Rule;
  readonly window: Window;
  readonly current: number;
  /** `change`: the earlier windows by how far back they lie; one, unless overrides compare with another. */
  readonly references: ReadonlyMap<number, PlannedReference>;
  /** `burn`: the answers for its tiers' windows, by their length; all end when the current one does. */
  readonly windows: ReadonlyMap<number, number>;
  /** First evaluation: which label sets reported within `known_for` of `absent`, within `learned_from` of `new`. */
  readonly lookback: number | undefined;
  /** `new` with patterns: where the messages stand among the plan's readings. */
  readonly messages: PlannedMessages | undefined;
  readonly freshProbe: number | undefined;
}

export interface SourcePlan {
  readonly source: string;
  readonly batch: Batch;
  /** Messages that rules about patterns read. */
  readonly readings: readonly MessagesRequest[];
  readonly rules: readonly PlannedRule[];
}

export interface PlanRequest {
  readonly tick: number;
  readonly rules: readonly Rule[];
  readonly timings: ReadonlyMap<string, SourceTiming>;
  /** Alerts that are not inactive, by rule id: their label sets must be answered. */
  readonly alerts: ReadonlyMap<string, readonly Alert[]>;
  /** Rules that have never been evaluated, or are to look back anew. */
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
  readonly #readings: MessagesRequest[] = [];
  readonly #probePositions = new Map<Window, Map<string, number>>();
  /** By start, then by end. */
  readonly #windows = new Map<number, Map<number, Window>>();
  readonly #timesBefore = new Map<string, number>();
  readonly #rules: PlannedRule[] = [];

  constructor(source: string, to: number, staleAfterMs: number | undefined) {
    this.#source = source;
    this.#to = to;
    this.#staleAfterMs = staleAfterMs;
  }

  add(rule: Rule, alerts: readonly Alert[], isNew: boolean): void {
    const { windowMs, query, target } = rule.signal;
    const needs = needsOf(rule);
    const window = this.#window(this.#to - windowMs, this.#to);
    const mustAnswer = alerts.length === 0 ? none : alerts.map((alert) => alert.labels);
    const current = this.#ask({ query, window, mustAnswer });
    const references = needs.backs.length === 0 ? noReferences : this.#references(rule, needs.backs, mustAnswer);
    const windows =
      needs.windowsMs.length === 0
        ? noWindows
        : new Map(
            needs.windowsMs.map((length) => {
              if (length === windowMs) return [length, current] as const;
              return [
                length,
                this.#ask({ query, window: this.#window(this.#to - length, this.#to), mustAnswer }),
              ] as const;
            }),
          );
    const from = isNew && query.by.length > 0 ? needs.lookbackMs : undefined;
    // What is absent is missing from this window; what is new must not be in it either.
    const lookbackTo = needs.learnedFromMs === undefined ? window.from : window.to;
    const lookback =
      from === undefined
        ? undefined
        : this.#ask({ query, window: this.#window(window.to - from, lookbackTo), mustAnswer: none, anyTime: true });
    const messages = this.#messages(rule, window, isNew);
    const freshProbe =
      this.#staleAfterMs === undefined || needs.onlyAbsence
        ? undefined
        : this.#probe(target, this.#window(this.#to - this.#staleAfterMs, this.#to));
    this.#rules.push({ rule, window, current, references, windows, lookback, messages, freshProbe });
  }

  plan(): SourcePlan {
    const batch = { questions: this.#questions, probes: this.#probes };
    return { source: this.#source, batch, readings: this.#readings, rules: this.#rules };
  }

  #messages(
    { limits: { when }, signal: { query } }: Rule,
    window: Window,
    isNew: boolean,
  ): PlannedMessages | undefined {
    if (when.form !== "new" || when.of.kind !== "pattern") return undefined;
    const { field } = when.of;
    const read = (part: Window, limit: number) =>
      this.#readings.push({ query, field, window: part, limit, maxLength: longestMessage }) - 1;
    const partMs = when.learnedFromMs / learningParts;
    const start = window.to - when.learnedFromMs;
    const earlier = Array.from({ length: isNew ? learningParts : 0 }, (_, part) =>
      read(
        { from: Math.round(start + part * partMs), to: Math.round(start + (part + 1) * partMs) },
        mostMessagesOfPart,
      ),
    );
    return { earlier, current: read(window, mostMessages) };
  }

  #references({ signal, schedule }: Rule, backs: readonly number[], mustAnswer: readonly Labels[]) {
    const references = new Map<number, PlannedReference>();
    for (const back of backs) {
      // The window just before this one touches it, whatever the clocks did.
      const to = back === signal.windowMs ? this.#to - back : this.#timeBefore(schedule.timezone, back);
      const window = this.#window(to - signal.windowMs, to);
      references.set(back, {
        answer: this.#ask({ query: signal.query, window, mustAnswer }),
        probe: signal.measure.kind === "promql" ? undefined : this.#probe(signal.target, window),
      });
    }
    return references;
  }

  /** Of the end of the current windows: a day earlier by the rule's clock may be 23 or 25 hours. */
  #timeBefore(timezone: string, back: number): number {
    const key = `${back} ${timezone}`;
    const to = this.#timesBefore.get(key) ?? sameTimeBefore(timezone, this.#to, back);
    this.#timesBefore.set(key, to);
    return to;
  }

  #ask(question: Question): number {
    return this.#questions.push(question) - 1;
  }

  #probe(target: string, window: Window): number {
    let positions = this.#probePositions.get(window);
    if (positions === undefined) {
      positions = new Map();
      this.#probePositions.set(window, positions);
    }
    let position = positions.get(target);
    if (position === undefined) {
      position = this.#probes.push({ target, window }) - 1;
      positions.set(target, position);
    }
    return position;
  }

  /** Equal windows are one object, so that a source can tell them equal at a glance. */
  #window(from: number, to: number): Window {
    let ends = this.#windows.get(from);
    if (ends === undefined) {
      ends = new Map();
      this.#windows.set(from, ends);
    }
    let window = ends.get(to);
    if (window === undefined) {
      window = { from, to };
      ends.set(to, window);
    }
    return window;
  }
}

const none: readonly never[] = [];
const noReferences: ReadonlyMap<number, PlannedReference> = new Map();

const noWindows: ReadonlyMap<number, number> = new Map();

/** What a rule must ask beyond its current window: the same at every tick. */
interface Needs {
  /** How far back the earlier windows of `change` lie. */
  readonly backs: readonly number[];
  /** Lengths of the windows of `burn`, each once. */
  readonly windowsMs: readonly number[];
  /** How far the first evaluation looks back for label sets; undefined where no form asks. */
  readonly lookbackMs: number | undefined;
  /** `learned_from` of `new`; undefined for every other form. */
  readonly learnedFromMs: number | undefined;
  /** Nothing but `absent`, which a stale source does not put in doubt. */
  readonly onlyAbsence: boolean;
}

function burnWindowsMs(when: When): readonly number[] {
  return when.form === "burn" ? when.tiers.flatMap(({ longMs, shortMs }) => [longMs, shortMs]) : none;
}

const needsByRule = new WeakMap<Rule, Needs>();

function needsOf(rule: Rule): Needs {
  const kept = needsByRule.get(rule);
  if (kept !== undefined) return kept;
  // An override may replace the form of `when`: what any of them needs is asked.
  const limits = [rule.limits, ...rule.overrides.map((override) => override.limits)];
  const knownFor = limits.flatMap(({ when }) => (when.form === "absent" ? [when.knownForMs] : []));
  const { when: own } = rule.limits;
  const learnedFromMs = own.form === "new" ? own.learnedFromMs : undefined;
  const found: Needs = {
    backs: [...new Set(limits.flatMap((each) => referenceBackMs(each, rule.signal.windowMs) ?? []))],
    windowsMs: [...new Set(limits.flatMap(({ when }) => burnWindowsMs(when)))],
    lookbackMs: knownFor.length === 0 ? learnedFromMs : Math.max(...knownFor),
    learnedFromMs,
    onlyAbsence: knownFor.length === limits.length,
  };
  needsByRule.set(rule, found);
  return found;
}
