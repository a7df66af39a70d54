import { expect } from "chai";
import { plainText } from "../../../../src/model/document.ts";
import { groupKey, ticketLabel } from "../../../../src/model/identity.ts";
import { openSqlStore } from "../../../../src/store/sql/open-sql-store.ts";
import type { Store } from "../../../../src/store/store.ts";
import { ManualClock } from "../../../../src/support/clock.ts";
import { BackfeedError } from "../../../../src/support/errors.ts";
import { createLocalTracker, type LocalTracker } from "../../../../src/trackers/local/local-tracker.ts";

const noon = Date.parse("2026-01-05T12:00:00Z");

describe("people on local tickets", () => {
  let store: Store;
  let backlog: LocalTracker;
  let clock: ManualClock;
  beforeEach(async () => {
    clock = new ManualClock(noon);
    store = await openSqlStore({ url: "sqlite::memory:" });
    backlog = createLocalTracker({ name: "local", tickets: store.localTickets, clock });
    for (const service of ["cart", "checkout", "search"]) {
      await backlog.create(
        {
          identity: { instance: "test", groupKey: groupKey("test", "errors", { service }), generation: 1, rules: [] },
          route: { tracker: "local", labels: ["team-a"], fields: {} },
          summary: `${service} fails`,
          document: [],
          band: "High",
        },
        new AbortController().signal,
      );
    }
    clock.advance(1_000);
  });
  afterEach(() => store.close());

  const ticket = async (key = "LOCAL-1") => (await store.localTickets.byKey(key)) ?? expect.fail("no ticket");
  const told = async (key = "LOCAL-1") =>
    (await ticket(key)).history.slice(1).map(({ author, text }) => [author, text]);
  const refusal = async (work: Promise<unknown>): Promise<BackfeedError> => {
    const thrown = await work.then(
      () => undefined,
      (error: unknown) => error,
    );
    return thrown instanceof BackfeedError ? thrown : expect.fail("it was not refused");
  };

  it("comment under their name, in paragraphs, with hostile text made safe to show", async () => {
    await backlog.addComment("LOCAL-1", "one\nline\r\n\r\n \n two\u0000\u202e", "an\nna");
    const { comments, updatedAt } = await ticket();
    expect(comments.map(({ author, at }) => [author, at])).to.deep.equal([["an na", noon + 1_000]]);
    expect(plainText(comments[0]?.document ?? [])).to.equal("one\nline\n\ntwo");
    expect(updatedAt).to.equal(noon + 1_000);
    expect(await refusal(backlog.addComment("LOCAL-1", "\u0000 \u202e", "anna"))).to.include({ kind: "conflict" });
    expect(await refusal(backlog.addComment("LOCAL-9", "x", "anna"))).to.include({ kind: "not_found" });
  });

  it("never comment under a marker of ours, also not who is called backfeed", async () => {
    await backlog.addComment("LOCAL-1", "summary", "backfeed");
    const ref = { id: (await ticket()).id, key: "LOCAL-1", url: "" };
    const signal = new AbortController().signal;
    expect(await backlog.keepComment(ref, { marker: "summary", document: [] }, signal)).to.equal("created");
    expect((await ticket()).comments).to.have.length(2);
  });

  it("edit fields, and each change is told in the history", async () => {
    const edited = await backlog.edit(
      "LOCAL-1",
      { summary: " Cart\nis down ", priority: "Low", assignee: "bob", addLabels: ["two words", ""] },
      "anna",
    );
    const own = ticketLabel("backfeed", edited.identity.groupKey);
    expect(edited).to.deep.include({ summary: "Cart is down", priority: "Low", assignee: "bob" });
    expect(edited.labels).to.deep.equal([own, "team-a", "two-words"]);
    expect(await told()).to.deep.equal([
      ["anna", "summary changed; it was: cart fails"],
      ["anna", "priority from High to Low"],
      ["anna", "assigned to bob, before to nobody"],
      ["anna", `labels are ${own}, team-a, two-words`],
    ]);
    await backlog.edit("LOCAL-1", { assignee: null, removeLabels: ["team-a"] }, "anna");
    const after = await ticket();
    expect([after.assignee, after.labels]).to.deep.equal([undefined, [own, "two-words"]]);
  });

  it("change nothing by an edit that says what stands there", async () => {
    const before = await ticket();
    expect(await backlog.edit("LOCAL-1", { summary: "cart fails", priority: "High" }, "anna")).to.deep.equal(before);
    expect(await ticket()).to.deep.equal(before);
  });

  it("cannot take off the label that ties a ticket to its finding, nor put on too many", async () => {
    const { identity } = await ticket();
    const own = ticketLabel("backfeed", identity.groupKey);
    expect((await refusal(backlog.edit("LOCAL-1", { removeLabels: [own] }, "anna"))).message).to.contain(own);
    const addLabels = Array.from({ length: 50 }, (_, index) => `l${index}`);
    expect(await refusal(backlog.edit("LOCAL-1", { addLabels }, "anna"))).to.include({ kind: "conflict" });
    expect((await ticket()).labels).to.deep.equal([own, "team-a"]);
  });

  it("close a ticket as a duplicate of one that goes on, and reopening takes that back", async () => {
    const closed = await backlog.closeAsDuplicate("LOCAL-1", "LOCAL-2", "anna");
    expect(closed).to.include({ status: "Done", statusCategory: "done", resolution: "Duplicate" });
    expect(closed.related?.map(({ type, key }) => [type, key])).to.deep.equal([["duplicate", "LOCAL-2"]]);
    expect(await told()).to.deep.equal([["anna", "closed as a duplicate of LOCAL-2"]]);
    const reopened = await backlog.move("LOCAL-1", "To Do", "anna");
    expect(reopened).to.deep.include({ resolution: undefined, related: [] });
  });

  it("choose another original, and are told when one is itself a duplicate, the same ticket, or none", async () => {
    await backlog.closeAsDuplicate("LOCAL-1", "LOCAL-2", "anna");
    const again = await backlog.closeAsDuplicate("LOCAL-1", "LOCAL-3", "anna");
    expect(again.related?.map(({ key }) => key)).to.deep.equal(["LOCAL-3"]);
    // Neither a chain nor a circle.
    for (const key of ["LOCAL-2", "LOCAL-3"]) {
      const { kind, message } = await refusal(backlog.closeAsDuplicate(key, "LOCAL-1", "anna"));
      expect([kind, message]).to.deep.equal([
        "conflict",
        "LOCAL-1 is itself a duplicate of LOCAL-3: name the one that goes on",
      ]);
    }
    expect(await refusal(backlog.closeAsDuplicate("LOCAL-2", "LOCAL-2", "anna"))).to.include({ kind: "conflict" });
    expect(await refusal(backlog.closeAsDuplicate("LOCAL-2", "LOCAL-9", "anna"))).to.include({ kind: "not_found" });
    expect((await ticket("LOCAL-2")).statusCategory).to.equal("new");
  });
});
