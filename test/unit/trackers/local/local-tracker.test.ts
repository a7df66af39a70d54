import { expect } from "chai";
import { paragraph } from "../../../../src/model/document.ts";
import { groupKey } from "../../../../src/model/identity.ts";
import type { TicketDraft, TicketRoute } from "../../../../src/model/ticket.ts";
import { openSqlStore } from "../../../../src/store/sql/open-sql-store.ts";
import type { Store } from "../../../../src/store/store.ts";
import { ManualClock } from "../../../../src/support/clock.ts";
import { BackfeedError } from "../../../../src/support/errors.ts";
import { createLocalTracker, type LocalTracker } from "../../../../src/trackers/local/local-tracker.ts";

const signal = new AbortController().signal;
const noon = Date.parse("2026-01-05T12:00:00Z");

describe("the local tracker", () => {
  let store: Store;
  let clock: ManualClock;
  let tracker: LocalTracker;
  beforeEach(async () => {
    clock = new ManualClock(noon);
    store = await openSqlStore({ url: "sqlite::memory:" });
    tracker = createLocalTracker({ name: "local", tickets: store.localTickets, clock });
  });
  afterEach(() => store.close());

  const draft = (route: Partial<TicketRoute> = {}, rest: Partial<TicketDraft> = {}): TicketDraft => ({
    identity: { instance: "test", groupKey: groupKey("test", "checkout", {}), generation: 1, rules: ["checkout"] },
    route: { tracker: "local", labels: [], fields: {}, ...route },
    summary: "checkout fails",
    document: [],
    band: "High",
    ...rest,
  });
  const file = async (route: Partial<TicketRoute> = {}, rest: Partial<TicketDraft> = {}) =>
    (await tracker.create(draft(route, rest), signal)).ref;
  const ticket = async (id: string) => (await store.localTickets.byId(id)) ?? expect.fail("no ticket");
  const refusal = async (work: Promise<unknown>) => {
    const thrown = await work.then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(thrown).to.be.instanceOf(BackfeedError);
    return thrown as BackfeedError;
  };

  it("gives keys in the route's project, the configured one, or LOCAL, and addresses of its page", async () => {
    expect(await file()).to.deep.include({ key: "LOCAL-1", url: "/tickets/LOCAL-1" });
    expect((await file({ project: "PAY" })).key).to.equal("PAY-1");
    const tickets = store.localTickets;
    const named = createLocalTracker({ name: "l", tickets, clock, project: "OPS", publicUrl: "https://b.example/x/" });
    expect((await named.create(draft(), signal)).ref).to.deep.include({
      key: "OPS-1",
      url: "https://b.example/x/tickets/OPS-1",
    });
  });

  it("refuses a project that no key can begin with, and names it in the check", async () => {
    for (const project of ["", "../etc", "PAY 1", "a".repeat(21), "1A", "PÄY", "\ud800"]) {
      expect(await refusal(tracker.create(draft({ project }), signal))).to.include({ kind: "refused" });
      const faults = await tracker.check([{ tracker: "local", labels: [], fields: {}, project }], signal);
      expect(faults.map((fault) => fault.severity)).to.deep.equal(["error"]);
      expect(() => createLocalTracker({ name: "l", tickets: store.localTickets, clock, project })).to.throw(/project/);
    }
    expect((await store.localTickets.list({ limit: 9 })).items).to.deep.equal([]);
  });

  it("says which wishes it does not keep, when it files and in the check", async () => {
    const route = { component: "cart", fields: { customfield_1: "x" }, issueType: "Bug", assignee: "ann" };
    const created = await tracker.create(draft(route), signal);
    expect(created.dropped).to.deep.equal([
      "component cart is not kept by the local backlog",
      "field customfield_1 is not kept by the local backlog",
    ]);
    expect((await ticket(created.ref.id)).assignee).to.equal("ann");
    const routes = [draft(route).route, draft(route).route];
    expect((await tracker.check(routes, signal)).map((fault) => fault.message)).to.deep.equal(created.dropped);
  });

  it("makes labels and summaries fit, whatever is in them", async () => {
    const { id } = await file(
      { labels: ["two words", "", "\u0000", "two words", "a".repeat(300)] },
      { summary: "\u0000\n" },
    );
    const { labels, summary } = await ticket(id);
    expect(labels.slice(1)).to.deep.equal(["two-words", `${"a".repeat(119)}…`]);
    expect(summary).to.equal("(no summary)");
  });

  it("lets people move a ticket along the workflow, close it as won't do, and reopen it", async () => {
    const { id, key } = await file();
    const steps: string[] = [];
    for (const to of ["In Progress", "Done", "To Do", "Won't Do", "To Do"]) {
      clock.advance(1_000);
      const moved = await tracker.move(key, to, "ann");
      steps.push(`${moved.status} ${moved.statusCategory} ${moved.resolution}`);
    }
    expect(steps).to.deep.equal([
      "In Progress indeterminate undefined",
      "Done done Done",
      "To Do new undefined",
      "Won't Do done Won't Do",
      "To Do new undefined",
    ]);
    expect((await ticket(id)).history.map(({ at, author, text }) => [(at - noon) / 1_000, author, text])).to.deep.equal(
      [
        [0, "backfeed", "created"],
        [1, "ann", "moved from To Do to In Progress"],
        [2, "ann", "moved from In Progress to Done"],
        [3, "ann", "reopened from Done to To Do"],
        [4, "ann", "moved from To Do to Won't Do"],
        [5, "ann", "reopened from Won't Do to To Do"],
      ],
    );
  });

  it("tells where a ticket can go, also when it cannot go where it was sent", async () => {
    const { id, key } = await file();
    expect(tracker.transitions(await ticket(id))).to.deep.equal([
      { to: "In Progress" },
      { to: "Done" },
      { to: "Won't Do" },
    ]);
    for (const to of ["Review", "To Do", "done", ""]) {
      const error = await refusal(tracker.move(key, to, "ann"));
      expect(error).to.include({
        kind: "conflict",
        message: "LOCAL-1 is To Do: from there it can go to In Progress, Done, Won't Do",
      });
    }
    await tracker.move(key, "Done", "ann");
    expect((await refusal(tracker.move(key, "In Progress", "ann"))).message).to.include("it can go to To Do");
    expect(await refusal(tracker.move("LOCAL-9", "Done", "ann"))).to.include({ kind: "not_found" });
  });

  it("moves to no category that no transition leads to", async () => {
    const ref = await file();
    expect(await tracker.transition(ref, "done", signal)).to.equal("moved");
    expect(await tracker.transition(ref, "indeterminate", signal)).to.equal("unavailable");
    expect((await tracker.read(ref, signal))?.status).to.equal("Done");
  });

  it("leaves a ticket alone when a step is repeated", async () => {
    const ref = await file();
    const steps = [
      () => tracker.comment(ref, { marker: "quiet", document: [paragraph("quiet")] }, signal),
      () => tracker.keepComment(ref, { marker: "summary", document: [paragraph("so far")] }, signal),
      () => tracker.setPriority(ref, { band: "Low", lastWritten: "High" }, signal),
      () => tracker.transition(ref, "done", signal),
      () => tracker.attach(ref, { name: "a.png", contentType: "image/png", bytes: new Uint8Array(3) }, signal),
      () => tracker.linkBack(ref, { globalId: "g", url: "https://b.example", title: "t" }, signal),
    ];
    for (const step of steps) await step();
    const before = await ticket(ref.id);
    clock.advance(60_000);
    for (const step of steps) await step();
    expect(await ticket(ref.id)).to.deep.equal(before);
  });

  it("takes bounded attachments and names that are safe in any path", async () => {
    const ref = await file();
    const attach = (name: string, size = 1) =>
      tracker.attach(ref, { name, contentType: "image/png", bytes: new Uint8Array(size) }, signal);
    for (const name of ["../x", "a/b", "", "ä.png", "a b"]) {
      expect(await refusal(attach(name))).to.include({ kind: "refused" });
    }
    expect(await refusal(attach("big.png", 10_000_001))).to.include({ kind: "refused" });
    expect(await attach("a.png")).to.equal("created");
  });

  it("keeps how a history began and its newest entries", async () => {
    const { id, key } = await file();
    for (let index = 0; index < 260; index++) {
      await tracker.move(key, "Done", `n${index}`);
      await tracker.move(key, "To Do", `n${index}`);
    }
    const { history } = await ticket(id);
    expect([history.length, history[0]?.text, history.at(-1)?.author]).to.deep.equal([500, "created", "n259"]);
  });

  it("does nothing once it is told to stop", async () => {
    const ref = await file();
    const stopped = AbortSignal.abort();
    for (const step of [
      () => tracker.find(draft().identity, draft().route, stopped),
      () => tracker.read(ref, stopped),
      () => tracker.comment(ref, { marker: "m", document: [] }, stopped),
      () => tracker.attach(ref, { name: "a", contentType: "b", bytes: new Uint8Array(1) }, stopped),
    ]) {
      expect(await refusal(step())).to.include({ kind: "aborted" });
    }
    expect((await ticket(ref.id)).comments).to.deep.equal([]);
  });
});
