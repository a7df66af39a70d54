import { expect } from "chai";
import { reconcile } from "../../../src/learn/reconcile.ts";
import type { ReconcileContext } from "../../../src/learn/reconcile-context.ts";
import { foldingOf, sweep } from "../../../src/learn/sweep.ts";
import type { TicketDraft, TicketRef } from "../../../src/model/ticket.ts";
import { openSqlStore } from "../../../src/store/sql/open-sql-store.ts";
import type { Store } from "../../../src/store/store.ts";
import { ManualClock } from "../../../src/support/clock.ts";
import { BackfeedError } from "../../../src/support/errors.ts";
import { silentLogger } from "../../../src/support/logging.ts";
import { finding, idOf, keyOf, ruleCommit, start, tick, ticketRecord } from "../../contract/store-builders.ts";
import { FakeTracker } from "../../support/fake-tracker.ts";
import { hour, minute, record } from "./given.ts";

const never = new AbortController().signal;

function draftOf(name: string): TicketDraft {
  return {
    identity: { instance: "test", groupKey: keyOf(name), generation: 1, rules: [name] },
    route: { tracker: "jira", labels: [], fields: {} },
    summary: `${name} is failing`,
    document: [],
    band: "High",
  };
}

describe("reconcile", () => {
  let store: Store;
  let tracker: FakeTracker;
  let clock: ManualClock;
  let context: ReconcileContext;
  let duplicates: number;

  beforeEach(async () => {
    store = await openSqlStore({ url: "sqlite::memory:" });
    tracker = new FakeTracker();
    clock = new ManualClock(new Date(start).toISOString());
    tracker.now = start - hour;
    duplicates = 0;
    context = {
      tracker,
      policy: { labelPrefix: "backfeed", wontDo: ["Won't Do"], closeDuplicates: true },
      store,
      instance: "test",
      clock,
      logger: silentLogger,
      redact: (text) => text.replaceAll("hunter2", "<secret>"),
      refile: async () => undefined,
      adoptions: { cursor: undefined },
      onDuplicate: () => {
        duplicates += 1;
      },
    };
  });
  afterEach(() => store.close());

  async function filed(name: string) {
    const issue = tracker.file(draftOf(name));
    await store.state.commitTick(
      tick([ruleCommit(name, { findings: [{ finding: finding(name), events: [], outbox: [] }] })]),
    );
    await store.tickets.put(ticketRecord(name, { ref: issue.ref, createdAt: start }));
    return issue;
  }

  const stored = async (name: string) => (await store.tickets.ofFinding(idOf(name)))!;

  it("reads each ticket by its id in as few questions as there are chunks, and asks again after minutes only", async () => {
    tracker.now = start - 5 * hour;
    const names = Array.from({ length: 120 }, (_, index) => `f-${index}`);
    for (const name of names) await filed(name);
    const seen = async () => {
      const records = await store.tickets.ofFindings(names.map(idOf));
      return [...records.values()].filter((one) => one.seen !== undefined).length;
    };
    await reconcile(context, never);
    expect([tracker.count("readMany"), await seen()]).to.deep.equal([2, 100]);
    await reconcile(context, never);
    expect([tracker.count("readMany"), await seen()]).to.deep.equal([3, 120]);
    await reconcile(context, never);
    expect(tracker.count("readMany")).to.equal(3);
    clock.set(start + 5 * minute);
    await reconcile(context, never);
    expect(tracker.count("readMany")).to.equal(5);
  });

  it("asks at the first look what others changed before it, and never again", async () => {
    const issue = await filed("a");
    Object.assign(issue, { summary: "a person's words", edited: ["summary"] });
    await reconcile(context, never);
    expect((await stored("a")).peoples).to.deep.equal(["summary"]);
    clock.set(start + 10 * minute);
    await reconcile(context, never);
    expect([tracker.count("readMany"), tracker.count("editedByOthers")]).to.deep.equal([2, 1]);
  });

  it("looks again when that history cannot be had now, and goes on without one that is refused", async () => {
    await filed("a");
    tracker.fail("editedByOthers", new BackfeedError("unavailable", "no connection"));
    expect((await reconcile(context, never)).failure?.kind).to.equal("unavailable");
    expect((await stored("a")).seen).to.equal(undefined);
    tracker.fail("editedByOthers", new BackfeedError("limit", "longer than an answer may be"));
    expect((await reconcile(context, never)).failure).to.equal(undefined);
    expect((await stored("a")).seen?.summary).to.equal("a is failing");
  });

  it("changes nothing when a read fails, and tells why; the next pass goes on", async () => {
    await filed("a");
    const issue = await filed("b");
    issue.statusCategory = "done";
    await store.inbox.receive({
      tracker: "jira",
      deliveryId: "1",
      issueId: issue.ref.id,
      who: "Alice",
      adopts: false,
      receivedAt: start,
    });
    tracker.fail("readMany", new BackfeedError("unauthorized", "who are you"));
    const { failure, looked } = await reconcile(context, never);
    expect([failure?.kind, looked]).to.deep.equal(["unauthorized", 0]);
    expect((await stored("b")).closed).to.equal(undefined);
    expect(await store.inbox.pending("jira", 9)).to.have.length(1);
    expect(await store.tickets.reconciledTo("jira")).to.equal(undefined);
    expect((await reconcile(context, never)).changed).to.equal(1);
    expect((await stored("b")).closed?.as).to.equal("done");
    expect(await store.inbox.pending("jira", 9)).to.deep.equal([]);
    expect((await store.history.events(idOf("b"))).at(-1)?.text).to.contain("by Alice");
  });

  it("reads again what delivery wrote while it was read, instead of taking ours for a person's", async () => {
    const issue = await filed("a");
    await reconcile(context, never);
    clock.set(start + 5 * minute);
    tracker.fail("readMany", () => {
      issue.priority = "Highest";
      void store.tickets.change({ findingId: idOf("a"), generation: 1 }, (current) => ({
        record: {
          ...current,
          written: { priority: "Highest", band: "Highest" },
          seen: { ...current.seen!, priority: "Highest" },
        },
      }));
    });
    await reconcile(context, never);
    clock.set(start + 10 * minute);
    await reconcile(context, never);
    expect((await stored("a")).peoples).to.equal(undefined);
    expect(await store.tickets.edits(idOf("a"), 9)).to.deep.equal([]);
  });

  it("stores no secret that a person wrote, and sees no change in it later", async () => {
    const issue = await filed("a");
    await reconcile(context, never);
    issue.summary = "password is hunter2";
    issue.updatedAt += 1;
    for (const minutes of [5, 10]) {
      clock.set(start + minutes * minute);
      await reconcile(context, never);
    }
    expect(JSON.stringify(await stored("a"))).to.not.contain("hunter2");
    expect((await store.tickets.edits(idOf("a"), 9)).map(({ to }) => to)).to.deep.equal(["password is <secret>"]);
  });

  it("asks what changed since the last pass, with room for an index that lags", async () => {
    await reconcile(context, never);
    expect(tracker.count("changedSince"), "without any ticket").to.equal(0);
    await filed("a");
    clock.set(start + minute);
    const asked: number[] = [];
    tracker.changedSince = async (since: number) => {
      asked.push(since);
      return [];
    };
    await reconcile(context, never);
    clock.set(start + 2 * hour);
    await reconcile(context, never);
    clock.set(start + 2 * hour + minute);
    await reconcile(context, never);
    expect(asked.map((at) => (at - start) / minute)).to.deep.equal([-10, -9, 110]);
  });

  it("goes on behind the last change where a pass cannot take all, so that a busy hour is heard of within minutes", async () => {
    const names = Array.from({ length: 1_200 }, (_, index) => `f-${index}`);
    for (const name of names) await filed(name);
    for (let passes = 0; passes < 3; passes += 1) {
      clock.set(clock.now() + minute);
      await reconcile(context, never);
    }
    for (const [index, issue] of [...tracker.issues.values()].entries()) issue.updatedAt = clock.now() + index;
    for (let passes = 0; passes < 3; passes += 1) {
      clock.set(clock.now() + minute);
      expect((await reconcile(context, never)).looked).to.be.most(500);
    }
    const records = await store.tickets.ofFindings(names.map(idOf));
    const updates = new Map([...tracker.issues.values()].map(({ ref, updatedAt }) => [ref.id, updatedAt]));
    expect([...records.values()].filter(({ ref, seen }) => seen?.updatedAt !== updates.get(ref.id))).to.deep.equal([]);
  });

  it("goes on when the clock is put back: nothing waits until it has passed where it was", async () => {
    const issue = await filed("a");
    clock.set(start + 48 * hour);
    await reconcile(context, never);
    const back = { ...context, clock: new ManualClock(new Date(start).toISOString()) };
    issue.statusCategory = "done";
    await reconcile(back, never);
    expect((await stored("a")).closed?.as).to.equal("done");
  });

  it("reads what webhooks hinted at alone, where that is all that is asked", async () => {
    await filed("a");
    const issue = await filed("b");
    issue.statusCategory = "done";
    const hint = { tracker: "jira", issueId: issue.ref.id, who: undefined, adopts: false, receivedAt: start };
    await store.inbox.receive({ ...hint, deliveryId: "1" });
    const { looked, changed } = await reconcile(context, never, "hints");
    expect([looked, changed, tracker.calls]).to.deep.equal([1, 1, ["readMany", "editedByOthers"]]);
    expect(await store.tickets.reconciledTo("jira")).to.equal(undefined);
  });

  it("tries again at the next pass what people asked for and what could not be done", async () => {
    const issue = await filed("a");
    await reconcile(context, never);
    issue.labels = [...issue.labels, "backfeed-refile"];
    issue.updatedAt += 1;
    const refiled: string[] = [];
    const busy = { ...context, refile: async () => Promise.reject(new BackfeedError("conflict", "being delivered")) };
    clock.set(start + 5 * minute);
    await reconcile(busy, never);
    expect(issue.labels).to.include("backfeed-refile");
    const free = { ...context, refile: async (_id: string, by: string) => void refiled.push(by) };
    clock.set(start + 6 * minute);
    await reconcile(free, never);
    expect(refiled).to.deep.equal([`a person on ${issue.ref.key}`]);
    expect(issue.labels).to.not.include("backfeed-refile");
    clock.set(start + 20 * minute);
    await reconcile(free, never);
    expect(refiled).to.have.length(1);
  });

  it("is done with hints about issues that are none of ours without looking at them", async () => {
    for (const deliveryId of ["1", "2"]) {
      const hint = { tracker: "jira", deliveryId, issueId: "777", who: undefined, adopts: false, receivedAt: start };
      await store.inbox.receive(hint);
    }
    await reconcile(context, never);
    expect(await store.inbox.pending("jira", 9)).to.deep.equal([]);
    expect(tracker.count("read") + tracker.count("readMany")).to.equal(0);
  });

  describe("the sweep", () => {
    const ref = (id: string): TicketRef => ({ id, key: `PAY-${id}`, url: "" });

    it("keeps the lowest id, counts what it knows already as no duplicate, and takes what is there for what is gone", () => {
      const own = record({ ref: ref("10"), formerRefs: [ref("3")], folded: [ref("4")] });
      expect(foldingOf(own, [ref("10")])).to.deep.equal({ kept: ref("10"), folded: [] });
      expect(foldingOf(own, [ref("3"), ref("4"), ref("10")])).to.deep.equal({ kept: ref("10"), folded: [] });
      expect(foldingOf(own, [ref("9"), ref("100"), ref("10")])).to.deep.equal({
        kept: ref("9"),
        folded: [ref("10"), ref("100")],
      });
      expect(foldingOf(own, [])).to.deep.equal({ kept: ref("10"), folded: [] });
      const gone = { ...own, gone: { at: start } };
      expect(foldingOf(gone, [ref("11")])).to.deep.equal({ kept: ref("11"), folded: [] });
      expect(foldingOf(gone, [])).to.equal(undefined);
    });

    it("folds a second ticket into the first: link, words, closing, timeline, count; and the record follows", async () => {
      const first = tracker.file(draftOf("a"));
      const second = await filed("a");
      clock.set(start + 2 * hour - 1);
      expect(await sweep(context, never)).to.equal(0);
      clock.set(start + 2 * hour);
      expect(await sweep(context, never)).to.equal(1);
      expect(second.related).to.deep.equal([{ type: "duplicate", other: first.ref }]);
      expect([second.statusCategory, first.statusCategory]).to.deep.equal(["done", "new"]);
      expect(JSON.stringify([...second.comments.values()])).to.contain(first.ref.key);
      expect((await stored("a")).ref).to.deep.equal(first.ref);
      expect((await store.history.events(idOf("a"))).map(({ code }) => code)).to.include("duplicate_folded");
      expect(duplicates).to.equal(1);
      for (const hours of [3, 24, 48]) {
        clock.set(start + hours * hour);
        expect(await sweep(context, never)).to.equal(0);
      }
      expect(second.comments.size).to.equal(1);
    });

    it("leaves a duplicate open where the configuration says so", async () => {
      const first = await filed("a");
      const second = tracker.file(draftOf("a"));
      clock.set(start + 2 * hour);
      await sweep({ ...context, policy: { ...context.policy, closeDuplicates: false } }, never);
      expect([first.statusCategory, second.statusCategory]).to.deep.equal(["new", "new"]);
      expect(second.related).to.have.length(1);
      expect((await stored("a")).formerRefs).to.equal(undefined);
    });

    it("goes on where it failed, and says nothing twice", async () => {
      await filed("a");
      const second = tracker.file(draftOf("a"));
      clock.set(start + 2 * hour);
      tracker.loseAnswer("comment", new BackfeedError("unavailable", "reset"));
      const failed = await sweep(context, never).catch((error: BackfeedError) => error.kind);
      expect([failed, second.statusCategory]).to.deep.equal(["unavailable", "new"]);
      expect(await sweep(context, never)).to.equal(1);
      expect([second.comments.size, second.statusCategory]).to.deep.equal([1, "done"]);
    });

    it("sees the property of each hit: another generation is no duplicate", async () => {
      await filed("a");
      const draft = draftOf("a");
      const later = tracker.file({ ...draft, identity: { ...draft.identity, generation: 2 } });
      clock.set(start + 2 * hour);
      expect(await sweep(context, never)).to.equal(0);
      expect(later.comments.size).to.equal(0);
    });
  });
});
