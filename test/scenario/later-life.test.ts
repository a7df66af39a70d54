import { expect } from "chai";
import type { Finding } from "../../src/model/finding.ts";
import { defaultTicketPolicy, type TicketPolicy } from "../../src/model/rule.ts";
import { createScriptedSource } from "../../src/sources/scripted/scripted-source.ts";
import { parseNotation } from "../../src/support/series-notation.ts";
import { type Backlog, backlogs, type Ticket } from "../support/backlogs.ts";
import { buildRule } from "../support/rules.ts";
import { createWorld, type World } from "../support/world.ts";

const hour = 3_600_000;
const start = "2026-01-05T08:00:00Z";
/** One value a tick, a tick every four hours: whole lives of months stay short. */
const stepHours = 4;
const perDay = 24 / stepHours;

for (const [name, makeBacklog] of Object.entries(backlogs)) {
  describe(`the later life of a ticket, with ${name}`, () => {
    let backlog: Backlog;
    let world: World;

    beforeEach(async () => {
      backlog = await makeBacklog(() => world?.clock.now() ?? Date.parse(start));
    });
    afterEach(async () => {
      await world?.close();
      await backlog.stop();
    });

    /** Errors every four hours; bad over ten. */
    async function begin(errors: string, ticket: Partial<TicketPolicy> = {}): Promise<void> {
      const series = [{ labels: { service: "cart" }, value: parseNotation(errors) }];
      const script = { logs: { start: Date.parse(start), stepMs: stepHours * hour, series } };
      world = await createWorld({
        start,
        rules: [
          buildRule({
            id: "errors",
            title: "{{ labels.service }}: {{ value }} errors",
            schedule: { cron: `0 */${stepHours} * * *`, timezone: "UTC" },
            signal: { by: ["service"], windowMs: stepHours * hour },
            limits: { until: { forMs: stepHours * hour }, severity: "critical" },
            ticket: { ...defaultTicketPolicy, ...ticket },
          }),
        ],
        sources: [createScriptedSource({ name: "logs", script })],
        trackers: (store, clock) => [backlog.tracker(store, clock)],
        ...(backlog.project === undefined ? {} : { project: backlog.project }),
      });
      await world.tick(start);
      await world.reconcile();
    }

    /** Ticks, and after each a look at what people did. */
    async function live(days: number): Promise<void> {
      for (let tick = 0; tick < days * perDay; tick += 1) {
        await world.tick(world.clock.now() + stepHours * hour);
        await world.reconcile();
      }
    }

    const tickets = () => backlog.tickets(world.store);
    const first = async (): Promise<Ticket> => (await tickets())[0] as Ticket;
    const finding = async (): Promise<Finding> =>
      (await world.store.history.findings({ limit: 1 })).items[0] as Finding;
    const decision = async () => {
      const { action, reason } = (await finding()).decision;
      return `${action}: ${reason}`;
    };

    it("fixed, verified, back: opened again; fixed and back after months: a new ticket, linked to the old", async () => {
      // A bad day; ten quiet ones; a bad day; thirty-five quiet ones; and bad for good.
      await begin(`20x${perDay - 1} 0x${10 * perDay - 1} 20x${perDay - 1} 0x${35 * perDay - 1} 20x60`);
      await live(2);
      expect([(await finding()).state, (await first()).comments]).to.deep.equal(["quiet", ["summary", "quiet"]]);
      const { key } = await first();
      await backlog.move(key, "Done");
      await live(1);
      expect((await finding()).state).to.equal("fixed");
      await live(5);
      expect((await finding()).state).to.equal("fixed");
      await live(2);
      expect((await finding()).state).to.equal("verified");
      expect((await first()).comments).to.deep.equal(["summary", "quiet", "verified"]);
      expect((await first()).text).to.include("Held for 7 days.");

      await live(1.5);
      expect([(await finding()).state, (await first()).isDone]).to.deep.equal(["regressed", false]);
      expect((await first()).text).to.match(/Regressed, 9 days after the fix\./);
      expect((await first()).comments.filter((marker) => marker === "regressed")).to.have.length(1);
      // The proof of the first episode is none of this one: it is collected anew, charted, and what the page shows.
      expect((await first()).text.match(/attached as /g)).to.have.length(2);
      const { id, episode } = await finding();
      const proof = await world.store.evidence.newest(id);
      expect(proof?.request.sections.map(({ episodeStartedAt }) => episodeStartedAt)).to.deep.equal([
        episode.startedAt,
      ]);
      expect(proof?.evidence.collectedAt).to.be.at.least(episode.startedAt);

      await live(2);
      await backlog.move(key, "Done");
      await live(34);
      expect([(await finding()).state, (await first()).isDone]).to.deep.equal(["regressed", true]);
      const [old, anew] = await tickets();
      expect(await tickets()).to.have.length(2);
      expect(old?.isDone).to.equal(true);
      expect(anew).to.include({ isDone: false });
      expect(anew?.linkedTo).to.deep.equal([key]);
      expect(anew?.text).to.match(/Follows .*which was done so long ago that this counts as a new matter/);
      expect(await finding()).to.include({ generation: 2 });
      const events = (await world.store.history.events((await finding()).id)).map(({ code }) => code);
      expect(events).to.include.members(["fixed", "verified", "regressed", "back_late"]);
    });

    it("closed by its rule, back and quiet again within a day: closed again once that day is over, and not before", async () => {
      await begin("20x0 0x2 20x0 0x30", { onQuiet: "transition" });
      await live(0.5);
      expect([await decision(), (await first()).isDone]).to.deep.equal(["none: fixed", true]);
      await live(1 / perDay);
      expect([(await finding()).state, (await first()).isDone]).to.deep.equal(["regressed", false]);
      await live(2 / perDay);
      expect([(await finding()).state, (await first()).isDone]).to.deep.equal(["quiet", false]);
      expect((await finding()).decision.because).to.equal(
        "its ticket is closed at 2026-01-06T16:00:00Z, if it is quiet until then: it was quiet and back less than 24 h ago",
      );
      await live(0.5);
      expect([(await finding()).state, (await first()).isDone]).to.deep.equal(["fixed", true]);
      expect((await first()).comments.filter((marker) => marker === "quiet")).to.have.length(2);
      await live(2);
      expect(await tickets()).to.have.length(1);
      expect((await first()).comments.filter((marker) => marker === "quiet")).to.have.length(2);
    });

    it("Done while it still happens: nothing for a day, then opened again with how long that was", async () => {
      await begin("20x100");
      const { key } = await first();
      await live(0.5);
      await backlog.move(key, "Done");
      await live(1 - 1 / perDay);
      expect([await decision(), (await first()).isDone]).to.deep.equal(["none: done_grace", true]);
      await live(0.25);
      expect([(await finding()).state, (await first()).isDone]).to.deep.equal(["open", false]);
      expect((await first()).text).to.match(/Still happening, 24 h after Done\./);
      await live(2);
      expect((await first()).comments.filter((marker) => marker === "still-happening")).to.have.length(1);
    });

    it("back after Done is as on_return says: a comment on the closed ticket, or a new, linked one", async () => {
      await begin(`20x1 0x${perDay - 1} 20x100`, { onReturn: "comment" });
      await live(0.5);
      const { key } = await first();
      await backlog.move(key, "Done");
      await live(3);
      expect([(await tickets()).length, (await first()).isDone]).to.deep.equal([1, true]);
      expect((await first()).comments.filter((marker) => marker === "regressed")).to.have.length(1);
      await world.close();
      await backlog.stop();

      backlog = await makeBacklog(() => world.clock.now());
      await begin(`20x1 0x${perDay - 1} 20x100`, { onReturn: "new_linked" });
      await live(0.5);
      await backlog.move((await first()).key, "Done");
      await live(3);
      const [old, anew] = await tickets();
      expect([old?.isDone, anew?.isDone, anew?.linkedTo]).to.deep.equal([true, false, [old?.key]]);
      expect(old?.comments).to.not.include("regressed");
    });

    it("closed as won't do stays closed and says so once, until it is worse than at closing", async () => {
      await begin(`20x${20 * perDay} 90000x100`);
      // Events and duration add up, and there is a week before to compare with: from now on the score stays for weeks.
      await live(8);
      const { key } = await first();
      const words = (await first()).comments.length;
      await backlog.move(key, "Won't Do");
      await live(11);
      expect([(await finding()).state, (await first()).isDone]).to.deep.equal(["suppressed", true]);
      expect((await first()).comments.slice(words)).to.deep.equal(["suppressed"]);
      await live(3);
      expect([(await finding()).state, (await first()).isDone]).to.deep.equal(["open", false]);
      expect((await first()).comments).to.include("wont-do-over");
      expect((await first()).text).to.include("Worse than when this was closed.");
    });

    it("opened again by a person, it waits for nothing any more", async () => {
      await begin("20x1 0x60");
      await live(0.5);
      await backlog.move((await first()).key, "Done");
      await live(0.5);
      expect([(await finding()).state, await decision()]).to.deep.equal(["fixed", "none: fixed"]);
      await backlog.move((await first()).key, "To Do");
      await live(0.5);
      expect([(await finding()).state, await decision()]).to.deep.equal(["quiet", "none: unchanged"]);
      expect((await finding()).memory).to.include({ closing: undefined, clear: undefined });
    });

    it("what was not seen is no fix that held: no data and failed queries stop the clock", async () => {
      // Clear for three days, ten days of nothing and failures, then clear again.
      await begin(`20x1 0x${3 * perDay} !x${5 * perDay - 1} _x${5 * perDay - 1} 0x${20 * perDay}`);
      await live(0.5);
      await backlog.move((await first()).key, "Done");
      await live(14);
      expect((await finding()).state).to.equal("fixed");
      await live(5);
      expect((await finding()).state).to.equal("verified");
    });
  });
}
