import { setImmediate } from "node:timers/promises";
import type { MaintenanceCalendar } from "../../detect/maintenance.ts";
import type { SourceTiming } from "../../detect/plan.ts";
import type { Rule } from "../../model/rule.ts";
import { scheduleKey } from "../../model/time.ts";
import type { Source } from "../../sources/source.ts";
import { BackfeedError } from "../../support/errors.ts";
import { type Instant, instantsBetween } from "./instants.ts";
import { createOfflineRun, type OfflineGround, type OfflineTick } from "./offline-run.ts";
import { createPastSource, failIfNotThePast, type PastCost, type PastRead, type PastSource } from "./past-source.ts";
import { planHistory } from "./plan-history.ts";

/** Ticks that are read at once: a day of minutes. */
const ticksAtOnce = 1_440;
/** Ticks between two looks at what else there is to do: answers of the next batch, a signal to stop. */
const ticksInARow = 50;

export interface ReplayProgress {
  readonly done: number;
  readonly of: number;
  /** The tick. */
  readonly at: number;
}

export interface ReplayRulesOptions {
  /** Sets of rules that are replayed side by side; what they ask alike is asked once. */
  readonly variants: readonly (readonly Rule[])[];
  readonly sources: readonly Source[];
  readonly timings: ReadonlyMap<string, SourceTiming>;
  readonly maintenance: MaintenanceCalendar;
  readonly ground: OfflineGround;
  readonly from: number;
  readonly to: number;
  readonly signal: AbortSignal;
  /** Told of every instant of every variant. */
  readonly onTick: (variant: number, tick: OfflineTick, at: number) => void;
  readonly onProgress?: (progress: ReplayProgress) => void;
}

export interface ReplayRun {
  readonly instants: number;
  /** By source. */
  readonly cost: ReadonlyMap<string, PastCost>;
}

/**
 * Runs the past in `[from, to]` through the code of the live run, each variant from an empty state: the batches of the next day
 * are read while the ticks of this one run. Throws BackfeedError when a source cannot answer or goes on refusing a query.
 */
export async function replayRules(options: ReplayRulesOptions): Promise<ReplayRun> {
  const { variants, timings, maintenance, ground, from, to, signal, onTick, onProgress } = options;
  const past = new Map(options.sources.map((source) => [source.name, createPastSource(source)]));
  const sources = Array.from(past.values(), ({ source }) => source);
  const filed = variants.map((rules) => rules.map(asFiled));
  const runs = filed.map((rules) => createOfflineRun({ rules, sources, timings, maintenance, ground, start: from }));
  const all = filed.flat();
  const instants = instantsBetween(all, from, to);
  const parts = inParts(instants);
  const bySchedule = rulesBySchedule(all);
  const read = (part: readonly Instant[] | undefined) =>
    part === undefined ? undefined : settled(readPart(part, { past, bySchedule, timings, signal }));

  let done = 0;
  let next = read(parts[0]);
  for (const [place, part] of parts.entries()) {
    const outcome = await next;
    if (outcome === undefined || "error" in outcome) throw outcome?.error;
    for (const [name, source] of past) source.use(outcome.reads.flatMap((each) => each.get(name) ?? []));
    next = read(parts[place + 1]);
    for (const { at, schedules } of part) {
      for (const [variant, run] of runs.entries()) onTick(variant, await run.runAt(at, schedules, signal), at);
      failIfNotThePast(past, all);
      if (signal.aborted) throw new BackfeedError("aborted", "the replay was stopped");
      done += 1;
      if (done % ticksInARow !== 0) continue;
      onProgress?.({ done, of: instants.length, at });
      await setImmediate();
    }
  }
  return { instants: instants.length, cost: new Map(Array.from(past, ([name, source]) => [name, source.cost()])) };
}

/** What a rule would file is what a replay is asked for, also of one that only reports until now. */
function asFiled(rule: Rule): Rule {
  return rule.mode === "file" ? rule : { ...rule, mode: "file" };
}

function inParts(instants: readonly Instant[]): readonly (readonly Instant[])[] {
  const parts: (readonly Instant[])[] = [];
  for (let start = 0; start < instants.length; start += ticksAtOnce) {
    parts.push(instants.slice(start, start + ticksAtOnce));
  }
  return parts;
}

/** What several variants ask alike is planned once, by the query and not by the rule. */
function rulesBySchedule(rules: readonly Rule[]): ReadonlyMap<string, readonly Rule[]> {
  const byKey = new Map<string, Rule[]>();
  for (const rule of rules) {
    const key = scheduleKey(rule.schedule);
    const same = byKey.get(key);
    if (same === undefined) byKey.set(key, [rule]);
    else same.push(rule);
  }
  return byKey;
}

interface ReadParts {
  readonly past: ReadonlyMap<string, PastSource>;
  readonly bySchedule: ReadonlyMap<string, readonly Rule[]>;
  readonly timings: ReadonlyMap<string, SourceTiming>;
  readonly signal: AbortSignal;
}

/** By source; one after another, since each source has its own measure of how much it takes at once. */
async function readPart(
  part: readonly Instant[],
  { past, bySchedule, timings, signal }: ReadParts,
): Promise<readonly ReadonlyMap<string, PastRead>[]> {
  const ticks = part.flatMap(({ at, schedules }) => schedules.map((key) => ({ at, rules: bySchedule.get(key) ?? [] })));
  const batches = [...planHistory(ticks, timings)];
  return Promise.all(
    batches.map(async ([name, batch]) => {
      const source = past.get(name);
      return source === undefined ? new Map() : new Map([[name, await source.read(batch, signal)]]);
    }),
  );
}

/** A read that fails while ticks run is told when its turn comes. */
async function settled(
  reading: Promise<readonly ReadonlyMap<string, PastRead>[]>,
): Promise<{ readonly reads: readonly ReadonlyMap<string, PastRead>[] } | { readonly error: unknown }> {
  try {
    return { reads: await reading };
  } catch (error) {
    return { error };
  }
}
