import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { Finding } from "../../src/model/finding.ts";
import { defaultPriorityScale } from "../../src/model/priority.ts";
import { createScriptedSource } from "../../src/sources/scripted/scripted-source.ts";
import { openSqlStore } from "../../src/store/sql/open-sql-store.ts";
import { parseNotation } from "../../src/support/series-notation.ts";
import { buildRule } from "../support/rules.ts";
import { type ReadTicket, type StormBacklog, stormBacklogs } from "../support/storm-backlog.ts";
import { createWorld, type World, type WorldOptions } from "../support/world.ts";

const minute = 60_000;
const start = Date.parse("2026-01-05T10:00:00Z");

/** In which minute a service breaks, for how long, and whether once more. */
interface Broken {
  readonly from: number;
  readonly lasts?: number;
  readonly again?: number;
}

function valuesOf({ from, lasts = 3_000, again }: Broken): string {
  const well = (minutes: number) => (minutes > 0 ? `0x${minutes - 1} ` : "");
  const bad = (minutes: number) => `20x${minutes - 1} `;
  const once = `${well(from)}${bad(lasts)}`;
  return again === undefined ? `${once}0x500` : `${once}${well(again - from - lasts)}${bad(3_000)}`;
}

function services(prefix: string, count: number, broken: Broken): Readonly<Record<string, Broken>> {
  return Object.fromEntries(Array.from({ length: count }, (_, n) => [`${prefix}-${n}`, broken]));
}

function logs(targets: Readonly<Record<string, Readonly<Record<string, Broken>>>>) {
  const script = Object.fromEntries(
    Object.entries(targets).map(([target, broken]) => {
      const series = Object.entries(broken).map(([service, each]) => ({
        labels: { service, host: "web-3" },
        value: parseNotation(valuesOf(each)),
      }));
      return [target, { start, stepMs: minute, series }];
    }),
  );
  return createScriptedSource({ name: "logs", script });
}

const errors = buildRule({
  id: "errors",
  title: "{{ labels.service }} fails",
  signal: { by: ["service", "host"], windowMs: minute },
  group: ["service"],
  limits: { until: { forMs: 5 * minute } },
});
const jobs = buildRule({
  ...errors,
  id: "jobs",
  identity: "jobs",
  problem: "jobs",
  schedule: { cron: "1-59/2 * * * *", timezone: "UTC" },
  signal: { by: ["service", "host"], windowMs: minute, target: "jobs" },
});

for (const [name, makeBacklog] of Object.entries(stormBacklogs)) {
  describe(`a storm, with ${name}`, () => {
    let backlog: StormBacklog;
    let world: World;

    beforeEach(async () => {
      backlog = await makeBacklog(() => world?.clock.now() ?? start);
    });
    afterEach(async () => {
      await world?.close();
      await backlog.stop();
    });

    async function begin(options: Partial<WorldOptions> & Pick<WorldOptions, "sources">): Promise<void> {
      world = await createWorld({
        start: new Date(start).toISOString(),
        rules: [errors],
        trackers: (store, clock) => [backlog.tracker(store, clock)],
        ...(backlog.project === undefined ? {} : { project: backlog.project }),
        ...options,
      });
      await world.tick(world.clock.now());
    }

    const tickets = () => backlog.tickets(world.store);
    const parents = async () => (await tickets()).filter(({ summary }) => summary.startsWith("Storm"));
    const alone = async () => (await tickets()).filter(({ summary }) => !summary.startsWith("Storm"));
    const summaryOf = (ticket: ReadTicket | undefined) =>
      ticket?.comments.filter(({ marker }) => marker === "summary").map(({ text }) => text);

    async function findings(): Promise<readonly Finding[]> {
      const { items } = await world.store.history.findings({ limit: 200 });
      return items.filter(({ problem }) => problem !== "backfeed-storm");
    }

    async function decisions(): Promise<Readonly<Record<string, number>>> {
      const counted: Record<string, number> = {};
      for (const { decision } of await findings()) {
        const said = `${decision.action}: ${decision.reason}`;
        counted[said] = (counted[said] ?? 0) + 1;
      }
      return counted;
    }

    it("is one parent with the ranked list and what they share, five linked tickets, and nothing else", async () => {
      await begin({ sources: [logs({ logs: services("shop", 30, { from: 0 }) })] });
      expect(await decisions()).to.deep.equal({ "create: storm": 5, "none: storm": 25 });
      const [parent, ...more] = await parents();
      expect(more).to.deep.equal([]);
      expect(parent?.summary).to.equal("Storm: 30 problems at once, all with host=web-3");
      expect(parent?.text).to.include("all with host=web-3; all with rule=errors");
      expect(parent?.text).to.include("The worst 20 of 30").and.to.include("and 10 more, none of them worse");

      await world.through(16);
      const children = await alone();
      expect(children).to.have.length(5);
      for (const child of children) expect(child.linkedTo).to.include(parent?.key);
      const summaries = summaryOf((await parents())[0]);
      expect(summaries).to.have.length(1);
      expect(summaries?.[0]).to.include("30 of 30 still bad").and.to.include(children[0]?.key);
      const held = (await findings()).find(({ decision }) => decision.reason === "storm");
      expect(held?.decision.because).to.include(parent?.key).and.to.include(held?.memory.storm?.parentId);
    });

    it("is over two schedules what it is over one: those that have a ticket keep it, and stand on the list", async () => {
      await begin({
        rules: [errors, jobs],
        sources: [logs({ logs: services("shop", 12, { from: 0 }), jobs: services("job", 12, { from: 1 }) })],
      });
      expect(await alone()).to.have.length(10);
      await world.through(4);
      expect(await parents()).to.have.length(1);
      expect(await alone()).to.have.length(12);
      const storms = (await findings()).map(({ memory }) => memory.storm?.id);
      expect(new Set(storms)).to.deep.equal(new Set(["2026-01-05T10:01:00Z"]));
      expect((await decisions())["none: storm"]).to.equal(12);
      for (const ticket of await alone()) expect(ticket.linkedTo).to.include((await parents())[0]?.key);
    });

    it("takes what is new for an hour, says quiet once, and what comes back later gets a ticket of its own", async () => {
      const broken = {
        ...services("shop", 22, { from: 0, lasts: 45 }),
        ...services("back", 8, { from: 0, lasts: 20, again: 100 }),
        late: { from: 40, lasts: 9 },
      };
      await begin({ sources: [logs({ logs: broken })] });
      await world.through(41);
      expect(await parents()).to.have.length(1);
      expect(await alone()).to.have.length(5);
      expect(summaryOf((await parents())[0])?.[0]).to.include("takes new ones until 2026-01-05T11:00:00Z");
      await world.through(30);
      const [parent] = await parents();
      expect(parent?.comments.filter(({ marker }) => marker.startsWith("quiet"))).to.have.length(1);
      expect(summaryOf(parent)?.[0]).to.include("all quiet").and.to.not.include("still bad");
      const over = (await findings()).find(({ title }) => title === "late fails");
      expect(over?.decision).to.include({ action: "none", reason: "unchanged" });
      expect(over?.decision.because).to.match(/told on its storm's ticket/);
      await world.through(35);
      const returned = (await findings()).filter(({ title, memory }) => /^back/.test(title) && !memory.storm?.child);
      expect(returned).to.not.have.length(0);
      for (const { memory } of returned) expect(memory.createdAt).to.be.at.least(start + 100 * minute);
      expect(await parents()).to.have.length(1);
    });

    it("is followed by a second one after its hour", async () => {
      const first = services("shop", 25, { from: 0 });
      await begin({ sources: [logs({ logs: { ...first, ...services("later", 25, { from: 70 }) } })] });
      await world.through(75);
      expect(await parents()).to.have.length(2);
      expect(await alone()).to.have.length(10);
      const counted = new Map<string | undefined, number>();
      for (const { memory } of await findings())
        counted.set(memory.storm?.id, (counted.get(memory.storm?.id) ?? 0) + 1);
      expect([...counted]).to.have.deep.members([
        ["2026-01-05T10:00:00Z", 25],
        ["2026-01-05T11:10:00Z", 25],
      ]);
    });

    it("takes nothing more once people have closed its parent, and its tickets stay as they are", async () => {
      const first = services("shop", 25, { from: 0 });
      await begin({ sources: [logs({ logs: { ...first, late: { from: 20 } } })] });
      await world.through(10);
      const [parent] = await parents();
      await backlog.close(parent!.key, world.store);
      await world.reconcile();
      await world.through(15);
      const late = (await findings()).find(({ title }) => title === "late fails");
      expect(late?.memory.storm).to.equal(undefined);
      expect((await alone()).map(({ summary }) => summary)).to.include("late fails");
      expect((await decisions())["none: storm"]).to.equal(20);
    });

    it("gives what becomes Highest after its hour a ticket of its own, and one that somebody asks for", async () => {
      const bands = { ...defaultPriorityScale.bands };
      await begin({
        sources: [logs({ logs: services("shop", 25, { from: 0 }) })],
        scale: { ...defaultPriorityScale, bands },
      });
      await world.through(61);
      const held = (await findings()).filter(({ decision }) => decision.reason === "storm");
      expect(held).to.have.length(20);
      await world.refile(held[0]!.id, "anna");
      await world.tick(world.clock.now() + 60_000);
      const asked = (await findings()).find(({ id }) => id === held[0]!.id);
      expect(asked?.decision).to.include({ action: "create", reason: "refiled" });
      expect(asked?.decision.because).to.match(
        /^a ticket of its own is filed as somebody asked, beside the one of its storm/,
      );
      expect((await alone()).map(({ summary }) => summary)).to.include(held[0]!.title);
      expect(await alone()).to.have.length(6);

      bands.Highest = 1;
      await world.through(3);
      expect(await alone()).to.have.length(25);
      expect(await parents()).to.have.length(1);
      const parent = (await world.store.history.findings({ limit: 9, rule: "backfeed-storm" })).items[0];
      expect(parent?.priority?.band).to.equal("Highest");
    });

    it("files what waits for a cap without waiting for its rule, and says of what ended that it was not filed", async () => {
      const hourly = { schedule: { cron: "0 * * * *", timezone: "UTC" } };
      await begin({
        rules: [{ ...errors, ...hourly, limits: { ...errors.limits, until: { forMs: 0 } } }],
        sources: [
          logs({ logs: { ...services("shop", 4, { from: 0 }), ...services("brief", 2, { from: 0, lasts: 30 }) } }),
        ],
        limits: { perRun: 1 },
      });
      const filed = async () => (await findings()).filter(({ memory }) => memory.createdAt !== undefined).length;
      expect(await filed()).to.equal(1);
      expect(await world.store.history.countByReason(["over_cap", "storm"])).to.deep.equal(new Map([["over_cap", 5]]));
      await world.tick(start + 60 * minute);
      const ended = (await findings()).filter(({ title, memory }) => /^brief/.test(title) && !memory.createdAt);
      expect(ended).to.not.have.length(0);
      for (const { id, state, decision } of ended) {
        const why = "ended while it waited for the cap on new tickets; none was filed";
        expect([state, decision.because]).to.deep.equal(["quiet", why]);
        const events = await world.store.history.events(id);
        expect(events.map(({ text }) => text)).to.include(`none: unchanged: ${why}`);
      }
      for (let passed = 0; passed < 5; passed += 1) {
        world.clock.advance(minute);
        await world.reconcile();
      }
      expect(await filed()).to.equal(6 - ended.length);
      expect(await alone()).to.have.length(6 - ended.length);
    });

    it("files its parent before its children when the cap is nearly used up, and the rest when it frees", async () => {
      await begin({
        sources: [logs({ logs: services("shop", 30, { from: 0 }) })],
        limits: { perDay: 2 },
        catchUpMs: 48 * 60 * minute,
      });
      expect(await parents()).to.have.length(1);
      expect(await alone()).to.have.length(1);
      expect(await decisions()).to.deep.equal({ "create: storm": 1, "none: over_cap": 4, "none: storm": 25 });
      await world.through(3);
      expect(await tickets()).to.have.length(2);
      const waiting = (await findings()).find(({ decision }) => decision.reason === "over_cap");
      expect(waiting?.decision.because).to.equal(
        "at most 2 new tickets are filed in 24 h, and they are: none before 2026-01-06T10:00:00Z, the highest score first",
      );
      world.clock.set(start + 24 * 60 * minute + minute);
      await world.reconcile();
      expect(await tickets()).to.have.length(4);
      expect(await parents()).to.have.length(1);
    });
  });
}

describe("a storm that the process does not live through", () => {
  const folder = mkdtempSync(join(tmpdir(), "backfeed-storm-"));
  after(() => rmSync(folder, { recursive: true, force: true }));

  const strikes = {
    "before the commit that opens it": "before",
    "after it, before there is a parent": "after",
  } as const;
  for (const [when, side] of Object.entries(strikes)) {
    it(`has one parent and five children: killed ${when}`, async () => {
      const url = `sqlite:${join(folder, `${side}.db`)}`;
      const backlog = await stormBacklogs["the embedded backlog"]!(() => start);
      const options = (store: WorldOptions["store"]): WorldOptions => ({
        start: new Date(start).toISOString(),
        rules: [errors],
        sources: [logs({ logs: services("shop", 30, { from: 0 }) })],
        trackers: (opened, clock) => [backlog.tracker(opened, clock)],
        ...(store === undefined ? {} : { store }),
      });
      const doomed = await openSqlStore({ url });
      const died = new Promise<void>((resolve) => {
        const { state } = doomed;
        const commitTick = state.commitTick.bind(state);
        Object.assign(state, {
          commitTick: async (commit: Parameters<typeof commitTick>[0]) => {
            if (side === "after") await commitTick(commit);
            resolve();
            return new Promise(() => undefined);
          },
        });
      });
      const first = await createWorld(options(doomed));
      void first.tick(start);
      await died;
      await doomed.close();

      const store = await openSqlStore({ url });
      const world = await createWorld(options(store));
      await world.tick(start + minute);
      await world.through(2);
      const tickets = await backlog.tickets(store);
      expect(tickets.filter(({ summary }) => summary.startsWith("Storm: 30"))).to.have.length(1);
      expect(tickets).to.have.length(6);
      const { items } = await store.history.findings({ limit: 200, reason: "storm" });
      expect(items).to.have.length(25);
      await world.close();
    });
  }

  it("takes what is new after a restart", async () => {
    const url = `sqlite:${join(folder, "restart.db")}`;
    const backlog = await stormBacklogs["the embedded backlog"]!(() => start);
    const broken = { ...services("shop", 25, { from: 0 }), late: { from: 20 } };
    for (const [at, minutes] of [
      [start, 5],
      [start + 15 * minute, 10],
    ] as const) {
      const store = await openSqlStore({ url });
      const world = await createWorld({
        start: new Date(at).toISOString(),
        rules: [errors],
        sources: [logs({ logs: broken })],
        trackers: (opened, clock) => [backlog.tracker(opened, clock)],
        store,
      });
      await world.tick(at);
      await world.through(minutes);
      if (at > start) {
        expect((await store.history.findings({ limit: 200, storm: "2026-01-05T10:00:00Z" })).items).to.have.length(26);
        expect(await backlog.tickets(store)).to.have.length(6);
      }
      await world.close();
    }
  });
});

describe("a storm of thousands", () => {
  it("is one parent, five tickets and a bounded text for 5,000 findings at one tick", async () => {
    const backlog = await stormBacklogs["the embedded backlog"]!(() => start);
    const wide = { ...errors.signal.query, maxGroups: 10_000 };
    const world = await createWorld({
      start: new Date(start).toISOString(),
      rules: [{ ...errors, signal: { ...errors.signal, query: wide } }],
      sources: [logs({ logs: services("shop", 5_000, { from: 0, lasts: 60 }) })],
      trackers: (store, clock) => [backlog.tracker(store, clock)],
    });
    await world.tick(start);
    await world.through(1);
    const tickets = await backlog.tickets(world.store);
    expect(tickets).to.have.length(6);
    const [parent, ...more] = tickets.filter(({ summary }) => summary.startsWith("Storm: 5000 problems"));
    expect(more).to.deep.equal([]);
    expect(parent?.text.length).to.be.below(10_000);
    expect(await world.store.history.countByReason(["storm"])).to.deep.equal(new Map([["storm", 4_995]]));
    await world.close();
  });
});

describe("what is no storm", () => {
  let world: World;
  afterEach(() => world.close());

  async function begin(count: number, more: Partial<WorldOptions> = {}): Promise<readonly ReadTicket[]> {
    const backlog = await stormBacklogs["the embedded backlog"]!(() => start);
    world = await createWorld({
      start: new Date(start).toISOString(),
      rules: [errors],
      sources: [logs({ logs: services("shop", count, { from: 0 }) })],
      trackers: (store, clock) => [backlog.tracker(store, clock)],
      limits: { perRun: 100, perDay: 100, perDayPerProject: 100 },
      ...more,
    });
    await world.tick(start);
    await world.through(3);
    return backlog.tickets(world.store);
  }

  it("twenty new findings: each has its ticket", async () => {
    const tickets = await begin(20);
    expect(tickets).to.have.length(20);
    expect(tickets.filter(({ summary }) => summary.startsWith("Storm"))).to.deep.equal([]);
  });

  for (const mode of ["report", "dry_run"] as const) {
    it(`thirty findings in mode ${mode}`, async () => {
      expect(await begin(30, { mode })).to.deep.equal([]);
      expect(await world.store.storms.living()).to.deep.equal([]);
    });
  }

  it("thirty findings that are silenced", async () => {
    const store = await openSqlStore({ url: "sqlite::memory:" });
    await store.silences.add({
      matchers: {},
      ruleId: "errors",
      author: "alice",
      reason: "moving house",
      startsAt: start - minute,
      endsAt: start + 60 * minute,
      createdAt: start - minute,
    });
    expect(await begin(30, { store })).to.deep.equal([]);
    expect(await world.store.storms.living()).to.deep.equal([]);
  });
});
