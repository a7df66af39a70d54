import { setImmediate as turn } from "node:timers/promises";
import type { Labels } from "../../src/model/labels.ts";
import type { BatchAnswer, Query } from "../../src/model/query.ts";
import type { Source } from "../../src/sources/source.ts";
import type { Store } from "../../src/store/store.ts";
import { ManualClock } from "../../src/support/clock.ts";
import type { Pacer } from "../../src/trackers/jira/pacer.ts";
import { createPacer } from "../../src/trackers/jira/pacer.ts";
import { createLocalTracker } from "../../src/trackers/local/local-tracker.ts";
import type { Tracker } from "../../src/trackers/tracker.ts";
import { freePacer } from "./free-pacer.ts";
import { type JiraDouble, startJiraDouble } from "./jira/start-jira-double.ts";
import { jiraTracker } from "./jira-tracker.ts";
import { buildRule } from "./rules.ts";
import { createWorld, type World } from "./world.ts";

const minute = 60_000;
const start = Date.parse("2026-01-05T10:00:00Z");
const groupsPerRule = 500;
/** A token comes every 100 ms at 600 a minute. */
const stepMs = 100;
/** Nothing has moved for so many turns of the event loop: whoever is not asleep has nothing to do. */
const quietTurns = 30;

/** What is sent to Jira, by what it is for. */
export const requestKinds = ["creates", "updates", "reads", "searches"] as const;
export type RequestKind = (typeof requestKinds)[number];
export type Requests = Readonly<Record<RequestKind, number>>;

/** How it went: one entry for each minute from the tick on. */
export interface LoadRun {
  readonly minutes: readonly Requests[];
  /** Most requests in any sixty seconds, wherever they begin. */
  readonly mostInMinute: number;
  /** Words to Jira that the tick made. */
  readonly changes: number;
  /** Until all of them were delivered, in milliseconds of the world's clock. */
  readonly deliveredAfterMs: number;
  /** What was sent, oldest first. */
  readonly sent: JiraDouble["requests"];
}

/**
 * Many open findings with a ticket each, in a Jira in this process, on a manual clock that moves on when nobody has anything
 * left to do: an hour takes seconds. Half of the findings that a tick touches end there, half go from bad to worse, and
 * a few are new.
 */
export class LoadWorld {
  readonly jira: JiraDouble;
  readonly world: World;
  readonly #production: Production;
  readonly #pace: SwitchedPacer;

  private constructor(of: { jira: JiraDouble; world: World; production: Production; pace: SwitchedPacer }) {
    this.jira = of.jira;
    this.world = of.world;
    this.#production = of.production;
    this.#pace = of.pace;
  }

  /** `findings` open ones, each with a ticket that reconcile has seen. The pace is not kept until `run`. */
  static async begin(options: {
    findings: number;
    touched: number;
    requestsPerMinute: number;
    store?: Store;
  }): Promise<LoadWorld> {
    const { findings, touched, requestsPerMinute } = options;
    const clock = new ManualClock(start);
    const jira = await startJiraDouble({
      deployment: "cloud",
      clock: () => clock.now(),
      indexLag: 5_000,
      listens: false,
      validates: false,
    });
    const production = new Production({ findings, touched });
    const pace = new SwitchedPacer();
    const world = await createWorld({
      start: new Date(start).toISOString(),
      clock,
      rules: production.rules,
      sources: [production],
      project: "OPS",
      catchUpMs: 0,
      limits: { ...withoutCaps },
      trackers: () => [jiraTracker(jira, { deployment: "cloud", clock, pacer: pace, dispatcher: jira.dispatcher })],
      ...(options.store === undefined ? {} : { store: options.store }),
    });
    const load = new LoadWorld({ jira, world, production, pace });
    await world.engine.runDue({ until: start }, never);
    await fileAll(world.store, world.tracker, clock);
    clock.advance(firstLookBackMs);
    while ((await world.store.tickets.live({ ...lookedNever, tracker: "jira", limit: 1 })).length > 0) {
      clock.advance(1_000);
      await world.learning.pass(never);
    }
    clock.advance(impactKeptMs);
    await world.engine.runDue({ until: clock.now() }, never);
    await world.deliver();
    clock.advance(impactKeptMs);
    pace.now = createPacer({ clock, requestsPerMinute });
    return load;
  }

  /** The tick that touches many, and as many minutes as their delivery takes, `serve`'s own loops at work; then `after` more. */
  async run(options: { mostMinutes: number; afterMinutes: number }): Promise<LoadRun> {
    const { jira, world } = this;
    const { clock, store } = world;
    const stop = new AbortController();
    const firstRequest = jira.requests.length;
    this.#production.isWorse = true;
    const nextMinute = (Math.floor(clock.now() / minute) + 1) * minute;
    clock.set(nextMinute);
    await world.engine.runDue({ until: nextMinute }, never);
    const changes = await openEntries(store);
    const loops = [world.engine.worker.run(stop.signal), world.learning.run(stop.signal)];
    let deliveredAt: number | undefined;
    let end = nextMinute + options.mostMinutes * minute;
    while (clock.now() < end) {
      await this.#untilQuiet();
      const isFullSecond = clock.now() % 1_000 === 0;
      if (deliveredAt === undefined && isFullSecond && (await openEntries(store)) === 0) {
        deliveredAt = clock.now();
        end = Math.min(end, deliveredAt + options.afterMinutes * minute);
      }
      clock.advance(stepMs);
      if (clock.now() % minute === 0) await world.engine.runDue({ until: clock.now() }, never);
    }
    stop.abort();
    await Promise.all(loops);
    if (deliveredAt === undefined) throw new Error(`${await openEntries(store)} of ${changes} were not delivered`);
    const sent = jira.requests.slice(firstRequest);
    const minutes: Requests[] = [];
    for (let from = nextMinute; from < end; from += minute) {
      minutes.push(countKinds(sent.filter(({ at }) => at >= from && at < from + minute)));
    }
    return {
      minutes,
      mostInMinute: mostWithinMinute(sent.map(({ at }) => at)),
      changes,
      deliveredAfterMs: deliveredAt - nextMinute,
      sent,
    };
  }

  async end(): Promise<void> {
    await this.world.tracker.close();
    await this.world.close();
    await this.jira.stop();
  }

  async #untilQuiet(): Promise<void> {
    let moved = this.#pace.moves;
    for (let turns = 0; turns < quietTurns; turns += 1) {
      await turn();
      if (this.#pace.moves === moved) continue;
      moved = this.#pace.moves;
      turns = 0;
    }
  }
}

/** The next ticks over a store that a LoadWorld left, without its Jira. `each` is called after each. */
export async function ticksWithoutJira(
  store: Store,
  options: { findings: number; touched: number; ticks: number; each: () => void },
): Promise<void> {
  const production = new Production(options);
  production.isWorse = true;
  const { rules } = production;
  const watermarks = Array.from(await store.state.ruleStates(), ([, { watermark }]) => watermark);
  const clock = new ManualClock(Math.max(start, ...watermarks));
  const world = await createWorld({
    ...{ start: "", clock, rules, sources: [production], store },
    trackers: () => [createLocalTracker({ name: "jira", tickets: store.localTickets, clock })],
  });
  for (let tick = 0; tick < options.ticks; tick += 1) {
    clock.advance(minute);
    await world.engine.runDue({ until: clock.now() }, never);
    options.each();
  }
  await world.close();
}

/** Longer than the first pass asks for changes: each ticket is seen once, by its turn. */
const firstLookBackMs = 70 * minute;
/** Longer than a quarter of an hour, after which who is affected is asked again, and the priority made anew. */
const impactKeptMs = 20 * minute;
const never = new AbortController().signal;
const lookedNever = { lookedBefore: 0, lookedAfter: Number.MAX_SAFE_INTEGER, endedAfter: 0 };
/** Caps and storms are about new tickets, and the findings here are old ones. */
const withoutCaps: Record<string, number> = { perRun: 1e6, perDay: 1e6, perDayPerProject: 1e6, storm: 1e6 };

async function openEntries(store: Store): Promise<number> {
  const { pending, sending, unknown } = await store.outbox.counts();
  return pending + sending + unknown;
}

/** As the worker would leave it, with one request for each ticket instead of six. */
async function fileAll(store: Store, tracker: Tracker, clock: ManualClock): Promise<void> {
  const owner = "seeding";
  for (;;) {
    const entries = await store.outbox.claim({ now: clock.now(), owner, leaseMs: minute, limit: 1_000 });
    if (entries.length === 0) return;
    for (const { id, action, findingId, groupKey, generation } of entries) {
      if (action.kind !== "create") throw new Error(`nothing but creates, not ${action.kind}`);
      const { ref, priority, dropped } = await tracker.create(action, never);
      const written = { priority, band: action.band };
      const now = clock.now();
      const record = { tracker: "jira", ref, findingId, groupKey, generation, createdAt: now, written, dropped };
      await store.tickets.put({ ...record, seen: undefined });
      await store.outbox.settle(id, { state: "done", owner, now });
    }
  }
}

function countKinds(requests: JiraDouble["requests"]): Requests {
  const counts = { creates: 0, updates: 0, reads: 0, searches: 0 };
  for (const { operation, method, path } of requests) {
    const isRead = method === "GET" || path.includes("bulkfetch");
    const kind =
      operation === "createIssue" ? "creates" : operation === "search" ? "searches" : isRead ? "reads" : "updates";
    counts[kind] += 1;
  }
  return counts;
}

function mostWithinMinute(instants: readonly number[]): number {
  let from = 0;
  let most = 0;
  for (let to = 0; to < instants.length; to += 1) {
    while (instants[to]! - instants[from]! >= minute) from += 1;
    most = Math.max(most, to - from + 1);
  }
  return most;
}

/** None while the findings are made, and then one. */
class SwitchedPacer implements Pacer {
  now: Pacer = freePacer;
  /** How often anybody asked or was answered. */
  moves = 0;

  async admit(...asked: Parameters<Pacer["admit"]>): ReturnType<Pacer["admit"]> {
    this.moves += 1;
    const admission = await this.now.admit(...asked);
    this.moves += 1;
    return admission;
  }
  heed(...told: Parameters<Pacer["heed"]>): void {
    this.moves += 1;
    this.now.heed(...told);
  }
  atMost(): void {}
  alsoAt(): void {}
}

/** Answers without looking at events: services by the thousand, all of them failing. */
class Production implements Source {
  readonly name = "logs";
  readonly rules;
  isWorse = false;
  readonly #findings: number;
  readonly #touched: number;
  readonly #byRule: readonly (readonly Labels[])[];

  constructor(options: { findings: number; touched: number }) {
    this.#findings = options.findings;
    this.#touched = options.touched;
    // A few more than there are: new ones of the tick.
    const all = options.findings + newOnes;
    const services = Array.from({ length: all }, (_, index) => ({ "service.name": `service-${index}` }));
    const rules = Math.ceil(all / groupsPerRule);
    this.#byRule = Array.from({ length: rules }, (_, rule) =>
      services.slice(rule * groupsPerRule, (rule + 1) * groupsPerRule),
    );
    this.rules = this.#byRule.map((_, index) =>
      buildRule({
        id: `errors-${index}`,
        title: '{{ labels["service.name"] }}: {{ value | percent }} of requests fail',
        signal: { by: ["service.name"], measure, windowMs: minute, target: String(index), query: queryOf(index) },
        limits: { severity: "high", when: { form: "threshold", above: 0.01 }, until: { forMs: 0 } },
      }),
    );
  }

  async answer({ questions, probes }: Parameters<Source["answer"]>[0]): Promise<BatchAnswer> {
    return {
      answers: questions.map(({ query }) => ({
        kind: "answered",
        observations: this.#asked(query).flatMap((labels) => {
          const value = this.#badShareOf(Number(labels["service.name"]?.slice("service-".length)));
          // The episode so far does not water the worse share down.
          const events = value === shares.worse ? 1_000_000 : 1_000;
          return value === undefined ? [] : [{ labels, value, events, badEvents: value * events }];
        }),
        notAnswered: 0,
      })),
      probes: probes.map(() => ({ kind: "answered", any: true })),
      requests: 1,
    };
  }

  /** All of a rule's services, or (impact) the one that is asked for. */
  #asked({ target, where }: Query): readonly Labels[] {
    const one = where["service.name"]?.[0];
    return one === undefined ? (this.#byRule[Number(target)] ?? []) : [{ "service.name": String(one) }];
  }

  #badShareOf(service: number): number | undefined {
    const { bad, worse } = shares;
    if (service >= this.#findings) return this.isWorse ? bad : undefined;
    if (!this.isWorse || service >= this.#touched) return bad;
    return service % 2 === 0 ? 0 : worse;
  }

  samples = () => Promise.resolve([]);
  messages = () => Promise.resolve({ messages: [], more: false });
  series = () => Promise.resolve([]);
  lines = () => Promise.resolve({ lines: [], more: 0 });
  check = () => Promise.resolve([]);
  close = () => Promise.resolve();
}

const measure = { kind: "ratio", bad: "status:>=500" } as const;
/** The cap of one run. */
const newOnes = 10;
const shares = { bad: 0.02, worse: 0.9 };

function queryOf(rule: number) {
  const by = ["service.name"];
  return { target: String(rule), where: {}, filters: [], measure, by, maxGroups: groupsPerRule + newOnes };
}
