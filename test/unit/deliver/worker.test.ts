import { expect } from "chai";
import { createDeliveryWorker } from "../../../src/deliver/worker.ts";
import { paragraph } from "../../../src/model/document.ts";
import type { Evidence } from "../../../src/model/evidence.ts";
import type { OutboxAction, OutboxDraft } from "../../../src/model/outbox.ts";
import type { TicketDraft } from "../../../src/model/ticket.ts";
import { openSqlStore } from "../../../src/store/sql/open-sql-store.ts";
import type { OutboxStore, Store, TicketStore } from "../../../src/store/store.ts";
import { ManualClock } from "../../../src/support/clock.ts";
import { BackfeedError } from "../../../src/support/errors.ts";
import { type Logger, silentLogger } from "../../../src/support/logging.ts";
import {
  commentDraft,
  createDraft,
  evidenceRequest,
  finding,
  firingRule,
  idOf,
  evidence as proof,
  start,
  tick,
  ticketRecord,
} from "../../contract/store-builders.ts";
import { FakeTracker } from "../../support/fake-tracker.ts";

const leaseMs = 120_000;
const pollMs = 5_000;
const page = { globalId: "backfeed=test&finding=1", url: "https://backfeed.example/1", title: "Backfeed" };
const settled = () => new Promise((resolve) => setImmediate(resolve));

const unavailable = () => new BackfeedError("unavailable", "no answer");
const lost = () => new BackfeedError("unknown_outcome", "the connection was reset");
const aborted = () => new BackfeedError("aborted", "stopped");

function create(name: string, overrides: Partial<Extract<OutboxAction, { kind: "create" }>> = {}): OutboxDraft {
  const draft = createDraft(name);
  if (draft.action.kind !== "create") throw new Error("no create");
  return { ...draft, action: { ...draft.action, page, ...overrides } };
}

function say(name: string, action: Exclude<OutboxAction, { kind: "create" }>): OutboxDraft {
  return { ...commentDraft(name, action.marker), action };
}

const opened: Store[] = [];
after(async () => {
  for (const store of opened) await store.close();
});

interface Options {
  readonly outbox?: (outbox: OutboxStore) => OutboxStore;
  readonly tickets?: (tickets: TicketStore) => TicketStore;
  readonly collect?: (signal: AbortSignal) => Promise<Evidence>;
  readonly redact?: (text: string) => string;
  readonly logger?: Logger;
}

async function world(drafts: readonly OutboxDraft[], options: Options = {}) {
  const store = await openSqlStore({ url: "sqlite::memory:" });
  opened.push(store);
  const ids = new Set(drafts.map(({ findingId }) => findingId));
  for (const id of ids) {
    const name = ["a", "b", "c", "d", "e", "f"].find((each) => idOf(each) === id) ?? "a";
    const outbox = drafts.filter(({ findingId }) => findingId === id);
    await store.state.commitTick(tick([firingRule(name, { finding: finding(name), outbox })]));
  }
  const clock = new ManualClock(start);
  const tracker = new FakeTracker();
  const abort = new AbortController();
  let collected = 0;
  const worker = createDeliveryWorker({
    outbox: options.outbox?.(store.outbox) ?? store.outbox,
    tickets: options.tickets?.(store.tickets) ?? store.tickets,
    evidence: store.evidence,
    trackers: new Map([["jira", tracker]]),
    collectEvidence: (_request, signal) => {
      collected += 1;
      return options.collect?.(signal) ?? Promise.resolve(proof());
    },
    composeDocument: (document, { evidence: { sections } }) => [
      ...document,
      ...sections.map(({ samples, chart }) => paragraph(`${samples.length} samples, ${chart?.name}`)),
    ],
    clock,
    logger: options.logger ?? silentLogger,
    redact: options.redact ?? ((text) => text),
    owner: "worker",
    leaseMs,
    pollMs,
  });
  /** Goes through the time that lies before an instant, from one due entry to the next. */
  const until = async (at: number) => {
    for (;;) {
      await worker.drain(abort.signal);
      const due = await store.outbox.nextDue();
      if (due === undefined || due > at) return;
      clock.set(Math.max(due, clock.now() + 1));
    }
  };
  const entry = async (id = "1") => {
    const found = await store.outbox.get(id);
    if (found === undefined) throw new Error(`no entry ${id}`);
    return found;
  };
  return { store, clock, tracker, abort, worker, until, entry, collected: () => collected };
}

const drain = async (given: Awaited<ReturnType<typeof world>>) => given.worker.drain(given.abort.signal);
const draftOf = (name: string): TicketDraft => {
  const { action } = create(name);
  if (action.kind !== "create") throw new Error("no create");
  return action;
};

describe("delivery", () => {
  describe("of a create", () => {
    it("looks before it files, adds chart and link, and remembers the ticket", async () => {
      const given = await world([create("a")]);
      expect(await drain(given)).to.equal(1);
      expect(given.tracker.calls).to.deep.equal(["find", "create", "attach", "linkBack"]);
      const [issue] = given.tracker.issues.values();
      expect(JSON.stringify(issue?.draft.document)).to.match(/1 samples, backfeed-[0-9a-f]{16}\.png/);
      expect(await given.entry()).to.include({ state: "done", note: "filed SHOP-1" });
      expect(await given.store.tickets.ofFinding(idOf("a"))).to.deep.include({
        ref: issue?.ref,
        generation: 1,
        written: { priority: "High", band: "High" },
      });
    });

    it("adopts what it finds, and files nothing", async () => {
      const given = await world([create("a")]);
      const there = given.tracker.file(draftOf("a"));
      there.status = "In Progress";
      await drain(given);
      expect(given.tracker.count("create")).to.equal(0);
      expect(await given.entry()).to.include({ state: "done", note: "found SHOP-1" });
      // What it says is reconcile's to see, as of every new ticket.
      expect(await given.store.tickets.ofFinding(idOf("a")))
        .to.deep.include({ ref: there.ref })
        .and.not.have.property("seen");
    });

    it("files nothing when the look is not to be trusted", async () => {
      const given = await world([create("a")]);
      given.tracker.fail("find", new BackfeedError("unauthorized", "anonymous"));
      await drain(given);
      expect(given.tracker.count("create")).to.equal(0);
      expect(await given.entry()).to.include({ state: "pending", lostCreates: 0 });
      await given.until(start + 5_000);
      expect(given.tracker.issues.size).to.equal(1);
    });

    it("never repeats a look's lost answer as a lost create", async () => {
      const given = await world([create("a")]);
      given.tracker.fail("find", lost());
      await drain(given);
      expect(await given.entry()).to.include({ state: "pending", lostCreates: 0 });
    });

    it("collects evidence once, whatever is tried again", async () => {
      const given = await world([create("a")]);
      given.tracker.fail("find", unavailable(), unavailable());
      await given.until(start + 60_000);
      expect([given.collected(), given.tracker.issues.size]).to.deep.equal([1, 1]);
    });

    it("does not keep as proof what its own stop cut short", async () => {
      const given: Awaited<ReturnType<typeof world>> = await world([create("a")], {
        collect: async () => {
          given.abort.abort();
          return proof({ series: [], samples: [], chart: undefined, missing: ["chart: stopped"] });
        },
      });
      await drain(given);
      expect(await given.store.evidence.ofEntry("1")).to.equal(undefined);
      expect(await given.entry()).to.include({ state: "pending", attempts: 0, lostCreates: 0 });
      expect(given.tracker.calls).to.deep.equal([]);
    });

    it("waits as long as the tracker asks", async () => {
      const given = await world([create("a")]);
      given.tracker.fail("create", new BackfeedError("rate_limited", "slow down", { retryAfterMs: 77_000 }));
      await drain(given);
      expect(await given.entry()).to.include({ state: "pending", nextAttemptAt: start + 77_000 });
      await given.until(start + 77_000);
      expect(given.tracker.issues.size).to.equal(1);
    });

    it("parks what the tracker refuses, and says why", async () => {
      const given = await world([create("a")]);
      given.tracker.fail("create", new BackfeedError("refused", "issue type Bug does not exist"));
      await drain(given);
      expect(await given.entry()).to.include({ state: "parked", note: "issue type Bug does not exist" });
      await given.until(start + 3_600_000);
      expect(given.tracker.count("create")).to.equal(1);
    });

    it("files when the chart is refused, and notes it", async () => {
      const given = await world([create("a")]);
      given.tracker.fail("attach", new BackfeedError("refused", "attachments are switched off"));
      await drain(given);
      const { state, note } = await given.entry();
      expect([state, note]).to.deep.equal([
        "done",
        "filed SHOP-1; the chart could not be attached: attachments are switched off",
      ]);
    });

    it("tries the chart again, files no second ticket, and gives it up in the end rather than hold up the rest", async () => {
      const given = await world([create("a"), commentDraft("a", "quiet:1")]);
      given.tracker.fail("attach", ...Array.from({ length: 50 }, unavailable));
      await given.until(start + 3_600_000);
      expect([given.tracker.count("create"), given.tracker.count("attach")]).to.deep.equal([1, 11]);
      expect((await given.entry()).note).to.include("the chart could not be attached");
      expect((await given.entry("2")).state).to.equal("done");
    });

    it("does nothing more when its lease was taken while it worked", async () => {
      const given: Awaited<ReturnType<typeof world>> = await world([create("a")], {
        collect: async () => {
          given.clock.advance(leaseMs);
          await given.store.outbox.claim({ now: given.clock.now(), owner: "other", leaseMs, limit: 1 });
          return proof();
        },
      });
      await drain(given);
      expect(given.tracker.count("create")).to.equal(0);
      expect((await given.entry()).lease?.owner).to.equal("other");
    });

    it("does not file when its lease was over before the create would have left", async () => {
      const given: Awaited<ReturnType<typeof world>> = await world([create("a")], {
        collect: async () => {
          given.clock.advance(leaseMs);
          return proof();
        },
      });
      const stop = new AbortController();
      given.tracker.fail("find", () => stop.abort());
      await given.worker.drain(given.abort.signal, stop.signal);
      expect(given.tracker.count("create")).to.equal(0);
    });
  });

  describe("of a create whose answer was lost", () => {
    it("looks for it over the settle window and adopts it when the search shows it", async () => {
      const given = await world([create("a")]);
      given.tracker.indexLag = 2;
      given.tracker.loseAnswer("create", lost());
      await drain(given);
      expect(await given.entry()).to.include({ state: "unknown", lostCreates: 1, nextAttemptAt: start + 2_000 });
      await given.until(start + 3_600_000);
      expect([given.tracker.count("create"), given.tracker.issues.size]).to.deep.equal([1, 1]);
      expect(await given.entry()).to.include({ state: "done", note: "found SHOP-1" });
    });

    it("knows what people changed on it until it was found, and takes none of that for its own", async () => {
      const given = await world([create("a")]);
      given.tracker.indexLag = 2;
      given.tracker.loseAnswer("create", lost());
      await drain(given);
      const [issue] = given.tracker.issues.values();
      Object.assign(issue ?? {}, { priority: "Low", edited: ["priority"] });
      await given.until(start + 3_600_000);
      expect(await given.entry()).to.include({ state: "done", note: "found SHOP-1" });
      expect((await given.store.tickets.ofFinding(idOf("a")))?.peoples).to.deep.equal(["priority"]);
    });

    it("sends it once more when nothing is found, at the end of the window and not before", async () => {
      const given = await world([create("a")]);
      given.tracker.fail("create", lost());
      await given.until(start + 21_999);
      expect(given.tracker.count("create")).to.equal(1);
      await given.until(start + 22_100);
      expect([given.tracker.count("create"), given.tracker.issues.size]).to.deep.equal([2, 1]);
    });

    it("parks it when it was lost twice, and never sends a third", async () => {
      const given = await world([create("a")]);
      given.tracker.fail("create", lost(), lost());
      await given.until(start + 86_400_000);
      expect(given.tracker.count("create")).to.equal(2);
      expect(await given.entry()).to.include({ state: "parked", lostCreates: 2 });
    });

    it("goes on looking when a look fails", async () => {
      const given = await world([create("a")]);
      given.tracker.loseAnswer("create", lost());
      await drain(given);
      given.tracker.fail("find", unavailable(), new BackfeedError("rate_limited", "wait", { retryAfterMs: 9_000 }));
      await given.until(start + 3_600_000);
      expect(given.tracker.issues.size).to.equal(1);
    });

    for (const [what, error] of [
      ["a stop in the middle of it", aborted()],
      ["a fault of ours in reading the answer", new TypeError("cannot read properties of undefined")],
    ] as const) {
      it(`takes ${what} for that too, since the bytes may have left`, async () => {
        const given = await world([create("a")]);
        given.tracker.indexLag = 1;
        given.tracker.loseAnswer("create", error);
        await given.until(start + 3_600_000);
        expect([given.tracker.count("create"), given.tracker.issues.size]).to.deep.equal([1, 1]);
      });
    }

    it("takes a ticket that could not be written down for that too", async () => {
      let broken = true;
      const given = await world([create("a")], {
        tickets: (tickets) => ({
          ...tickets,
          put: async (record) => {
            if (broken) throw new BackfeedError("unavailable", "the disk is full");
            await tickets.put(record);
          },
        }),
      });
      given.tracker.indexLag = 1;
      await drain(given);
      broken = false;
      await given.until(start + 3_600_000);
      expect([given.tracker.count("create"), given.tracker.issues.size]).to.deep.equal([1, 1]);
      expect((await given.entry()).state).to.equal("done");
    });
  });

  describe("of words to a ticket", () => {
    const filed = async (...drafts: readonly OutboxDraft[]) => {
      const given = await world(drafts);
      const issue = given.tracker.file(draftOf("a"));
      await given.store.tickets.put(ticketRecord("a", { ref: issue.ref }));
      return { ...given, issue };
    };

    it("waits for its create", async () => {
      const given = await world([create("a"), commentDraft("a", "quiet:1")]);
      given.tracker.fail("create", unavailable());
      await drain(given);
      expect(given.tracker.count("comment")).to.equal(0);
      await given.until(start + 60_000);
      const [issue] = given.tracker.issues.values();
      expect([...(issue?.comments.keys() ?? [])]).to.deep.equal(["quiet:1"]);
    });

    it("shares an issue that people made of two tickets, and takes no comment of the other for its own", async () => {
      const given = await filed(commentDraft("a", "quiet:1"), commentDraft("b", "quiet:1"));
      const former = { id: "1", key: "SHOP-0", url: "" };
      await given.store.tickets.put(ticketRecord("b", { ref: given.issue.ref, formerRefs: [former] }));
      await drain(given);
      expect([...given.issue.comments.keys()]).to.have.members(["quiet:1", `${idOf("b")}:quiet:1`]);
    });

    it("says a thing once, though its answer was lost", async () => {
      const given = await filed(commentDraft("a", "quiet:1"));
      given.tracker.loseAnswer("comment", lost());
      await given.until(start + 60_000);
      expect([given.issue.comments.size, (await given.entry()).state]).to.deep.equal([1, "done"]);
    });

    describe("with evidence", () => {
      const joins = () =>
        say("a", {
          kind: "comment",
          marker: "joined:slow",
          document: [],
          evidence: { ...evidenceRequest(), joins: true },
        });

      it("attaches the charts before it names them, and collects once however often it is tried", async () => {
        const given = await filed(joins());
        given.tracker.fail("comment", unavailable());
        given.tracker.loseAnswer("comment", lost());
        await given.until(start + 60_000);
        const { calls } = given.tracker;
        expect(calls.indexOf("attach")).to.be.within(0, calls.indexOf("comment"));
        expect([given.collected(), given.issue.comments.size, given.issue.attachments.size]).to.deep.equal([1, 1, 1]);
        const said = JSON.stringify([...given.issue.comments.values()]);
        expect(said).to.match(/1 samples, backfeed-[0-9a-f]{16}\.png/);
        expect((await given.store.evidence.newest(idOf("a")))?.request.joins).to.equal(undefined);
        expect((await given.store.evidence.newest(idOf("a")))?.request.sections).to.have.length(1);
      });

      it("says what it has to say although its chart is refused, and notes that", async () => {
        const given = await filed(joins());
        given.tracker.fail("attach", new BackfeedError("refused", "attachments are switched off"));
        await drain(given);
        const { state, note } = await given.entry();
        expect([state, given.issue.comments.size]).to.deep.equal(["done", 1]);
        expect(note).to.equal("written on the ticket; the chart could not be attached: attachments are switched off");
      });

      it("collects nothing for a ticket that people closed", async () => {
        const given = await filed(joins());
        given.issue.statusCategory = "done";
        await drain(given);
        expect([given.collected(), given.tracker.count("attach")]).to.deep.equal([0, 0]);
      });
    });

    it("drops what it would have said on a ticket that people closed, and has reconcile look at it next", async () => {
      const given = await filed(commentDraft("a", "quiet:1"));
      await given.store.tickets.put(ticketRecord("b"));
      await given.store.tickets.looked([{ findingId: idOf("b"), generation: 1 }], start);
      await given.store.tickets.looked([{ findingId: idOf("a"), generation: 1 }], start + 60_000);
      given.issue.statusCategory = "done";
      given.issue.status = "Done";
      await drain(given);
      expect([given.issue.comments.size, (await given.entry()).state]).to.deep.equal([0, "dropped"]);
      const [next] = await given.store.tickets.live({
        tracker: "jira",
        lookedBefore: start + 1_000_000,
        lookedAfter: start + 2_000_000,
        endedAfter: 0,
        limit: 1,
      });
      expect([next?.findingId, next?.seen]).to.deep.equal([idOf("a"), undefined]);
    });

    it("drops what it would have said on a ticket that is gone", async () => {
      const given = await filed(commentDraft("a", "quiet:1"));
      given.tracker.issues.clear();
      await drain(given);
      expect(await given.entry()).to.include({ state: "dropped", note: "the ticket was deleted or is out of reach" });
    });

    it("drops what belongs to a ticket that was never filed", async () => {
      const given = await world([commentDraft("a", "quiet:1")]);
      await drain(given);
      expect((await given.entry()).state).to.equal("dropped");
    });

    it("writes a priority that is still its own", async () => {
      const given = await filed(say("a", { kind: "priority", band: "Highest", marker: "priority:1", document: [] }));
      await drain(given);
      expect([given.issue.priority, given.issue.comments.size]).to.deep.equal(["Highest", 0]);
      expect((await given.store.tickets.ofFinding(idOf("a")))?.written).to.deep.equal({
        priority: "Highest",
        band: "Highest",
      });
    });

    it("keeps a person's priority and says what it would have written", async () => {
      const given = await filed(say("a", { kind: "priority", band: "Highest", marker: "priority:1", document: [] }));
      given.issue.priority = "Lowest";
      await drain(given);
      expect([given.issue.priority, [...given.issue.comments.keys()]]).to.deep.equal(["Lowest", ["priority:1"]]);
      expect((await given.store.tickets.ofFinding(idOf("a")))?.written.priority).to.equal("High");
    });

    it("keeps one summary comment", async () => {
      const summary = { kind: "summary", marker: "summary", document: [] } as const;
      const given = await filed(say("a", summary), { ...say("a", summary), idempotencyKey: "second" });
      await drain(given);
      await drain(given);
      expect([...given.issue.comments.keys()]).to.deep.equal(["summary"]);
    });

    it("comments before it moves the ticket, and does neither twice", async () => {
      const given = await filed(say("a", { kind: "transition", category: "done", marker: "quiet:1", document: [] }));
      given.tracker.fail("transition", unavailable());
      await given.until(start + 60_000);
      expect([given.issue.comments.size, given.issue.statusCategory]).to.deep.equal([1, "done"]);
    });
  });

  it("does not let one entry's failure touch another's", async () => {
    const given = await world([create("a"), create("b"), create("c")]);
    given.tracker.fail("find", new BackfeedError("refused", "no"));
    await drain(given);
    expect(given.tracker.issues.size).to.equal(2);
  });

  it("takes secrets out of what a tracker said before it is stored", async () => {
    const given = await world([create("a")], { redact: (text) => text.replaceAll("hunter2", "<secret>") });
    given.tracker.fail("create", new BackfeedError("refused", "token hunter2 is not allowed"));
    await drain(given);
    expect((await given.entry()).note).to.equal("token <secret> is not allowed");
    const events = await given.store.history.events(idOf("a"));
    expect(JSON.stringify(events)).to.include("<secret>").and.to.not.include("hunter2");
  });

  it("does not repeat at once what stopped without being told to", async () => {
    const given = await world([create("a")]);
    given.tracker.fail("find", ...Array.from({ length: 5 }, aborted));
    expect(await drain(given)).to.equal(1);
    expect(await given.entry()).to.include({ state: "pending", nextAttemptAt: start + 5_000 });
  });

  it("lets every attempt end before it gives a failure of the store on", async () => {
    let ended = 0;
    const given = await world([create("a"), create("b")], {
      outbox: (outbox) => ({
        ...outbox,
        settle: async (id, outcome) => {
          if (id === "1") throw new BackfeedError("unavailable", "the disk is full");
          await settled();
          ended += 1;
          return outbox.settle(id, outcome);
        },
      }),
    });
    let thrown: unknown;
    await drain(given).catch((error: unknown) => {
      thrown = error;
      expect(ended).to.equal(1);
    });
    expect(thrown).to.be.instanceOf(BackfeedError);
  });

  describe("running", () => {
    async function running(drafts: readonly OutboxDraft[], options: Options = {}) {
      let claims = 0;
      const given = await world(drafts, {
        ...options,
        outbox: (outbox) => {
          const inner = options.outbox?.(outbox) ?? outbox;
          return {
            ...inner,
            claim: (request) => {
              claims += 1;
              return inner.claim(request);
            },
          };
        },
      });
      const stop = new AbortController();
      const ended = given.worker.run(given.abort.signal, stop.signal);
      const asleep = async () => {
        for (let turn = 0; turn < 5_000 && given.clock.sleeping === 0; turn += 1) await settled();
        expect(given.clock.sleeping).to.equal(1);
      };
      return { ...given, stop, ended, asleep, claims: () => claims };
    }

    it("sleeps when nothing is due and wakes when something is", async () => {
      const given = await running([create("a")]);
      given.tracker.fail("create", unavailable());
      await given.asleep();
      expect(given.tracker.issues.size).to.equal(0);
      given.clock.advance(5_000);
      await given.asleep();
      expect(given.tracker.issues.size).to.equal(1);
      given.stop.abort();
      await given.ended;
      expect(given.clock.sleeping).to.equal(0);
    });

    it("looks when it is woken, as often as it is woken", async () => {
      const given = await running([]);
      for (let woken = 1; woken <= 5; woken += 1) {
        await given.asleep();
        expect(given.claims()).to.equal(woken);
        given.worker.wake();
        await settled();
      }
      given.abort.abort();
      await given.ended;
    });

    it("does not lose a wake that comes while it works", async () => {
      const given: Awaited<ReturnType<typeof running>> = await running([create("a")], {
        collect: async () => {
          given.worker.wake();
          return proof();
        },
      });
      await given.asleep();
      // One for the entry, one that found nothing more, and those of the wake.
      expect(given.claims()).to.equal(3);
      given.stop.abort();
      await given.ended;
    });

    it("never turns without a pause on an entry that another worker holds", async () => {
      const given = await running([]);
      await given.asleep();
      await given.store.state.commitTick(tick([firingRule("a", { outbox: [create("a")] })]));
      await given.store.outbox.claim({ now: start, owner: "other", leaseMs, limit: 1 });
      const before = given.claims();
      for (let poll = 0; poll < 4; poll += 1) {
        given.clock.advance(pollMs);
        await given.asleep();
      }
      expect(given.claims() - before).to.be.at.most(5);
      given.stop.abort();
      await given.ended;
    });

    it("reports a store that fails, waits, and goes on when it works again", async () => {
      const codes: string[] = [];
      let failures = 3;
      const given = await running([create("a")], {
        logger: { ...silentLogger, error: (code: string) => void codes.push(code) },
        outbox: (outbox) => ({
          ...outbox,
          claim: (request) => {
            failures -= 1;
            return failures >= 0 ? Promise.reject(unavailable()) : outbox.claim(request);
          },
        }),
      });
      for (let poll = 0; poll < 3; poll += 1) {
        await given.asleep();
        given.clock.advance(pollMs);
      }
      await given.asleep();
      expect(codes).to.deep.equal(Array(3).fill("OUTBOX_WORKER_FAILED"));
      expect(given.tracker.issues.size).to.equal(1);
      given.stop.abort();
      await given.ended;
    });

    it("ends what is under way when it is told to stop, and takes nothing more", async () => {
      const given: Awaited<ReturnType<typeof running>> = await running(
        ["a", "b", "c", "d", "e", "f"].map((name) => create(name)),
        {
          collect: async () => {
            given.stop.abort();
            return proof();
          },
        },
      );
      await given.ended;
      expect(given.tracker.issues.size).to.equal(4);
    });
  });
});
