import { expect } from "chai";
import type { Finding } from "../../src/model/finding.ts";
import type { Rule } from "../../src/model/rule.ts";
import { createScriptedSource } from "../../src/sources/scripted/scripted-source.ts";
import { parseNotation } from "../../src/support/series-notation.ts";
import { type Backlog, backlogs } from "../support/backlogs.ts";
import { buildRule } from "../support/rules.ts";
import { createWorld, type World } from "../support/world.ts";

const minute = 60_000;
const start = "2026-01-05T10:00:00Z";
const services = ["basket", "cart", "checkout", "invoice", "search", "stock", "user"];

const database: Rule = buildRule({
  id: "database-down",
  title: "the database of {{ labels.environment }} is down",
  signal: { target: "database", by: ["environment"], windowMs: minute },
  limits: { until: { forMs: 2 * minute }, severity: "critical" },
  inhibits: [{ rules: ["service-*"], where: { tier: ["web"] }, equal: ["environment"] }],
});
/** Its window reaches back five minutes: the grace is a quarter of an hour. */
const errors: Rule = buildRule({
  id: "service-errors",
  title: "{{ labels.service }}: errors",
  signal: { target: "services", by: ["service", "environment"], where: { tier: ["web"] }, windowMs: 5 * minute },
  limits: { until: { forMs: 2 * minute }, severity: "high" },
});

for (const [name, makeBacklog] of Object.entries(backlogs)) {
  describe(`what a bigger problem explains, with ${name}`, () => {
    let backlog: Backlog;
    let world: World;
    let options: Parameters<typeof createWorld>[0];

    beforeEach(async () => {
      backlog = await makeBacklog(() => world?.clock.now() ?? Date.parse(start));
    });
    afterEach(async () => {
      await world?.close();
      await backlog.stop();
    });

    /** Values a minute; bad over ten. `others` says what differs from `all` services. */
    async function begin(
      down: string,
      all: string,
      { others = {}, rules = [database, errors] }: { others?: Record<string, string>; rules?: readonly Rule[] } = {},
    ): Promise<void> {
      const seriesOf = (labels: Record<string, string>, notation: string) => ({
        labels: { environment: "production", ...labels },
        value: parseNotation(notation),
      });
      const at = { start: Date.parse(start), stepMs: minute };
      const script = {
        database: { ...at, series: [seriesOf({}, down)] },
        services: { ...at, series: services.map((service) => seriesOf({ service }, others[service] ?? all)) },
      };
      options = {
        start,
        rules,
        sources: [createScriptedSource({ name: "logs", script })],
        trackers: (store, clock) => [backlog.tracker(store, clock)],
        ...(backlog.project === undefined ? {} : { project: backlog.project }),
      };
      world = await createWorld(options);
      await world.tick(start);
    }

    /** As after a kill: nothing is left but the store. */
    async function restart(): Promise<void> {
      const { store, clock } = world;
      world = await createWorld({ ...options, store, clock });
    }

    const tickets = () => backlog.tickets(world.store);
    const summaries = async () => (await tickets()).map(({ summary }) => summary).sort();
    const findings = async () => (await world.store.history.findings({ limit: 20 })).items;
    const finding = async (title: RegExp) => (await findings()).find((each) => title.test(each.title)) as Finding;
    const decisions = async () =>
      (await findings())
        .filter(({ problem }) => problem === "service-errors")
        .map(({ decision: { action, reason } }) => `${action}: ${reason}`);
    const all = (decision: string) => services.map(() => decision);
    const down = "the database of production is down";
    const every = services.map((service) => `${service}: errors`);

    it("a database and seven services that fail in one tick are one ticket, which names what it explains", async () => {
      await begin("0x2 20x60", "0x2 20x60");
      await world.through(3);
      expect(await summaries()).to.deep.equal([down]);
      expect(await decisions()).to.deep.equal(all("none: inhibited"));
      const [ticket] = await tickets();
      expect(ticket?.text).to.match(/Explains 7 other findings/);
      for (const each of every) expect(ticket?.text).to.include(each);
      expect((await finding(/database/)).explains?.count).to.equal(7);
      expect((await finding(/cart/)).decision.because).to.match(
        /^"the database of production is down" \(finding [0-9a-f]{16}\) explains it, and goes on since 2026-01-05T10:03:00Z$/,
      );
      await world.through(1);
      expect((await finding(/cart/)).decision.because).to.include(`(${ticket?.key})`);
      expect((await tickets()).map(({ comments }) => comments)).to.deep.equal([[]]);
    });

    it("files what somebody asks for, although it is explained and never had a ticket", async () => {
      await begin("0x2 20x60", "0x2 20x60");
      await world.through(3);
      const { id } = await finding(/cart/);
      expect((await world.refile(id, "anna")).generation).to.equal(1);
      await world.through(3);
      expect(await summaries()).to.deep.equal(["cart: errors", down].sort());
      expect((await finding(/cart/)).decision).to.include({ reason: "inhibited" });
      const told = (await world.store.history.events(id)).map(({ text }) => text);
      expect(told).to.include("create: refiled: a ticket of its own is filed as somebody asked");
    });

    it("services that fail before their cause have tickets; those hear nothing while the cause is known, and its ticket names them later", async () => {
      await begin("0x2 20x60", "20x60");
      await world.through(9);
      expect(await summaries()).to.deep.equal([...every, down].sort());
      expect(await decisions()).to.deep.equal(all("none: inhibited"));
      const before = (await tickets()).find(({ summary }) => summary === down);
      expect(before?.comments).to.deep.equal([]);
      await world.through(5);
      const after = (await tickets()).find(({ summary }) => summary === down);
      expect(after?.text).to.match(/Explains 7 other findings/);
      expect(
        (await tickets()).filter(({ summary }) => summary !== down).flatMap(({ comments }) => comments),
      ).to.deep.equal([]);
    });

    it("a failure that spreads is named on the cause's ticket ten minutes later, in one word for all", async () => {
      await begin("20x60", "0x4 20x60");
      await world.through(9);
      const [early] = await tickets();
      expect([early?.comments, early?.text.includes("Explains")]).to.deep.equal([[], false]);
      await world.through(4);
      const [late] = await tickets();
      expect([late?.comments, late?.text.includes("Explains 7 other findings")]).to.deep.equal([["summary"], true]);
      expect(await tickets()).to.have.length(1);
    });

    it("when the cause is over, what recovers soon gets no ticket, and what does not gets its own after the grace", async () => {
      // The cause is over at 13; cart never recovers, search not before 22: within the grace.
      await begin("20x10 0x90", "20x12 0x90", { others: { cart: "20x90", search: "20x21 0x90" } });
      await world.through(12);
      expect((await finding(/database/)).state).to.equal("open");
      await world.through(1);
      expect((await finding(/database/)).state).to.equal("quiet");
      expect(await summaries()).to.deep.equal([down]);
      await world.through(14);
      expect(await summaries()).to.deep.equal([down]);
      expect((await finding(/cart/)).decision.because).to.match(
        /explained it until 2026-01-05T10:13:00Z; .* nothing is said before 2026-01-05T10:28:00Z, and then only if it is still bad/,
      );
      await world.through(1);
      expect(await summaries()).to.deep.equal(["cart: errors", down].sort());
      expect((await finding(/cart/)).decision).to.include({ action: "create", reason: "new_finding" });
      await world.through(30);
      expect(await tickets()).to.have.length(2);
      expect((await finding(/search/)).state).to.equal("quiet");
    });

    it("what recovers when the grace is over is waited for, and only told when it is bad again", async () => {
      await begin("20x10 0x90", "0x90", { others: { cart: "20x26 0x1 8x5 20x90" } });
      // 8 is under `when` and, `until` being its opposite, clear: at 28 it recovers.
      await world.through(28);
      expect((await finding(/cart/)).worst.state).to.equal("recovering");
      expect(await summaries()).to.deep.equal([down]);
      await world.through(8);
      expect(await summaries()).to.deep.equal(["cart: errors", down].sort());
    });

    it("a cause that is not seen any more goes on explaining: not seeing is no recovery", async () => {
      await begin("20x5 !x60", "0x2 20x90");
      await world.through(40);
      expect(await summaries()).to.deep.equal([down]);
      expect(await decisions()).to.deep.equal(all("none: inhibited"));
    });

    it("a ticket that was there hears nothing while a cause explains it, and says in its summary that it did", async () => {
      await begin("0x4 20x10 0x90", "0x90", { others: { cart: "20x90" } });
      await world.through(3);
      expect(await summaries()).to.deep.equal(["cart: errors"]);
      await world.through(27);
      const before = (await tickets()).find(({ summary }) => summary === "cart: errors");
      expect(before?.comments).to.deep.equal([]);
      await world.through(10);
      const after = (await tickets()).find(({ summary }) => summary === "cart: errors");
      expect(after?.comments).to.deep.equal(["summary"]);
      const cause = (await tickets()).find(({ summary }) => summary === down);
      expect(after?.text.replaceAll("\\\\", "")).to.include(
        `from 2026-01-05T10:05:00Z to 2026-01-05T10:18:00Z by ${cause?.key}: ${down}`,
      );
    });

    it("a ticket that was there is told that all is quiet, though its cause goes on", async () => {
      await begin("0x4 20x90", "0x90", { others: { cart: "20x10 0x90" } });
      await world.through(20);
      const ticket = (await tickets()).find(({ summary }) => summary === "cart: errors");
      expect(ticket?.comments).to.deep.equal(["quiet"]);
    });

    it("a cause of a slower schedule explains between its own ticks", async () => {
      const slow = { ...database, schedule: { cron: "*/10 * * * *", timezone: "UTC" } };
      await begin("20x25 0x90", "0x3 20x90", { rules: [slow, errors] });
      await world.through(29);
      expect(await summaries()).to.deep.equal([down]);
      expect(await decisions()).to.deep.equal(all("none: inhibited"));
      expect((await finding(/database/)).explains?.count).to.equal(7);
    });

    it("other environments, and what its rule does not name, are told as ever", async () => {
      const staging = { ...database, signal: { ...database.signal, where: { environment: ["staging"] }, by: [] } };
      const query = { ...staging.signal.query, by: [] };
      await begin("20x60", "20x60", {
        rules: [{ ...staging, group: [], signal: { ...staging.signal, query } }, errors],
      });
      expect(await summaries()).to.have.length(8);
    });

    it("a kill at any time changes nothing: in the middle, and within the grace", async () => {
      await begin("20x10 0x90", "20x12 0x90", { others: { cart: "20x90" } });
      for (let passed = 0; passed < 27; passed += 1) {
        await world.through(1);
        await restart();
      }
      expect(await summaries()).to.deep.equal([down]);
      await world.through(1);
      expect(await summaries()).to.deep.equal(["cart: errors", down].sort());
    });

    it("a cause whose rule sends nothing hides nothing that would be sent", async () => {
      await begin("20x60", "20x60", { rules: [{ ...database, mode: "report" }, errors] });
      expect(await summaries()).to.deep.equal(every);
    });

    it("a cause that is silenced explains all the same: its operators know of it", async () => {
      await begin("0x2 20x60", "0x2 20x60");
      const now = world.clock.now();
      const times = { startsAt: now, createdAt: now, endsAt: now + 60 * minute };
      const who = { author: "anna", reason: "a known outage" };
      await world.store.silences.add({ matchers: {}, ruleId: "database-down", ...who, ...times });
      await world.through(10);
      expect(await tickets()).to.deep.equal([]);
      expect(await decisions()).to.deep.equal(all("none: inhibited"));
    });
  });
}
