import { expect } from "chai";
import { createScriptedSource } from "../../src/sources/scripted/scripted-source.ts";
import { parseNotation } from "../../src/support/series-notation.ts";
import { type JiraDouble, startJiraDouble } from "../support/jira/start-jira-double.ts";
import { jiraTracker } from "../support/jira-tracker.ts";
import { buildRule } from "../support/rules.ts";
import { createWorld, type World } from "../support/world.ts";

const minute = 60_000;
const start = "2026-01-05T10:00:00Z";

/** RULES.md section 5: the rule and the series of its example. */
const checkoutErrors = buildRule({
  id: "checkout-errors",
  title: '{{ labels["service.name"] }}: {{ value | percent }} of requests fail',
  signal: { measure: { kind: "ratio", bad: {} }, by: ["service.name"] },
  limits: {
    when: { form: "threshold", above: 0.05, forMs: 5 * minute, minEvents: 0, minBadEvents: 20 },
    until: { below: 0.02, forMs: 15 * minute },
    severity: "critical",
  },
  impact: { slo: { objective: 0.999, periodMs: 30 * 24 * 60 * minute } },
});

function series(bad: string, total = "1000x400") {
  return createScriptedSource({
    name: "logs",
    script: {
      logs: {
        start: Date.parse(start),
        stepMs: minute,
        series: [{ labels: { "service.name": "checkout" }, total: parseNotation(total), bad: parseNotation(bad) }],
      },
    },
  });
}

for (const deployment of ["cloud", "datacenter"] as const) {
  describe(`the life of a ticket in Jira ${deployment}`, () => {
    let jira: JiraDouble;
    let world: World;

    async function begin(bad: string): Promise<void> {
      world = await createWorld({
        start,
        rules: [checkoutErrors],
        sources: [series(bad)],
        project: "OPS",
        trackers: (_store, clock) => [jiraTracker(jira, { deployment, clock })],
      });
      await world.tick(start);
    }

    beforeEach(async () => {
      jira = await startJiraDouble({ deployment, clock: () => world?.clock.now() ?? Date.parse(start) });
    });

    afterEach(async () => {
      expect(jira.violations).to.deep.equal([]);
      await world?.close();
      await jira.stop();
    });

    it("twelve bad minutes file one High ticket, and a quiet quarter of an hour closes the episode", async () => {
      await begin("2x5 80x11 1x40");
      await world.through(10);
      expect(jira.issues()).to.have.length(0);

      const results = await world.through(1);
      const line = results[0]!.lines()[0]!;
      expect(line.action).to.equal("create");
      expect(line.finding?.priority).to.include({ score: 57, band: "High" });
      expect(jira.issues()).to.have.length(1);
      const issue = jira.issues()[0]!;
      expect(issue.fields["summary"]).to.equal("checkout: 8.0% of requests fail");

      const writesAfterCreate = jira.history.length;
      await world.through(21);
      expect(jira.history).to.have.length(writesAfterCreate);
      const closing = await world.through(1);
      expect(closing[0]!.lines()[0]).to.include({ action: "comment", reason: "all_quiet" });
      expect(jira.issues()).to.have.length(1);
      expect(jira.history).to.have.length(writesAfterCreate + 1);
    });

    it("five bad minutes are not held long enough", async () => {
      await begin("2x5 80x4 2x40");
      await world.through(40);
      expect(jira.issues()).to.have.length(0);
    });
  });
}
