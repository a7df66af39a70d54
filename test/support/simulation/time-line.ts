import { defaultTicketPolicy, type Rule } from "../../../src/model/rule.ts";
import { createScriptedSource } from "../../../src/sources/scripted/scripted-source.ts";
import type { Source } from "../../../src/sources/source.ts";
import type { Store } from "../../../src/store/store.ts";
import type { ManualClock } from "../../../src/support/clock.ts";
import type { Tracker } from "../../../src/trackers/tracker.ts";
import { buildRule } from "../rules.ts";
import { createWorld, type World } from "../world.ts";

const minute = 60_000;
const stepMs = 5 * minute;
const eventsAWindow = 50;
export const startAt = Date.parse("2026-01-05T10:00:00Z");

/** Failed requests of the fifty in the window that ends at each tick: two episodes, the first growing worse. */
const badAtTick = [0, 4, 4, 30, 0, 0, 4, 4, 0, 0, 0, 0, 0, 0];
/** Jobs that were given up in that window: one short episode after the others. */
const givenUpAtTick = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0];
export const endAt = startAt + (badAtTick.length - 1) * stepMs;

const schedule = { cron: "*/5 * * * *", timezone: "UTC" };

/**
 * What RULES.md section 4 lets happen to tickets that people leave alone: filed with chart, samples and link, raised,
 * summary, quiet, back, quiet again (summary alone); and a second one, closed by us when it is quiet.
 */
const rules: readonly Rule[] = [
  buildRule({
    id: "checkout-errors",
    title: '{{ labels["service.name"] }}: {{ value | percent }} of requests fail',
    schedule,
    signal: { target: "requests", measure: { kind: "ratio", bad: { status: { gte: 500 } } }, by: ["service.name"] },
    limits: {
      when: { form: "threshold", above: 0.05, forMs: 5 * minute, minEvents: 0, minBadEvents: 3 },
      until: { below: 0.02, forMs: 5 * minute },
      severity: "high",
    },
    impact: { slo: { objective: 0.99, periodMs: 30 * 24 * 60 * minute } },
    evidence: { samples: 2, fields: [], infra: [] },
  }),
  buildRule({
    id: "jobs-given-up",
    title: "{{ value | number }} jobs were given up",
    schedule,
    signal: { target: "jobs" },
    limits: { until: { forMs: 0 }, severity: "high" },
    ticket: { ...defaultTicketPolicy, onQuiet: "transition" },
  }),
];

/** Events instead of series, so that there is something to draw and to quote. */
export function timeLineSource(): Source {
  const requests = badAtTick.flatMap((bad, tick) =>
    Array.from({ length: eventsAWindow }, (_, index) => ({
      "@timestamp": startAt + (tick - 1) * stepMs + index * 1_000,
      "service.name": "checkout",
      status: index < bad ? 503 : 200,
      message: `request ${tick}-${index}`,
    })),
  );
  const jobs = givenUpAtTick.flatMap((count, tick) =>
    Array.from({ length: count }, (_, index) => ({
      "@timestamp": startAt + (tick - 1) * stepMs + index * 1_000,
      message: `job ${index}`,
    })),
  );
  return createScriptedSource({ name: "logs", script: { requests: { events: requests }, jobs: { events: jobs } } });
}

export interface TimeLineOptions {
  readonly clock: ManualClock;
  readonly store: Store;
  readonly source: Source;
  readonly tracker: Tracker;
  /** Told before the clock moves on: what else lives by this clock moves with it. */
  readonly moveTo?: (now: number) => Promise<void>;
}

/**
 * The program from its start at the clock's instant to the end of the time line: as `serve` does it, what is overdue is
 * run at once, and from then on whatever comes first: a tick, or the instant for which the outbox worker sleeps.
 */
export async function playTimeLine(options: TimeLineOptions): Promise<World> {
  const { clock, store } = options;
  const world = await createWorld({
    start: new Date(clock.now()).toISOString(),
    clock,
    store,
    rules,
    sources: [options.source],
    trackers: () => [options.tracker],
    project: "OPS",
  });
  await store.outbox.releaseLeases({ now: clock.now(), until: clock.now() });
  const never = new AbortController().signal;
  for (;;) {
    await world.engine.runDue({ until: clock.now() }, never);
    await world.engine.worker.drain(never);
    let next = startAt + (Math.floor((clock.now() - startAt) / stepMs) + 1) * stepMs;
    for (;;) {
      const due = await store.outbox.nextDue();
      if (due === undefined || due >= next) break;
      await move(Math.max(due, clock.now() + 1));
      await world.engine.worker.drain(never);
    }
    if (next > endAt) return world;
    next = Math.max(next, clock.now());
    await move(next);
  }

  async function move(to: number): Promise<void> {
    await options.moveTo?.(to);
    clock.set(to);
  }
}
