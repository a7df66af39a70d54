import { expect } from "chai";
import type { Finding } from "../../src/model/finding.ts";
import { defaultTicketPolicy, type TicketPolicy } from "../../src/model/rule.ts";
import { createScriptedSource } from "../../src/sources/scripted/scripted-source.ts";
import { parseNotation } from "../../src/support/series-notation.ts";
import { type JiraDouble, startJiraDouble } from "../support/jira/start-jira-double.ts";
import { jiraTracker } from "../support/jira-tracker.ts";
import { buildRule } from "../support/rules.ts";
import { createWorld, type World } from "../support/world.ts";

const minute = 60_000;
const hour = 60 * minute;
const start = "2026-01-05T10:00:00Z";

/** What people do in Jira, and what becomes of it: edit, move, close, delete, merge, label. */
for (const deployment of ["cloud", "datacenter"] as const) {
  describe(`people on tickets in Jira ${deployment}`, () => {
    let jira: JiraDouble;
    let world: World;

    /** One service, a count a minute; bad above ten. */
    async function begin(
      values: string,
      ticket: Partial<TicketPolicy> = {},
      projects = ["OPS", "SHOP"],
    ): Promise<void> {
      jira = await startJiraDouble({
        deployment,
        clock: () => world?.clock.now() ?? Date.parse(start),
        projects: projects.map((key) => ({ key })),
      });
      const script = {
        logs: {
          start: Date.parse(start),
          stepMs: minute,
          series: [{ labels: { service: "cart" }, value: parseNotation(values) }],
        },
      };
      world = await createWorld({
        start,
        rules: [
          buildRule({
            id: "errors",
            title: "{{ labels.service }}: {{ value }} errors",
            signal: { by: ["service"] },
            limits: { until: { forMs: 5 * minute } },
            ticket: { ...defaultTicketPolicy, ...ticket },
          }),
        ],
        sources: [createScriptedSource({ name: "logs", script })],
        project: "OPS",
        catchUpMs: 40 * 24 * hour,
        trackers: (_store, clock) => [jiraTracker(jira, { deployment, clock })],
      });
      await world.tick(start);
      await world.reconcile();
      expect(jira.issues()).to.have.length(1);
    }

    /** The next minutes, with a look at the tracker after each, as `serve` does it. */
    async function live(minutes: number): Promise<void> {
      for (let passed = 0; passed < minutes; passed += 1) {
        await world.through(1);
        expect(await world.reconcile()).to.deep.equal([]);
      }
    }

    const alice = () => jira.person("alice");
    const comments = (key = "OPS-1") => JSON.stringify(jira.issue(key)?.comments);
    const finding = async (): Promise<Finding> => (await world.store.history.findings({ limit: 1 })).items[0]!;
    const record = async () => (await world.store.tickets.ofFinding((await finding()).id))!;
    const codes = async () => (await world.store.history.events((await finding()).id)).map(({ code }) => code);

    afterEach(async () => {
      expect(jira.violations).to.deep.equal([]);
      await world.close();
      await jira.stop();
    });

    it("what they edit is kept, and a priority they set is not written over", async () => {
      await begin("20x3 900x30");
      alice().edit("OPS-1", { priority: "Lowest", summary: "The cart is broken" });
      await live(6);
      const issue = jira.issue("OPS-1")!;
      expect(issue.fields).to.include({ priority: "Lowest", summary: "The cart is broken" });
      expect((await record()).peoples).to.have.members(["priority", "summary"]);
      const edits = await world.store.tickets.edits((await finding()).id, 9);
      expect(edits.map(({ field, to }) => [field, to])).to.have.deep.members([
        ["priority", "Lowest"],
        ["summary", "The cart is broken"],
      ]);
    });

    it("a ticket they move is followed by its id, and gets its next words where it is now", async () => {
      await begin("20x3 0x30");
      const key = alice().move("OPS-1", "SHOP");
      await live(10);
      expect((await record()).ref.key).to.equal(key);
      expect(await codes()).to.include("ticket_moved");
      expect(await codes()).to.include("all_quiet");
      expect(jira.issues()).to.have.length(1);
      expect(jira.issue(key)!.comments).to.have.length(1);
    });

    it("a ticket they delete is not filed again, and is said to be gone after a second look", async () => {
      await begin("20x60");
      alice().delete("OPS-1");
      await live(15);
      expect(jira.issues()).to.have.length(0);
      expect((await record()).gone).to.not.equal(undefined);
      expect((await codes()).filter((code) => code === "ticket_gone")).to.have.length(1);
      expect((await finding()).decision).to.include({ action: "none", reason: "awaiting_operator" });
    });

    it("Done while it still fires is left alone for the grace, and then opened again", async () => {
      await begin("20x200", { doneGraceMs: hour });
      alice().transition("OPS-1", "Done");
      await live(50);
      expect(jira.issue("OPS-1")!.status).to.equal("Done");
      expect((await finding()).decision.reason).to.equal("done_grace");
      await live(15);
      expect(jira.issue("OPS-1")!.status).to.not.equal("Done");
      expect((await record()).closed).to.equal(undefined);
      expect(await codes()).to.include("still_happening");
    });

    it("Done, and clear for as long as it must hold, is verified although nothing of it moves", async () => {
      await begin("20x3 0x200", { verifyForMs: hour });
      await live(12);
      alice().transition("OPS-1", "Done");
      await live(3);
      expect((await finding()).state).to.equal("fixed");
      await live(55);
      expect((await finding()).state).to.equal("fixed");
      await live(10);
      expect((await finding()).state).to.equal("verified");
      expect(comments()).to.contain("held");
    });

    it("closed as not to be done stays closed, is said once, and goes on when its time is over", async () => {
      await begin("20x200", { suppressForMs: hour });
      alice().transition("OPS-1", "Won't Do");
      await live(30);
      expect((await finding()).state).to.equal("suppressed");
      expect((await record()).closed).to.include({ as: "wont_do", by: "people" });
      const writes = jira.history.length;
      await live(25);
      expect(jira.history).to.have.length(writes);
      await live(10);
      expect(jira.issue("OPS-1")!.status).to.not.equal("Won't Do");
    });

    it("merged into another issue, that one becomes the ticket, and nothing on it is written over", async () => {
      await begin("20x3 900x60");
      const original = await fileByAlice("Checkout is down");
      alice().merge("OPS-1", original);
      await live(8);
      const after = await record();
      expect(after.ref.key).to.equal(original);
      expect(after.formerRefs?.map(({ key }) => key)).to.deep.equal(["OPS-1"]);
      expect(await codes()).to.include("duplicate_followed");
      expect(jira.issue(original)!.fields).to.include({ summary: "Checkout is down", priority: "Medium" });
      expect(jira.issue("OPS-1")!.status).to.equal("Done");
    });

    it("a snooze label holds all words back until its end, and is taken off", async () => {
      await begin("20x3 0x60");
      alice().addLabel("OPS-1", "backfeed-snooze-30m");
      await live(20);
      expect(jira.issue("OPS-1")!.fields["labels"]).to.not.include("backfeed-snooze-30m");
      expect(jira.issue("OPS-1")!.comments).to.have.length(0);
      expect(await codes()).to.include("snoozed");
    });

    it("a refile label files the finding anew, linked to the ticket that it leaves as it is", async () => {
      await begin("20x60");
      alice().addLabel("OPS-1", "backfeed-refile");
      await live(3);
      expect(jira.issues().map(({ key }) => key)).to.deep.equal(["OPS-1", "OPS-2"]);
      expect((await record()).ref.key).to.equal("OPS-2");
      expect(jira.issue("OPS-1")!.fields["labels"]).to.not.include("backfeed-refile");
    });

    it("an issue they label for adoption is found without a webhook, too, and an unknown finding adopts nothing", async () => {
      await begin("20x60");
      const { id } = await finding();
      const chosen = await fileByAlice("Our own ticket for this");
      const other = await fileByAlice("Something else");
      alice().addLabel(chosen, `backfeed-adopt-${id}`);
      alice().addLabel(other, "backfeed-adopt-0000000000000000");
      await live(1);
      expect((await record()).ref.key).to.equal(chosen);
      expect(jira.issue(other)!.fields["labels"]).to.include("backfeed-adopt-0000000000000000");
    });

    it("an issue they label for adoption becomes the ticket, and the one before is folded into it", async () => {
      await begin("20x60");
      const { id } = await finding();
      const chosen = await fileByAlice("Our own ticket for this");
      alice().addLabel(chosen, `backfeed-adopt-${id}`);
      await world.store.inbox.receive({
        tracker: "jira",
        deliveryId: "1",
        issueId: jira.issue(chosen)!.id,
        who: "Alice",
        adopts: true,
        receivedAt: world.clock.now(),
      });
      await live(2);
      expect((await record()).ref.key).to.equal(chosen);
      expect(jira.issue(chosen)!.fields["labels"]).to.include(`backfeed-${id}`);
      expect(jira.issue(chosen)!.fields["labels"]).to.not.include(`backfeed-adopt-${id}`);
      expect(jira.issue("OPS-1")!.status).to.equal("Done");
      expect(jira.issues()).to.have.length(2);
      expect(await world.store.inbox.pending("jira", 9)).to.deep.equal([]);
    });

    it("nothing is taken for gone or changed while Jira fails, or knows us no more", async () => {
      await begin("20x60");
      jira.expireToken();
      for (let passed = 0; passed < 12; passed += 1) {
        await world.through(1);
        expect(await world.reconcile()).to.deep.equal(["jira"]);
      }
      expect((await record()).missed).to.equal(undefined);
      jira.renewToken();
      await live(2);
      expect((await record()).gone).to.equal(undefined);
    });

    it("what is to be said while Jira takes us for a stranger is said when it knows us again", async () => {
      await begin("20x3 0x60");
      jira.expireToken();
      // All is quiet after five minutes; to a stranger Jira Cloud says that there is no such issue.
      for (let passed = 0; passed < 15; passed += 1) await world.through(1);
      expect(await codes()).to.include("all_quiet");
      expect(jira.issue("OPS-1")!.comments).to.have.length(0);
      jira.renewToken();
      await live(20);
      expect(jira.issue("OPS-1")!.comments).to.have.length(1);
      expect((await record()).gone).to.equal(undefined);
    });

    /** An issue that a person files. */
    async function fileByAlice(summary: string): Promise<string> {
      return alice().file("OPS", summary);
    }
  });
}
