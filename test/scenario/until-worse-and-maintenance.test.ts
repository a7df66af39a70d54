import { expect } from "chai";
import type { Finding } from "../../src/model/finding.ts";
import type { MaintenanceWindow } from "../../src/model/maintenance.ts";
import type { Rule } from "../../src/model/rule.ts";
import { createScriptedSource } from "../../src/sources/scripted/scripted-source.ts";
import { parseNotation } from "../../src/support/series-notation.ts";
import { type Backlog, backlogs } from "../support/backlogs.ts";
import { buildRule } from "../support/rules.ts";
import { createWorld, type World } from "../support/world.ts";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

const errors: Rule = buildRule({
  id: "errors",
  title: "{{ labels.service }}: errors",
  signal: { by: ["service"], where: { environment: ["staging"] }, windowMs: minute },
  limits: { until: { forMs: 2 * minute }, severity: "high" },
});

for (const [name, makeBacklog] of Object.entries(backlogs)) {
  describe(`silences that end when it gets worse, and maintenance windows, with ${name}`, () => {
    let backlog: Backlog;
    let world: World;
    let options: Parameters<typeof createWorld>[0];
    let start = "2026-01-05T10:00:00Z";

    beforeEach(async () => {
      start = "2026-01-05T10:00:00Z";
      backlog = await makeBacklog(() => world?.clock.now() ?? Date.parse(start));
    });
    afterEach(async () => {
      await world?.close();
      await backlog.stop();
    });

    /** Errors a minute of the service `cart`; bad over ten, and a score that grows with their sum. */
    async function begin(
      notation: string,
      { rule = errors, windows = [] }: { rule?: Rule; windows?: readonly MaintenanceWindow[] } = {},
    ): Promise<void> {
      const series = [{ labels: { service: "cart" }, value: parseNotation(notation) }];
      const script = { logs: { start: Date.parse(start), stepMs: minute, series } };
      options = {
        start,
        rules: [rule],
        sources: [createScriptedSource({ name: "logs", script })],
        trackers: (store, clock) => [backlog.tracker(store, clock)],
        maintenance: windows,
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

    const silenceUntilWorse = () => {
      const now = world.clock.now();
      return world.store.silences.add({
        matchers: { service: "cart" },
        ruleId: undefined,
        author: "anna",
        reason: "known",
        untilWorse: true,
        startsAt: now,
        createdAt: now,
        endsAt: now + 30 * day,
      });
    };
    const tickets = () => backlog.tickets(world.store);
    const finding = async () => (await world.store.history.findings({ limit: 1 })).items[0] as Finding;
    const decision = async () => {
      const { action, reason } = (await finding()).decision;
      return `${action}: ${reason}`;
    };

    describe("a silence until it gets worse", () => {
      /** 100,000 events are Low, with an hour of duration Medium: the hour's tick is the first that is worse. */
      const rising = "3000x200";
      const rises = 60;

      it("on a ticket that is there: nothing, and one comment with who and why at the first worse tick", async () => {
        await begin(rising);
        expect((await tickets()).map(({ priority }) => priority)).to.deep.equal(["Low"]);
        const { id } = await silenceUntilWorse();
        await world.through(rises - 1);
        expect([await decision(), (await finding()).priority?.band]).to.deep.equal(["none: silenced", "Low"]);
        expect((await finding()).decision.because).to.equal(
          'anna silenced it until it is worse than Low, at the latest until 2026-02-04T10:00:00Z ("known")',
        );
        expect((await tickets())[0]?.comments).to.deep.equal([]);
        await world.through(1);
        const { priority, memory, decision: decided } = await finding();
        expect(`${decided.action}: ${decided.reason}`).to.equal("comment: silence_over");
        expect(decided.because).to.equal(
          `anna silenced it at Low until it gets worse ("known"), and it is ${priority?.band} now`,
        );
        expect(memory.silences[id]).to.deep.equal({ band: "Low", endedAt: world.clock.now() });
        const [ticket] = await tickets();
        expect(ticket?.comments).to.have.members(["silence-over", "summary"]);
        expect(ticket?.text).to.include("anna silenced this at Low until it gets worse");
        expect(ticket?.priority).to.equal(priority?.band);
        const codes = (await world.store.history.events((await finding()).id)).map(({ code }) => code);
        expect(codes).to.include.members(["silenced", "silence_over"]);
        await world.through(20);
        expect((await tickets())[0]?.comments.filter((marker) => marker === "silence-over")).to.have.length(1);
      });

      it("before there is a ticket: it is filed when it gets worse, naming the silence", async () => {
        await begin(`0x0 ${rising}`);
        await silenceUntilWorse();
        await world.through(rises);
        expect([await decision(), await tickets()]).to.deep.equal(["none: silenced", []]);
        await world.through(1);
        const [ticket, ...others] = await tickets();
        expect(others).to.deep.equal([]);
        expect(ticket?.text).to.include("anna silenced this at Low until it gets worse");
      });

      it("remembers through kills which band it began at, and that it is over", async () => {
        await begin(rising);
        await silenceUntilWorse();
        for (let passed = 0; passed < rises - 1; passed += 1) {
          await restart();
          await world.through(1);
        }
        expect(await decision()).to.equal("none: silenced");
        await restart();
        await world.through(1);
        expect(await decision()).to.equal("comment: silence_over");
        await restart();
        await world.through(30);
        expect(await decision()).to.not.equal("none: silenced");
      });

      it("made just before a rise goes by the band that its operator saw", async () => {
        await begin(rising);
        await world.through(rises - 1);
        expect((await finding()).priority?.band).to.equal("Low");
        await silenceUntilWorse();
        await restart();
        await world.through(1);
        expect(await decision()).to.equal("comment: silence_over");
      });
    });

    describe("a maintenance window", () => {
      const nightly: MaintenanceWindow = {
        name: "nightly",
        schedule: { cron: "30 10 * * *", timezone: "UTC" },
        durationMs: hour,
        rules: [],
        where: { environment: ["staging"] },
        reason: "hosts are patched",
      };

      it("keeps what begins in it from filing; what still fires when it is over is filed then", async () => {
        await begin("0x34 20x200", { windows: [nightly] });
        await world.through(89);
        expect([await decision(), await tickets()]).to.deep.equal(["none: silenced", []]);
        expect((await finding()).decision.because).to.equal(
          'the maintenance window nightly is on until 2026-01-05T11:30:00Z ("hosts are patched")',
        );
        await restart();
        await world.through(1);
        expect([await decision(), (await tickets()).length]).to.deep.equal(["create: new_finding", 1]);
      });

      it("says nothing of what begins and ends in it, nor of other rules' findings anything less", async () => {
        await begin("0x34 20x10 0x200", { windows: [nightly, { ...nightly, name: "other", rules: ["checkout-*"] }] });
        await world.through(120);
        expect(await tickets()).to.deep.equal([]);
        await world.close();
        await backlog.stop();
        backlog = await makeBacklog(() => world.clock.now());
        await begin("0x34 20x10 0x200", { windows: [{ ...nightly, rules: ["checkout-*"] }] });
        await world.through(120);
        expect((await tickets()).map(({ comments }) => comments)).to.deep.equal([["quiet"]]);
      });

      it("goes by the clocks of its zone on the day that they change", async () => {
        start = "2026-03-28T23:00:00Z";
        const sunday = { ...nightly, schedule: { cron: "0 1 * * 0", timezone: "Europe/Berlin" }, durationMs: 4 * hour };
        await begin("20x500", { windows: [sunday] });
        expect((await tickets()).length).to.equal(1);
        await world.close();
        await backlog.stop();
        backlog = await makeBacklog(() => world.clock.now());
        // From 01:00 CET, which is 00:00 in UTC, four hours long: until 06:00 CEST.
        await begin("0x69 20x500", { windows: [sunday] });
        await world.through(299);
        expect([await decision(), await tickets()]).to.deep.equal(["none: silenced", []]);
        await world.through(1);
        expect(new Date(world.clock.now()).toISOString()).to.equal("2026-03-29T04:00:00.000Z");
        expect((await tickets()).length).to.equal(1);
      });

      it("stops the clock of a fix: what is clear in it proves nothing, and what is bad in it undoes nothing", async () => {
        const rule = { ...errors, ticket: { ...errors.ticket, verifyForMs: 2 * hour } };
        const weekly = { ...nightly, schedule: { cron: "0 11 * * *", timezone: "UTC" }, durationMs: 30 * minute };
        // Bad for five minutes, and again for five in the middle of the maintenance.
        await begin("20x4 0x64 20x4 0x400", { rule, windows: [weekly] });
        await world.through(8);
        const [ticket] = await tickets();
        await backlog.move(ticket?.key ?? "", "Done");
        await world.reconcile();
        expect((await finding()).state).to.equal("fixed");
        const live = async (minutes: number) => {
          for (let passed = 0; passed < minutes; passed += 1) {
            await world.through(1);
            await world.reconcile();
          }
        };
        await live(70);
        expect([(await finding()).state, await decision()]).to.deep.equal(["fixed", "none: silenced"]);
        // Half an hour of maintenance does not count: without it the two hours would be over at 12:08.
        await live(77);
        expect([world.clock.now() - Date.parse(start), (await finding()).state]).to.deep.equal([155 * minute, "fixed"]);
        await live(10);
        expect((await finding()).state).to.equal("verified");
        expect((await tickets())[0]?.comments).to.not.include("regressed");
      });
    });
  });
}
