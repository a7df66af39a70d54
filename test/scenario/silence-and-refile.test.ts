import { expect } from "chai";
import type { Finding } from "../../src/model/finding.ts";
import type { Rule } from "../../src/model/rule.ts";
import type { Silence } from "../../src/model/silence.ts";
import { createScriptedSource } from "../../src/sources/scripted/scripted-source.ts";
import { openSqlStore } from "../../src/store/sql/open-sql-store.ts";
import type { Store } from "../../src/store/store.ts";
import type { ManualClock } from "../../src/support/clock.ts";
import { parseNotation } from "../../src/support/series-notation.ts";
import { createLocalTracker } from "../../src/trackers/local/local-tracker.ts";
import type { Tracker } from "../../src/trackers/tracker.ts";
import { type JiraDouble, startJiraDouble } from "../support/jira/start-jira-double.ts";
import { jiraTracker } from "../support/jira-tracker.ts";
import { buildRule } from "../support/rules.ts";
import { createWorld, type World } from "../support/world.ts";

const minute = 60_000;
const hour = 60 * minute;
const start = "2026-01-05T10:00:00Z";

const errors = buildRule({
  id: "errors",
  title: "{{ value | percent }} of requests fail",
  signal: { measure: { kind: "ratio", bad: {} }, by: ["service.name"] },
  limits: {
    when: { form: "threshold", above: 0.05, forMs: 0, minEvents: 0, minBadEvents: 0 },
    until: { below: 0.02, forMs: 5 * minute },
    severity: "critical",
  },
});
/** One finding for all services. */
const together: Rule = { ...errors, group: [] };

/** What a team sees, whichever tracker it uses. */
interface Ticket {
  readonly key: string;
  readonly generation: number;
  readonly labels: readonly string[];
  readonly comments: number;
}

interface Backlog {
  tracker(store: Store, clock: ManualClock): Tracker;
  tickets(store: Store): Promise<readonly Ticket[]>;
  close(store: Store, key: string): Promise<void>;
  /** How often anything was written. */
  writes(store: Store): Promise<number>;
  stop(): Promise<void>;
  readonly jira: JiraDouble | undefined;
}

function localBacklog(): Backlog {
  const all = async (store: Store) => [...(await store.localTickets.list({ limit: 99 })).items].reverse();
  let tracker: ReturnType<typeof createLocalTracker>;
  return {
    jira: undefined,
    tracker: (store, clock) => {
      tracker = createLocalTracker({ name: "local", tickets: store.localTickets, clock });
      return tracker;
    },
    tickets: async (store) =>
      (await all(store)).map(({ key, identity, labels, comments }) => ({
        key,
        generation: identity.generation,
        labels,
        comments: comments.length,
      })),
    close: async (_store, key) => void (await tracker.move(key, "Done", "alice")),
    writes: async (store) =>
      (await all(store)).reduce((sum, ticket) => sum + 1 + ticket.comments.length + ticket.history.length, 0),
    stop: async () => undefined,
  };
}

async function jiraBacklog(deployment: "cloud" | "datacenter", clock: () => number): Promise<Backlog> {
  const jira = await startJiraDouble({ deployment, clock });
  const project = "OPS";
  return {
    jira,
    tracker: (_store, worldClock) => jiraTracker(jira, { deployment, project, clock: worldClock }),
    tickets: async () =>
      jira.issues().map((issue) => ({
        key: issue.key,
        generation: (issue.properties["backfeed"] as { generation: number }).generation,
        labels: issue.fields["labels"] as string[],
        comments: issue.comments.length,
      })),
    close: async (_store, key) => jira.person("alice").transition(key, "Done"),
    writes: async () => jira.history.length,
    stop: async () => {
      expect(jira.violations).to.deep.equal([]);
      await jira.stop();
    },
  };
}

const backlogs = {
  "the embedded backlog": async () => localBacklog(),
  "Jira Cloud": (clock: () => number) => jiraBacklog("cloud", clock),
  "Jira Data Center": (clock: () => number) => jiraBacklog("datacenter", clock),
};

for (const [name, makeBacklog] of Object.entries(backlogs)) {
  describe(`silences and filing anew, with ${name}`, () => {
    let backlog: Backlog;
    let world: World;

    beforeEach(async () => {
      backlog = await makeBacklog(() => world?.clock.now() ?? Date.parse(start));
    });
    afterEach(async () => {
      await world?.close();
      await backlog.stop();
    });

    /** `bad` requests of 1,000 a minute, by service. */
    async function begin(bad: Record<string, string>, rule: Rule = errors, store?: Store): Promise<void> {
      const series = Object.entries(bad).map(([service, notation]) => ({
        labels: { "service.name": service },
        total: parseNotation("1000x400"),
        bad: parseNotation(notation),
      }));
      world = await createWorld({
        start,
        rules: [rule],
        sources: [
          createScriptedSource({
            name: "logs",
            script: { logs: { start: Date.parse(start), stepMs: minute, series } },
          }),
        ],
        trackers: (opened, clock) => [backlog.tracker(opened, clock)],
        ...(backlog.jira === undefined ? {} : { project: "OPS" }),
        ...(store === undefined ? {} : { store }),
      });
    }

    const silence = (overrides: Partial<Silence> = {}) => {
      const now = world.clock.now();
      return world.store.silences.add({
        matchers: { "service.name": "checkout" },
        ruleId: undefined,
        author: "anna",
        reason: "planned work",
        startsAt: now,
        createdAt: now,
        endsAt: now + hour,
        ...overrides,
      });
    };
    const tickets = () => backlog.tickets(world.store);
    const finding = async (): Promise<Finding> => {
      const found = (await world.store.history.findings({ limit: 9 })).items[0];
      if (found === undefined) throw new Error("there is no finding");
      return found;
    };
    const decision = async () => {
      const { action, reason } = (await finding()).decision;
      return `${action}: ${reason}`;
    };
    const timeline = async () => (await world.store.history.events((await finding()).id)).map(({ text }) => text);

    it("a silence keeps a new finding from filing; what is still open when it ends is filed, once", async () => {
      await begin({ checkout: "80x100" });
      await silence({ endsAt: Date.parse(start) + 30 * minute });
      await world.tick(start);
      await world.through(29);
      expect(await tickets()).to.deep.equal([]);
      const { state, priority, episode } = await finding();
      expect([state, await decision(), episode.sums.total]).to.deep.equal(["open", "none: silenced", 6_000]);
      expect(priority?.score).to.be.greaterThan(0);
      expect(await timeline()).to.include(
        'none: silenced: anna silenced it until 2026-01-05T10:30:00Z ("planned work")',
      );

      await world.through(1);
      expect(await decision()).to.equal("create: new_finding");
      await world.through(30);
      expect(await tickets()).to.have.length(1);
    });

    it("a silence that an operator ends early ends with the next tick", async () => {
      await begin({ checkout: "80x100" });
      const { id } = await silence({ matchers: {}, ruleId: "errors" });
      await world.tick(start);
      await world.through(5);
      await world.store.silences.end(id, world.clock.now());
      expect(await tickets()).to.deep.equal([]);
      await world.through(1);
      expect(await tickets()).to.have.length(1);
    });

    it("under a silence nothing is written on a ticket that is there, and its finding lives on", async () => {
      await begin({ checkout: "80x9 0x19 300x100" });
      await world.tick(start);
      await world.through(2);
      const before = await backlog.writes(world.store);
      await silence({ endsAt: Date.parse(start) + 50 * minute });
      await world.through(20);
      expect([(await finding()).state, await decision()]).to.deep.equal(["quiet", "none: silenced"]);
      await world.through(20);
      expect([(await finding()).state, await decision()]).to.deep.equal(["open", "none: silenced"]);
      const { pastEpisodes, memory } = await finding();
      expect([pastEpisodes.length, memory.recurrences]).to.deep.equal([1, 1]);
      expect(await backlog.writes(world.store)).to.equal(before);

      await world.through(300);
      expect(await backlog.writes(world.store)).to.be.greaterThan(before);
      expect(await tickets()).to.have.length(1);
    });

    it("what went quiet under a silence is told when that is over, once, also after a kill", async () => {
      await begin({ checkout: "80x9 0x200" });
      await world.tick(start);
      await world.through(7);
      await silence({ endsAt: Date.parse(start) + 60 * minute });
      await world.through(40);
      await world.reconcile();
      expect([(await finding()).state, await decision()]).to.deep.equal(["quiet", "none: silenced"]);
      expect((await tickets())[0]?.comments).to.equal(0);
      const { store } = world;
      await begin({ checkout: "80x9 0x200" }, errors, store);
      for (let passed = 0; passed < 30; passed += 1) {
        world.clock.set(Date.parse(start) + (47 + passed) * minute);
        await world.reconcile();
      }
      expect(await decision()).to.equal("comment: all_quiet");
      expect((await tickets())[0]?.comments).to.equal(1);
    });

    it("a finding with one alert that no silence names is told as ever", async () => {
      await begin({ checkout: "80x100", cart: "0x5 80x100" }, together);
      await silence();
      await world.tick(start);
      await world.through(5);
      expect(await tickets()).to.deep.equal([]);
      await world.through(1);
      expect(await tickets()).to.have.length(1);
    });

    it("what was filed anew gets a second ticket and leaves the closed first one as it is", async () => {
      await begin({ checkout: "80x300" });
      await world.tick(start);
      await world.through(5);
      await backlog.close(world.store, (await tickets())[0]!.key);
      await world.through(240);
      const [first] = await tickets();
      const { id, memory } = await finding();
      const refiled = await world.refile(id, "anna");
      expect(refiled).to.include({ generation: 2, state: "open" });
      expect([memory.createdAt, refiled.memory.createdAt]).to.deep.equal([Date.parse(start), undefined]);
      await world.through(1);
      expect(await decision()).to.equal("create: refiled");
      const [old, anew] = await tickets();
      expect(await tickets()).to.have.length(2);
      expect(old).to.deep.equal(first);
      expect(anew).to.include({ generation: 2 }).and.deep.include({ labels: first!.labels });
      expect((await world.store.tickets.ofFinding(id))?.ref.key).to.equal(anew!.key);
      expect(await timeline()).to.include(`anna filed the finding anew, as ticket 2: ${first!.key} stays as it is`);

      await world.through(20);
      expect(await tickets()).to.deep.equal([old, anew]);
      expect(await decision()).to.equal("none: unchanged");
    });

    it("a closed first ticket does not hold back the second while that is on its way", async () => {
      await begin({ checkout: "80x400" });
      await world.tick(start);
      await world.through(5);
      const [first] = await tickets();
      await backlog.close(world.store, first!.key);
      await world.through(240);
      await world.refile((await finding()).id, "anna");
      world.clock.set(world.clock.now() + minute);
      const never = new AbortController().signal;
      await world.engine.runDue({ until: world.clock.now() }, never);
      expect(await decision()).to.equal("create: refiled");
      world.clock.set(world.clock.now() + minute);
      await world.engine.runDue({ until: world.clock.now() }, never);
      expect(await decision()).to.equal("none: unchanged");
    });

    it("there is nothing to file anew without a ticket", async () => {
      await begin({ checkout: "80x100" });
      await silence();
      await world.tick(start);
      const { id } = await finding();
      for (const ask of [world.refile(id, "anna"), world.refile("0123456789abcdef", "anna")]) {
        const kind = await ask.catch((error: { kind: string }) => error.kind);
        expect(kind).to.be.oneOf(["conflict", "not_found"]);
      }
      expect(await finding()).to.include({ generation: 1 });
    });

    it("a quiet finding that is filed anew gets its new ticket when it comes back", async () => {
      await begin({ checkout: "80x5 0x20 80x100" });
      await world.tick(start);
      await world.through(20);
      const { id, state } = await finding();
      expect(state).to.equal("quiet");
      await world.refile(id, "anna");
      await world.through(4);
      expect(await tickets()).to.have.length(1);
      await world.through(10);
      expect((await tickets()).map(({ generation }) => generation)).to.deep.equal([1, 2]);
    });

    it("a tick that has read the finding does not undo what an operator wants meanwhile", async () => {
      const raw = await openSqlStore({ url: "sqlite::memory:" });
      let meanwhile: (() => void) | undefined;
      const commitTick: Store["state"]["commitTick"] = async (commit) => {
        meanwhile?.();
        // Long enough for whoever does not wait for the tick.
        for (let turn = 0; turn < 50; turn++) await raw.ping();
        return raw.state.commitTick(commit);
      };
      await begin({ checkout: "80x100" }, errors, { ...raw, state: { ...raw.state, commitTick } });
      await world.tick(start);
      const { id } = await finding();
      let asked: Promise<Finding> | undefined;
      meanwhile = () => {
        asked ??= world.refile(id, "anna");
      };
      await world.through(1);
      await asked;
      await world.through(1);
      expect((await tickets()).map(({ generation }) => generation)).to.deep.equal([1, 2]);
    });
  });
}

describe("filing anew when Jira did not take the first ticket", () => {
  let jira: JiraDouble;
  let world: World;

  beforeEach(async () => {
    jira = await startJiraDouble({ deployment: "cloud", clock: () => world?.clock.now() ?? Date.parse(start) });
    const series = [
      { labels: { "service.name": "checkout" }, total: parseNotation("1000x400"), bad: parseNotation("80x400") },
    ];
    world = await createWorld({
      start,
      rules: [errors],
      sources: [
        createScriptedSource({ name: "logs", script: { logs: { start: Date.parse(start), stepMs: minute, series } } }),
      ],
      project: "OPS",
      trackers: (_store, clock) => [jiraTracker(jira, { deployment: "cloud", clock })],
    });
  });
  afterEach(async () => {
    expect(jira.violations).to.deep.equal([]);
    await world.close();
    await jira.stop();
  });

  const only = async () => {
    const [finding] = (await world.store.history.findings({ limit: 9 })).items;
    return finding!;
  };
  const generations = () =>
    jira.issues().map((issue) => (issue.properties["backfeed"] as { generation: number }).generation);

  it("drops the parked create and sends the next one", async () => {
    jira.faults.push({ operation: "createIssue", kind: "serverError", status: 400 });
    await world.tick(start);
    await world.through(2);
    expect(await world.store.outbox.counts()).to.include({ parked: 1 });
    const { id, decision } = await only();
    expect(decision.reason).to.equal("awaiting_operator");
    await world.refile(id, "anna");
    await world.through(1);
    expect(await world.store.outbox.counts()).to.include({ parked: 0, dropped: 1, done: 1 });
    expect(generations()).to.deep.equal([2]);
  });

  it("waits while nobody knows whether the first create arrived, and finds the second by its own generation", async () => {
    jira.faults.push({ operation: "createIssue", kind: "lostAnswer" });
    await world.tick(start);
    const { id } = await only();
    const kind = await world.refile(id, "anna").catch((error: { kind: string }) => error.kind);
    expect(kind).to.equal("conflict");
    await world.through(10);
    expect(generations()).to.deep.equal([1]);

    jira.faults.push({ operation: "createIssue", kind: "lostAnswer" });
    await world.refile(id, "anna");
    await world.through(20);
    expect(generations()).to.deep.equal([1, 2]);
    expect((await world.store.tickets.ofFinding(id))?.generation).to.equal(2);
  });
});
