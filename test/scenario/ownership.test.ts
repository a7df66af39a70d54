import { expect } from "chai";
import type { Finding } from "../../src/model/finding.ts";
import { defaultTicketPolicy, type Ownership, type Rule, type TicketField } from "../../src/model/rule.ts";
import { createScriptedSource } from "../../src/sources/scripted/scripted-source.ts";
import { parseNotation } from "../../src/support/series-notation.ts";
import { type JiraDouble, startJiraDouble } from "../support/jira/start-jira-double.ts";
import { jiraTracker } from "../support/jira-tracker.ts";
import { buildRule } from "../support/rules.ts";
import { createWorld, type World } from "../support/world.ts";

const minute = 60_000;
const start = "2026-01-05T10:00:00Z";

/** The rule: its priority rises with the severity that is set, and its title names the number. */
function ruleOf(
  severity: "high" | "critical",
  labels: readonly string[],
  ownership: Partial<Record<TicketField, Ownership>>,
): Rule {
  return buildRule({
    id: "errors",
    title: "cart: {{ value }} errors",
    limits: { until: { forMs: 5 * minute }, severity },
    ticket: { ...defaultTicketPolicy, labels, ownership: { ...defaultTicketPolicy.ownership, ...ownership } },
  });
}

for (const deployment of ["cloud", "datacenter"] as const) {
  describe(`who owns the fields of a ticket in Jira ${deployment}`, () => {
    let jira: JiraDouble;
    let world: World;

    /** Twenty errors a minute for five minutes, then a thousand, of a severity that is set higher then. */
    async function begin(ownership: Partial<Record<TicketField, Ownership>>): Promise<void> {
      jira = await startJiraDouble({ deployment, clock: () => world?.clock.now() ?? Date.parse(start) });
      const series = [{ labels: {}, value: parseNotation("20x4 1000x60") }];
      world = await createWorld({
        start,
        rules: [ruleOf("high", ["reliability", "cart"], ownership)],
        sources: [
          createScriptedSource({
            name: "logs",
            script: { logs: { start: Date.parse(start), stepMs: minute, series } },
          }),
        ],
        project: "OPS",
        trackers: (_store, clock) => [jiraTracker(jira, { deployment, clock })],
      });
      await world.tick(start);
      await world.reconcile();
    }

    async function live(minutes: number): Promise<void> {
      for (let passed = 0; passed < minutes; passed += 1) {
        await world.through(1);
        expect(await world.reconcile()).to.deep.equal([]);
      }
    }

    /** Until it is worse, with the rule as it is then: other labels. */
    async function worse(ownership: Partial<Record<TicketField, Ownership>>): Promise<void> {
      await live(6);
      expect((await finding()).priority?.band).to.equal("Low");
      world.setRules([ruleOf("critical", ["reliability", "checkout"], ownership)]);
      await live(3);
      expect((await finding()).priority?.band).to.equal("Medium");
    }

    const finding = async (): Promise<Finding> =>
      (await world.store.history.findings({ limit: 1 })).items[0] as Finding;
    const issue = () => jira.issues()[0] as NonNullable<ReturnType<JiraDouble["issue"]>>;
    const ours = () => (issue().fields["labels"] as string[]).filter((label) => !label.startsWith("backfeed-"));
    const words = () => JSON.stringify(issue().fields["description"]);
    const alice = () => jira.person("alice");

    afterEach(async () => {
      expect(jira.violations).to.deep.equal([]);
      await world.close();
      await jira.stop();
    });

    it("by default only priority and labels follow the problem; people's labels stay, and what they took off stays off", async () => {
      await begin({});
      const filed = { summary: issue().fields["summary"], description: words() };
      alice().addLabel("OPS-1", "sprint-7");
      alice().removeLabel("OPS-1", "reliability");
      await world.reconcile();
      await worse({});
      expect(ours()).to.have.members(["sprint-7", "checkout"]);
      expect({ summary: issue().fields["summary"], description: words() }).to.deep.equal(filed);
      expect(issue().fields["priority"]).to.equal("Medium");
    });

    it("until_human_edit follows the problem, and stops for good where a person wrote", async () => {
      const ownership = { summary: "until_human_edit", description: "until_human_edit" } as const;
      await begin(ownership);
      const filed = words();
      alice().edit("OPS-1", { summary: "The cart is broken" });
      await world.reconcile();
      await worse(ownership);
      expect(issue().fields["summary"]).to.equal("The cart is broken");
      expect(words()).to.not.equal(filed);
      expect(words()).to.include("1,000, limit: above 10").and.include("Evidence");
      // What we wrote ourselves is taken for nobody else's.
      expect((await world.store.tickets.ofFinding((await finding()).id))?.peoples).to.deep.equal(["summary"]);
    });

    it("always is written over what a person wrote", async () => {
      await begin({ summary: "always", priority: "always" });
      alice().edit("OPS-1", { summary: "The cart is broken", priority: "Lowest" });
      await world.reconcile();
      await worse({ summary: "always", priority: "always" });
      expect(issue().fields).to.include({ summary: "cart: 1000 errors", priority: "Medium" });
    });
  });
}
