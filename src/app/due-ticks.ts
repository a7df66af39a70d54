import type { Rule } from "../model/rule.ts";
import { type Schedule, scheduleKey } from "../model/time.ts";
import { BackfeedError } from "../support/errors.ts";
import { Mutex } from "../support/mutex.ts";
import type { TickContext } from "./context.ts";
import { withIdentities } from "./identities.ts";
import { Freshness } from "./run-built-ins.ts";
import { type OnTick, runSchedule } from "./run-schedule.ts";
import type { TickResult } from "./tick.ts";

/** The rules as they are loaded now. */
export interface LoadedRules {
  readonly rules: readonly Rule[];
  /** False while some rule file is faulty: then a rule that is not there may only be unreadable. */
  readonly complete: boolean;
}

export interface DueTicksOptions {
  readonly context: TickContext;
  readonly loadedRules: () => LoadedRules;
  readonly catchUpMs: number;
  /** Told when ticks were run: there may be something to deliver. */
  readonly onRan?: () => void;
}

export interface RunRequest {
  readonly until: number;
  /** Only this rule. */
  readonly ruleId?: string;
  /** Judge the newest tick although it was judged before. */
  readonly again?: boolean;
  /** How long to wait for earlier work of a schedule; default for as long as it takes. */
  readonly patienceMs?: number;
  readonly onTick?: OnTick;
}

/** What is due is run, each tick whole: the same for serve, run and rule tests. */
export interface DueTicks {
  loaded(): LoadedRules;
  /** The schedules of the loaded rules, each with how many rules it has. */
  schedules(): readonly { readonly key: string; readonly schedule: Schedule }[];
  /** All due ticks of one schedule. Resolves to undefined, at once, while that schedule is still at work. */
  runScheduleDue(key: string, request: RunRequest, signal: AbortSignal): Promise<readonly TickResult[] | undefined>;
  /**
   * All due ticks of all schedules, oldest schedule key first; of one rule's schedule when a rule is named. Throws
   * `not_found` for a rule that is not loaded, and `conflict` when its schedule is still at work after `patienceMs`.
   */
  runDue(request: RunRequest, signal: AbortSignal): Promise<readonly TickResult[]>;
}

export function createDueTicks(options: DueTicksOptions): DueTicks {
  const { context, loadedRules } = options;
  const atWork = new Map<string, Mutex>();
  const freshness = new Freshness();

  function rulesBySchedule(): ReadonlyMap<string, readonly Rule[]> {
    const byKey = new Map<string, Rule[]>();
    for (const rule of loadedRules().rules) {
      const key = scheduleKey(rule.schedule);
      const same = byKey.get(key);
      if (same === undefined) byKey.set(key, [rule]);
      else same.push(rule);
    }
    return byKey;
  }

  async function runOne(key: string, request: RunRequest, signal: AbortSignal): Promise<readonly TickResult[]> {
    const loaded = loadedRules();
    const states = await context.store.state.ruleStates();
    const all = withIdentities(loaded.rules, states);
    const own = all.filter((rule) => scheduleKey(rule.schedule) === key);
    const rules = request.ruleId === undefined ? own : own.filter(({ id }) => id === request.ruleId);
    const schedule = rules[0]?.schedule;
    if (schedule === undefined) return [];
    const { until, again, onTick } = request;
    const results = await runSchedule(
      {
        schedule,
        rules,
        states,
        allRules: new Map(all.map((rule) => [rule.id, rule])),
        freshness,
        catalogueComplete: loaded.complete,
        until,
        catchUpMs: options.catchUpMs,
        again: again ?? false,
      },
      context,
      signal,
      onTick,
    );
    if (results.length > 0) options.onRan?.();
    return results;
  }

  function mutexOf(key: string): Mutex {
    let mutex = atWork.get(key);
    if (mutex === undefined) {
      mutex = new Mutex();
      atWork.set(key, mutex);
    }
    return mutex;
  }

  /** Waits for the schedule's earlier work, and gives up when that takes longer than the request has patience for. */
  async function inTurn(key: string, request: RunRequest, signal: AbortSignal): Promise<readonly TickResult[]> {
    let waiting = true;
    let gaveUp = false;
    const turn = mutexOf(key).run(async () => {
      waiting = false;
      return gaveUp ? [] : runOne(key, request, signal);
    });
    const { patienceMs } = request;
    if (patienceMs === undefined) return turn;
    const begun = new AbortController();
    const impatience = context.clock.sleep(patienceMs, begun.signal).then(
      () => {
        if (!waiting) return turn;
        gaveUp = true;
        throw new BackfeedError("conflict", `the schedule ${key} is still at work on earlier ticks; try again later`);
      },
      () => turn,
    );
    return Promise.race([turn, impatience]).finally(() => begun.abort());
  }

  return {
    loaded: loadedRules,
    schedules: () =>
      [...rulesBySchedule()].flatMap(([key, rules]) => {
        const schedule = rules[0]?.schedule;
        return schedule === undefined ? [] : [{ key, schedule }];
      }),
    async runScheduleDue(key, request, signal) {
      const mutex = mutexOf(key);
      if (mutex.busy) return undefined;
      return mutex.run(() => runOne(key, request, signal));
    },
    async runDue(request, signal) {
      const { ruleId } = request;
      const named = loadedRules().rules.filter(({ id }) => id === ruleId);
      if (ruleId !== undefined && named.length === 0) {
        throw new BackfeedError("not_found", `no rule with the id ${ruleId} is loaded`);
      }
      const keys =
        ruleId === undefined ? [...rulesBySchedule().keys()] : named.map(({ schedule }) => scheduleKey(schedule));
      const results: TickResult[] = [];
      for (const key of keys.sort()) {
        if (signal.aborted) break;
        results.push(...(await inTurn(key, request, signal)));
      }
      return results;
    },
  };
}
