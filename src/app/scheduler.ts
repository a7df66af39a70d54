import { type ScheduledTask, schedule as scheduleCron } from "node-cron";
import { nextTick } from "../detect/schedule.ts";
import type { Clock } from "../support/clock.ts";
import type { Logger } from "../support/logging.ts";
import type { Metrics } from "../support/metrics.ts";
import type { Engine } from "./engine.ts";

export interface SchedulerOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Aborts when nothing can be remembered any more: then no tick begins. */
  readonly lost: AbortSignal;
}

export interface Scheduler {
  /** Follows the loaded rules: a task for each of their schedules, none for others. What is overdue is run at once. */
  sync(): void;
  /** No further tick begins; resolves when those under way have ended. */
  stop(): Promise<void>;
}

/** Fires once per distinct schedule and timezone, by node-cron; a schedule never overlaps itself. */
export function createScheduler(options: SchedulerOptions, abort: AbortSignal): Scheduler {
  const { engine, clock, logger, metrics, lost } = options;
  const tasks = new Map<string, ScheduledTask>();
  const running = new Set<Promise<void>>();
  let stopped = false;

  async function runDue(key: string): Promise<void> {
    try {
      const results = await engine.runScheduleDue(key, { until: clock.now() }, abort);
      if (results === undefined) {
        logger.warn("TICK_OVERLAP", "a schedule fired while its last run is still at work; its tick is run after it", {
          schedule: key,
        });
      }
    } catch (thrown) {
      if (abort.aborted || lost.aborted) return;
      metrics.recordStoreError();
      logger.error(
        "TICK_FAILED",
        "a tick could not be run; its rules are asked again at the next one",
        { schedule: key },
        thrown,
      );
    }
  }

  function fire(key: string): void {
    if (stopped || lost.aborted) return;
    const run = runDue(key).finally(() => running.delete(run));
    running.add(run);
  }

  return {
    sync() {
      const wanted = engine.schedules();
      const keys = new Set(wanted.map(({ key }) => key));
      for (const [key, task] of tasks) {
        if (keys.has(key)) continue;
        tasks.delete(key);
        void task.destroy();
      }
      for (const { key, schedule } of wanted) {
        if (!tasks.has(key)) {
          tasks.set(
            key,
            scheduleCron(schedule.cron, () => fire(key), { timezone: schedule.timezone, name: key }),
          );
        }
        fire(key);
      }
      const now = clock.now();
      metrics.setSchedules(
        wanted.map(({ key, schedule }) => {
          const next = nextTick(schedule, now);
          return { schedule: key, periodMs: nextTick(schedule, next) - next };
        }),
      );
    },
    async stop() {
      stopped = true;
      for (const task of tasks.values()) void task.destroy();
      tasks.clear();
      await Promise.all(running);
    },
  };
}
