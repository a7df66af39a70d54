import { expect } from "chai";
import { createScriptedSource } from "../../src/sources/scripted/scripted-source.ts";
import { parseNotation } from "../../src/support/series-notation.ts";
import { type JiraDouble, startJiraDouble } from "../support/jira/start-jira-double.ts";
import { jiraTracker } from "../support/jira-tracker.ts";
import { buildRule } from "../support/rules.ts";
import { createWorld, type World } from "../support/world.ts";

const minute = 60_000;
const start = "2026-01-05T10:00:00Z";

/** JIRA.md 2.7, step 6: what Jira makes impossible to know at once is mended later. */
for (const deployment of ["cloud", "datacenter"] as const) {
  describe(`a second ticket that a lost answer left in Jira ${deployment}`, () => {
    let jira: JiraDouble;
    let world: World;

    beforeEach(async () => {
      jira = await startJiraDouble({ deployment, clock: () => world?.clock.now() ?? Date.parse(start) });
      const script = {
        logs: {
          start: Date.parse(start),
          stepMs: minute,
          series: [{ labels: { service: "cart" }, value: parseNotation("20x300") }],
        },
      };
      world = await createWorld({
        start,
        rules: [buildRule({ id: "errors", signal: { by: ["service"] } })],
        sources: [createScriptedSource({ name: "logs", script })],
        project: "OPS",
        trackers: (_store, clock) => [jiraTracker(jira, { deployment, clock })],
      });
    });

    afterEach(async () => {
      expect(jira.violations).to.deep.equal([]);
      await world.close();
      await jira.stop();
    });

    it("is folded into the first within hours: linked, told, closed, and work goes on in one", async () => {
      jira.index.lag = 20 * minute;
      jira.faults.push({ operation: "createIssue", kind: "lostAnswer" });
      await world.tick(start);
      for (let passed = 0; passed < 130; passed += 1) {
        await world.through(1);
        expect(await world.reconcile()).to.deep.equal([]);
      }
      expect(jira.issues().map(({ key, status }) => [key, status])).to.deep.equal([
        ["OPS-1", "To Do"],
        ["OPS-2", "Done"],
      ]);
      const [finding] = (await world.store.history.findings({ limit: 1 })).items;
      const record = await world.store.tickets.ofFinding(finding!.id);
      expect([record?.ref.key, record?.closed]).to.deep.equal(["OPS-1", undefined]);
      expect(JSON.stringify(jira.issue("OPS-2")!.comments)).to.contain("OPS-1");
      expect(JSON.stringify(jira.json("OPS-2"))).to.contain('"Duplicate"');
      const codes = (await world.store.history.events(finding!.id)).map(({ code }) => code);
      expect(codes).to.include("duplicate_folded");
      await world.through(5);
      expect(finding!.state).to.equal("open");
      expect(jira.issues()).to.have.length(2);
    });
  });
}
