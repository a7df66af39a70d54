import { expect } from "chai";
import type { Finding } from "../../src/model/finding.ts";
import { createScriptedSource } from "../../src/sources/scripted/scripted-source.ts";
import { hour, minute } from "../../src/support/duration.ts";
import { parseNotation } from "../../src/support/series-notation.ts";
import { type Backlog, backlogs, type Ticket } from "../support/backlogs.ts";
import { buildDeploy } from "../support/deploys.ts";
import { buildRule } from "../support/rules.ts";
import { createWorld, type World } from "../support/world.ts";

const start = Date.parse("2026-01-05T08:00:00Z");
const everyMs = 10 * minute;

for (const [name, makeBacklog] of Object.entries(backlogs)) {
  describe(`suspect deploys, with ${name}`, () => {
    let backlog: Backlog;
    let world: World;

    beforeEach(async () => {
      backlog = await makeBacklog(() => world?.clock.now() ?? start);
    });
    afterEach(async () => {
      await world?.close();
      await backlog.stop();
    });

    async function begin(errors: string): Promise<void> {
      const series = [{ labels: { "service.name": "checkout", env: "prod" }, value: parseNotation(errors) }];
      const script = { logs: { start, stepMs: everyMs, series } };
      world = await createWorld({
        start: new Date(start).toISOString(),
        rules: [
          buildRule({
            id: "errors",
            title: "checkout: {{ value }} errors",
            schedule: { cron: "*/10 * * * *", timezone: "UTC" },
            signal: { by: ["service.name", "env"], windowMs: everyMs },
            limits: { until: { forMs: everyMs }, severity: "critical" },
          }),
        ],
        sources: [createScriptedSource({ name: "logs", script })],
        trackers: (store, clock) => [backlog.tracker(store, clock)],
        ...(backlog.project === undefined ? {} : { project: backlog.project }),
      });
      await world.tick(start);
    }

    async function live(ms: number): Promise<void> {
      for (let passed = 0; passed < ms; passed += everyMs) {
        await world.tick(world.clock.now() + everyMs);
        await world.reconcile();
      }
    }

    const deploy = (version: string, at: number, more: Parameters<typeof buildDeploy>[0] = {}) =>
      world.store.deploys.receive(buildDeploy({ version, at, url: undefined, ...more }));
    const ticket = async () => (await backlog.tickets(world.store))[0] as Ticket;
    const finding = async () => (await world.store.history.findings({ limit: 1 })).items[0] as Finding;

    it("names what went out before it began, and that the version before ran without it", async () => {
      // Good for two hours, then bad.
      await begin("0x11 20x40");
      await deploy("1.4.1", start + 10 * minute);
      await deploy("1.4.2", start + 105 * minute, { url: "https://ci.example.com/jobs/2" });
      await deploy("9.9.9", start + 110 * minute, { environment: "staging" });
      await live(2 * hour);
      const { text } = await ticket();
      expect(text).to.contain("Suspect deploys").and.contain("https://ci.example.com/jobs/2");
      expect(text).to.match(/1\.4\.2.* of checkout to production.* 15 min before it began/);
      expect(text).to.match(/1\.4\.1 ran for 1 h 35 min before without it/);
      expect(text).to.not.contain("9.9.9");
      const { evidence } = (await world.store.history.outbox({ limit: 99 })).items.flatMap(({ action }) =>
        action.kind === "create" ? [action] : [],
      )[0]!;
      expect(evidence.sections[0]?.chart.marks).to.deep.include({ at: start + 105 * minute, label: "1.4.2" });
    });

    it("says in one line that none is known where the last one is long ago, and nothing where there are none", async () => {
      await begin("20x40");
      await live(everyMs);
      expect((await ticket()).text).to.not.match(/deploy/i);
      await world.close();
      await backlog.stop();
      backlog = await makeBacklog(() => world.clock.now());
      await begin("0x1 20x40");
      await deploy("1.4.1", start - 30 * hour);
      await live(2 * everyMs);
      expect((await ticket()).text).to.match(
        /none of checkout is known within 24 h before it began.*the last one was.*1\.4\.1.* of checkout to production.*, 1 d 6 h before/,
      );
    });

    it("tells a deploy that is reported late in the summary block, once", async () => {
      await begin("0x5 20x60");
      await live(hour);
      expect((await ticket()).comments).to.deep.equal([]);
      await deploy("1.4.2", start + 50 * minute);
      await live(everyMs);
      expect((await ticket()).comments).to.deep.equal(["summary"]);
      expect((await ticket()).text).to.match(/1\.4\.2.* of checkout to production.* 10 min before it began/);
      expect((await finding()).decision).to.include({ reason: "goes_on" });
      expect((await finding()).decision.because).to.contain("a deploy became known");
      await live(everyMs);
      expect((await finding()).decision).to.include({ action: "none", reason: "unchanged" });
      // What comes long after the onset is no suspect.
      await deploy("1.4.3", world.clock.now());
      await live(everyMs);
      expect((await finding()).decision).to.include({ action: "none", reason: "unchanged" });
    });

    it("names the deploys since Done when it comes back after that", async () => {
      await begin("20x3 0x14 20x40");
      await live(2 * hour);
      await backlog.move((await ticket()).key, "Done");
      await live(20 * minute);
      expect((await finding()).state).to.equal("fixed");
      await deploy("1.4.3", world.clock.now());
      await live(hour);
      expect((await finding()).state).to.equal("regressed");
      expect((await ticket()).comments).to.include("regressed");
      expect((await ticket()).text).to.match(
        /Deployed since Done,.*1\.4\.3.* of checkout to production.*before it came back/s,
      );
    });

    it("does not break out of the ticket, whatever a deploy is called", async () => {
      await begin("0x5 20x40");
      const hostile = '{noformat} [x|javascript:alert(1)] !http://evil.example/x.png! *b* [~admin] "}]<script>|';
      await deploy(hostile, start + 50 * minute, {
        author: hostile,
        commit: hostile,
        url: "https://ci.example.com/a|b]{noformat}",
      });
      await live(hour);
      expect((await ticket()).text).to.contain("Suspect deploys");
    });
  });
}
