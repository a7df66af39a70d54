import { expect } from "chai";
import { createScriptedSource } from "../../src/sources/scripted/scripted-source.ts";
import { silentLogger } from "../../src/support/logging.ts";
import { parseNotation } from "../../src/support/series-notation.ts";
import { type JiraDouble, startJiraDouble } from "../support/jira/start-jira-double.ts";
import { jiraTracker } from "../support/jira-tracker.ts";
import { buildRule } from "../support/rules.ts";
import { createWorld, type World } from "../support/world.ts";

const minute = 60_000;
const start = Date.parse("2026-01-05T10:00:00Z");
const perMinute = (from: number, to: number) =>
  Array.from({ length: (to - from) / minute + 1 }, (_, step) => from + step * minute);

for (const deployment of ["cloud", "datacenter"] as const) {
  describe(`what no machine should send, in Jira ${deployment}`, () => {
    let jira: JiraDouble;
    let world: World;
    let warned: string[];

    async function begin(labels: Record<string, string>, value: string, title?: string): Promise<void> {
      jira = await startJiraDouble({ deployment, clock: () => world?.clock.now() ?? start });
      warned = [];
      const series = [{ labels, value: parseNotation(value) }];
      world = await createWorld({
        start: new Date(start).toISOString(),
        rules: [
          buildRule({
            id: "failures",
            signal: { by: ["service.name"] },
            limits: { when: { form: "threshold", above: 10 } },
            ...(title === undefined ? {} : { title }),
          }),
        ],
        sources: [createScriptedSource({ name: "logs", script: { logs: { start, stepMs: minute, series } } })],
        project: "OPS",
        logger: { ...silentLogger, warn: (code) => warned.push(code) },
        trackers: (_store, clock) => [jiraTracker(jira, { deployment, clock })],
      });
    }

    afterEach(async () => {
      expect(jira.violations).to.deep.equal([]);
      await world.close();
      await jira.stop();
    });

    it("a clock that jumps back an hour is told of, and nothing is judged or said until it is right again", async () => {
      await begin({ "service.name": "checkout" }, "20x10 1x200");
      for (const at of perMinute(start, start + 5 * minute)) await world.tick(at);
      expect(jira.issues()).to.have.length(1);
      expect(warned).to.deep.equal([]);
      const writes = jira.history.length;

      for (const at of perMinute(start - 55 * minute, start - 54 * minute)) {
        expect(await world.tick(at)).to.deep.equal([]);
      }
      expect(warned).to.deep.equal(["CLOCK_BEHIND", "CLOCK_BEHIND"]);
      for (const at of perMinute(start + 5 * minute, start + 6 * minute)) await world.tick(at);
      expect(warned).to.have.length(2);
      expect(jira.history).to.have.length(writes);
    });

    it("what was decided before the jump is delivered after it", async () => {
      await begin({ "service.name": "checkout" }, "20x300");
      jira.faults.push({ kind: "serverError", times: 3 });
      await world.tick(start);
      expect(jira.issues()).to.have.length(0);
      await world.tick(start - 60 * minute);
      for (const at of perMinute(start + minute, start + 30 * minute)) await world.tick(at);
      expect(jira.issues()).to.have.length(1);
    });

    it("half characters in labels and titles reach the ticket as a whole one", async () => {
      const service = "half \ud83d and \udca5 {noformat}[~admin]\u0000";
      await begin({ "service.name": service }, "20x10", '{{ labels["service.name"] }} \ud800: {{ value | number }}');
      await world.tick(start);
      expect(jira.issues()).to.have.length(1);
      expect(String(jira.issues()[0]!.fields["summary"])).to.match(/^half [^\p{Cs}\p{Cc}]+: 20$/u);
      expect(JSON.stringify(jira.issues()[0]!.fields)).not.to.match(/\\u[dD][89a-fA-F]|\p{Cs}/u);
      await world.tick(start + minute);
      expect(jira.issues()).to.have.length(1);
      expect((await world.store.history.findings({ limit: 10 })).items).to.have.length(1);
    });
  });
}
