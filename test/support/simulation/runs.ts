import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqlStore } from "../../../src/store/sql/open-sql-store.ts";
import { ManualClock } from "../../../src/support/clock.ts";
import type { Operation } from "../jira/operation.ts";
import { type JiraDouble, startJiraDouble } from "../jira/start-jira-double.ts";
import { type Backlog, trackerFor } from "./backlog.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import { type Gate, type KillPoint, WatchedPorts } from "./ports.ts";
import { endAt, playTimeLine, startAt, timeLineSource } from "./time-line.ts";

/** What the world is that outlives a process: a folder for the store, a Jira, and the time of day. */
export class Surroundings {
  readonly backlog: Backlog;
  readonly jira: JiraDouble | undefined;
  readonly clock: ManualClock;
  readonly folder: string;

  private constructor(of: { backlog: Backlog; jira: JiraDouble | undefined; clock: ManualClock; folder: string }) {
    this.backlog = of.backlog;
    this.jira = of.jira;
    this.clock = of.clock;
    this.folder = of.folder;
  }

  /** Search sees a write five seconds later. */
  static async begin(backlog: Backlog): Promise<Surroundings> {
    const clock = new ManualClock(startAt);
    const deployment = { clock: () => clock.now(), indexLag: 5_000 };
    const jira = backlog === "local" ? undefined : await startJiraDouble({ deployment: backlog, ...deployment });
    return new Surroundings({ backlog, jira, clock, folder: mkdtempSync(join(tmpdir(), "backfeed-kill-")) });
  }

  get path(): string {
    return join(this.folder, "store.db");
  }

  /** What this process would leave behind if it died at this very instant: what it has handed to the system. */
  get left(): readonly string[] {
    return [this.path, `${this.path}-wal`].filter((file) => existsSync(file));
  }

  /** The same for equal files, as many writes in Jira and the same instant: whoever starts here goes on alike. */
  fingerprint(): string {
    const hash = createHash("sha256");
    for (const file of this.left) hash.update(readFileSync(file));
    return `${hash.digest("hex")} ${this.jira?.history.length} ${this.clock.now()}`;
  }

  async end(): Promise<void> {
    await this.jira?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export interface LifeOptions {
  readonly surroundings: Surroundings;
  /** Default: the surroundings' own store. */
  readonly path?: string;
  readonly gate: Gate;
}

/** A process's life in this process, from its start to the end of the time line. */
export async function live({ surroundings, path = surroundings.path, gate }: LifeOptions) {
  const { backlog, clock, jira } = surroundings;
  const raw = await openSqlStore({ url: `sqlite:${path}` });
  const ports = new WatchedPorts(gate);
  const store = ports.store(raw);
  const tracker = trackerFor(backlog, jira?.url, store, clock);
  const played = playTimeLine({
    clock,
    store,
    source: ports.source(timeLineSource()),
    tracker: ports.tracker(tracker),
  });
  const close = async () => {
    await raw.close();
    await tracker.close();
  };
  return { played, ports, raw, close };
}

/** The rest of the time line by a process that is not killed, on what another one left; then what came of it all. */
export async function liveOn(surroundings: Surroundings, path?: string): Promise<Outcome> {
  const life = await live({ surroundings, ...(path === undefined ? {} : { path }), gate: async () => undefined });
  try {
    await life.played;
    return await outcomeOf(life.raw, surroundings.jira);
  } finally {
    await life.close();
  }
}

/** Reached a point before or after a call of a port; or, within a call, Jira has processed its n-th write and not answered. */
export type Strike = { readonly point: KillPoint } | { readonly write: number };

/** How long nothing runs after the kill, in milliseconds. */
export interface Restart {
  readonly downtimeMs: number;
}

/**
 * Dies at the strike and starts again. Death in this process: at that instant the store's files are copied as they are,
 * its log unmerged; no gate opens any more, and an answer that was awaited never comes. The next life has the copy.
 */
export async function dieAndLiveOn(
  surroundings: Surroundings,
  strike: Strike,
  { downtimeMs }: Restart,
): Promise<Outcome> {
  const copy = join(surroundings.folder, "left.db");
  let dead = false;
  let died: () => void = () => undefined;
  const death = new Promise<"died">((resolve) => {
    died = () => resolve("died");
  });
  const never = new Promise<never>(() => undefined);
  const die = (): Promise<never> => {
    dead = true;
    for (const file of surroundings.left) copyFileSync(file, file.replace(surroundings.path, copy));
    died();
    return never;
  };
  strikeWithin(surroundings.jira, strike, die);
  const first = await live({
    surroundings,
    gate: async (point) => {
      if (dead) await never;
      if ("point" in strike && point === strike.point) await die();
    },
  });
  const end = await Promise.race([death, first.played.then(() => "lived" as const)]);
  if (end === "lived") throw new Error(`was never reached: ${JSON.stringify(strike)}`);
  rest(surroundings.clock, downtimeMs);
  try {
    return await liveOn(surroundings, copy);
  } finally {
    await first.close();
  }
}

/** Nothing runs; not beyond the end of the time line, where there is nothing to be seen. */
export function rest(clock: ManualClock, downtimeMs: number): void {
  clock.set(Math.max(clock.now(), Math.min(clock.now() + downtimeMs, endAt)));
}

/** Jira does the write; its answer waits for ever. */
export function strikeWithin(jira: JiraDouble | undefined, strike: Strike, die: () => Promise<unknown>): void {
  if (jira === undefined || !("write" in strike)) return;
  let writes = 0;
  jira.faults.decide = ({ operation }) => {
    if (!isWrite(operation)) return undefined;
    writes += 1;
    if (writes !== strike.write) return undefined;
    return {
      kind: "hold",
      stage: "after",
      get until() {
        return die().then(() => undefined);
      },
    };
  };
}

export function isWrite(operation: Operation): boolean {
  return /^(create|edit|transition|add|update|put|set|link|delete)/.test(operation);
}
