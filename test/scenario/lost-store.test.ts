import { expect } from "chai";
import { createScriptedSource } from "../../src/sources/scripted/scripted-source.ts";
import { parseNotation } from "../../src/support/series-notation.ts";
import { type JiraDouble, startJiraDouble } from "../support/jira/start-jira-double.ts";
import { jiraTracker } from "../support/jira-tracker.ts";
import { buildRule } from "../support/rules.ts";
import { createWorld, type World } from "../support/world.ts";

const minute = 60_000;
const start = "2026-01-05T10:00:00Z";

const errors = buildRule({
  id: "errors",
  title: "{{ labels.service }}: {{ value }} errors",
  signal: { by: ["service"] },
  limits: { until: { forMs: 5 * minute } },
});

for (const deployment of ["cloud", "datacenter"] as const) {
  describe(`a lost store, with tickets in Jira ${deployment}`, () => {
    let jira: JiraDouble;
    let world: World;

    async function newWorld(at: string): Promise<World> {
      const services = ["cart", "search", "mail"];
      const script = {
        logs: {
          start: Date.parse(start),
          stepMs: minute,
          series: services.map((service) => ({ labels: { service }, value: parseNotation("20x300") })),
        },
      };
      return createWorld({
        start: at,
        rules: [errors],
        sources: [createScriptedSource({ name: "logs", script })],
        project: "OPS",
        trackers: (_store, clock) => [jiraTracker(jira, { deployment, clock })],
      });
    }

    beforeEach(async () => {
      jira = await startJiraDouble({ deployment, clock: () => world?.clock.now() ?? Date.parse(start) });
      world = await newWorld(start);
      await world.tick(start);
      await world.reconcile();
      expect(jira.issues()).to.have.length(3);
    });

    afterEach(async () => {
      expect(jira.violations).to.deep.equal([]);
      await world.close();
      await jira.stop();
    });

    it("is rebuilt from the tracker: no second ticket is filed, and nothing that people changed is written over", async () => {
      jira.person("alice").edit("OPS-1", { priority: "Lowest", summary: "Ours now" });
      jira.person("alice").transition("OPS-2", "Won't Do");
      await world.close();
      world = await newWorld("2026-01-05T11:00:00Z");
      const { rows, failed } = await world.recover();
      expect(failed).to.deep.equal([]);
      expect(rows.map(({ ticket, outcome }) => [ticket, outcome])).to.deep.equal([
        ["OPS-1", "recovered"],
        ["OPS-2", "recovered"],
        ["OPS-3", "recovered"],
      ]);
      for (let passed = 0; passed < 20; passed += 1) {
        await world.through(1);
        await world.reconcile();
      }
      expect(jira.issues()).to.have.length(3);
      expect(jira.issue("OPS-1")!.fields).to.include({ priority: "Lowest", summary: "Ours now" });
      expect(jira.issue("OPS-2")!.status).to.equal("Won't Do");
      const { items } = await world.store.history.findings({ limit: 9 });
      expect(items).to.have.length(3);
      expect(items.map(({ groupLabels }) => groupLabels["service"])).to.have.members(["cart", "search", "mail"]);
    });

    it("is rebuilt once: a second run changes nothing, and neither does one beside a store that knows", async () => {
      const again = await world.recover();
      expect(again.rows.map(({ outcome }) => outcome)).to.deep.equal(["known", "known", "known"]);
      await world.close();
      world = await newWorld("2026-01-05T11:00:00Z");
      await world.recover();
      const [finding] = (await world.store.history.findings({ limit: 1 })).items;
      const before = await world.store.tickets.ofFinding(finding!.id);
      expect((await world.recover()).rows.map(({ outcome }) => outcome)).to.deep.equal(["known", "known", "known"]);
      expect(await world.store.tickets.ofFinding(finding!.id)).to.deep.equal(before);
    });

    it("says nothing again that was said on an issue that took over, and promises no check of a fix that nobody can watch", async () => {
      const alice = jira.person("alice");
      const other = alice.file("OPS", "Mine");
      alice.merge("OPS-1", other);
      alice.transition("OPS-2", "Done");
      await world.reconcile();
      const greeted = jira.issue(other)!.comments.length;
      expect(greeted).to.equal(1);
      await world.close();
      world = await newWorld("2026-01-05T16:00:00Z");
      await world.recover();
      await world.reconcile();
      await world.reconcile();
      expect(jira.issue(other)!.comments).to.have.length(greeted);
      const { items } = await world.store.history.findings({ limit: 9 });
      const fixed = items.find(({ state }) => state === "fixed");
      expect(fixed?.decision.because).to.match(
        /^OPS-2 was closed \(Done\) at .*; whether that holds is counted once it has come back$/,
      );
    });

    it("tells what it could not walk through, and goes on at the next run", async () => {
      await world.close();
      world = await newWorld("2026-01-05T11:00:00Z");
      jira.expireToken();
      const { failed, rows } = await world.recover();
      expect([failed.map(({ unreachable }) => unreachable), rows]).to.deep.equal([[true], []]);
      jira.renewToken();
      expect((await world.recover()).rows).to.have.length(3);
    });
  });
}
