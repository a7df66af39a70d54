import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TickResult } from "../../../../src/app/tick.ts";
import { createLogger, type Logger } from "../../../../src/support/logging.ts";
import { createRedactor } from "../../../../src/support/redaction.ts";
import { type JiraDouble, startJiraDouble } from "../../jira/start-jira-double.ts";
import { copyEmptyStore } from "./empty-store.ts";
import { begin, heal } from "./happenings.ts";
import { Ledger } from "./ledger.ts";
import { Life } from "./life.ts";
import { hiddenProject, minute, type Plan, startAt, stepMs } from "./plan.ts";
import { Postman } from "./postman.ts";
import { Production } from "./production.ts";
import { changed, RuleBook, type RuleChange, type RuleSketch } from "./rules.ts";
import { Time } from "./time.ts";
import { Trace } from "./trace.ts";
import { createWatchedSource, SourceWeather } from "./watched-source.ts";

/** After all is healed: time for what an operator then asks for again. */
const settleMs = 75 * minute;
/** And for the sweep, two hours after the last create, where search forgot issues and there may be two for one problem. */
const settleWithSweepMs = 150 * minute;
/** Instants of one run; more are a program that never comes to rest. */
const mostSteps = 20_000;
/** Rounds of the event loop at one instant; catching up after an outage takes some hundreds. */
const mostRounds = 10_000;

const places = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

interface Appointment {
  readonly at: number;
  readonly order: number;
  readonly keep: () => void | Promise<void>;
}

/**
 * One run: a production, a Jira and an operator that outlive the lives of the program between them. Time moves from one
 * thing that happens to the next, and only once the program has nothing left to do at an instant.
 */
export class Simulation {
  readonly plan: Plan;
  readonly time: Time;
  readonly jira: JiraDouble;
  readonly trace: Trace;
  readonly production: Production;
  readonly weather = new SourceWeather();
  readonly book = new RuleBook();
  readonly ledger = new Ledger(this.book);
  readonly results: TickResult[] = [];
  readonly logs: string[] = [];
  readonly crashes: string[] = [];
  /** In memory where the system has such a folder: what a process leaves there when it dies is the same. */
  readonly folder = mkdtempSync(join(places, "backfeed-seed-"));
  /** How far the program's clock is ahead of the time of day. */
  offsetMs = 0;
  life: Life | undefined;

  readonly #loaded: Map<string, RuleSketch>;
  readonly #postman: Postman;
  readonly #logger: Logger;
  #appointments: Appointment[] = [];
  #armed: { left: number; readonly downMs: number } | undefined;
  #activity = 0;
  #order = 0;
  #lives = 0;
  #told = 0;
  readonly #killed: Life[] = [];

  private constructor(plan: Plan, time: Time, jira: JiraDouble) {
    this.plan = plan;
    this.time = time;
    this.jira = jira;
    this.trace = new Trace(time);
    this.production = new Production(plan, this.endAt);
    this.#postman = new Postman(this);
    this.#loaded = new Map(plan.rules.map((rule) => [rule.id, rule]));
    this.#logger = createLogger({
      level: "warn",
      redactor: createRedactor(),
      destination: { write: (line: string) => void this.logs.push(line) },
      clock: { now: () => time.now() + this.offsetMs, sleep: async () => undefined },
    });
  }

  static async begin(plan: Plan): Promise<Simulation> {
    const time = new Time(startAt);
    const { deployment, validates } = plan;
    const jira = await startJiraDouble({
      deployment,
      validates,
      listens: false,
      clock: () => time.now(),
      indexLag: 5_000,
      projects: [{ key: "OPS" }, { key: "APP" }, { key: hiddenProject, deniedPermissions: ["BROWSE_PROJECTS"] }],
    });
    return new Simulation(plan, time, jira);
  }

  /** When all is healed. */
  get healedAt(): number {
    return startAt + this.plan.activeMs;
  }

  get endAt(): number {
    const searchForgets = this.plan.events.some(({ kind }) => kind === "hiddenFromSearch");
    return this.healedAt + (searchForgets ? settleWithSweepMs : settleMs);
  }

  /** The rules as they are loaded now. */
  get rules(): readonly RuleSketch[] {
    return [...this.#loaded.values()];
  }

  /** The store's file of the present life. */
  get path(): string {
    return join(this.folder, `store-${this.#lives}.db`);
  }

  /** Plays the whole plan. */
  async play(): Promise<void> {
    for (const event of this.plan.events) this.at(startAt + event.at, () => begin(event, this));
    this.at(this.healedAt, () => heal(this));
    await copyEmptyStore(this.path, places);
    await this.start();
    for (let steps = 0; this.time.now() < this.endAt; steps += 1) {
      if (steps >= mostSteps) throw new Error(`more than ${mostSteps} instants: something is due without end`);
      const nextTick = await this.#moveOn();
      const due = this.#appointments.filter(({ at }) => at <= this.time.now());
      this.#appointments = this.#appointments.filter(({ at }) => at > this.time.now());
      for (const { keep } of due.sort((a, b) => a.at - b.at || a.order - b.order)) {
        await keep();
        await this.settle();
      }
      if (nextTick) this.life?.fire("due");
      await this.settle();
    }
  }

  /** Has something done at an instant; at once when that is over. */
  at(instant: number, keep: () => void | Promise<void>): void {
    this.#appointments.push({ at: instant, order: this.#order, keep });
    this.#order += 1;
  }

  async start(): Promise<void> {
    if (this.life !== undefined) return;
    this.trace.say("the program starts");
    this.life = await Life.open({
      plan: this.plan,
      path: this.path,
      time: this.time,
      offset: () => this.offsetMs,
      jira: this.jira,
      source: createWatchedSource({
        production: this.production,
        weather: this.weather,
        time: this.time,
        onAnswer: (query, to, sight) => this.ledger.answered(query, to, sight),
      }),
      rules: this.rules.map((sketch) => this.book.ruleOf(sketch)),
      logger: this.#logger,
      onTick: (result) => this.#onTick(result),
      onPoint: (point) => this.#onPoint(point),
      onCrash: (what, thrown) => {
        this.trace.say(`${what} failed: ${String(thrown)}`);
        this.crashes.push(`${what}: ${thrown instanceof Error ? thrown.stack : String(thrown)}`);
      },
    });
    this.life.begin();
    await this.settle();
  }

  /** The program dies at the n-th call of a port from now on, and starts again `downMs` later. */
  arm(points: number, downMs: number): void {
    this.#armed ??= { left: points, downMs };
  }

  disarm(): void {
    this.#armed = undefined;
  }

  changeRule(id: string, change: RuleChange): boolean {
    const before = this.#loaded.get(id) ?? this.plan.rules.find((rule) => rule.id === id);
    if (before === undefined || this.#loaded.has(id) === (change.to === "loaded")) return false;
    const after = changed(before, change);
    if (after === undefined) this.#loaded.delete(id);
    else this.#loaded.set(id, after);
    this.life?.setRules(this.rules.map((sketch) => this.book.ruleOf(sketch)));
    return true;
  }

  /** Lets time pass while everything else waits. */
  async pass(ms: number): Promise<void> {
    this.time.moveTo(this.time.now() + ms);
    await this.settle();
  }

  /** What was written in Jira since it was last asked, in words. */
  #traceJira(): void {
    const { history } = this.jira;
    for (const { actor, operation, issueKey } of history.slice(this.#told)) {
      if (actor === "backfeed") this.trace.say(`${operation} ${issueKey}`);
    }
    this.#told = history.length;
  }

  /** Until nobody has anything left to do at this instant: nothing in here waits for anything but this process. */
  async settle(): Promise<void> {
    for (let still = 0, rounds = 0; still < 3; rounds += 1) {
      if (rounds > mostRounds) throw new Error(`more than ${mostRounds} rounds at one instant: a busy loop`);
      const before = this.#activity;
      await new Promise((resolve) => setImmediate(resolve));
      still = before === this.#activity ? still + 1 : 0;
    }
    this.#traceJira();
    this.#postman.collect();
  }

  async close(): Promise<void> {
    const { life } = this;
    this.life = undefined;
    if (life !== undefined) await life.end((ms) => this.pass(ms));
    for (const killed of this.#killed) await killed.bury();
    await this.jira.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** To the next instant at which anything happens; gives whether it is one of a schedule's. */
  async #moveOn(): Promise<boolean> {
    const now = this.time.now();
    const nextTick = Math.floor((now + this.offsetMs) / stepMs + 1) * stepMs - this.offsetMs;
    const due = await this.life?.store.outbox.nextDue();
    // What is due and yet not taken is held by somebody: looked at again when the worker would poll.
    const worker = due === undefined ? Number.POSITIVE_INFINITY : due - this.offsetMs;
    const next = Math.min(
      nextTick,
      this.endAt,
      worker > now ? worker : now + 15_000,
      this.time.nextWaking() ?? Number.POSITIVE_INFINITY,
      ...this.#appointments.map(({ at }) => at),
    );
    this.time.moveTo(Math.max(next, now));
    if (worker <= next) this.life?.wake();
    return next === nextTick;
  }

  #onTick(result: TickResult): void {
    this.#activity += 1;
    this.results.push(result);
    const notStored = new Set(result.notStored.map(({ ruleId }) => ruleId));
    for (const { judgement, state } of result.judged) {
      const { id } = judgement.rule;
      this.ledger.concluded(id, result.tick, result.blocked.has(id) || notStored.has(state.ruleId));
    }
    for (const { rule, evaluation, action, reason } of result.lines()) {
      if (evaluation.alert === undefined && evaluation.ended === undefined) continue;
      this.trace.count(`outcome:${action}:${reason}`);
      const labels = Object.values((evaluation.alert ?? evaluation.ended)?.labels ?? {}).join(",");
      this.trace.say(
        `${rule.id}{${labels}} is ${evaluation.verdict.kind} and ${evaluation.state}: ${action} ${reason}`,
      );
    }
  }

  #onPoint(point: string): void {
    this.#activity += 1;
    if (this.#armed === undefined || this.life === undefined) return;
    this.#armed.left -= 1;
    if (this.#armed.left > 0) return;
    this.#kill(point);
  }

  #kill(point: string): void {
    const { life } = this;
    const downMs = this.#armed?.downMs ?? 0;
    if (life === undefined) return;
    this.#armed = undefined;
    this.life = undefined;
    this.#lives += 1;
    life.die(this.path);
    this.#killed.push(life);
    this.ledger.died();
    this.trace.count("fault:kill");
    this.trace.say(`killed at ${point}, down for ${downMs / minute} min`);
    this.at(this.time.now() + downMs, () => this.start());
  }
}
