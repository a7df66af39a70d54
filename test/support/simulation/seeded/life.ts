import { copyFileSync, existsSync } from "node:fs";
import { jiraReceiver } from "../../../../src/app/jira-receiver.ts";
import type { TickResult } from "../../../../src/app/tick.ts";
import { Secret } from "../../../../src/config/secret.ts";
import type { TrackerConfig } from "../../../../src/config/types.ts";
import { newestTick } from "../../../../src/detect/schedule.ts";
import type { Rule } from "../../../../src/model/rule.ts";
import type { Delivery, Taken, WebhookReceiver } from "../../../../src/server/webhooks/receiver.ts";
import type { Source } from "../../../../src/sources/source.ts";
import { openSqlStore } from "../../../../src/store/sql/open-sql-store.ts";
import type { Store } from "../../../../src/store/store.ts";
import type { Logger } from "../../../../src/support/logging.ts";
import { createJiraTracker } from "../../../../src/trackers/jira/tracker.ts";
import type { JiraDouble } from "../../jira/start-jira-double.ts";
import { createWorld, type World } from "../../world.ts";
import { WatchedPorts } from "../ports.ts";
import { deadlineMs, LivingDispatcher } from "./living-dispatcher.ts";
import { minute, type Plan } from "./plan.ts";
import { LifeClock, type Time } from "./time.ts";

export interface LifeOptions {
  readonly plan: Plan;
  readonly path: string;
  readonly time: Time;
  /** How far this machine's clock is ahead, in milliseconds. */
  readonly offset: () => number;
  readonly jira: JiraDouble;
  readonly source: Source;
  readonly rules: readonly Rule[];
  readonly logger: Logger;
  readonly onTick: (result: TickResult) => void;
  /** Told at each call of each port, before and after it, and at each request that leaves. */
  readonly onPoint: (point: string) => void;
  /** A fault that the program itself did not catch. */
  readonly onCrash: (what: string, thrown: unknown) => void;
}

/** The secret of Jira's webhook. */
export const webhookSecret = "the secret of the webhook";

/** Of which the receiver of webhooks looks at the secret and the prefix. */
function trackerConfig(url: string): TrackerConfig {
  return {
    type: "jira",
    url,
    deployment: "auto",
    auth: { kind: "personal_access_token", token: new Secret("unused") },
    project: "OPS",
    issueType: "Bug",
    labelPrefix: "backfeed",
    webhookSecret: new Secret(webhookSecret),
    wontDo: [],
    closeDuplicates: true,
    timeoutMs: minute,
    requestsPerMinute: 600,
    tls: { caFile: undefined, verify: true },
  };
}

/** One life of the real program over a store file, from its start until it is stopped or killed. */
export class Life {
  readonly store: Store;
  readonly clock: LifeClock;
  /** Resolves when it is killed: nothing that was asked of it will be answered. */
  readonly death: Promise<void>;
  readonly #options: LifeOptions;
  readonly #abort = new AbortController();
  readonly #stop = new AbortController();
  readonly #work = new Set<Promise<void>>();
  #rules: readonly Rule[];
  #world: World | undefined;
  #receiver: WebhookReceiver | undefined;
  #twin: AbortController | undefined;
  #twinWorld: World | undefined;
  #isOver = false;
  #dies: () => void = () => undefined;

  private constructor(options: LifeOptions, store: Store) {
    this.#options = options;
    this.#rules = options.rules;
    this.store = store;
    this.clock = new LifeClock({ time: options.time, offset: options.offset, isOver: () => this.#isOver });
    this.death = new Promise((resolve) => {
      this.#dies = resolve;
    });
  }

  /** Takes the store; what `begin` does then can be killed like all else. */
  static async open(options: LifeOptions): Promise<Life> {
    return new Life(options, await openSqlStore({ url: `sqlite:${options.path}` }));
  }

  /** As `serve` starts: ends old leases, runs what is overdue, and the worker. */
  begin(): void {
    this.#run("the start", async () => {
      this.#world = await this.#compose("worker-1");
      const now = this.clock.now();
      await this.#world.store.outbox.releaseLeases({ now, until: now + deadlineMs });
      const { worker } = this.#world.engine;
      const { learning } = this.#world;
      this.#run("the worker", () => worker.run(this.#abort.signal, this.#stop.signal));
      this.#run("learning", () => learning.run(this.#abort.signal, this.#stop.signal));
      this.fire();
    });
  }

  /** The schedules that have an instant now, as their tasks do; at the start and for new rules all. One still at work is left. */
  fire(which: "due" | "all" = "all"): void {
    const engine = this.#world?.engine;
    if (engine === undefined || this.#stop.signal.aborted) return;
    const until = this.clock.now();
    const onTick = (result: TickResult) => {
      this.#options.onTick(result);
      // What was decided is there for both: their looks fall together.
      this.#twinWorld?.engine.worker.wake();
    };
    const request = { until, onTick };
    for (const { key, schedule } of engine.schedules()) {
      if (which === "due" && newestTick(schedule, until) !== until) continue;
      this.#run("a tick", () => engine.runScheduleDue(key, request, this.#abort.signal));
    }
  }

  setRules(rules: readonly Rule[]): void {
    this.#rules = rules;
    this.#world?.setRules(rules);
    this.fire();
  }

  /** As an operator over the API. False when the process died before it answered. */
  async refile(findingId: string, by: string): Promise<boolean> {
    const work = this.#world?.refile(findingId, by).then(() => true);
    return Promise.race([work ?? false, this.death.then(() => false)]);
  }

  /** `POST /webhooks/jira`. Undefined when nobody answers: the process is not up yet, or died over it. */
  async receive(delivery: Delivery): Promise<Taken | "refused" | undefined> {
    const receiver = this.#receiver;
    if (receiver === undefined) return undefined;
    const senders = receiver.verify(delivery);
    if (senders.length === 0) return "refused";
    const taken = await Promise.race([receiver.take(delivery, senders), this.death.then(() => undefined)]);
    return typeof taken === "object" ? taken.outcome : taken;
  }

  /** Tells the workers that there is something to do: both at once, as if their looks fell together. */
  wake(): void {
    this.#world?.engine.worker.wake();
    this.#twinWorld?.engine.worker.wake();
  }

  /** A second worker over the same store, as a replica has one. */
  beginTwin(): void {
    if (this.#twin !== undefined) return;
    this.#twin = new AbortController();
    const { signal } = this.#twin;
    this.#run("the twin's worker", async () => {
      const twin = await this.#compose("worker-2");
      this.#twinWorld = twin;
      await twin.engine.worker.run(this.#abort.signal, signal);
    });
  }

  endTwin(): void {
    this.#twin?.abort();
    this.#twin = undefined;
    this.#twinWorld = undefined;
  }

  /** SIGKILL: what the store's files hold at this instant is copied to `next`; nothing of this life goes on. */
  die(next: string): void {
    this.#isOver = true;
    for (const suffix of ["", "-wal"]) {
      if (existsSync(this.#options.path + suffix)) copyFileSync(this.#options.path + suffix, next + suffix);
    }
    this.#dies();
  }

  /** Gives the files of a killed life back. */
  async bury(): Promise<void> {
    await this.store.close();
  }

  /** SIGTERM: what is under way ends; after seven seconds it is cut off. `pass` lets time go by. */
  async end(pass: (ms: number) => Promise<void>): Promise<void> {
    this.#stop.abort();
    this.endTwin();
    await pass(0);
    for (let waited = 0; this.#work.size > 0 && waited < 7 && !this.#isOver; waited += 1) await pass(1_000);
    this.#abort.abort();
    for (let waited = 0; this.#work.size > 0 && waited < 60 && !this.#isOver; waited += 1) await pass(10_000);
    if (this.#isOver) return;
    this.#isOver = true;
    await this.store.close();
  }

  /** The whole program over this life's store and clock, with kill points around every port. */
  #compose(owner: string): Promise<World> {
    const { jira, plan, time, source, logger, onPoint } = this.#options;
    const ports = new WatchedPorts(async (point) => {
      if (!this.#isOver) onPoint(`${owner} ${point}`);
      // Its own: one for all would keep every call of every dead life for as long as there are any.
      if (this.#isOver) await new Promise<never>(() => undefined);
    });
    const mayLeave = () => {
      if (!this.#isOver) onPoint(`${owner} request`);
      return !this.#isOver;
    };
    const tracker = createJiraTracker({
      name: "jira",
      url: jira.url,
      deployment: plan.deployment,
      auth: jira.login[plan.deployment],
      project: "OPS",
      issueType: "Bug",
      allowHttp: true,
      clock: this.clock,
      dispatcher: new LivingDispatcher({ inner: jira.dispatcher, time, mayLeave }),
    });
    const store = ports.store(this.store);
    this.#receiver ??= jiraReceiver({
      trackers: { jira: trackerConfig(jira.url) },
      store,
      isOwn: (_, account) => tracker.ownAccount() === account,
      redact: (text) => text,
      wake: () => this.#world?.learning.wake(),
    });
    return createWorld({
      start: new Date(this.clock.now()).toISOString(),
      clock: this.clock,
      store,
      rules: this.#rules,
      sources: [ports.source(source)],
      trackers: () => [ports.tracker(tracker)],
      project: "OPS",
      limits: plan.limits,
      timing: { staleAfterMs: 5 * minute },
      logger,
      owner,
      // It is woken when something is due; a second one is not, and looks by itself as the program does.
      pollMs: owner === "worker-1" ? 30 * minute : 5_000,
      // More rarely than the program does it, which changes nothing but how soon people are heard.
      learnEveryMs: plan.learnEveryMinutes * minute,
    });
  }

  #run(what: string, work: () => Promise<unknown>): void {
    const running = work().then(
      () => undefined,
      (thrown: unknown) => {
        if (!this.#isOver && !this.#abort.signal.aborted) this.#options.onCrash(what, thrown);
      },
    );
    this.#work.add(running);
    void running.then(() => this.#work.delete(running));
  }
}
