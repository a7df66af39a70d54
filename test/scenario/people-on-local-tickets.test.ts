import { expect } from "chai";
import type { Finding } from "../../src/model/finding.ts";
import type { Severity } from "../../src/model/rule.ts";
import { createScriptedSource } from "../../src/sources/scripted/scripted-source.ts";
import { parseNotation } from "../../src/support/series-notation.ts";
import { createLocalTracker, type LocalTracker } from "../../src/trackers/local/local-tracker.ts";
import { buildRule } from "../support/rules.ts";
import { createWorld, type World } from "../support/world.ts";

const minute = 60_000;
const start = "2026-01-05T10:00:00Z";

/** The same acts that people have in Jira, in the embedded backlog, and what is learnt of them. */
describe("people on tickets in the embedded backlog", () => {
  let world: World;
  let backlog: LocalTracker;

  const rule = (severity: Severity) =>
    buildRule({
      id: "errors",
      title: "{{ labels.service }}: {{ value }} errors",
      signal: { by: ["service"] },
      limits: { severity, until: { forMs: 5 * minute } },
    });

  /** One count a minute for each service; bad above ten. */
  async function begin(services: Readonly<Record<string, string>>): Promise<void> {
    const series = Object.entries(services).map(([service, values]) => ({
      labels: { service },
      value: parseNotation(values),
    }));
    const script = { logs: { start: Date.parse(start), stepMs: minute, series } };
    world = await createWorld({
      start,
      rules: [rule("warning")],
      sources: [createScriptedSource({ name: "logs", script })],
      trackers: (store, clock) => {
        backlog = createLocalTracker({ name: "local", tickets: store.localTickets, clock });
        return [backlog];
      },
    });
    await world.tick(start);
    await world.reconcile();
  }
  afterEach(() => world.close());

  async function live(minutes: number): Promise<void> {
    for (let passed = 0; passed < minutes; passed += 1) {
      await world.through(1);
      expect(await world.reconcile()).to.deep.equal([]);
    }
  }
  const ticket = async (key = "LOCAL-1") => (await world.store.localTickets.byKey(key)) ?? expect.fail("no ticket");
  const findings = async () => (await world.store.history.findings({ limit: 9 })).items;
  /** The finding that a ticket was filed for. */
  const findingOf = async (key = "LOCAL-1"): Promise<Finding> => {
    const { identity } = await ticket(key);
    return (await findings()).find(({ groupKey }) => groupKey === identity.groupKey) ?? expect.fail("no finding");
  };
  const record = async (key = "LOCAL-1") => (await world.store.tickets.ofFinding((await findingOf(key)).id))!;
  const codes = async () => (await world.store.history.events((await findingOf()).id)).map(({ code }) => code);

  it("a priority, a summary and an assignee that they set are theirs from then on, also when it gets worse", async () => {
    await begin({ cart: "20x30", checkout: "20x30" });
    await backlog.edit("LOCAL-1", { priority: "High", summary: "Bad", assignee: "bob" }, "anna");
    await live(2);
    expect((await record()).peoples).to.have.members(["priority", "summary", "assignee"]);
    world.setRules([rule("critical")]);
    await live(3);
    // The other ticket, on which nobody did anything, follows.
    expect((await ticket("LOCAL-2")).priority).to.equal("Medium");
    expect(await ticket("LOCAL-1")).to.include({ priority: "High", summary: "Bad", assignee: "bob" });
    const edits = await world.store.tickets.edits((await findingOf()).id, 9);
    expect(edits.map(({ field, to }) => [field, to])).to.have.deep.members([
      ["priority", "High"],
      ["summary", "Bad"],
      ["assignee", "bob"],
    ]);
  });

  it("a label they take off is not put on again, and one they add stays", async () => {
    await begin({ cart: "20x30" });
    await backlog.edit("LOCAL-1", { addLabels: ["needs a look"] }, "anna");
    await live(2);
    await backlog.edit("LOCAL-1", { removeLabels: ["needs-a-look"] }, "anna");
    await live(2);
    expect((await record()).labelsRemoved).to.deep.equal(["needs-a-look"]);
    expect((await ticket()).labels).to.not.include("needs-a-look");
  });

  it("a snooze label holds all words back until its end, and is taken off", async () => {
    await begin({ cart: "20x3 0x60" });
    await backlog.edit("LOCAL-1", { addLabels: ["backfeed-snooze-30m"] }, "anna");
    await live(20);
    expect((await ticket()).labels).to.not.include("backfeed-snooze-30m");
    expect((await ticket()).comments).to.deep.equal([]);
    expect(await codes()).to.include("snoozed");
    await live(20);
    expect((await ticket()).comments).to.have.length(1);
  });

  it("a refile label files the finding anew", async () => {
    await begin({ cart: "20x30" });
    await backlog.edit("LOCAL-1", { addLabels: ["backfeed-refile"] }, "anna");
    await live(3);
    expect((await record()).ref.key).to.equal("LOCAL-2");
  });

  it("a ticket closed as a duplicate gives its finding the other one, on which nothing is written over", async () => {
    await begin({ cart: "20x3 900x60", checkout: "20x60" });
    const [first] = (await findings()).map(({ groupKey }) => groupKey);
    const cart = (await ticket("LOCAL-1")).identity.groupKey === first ? "LOCAL-1" : "LOCAL-2";
    const other = cart === "LOCAL-1" ? "LOCAL-2" : "LOCAL-1";
    const { priority, summary } = await ticket(other);
    await backlog.closeAsDuplicate(cart, other, "anna");
    await live(8);
    const after = await record(cart);
    expect(after.ref.key).to.equal(other);
    expect(after.formerRefs?.map(({ key }) => key)).to.deep.equal([cart]);
    const told = await world.store.history.events((await findingOf(cart)).id);
    expect(told.map(({ code }) => code)).to.include("duplicate_followed");
    expect(await ticket(cart)).to.include({ status: "Done", resolution: "Duplicate" });
    expect(await ticket(other)).to.include({ priority, summary, statusCategory: "new" });
  });

  it("a ticket closed as won't do stays closed, and one closed as done is what it says", async () => {
    await begin({ cart: "20x200" });
    await backlog.move("LOCAL-1", "Won't Do", "anna");
    await live(3);
    expect((await record()).closed).to.include({ as: "wont_do", by: "people" });
    expect((await findingOf()).state).to.equal("suppressed");
    await backlog.move("LOCAL-1", "To Do", "anna");
    await live(2);
    expect((await record()).closed).to.equal(undefined);
    await backlog.move("LOCAL-1", "Done", "anna");
    await live(2);
    expect((await record()).closed).to.include({ as: "done", by: "people" });
  });

  it("what they say stays as they said it, beside what Backfeed says", async () => {
    await begin({ cart: "20x3 0x30" });
    await backlog.addComment("LOCAL-1", "Looking.\nIt is the cache.\n\n<b>Soon</b>", "anna");
    await live(12);
    const [theirs, ...ours] = (await ticket()).comments;
    expect(theirs).to.deep.include({ author: "anna" });
    expect(theirs?.document).to.have.length(2);
    expect(ours.map(({ author }) => author)).to.deep.equal(["backfeed"]);
    expect(await codes()).to.include("all_quiet");
  });
});
