import { expect } from "chai";
import fc from "fast-check";
import type { OutboxDraft, OutboxEntry } from "../../src/model/outbox.ts";
import type { Store } from "../../src/store/store.ts";
import { BackfeedError } from "../../src/support/errors.ts";
import type { StoreUnderTest } from "./store.contract.ts";
import {
  commentDraft,
  createDraft,
  event,
  evidence,
  evidenceRequest,
  finding,
  idOf,
  minute,
  plain,
  ruleCommit,
  start,
  tick,
  ticketRecord,
} from "./store-builders.ts";

const leaseMs = 2 * minute;

async function decide(store: Store, drafts: readonly OutboxDraft[]): Promise<void> {
  const names = [...new Set(drafts.map((draft) => draft.findingId))];
  const findings = names.map((id) => ({
    finding: finding("any", { id, groupKey: drafts.find((draft) => draft.findingId === id)!.groupKey }),
    events: [],
    outbox: drafts.filter((draft) => draft.findingId === id),
  }));
  expect(await store.state.commitTick(tick([ruleCommit("any", { findings })]))).to.deep.equal([]);
}

function claimAll(store: Store, now: number, owner = "worker", limit = 100): Promise<readonly OutboxEntry[]> {
  return store.outbox.claim({ now, owner, leaseMs, limit });
}

const markers = (entries: readonly OutboxEntry[]) =>
  entries.map((entry) => ("marker" in entry.action ? entry.action.marker : entry.action.kind));

export function storeOutboxPromises(test: StoreUnderTest): void {
  describe("the outbox", () => {
    it("gives an entry to one worker until its lease is over, then to the next", async () => {
      const { store } = test;
      await decide(store, [createDraft("checkout")]);
      const [first] = await claimAll(store, start, "one");
      expect(first).to.deep.include({ state: "pending", lease: { owner: "one", until: start + leaseMs } });
      expect(plain(await store.outbox.get(first!.id))).to.deep.equal(plain(first));
      expect(await claimAll(store, start + leaseMs - 1, "two")).to.deep.equal([]);
      expect((await claimAll(store, start + leaseMs, "two")).map((entry) => entry.lease?.owner)).to.deep.equal(["two"]);
    });

    it("lets the leases of a dead process end by an instant, none later than it would have, and a sent create's at once", async () => {
      const { store } = test;
      await decide(store, [createDraft("checkout")]);
      const [first] = await claimAll(store, start, "dead");
      const release = (until: number) => store.outbox.releaseLeases({ now: start + 1_000, until });
      expect(await release(start + 20_000)).to.equal(1);
      expect(await release(start + 90_000)).to.equal(1);
      expect(await store.outbox.nextDue()).to.equal(start + 20_000);
      expect(await claimAll(store, start + 19_999, "next")).to.deep.equal([]);
      expect((await claimAll(store, start + 20_000, "next")).map(({ state }) => state)).to.deep.equal(["pending"]);
      const sent = { owner: "next", now: start + 20_000, leaseMs };
      expect(await store.outbox.markSending(first!.id, sent)).to.equal(true);
      expect(await release(start + 50_000)).to.equal(1);
      expect((await claimAll(store, start + 1_000, "last")).map(({ state }) => state)).to.deep.equal(["unknown"]);
    });

    it("gives nothing before its time", async () => {
      const { store } = test;
      await decide(store, [createDraft("checkout")]);
      expect(await claimAll(store, start - 1)).to.deep.equal([]);
      const [entry] = await claimAll(store, start);
      await store.outbox.settle(entry!.id, {
        owner: "worker",
        state: "pending",
        now: start,
        nextAttemptAt: start + minute,
        attempts: 1,
        note: "timeout",
      });
      expect(await claimAll(store, start + minute - 1)).to.deep.equal([]);
      expect(await claimAll(store, start + minute)).to.have.length(1);
      expect(await store.outbox.get(entry!.id)).to.deep.include({ attempts: 1, note: "timeout" });
    });

    it("finds a create that was being sent when its worker died as unknown, counted and to be looked for", async () => {
      const { store } = test;
      await decide(store, [createDraft("checkout")]);
      const [entry] = await claimAll(store, start);
      expect(await store.outbox.markSending(entry!.id, { owner: "worker", now: start + 1, leaseMs })).to.equal(true);
      expect(await store.outbox.get(entry!.id)).to.deep.include({ state: "sending" });
      await test.restart();
      const again = test.store;
      expect(await claimAll(again, start + leaseMs, "next")).to.deep.equal([]);
      const [found] = await claimAll(again, start + 1 + leaseMs, "next");
      expect(found).to.deep.include({ id: entry!.id, state: "unknown", lostCreates: 1, looks: 0 });
      expect(plain(await again.outbox.get(entry!.id))).to.deep.equal(plain(found));
    });

    it("lets only the holder of a living lease send, and send once", async () => {
      const { store } = test;
      await decide(store, [createDraft("checkout")]);
      const [entry] = await claimAll(store, start, "one");
      const mark = (owner: string, now: number) => store.outbox.markSending(entry!.id, { owner, now, leaseMs });
      expect(await mark("two", start)).to.equal(false);
      expect(await mark("one", start + leaseMs)).to.equal(false);
      await claimAll(store, start + leaseMs, "one");
      expect(await mark("one", start + leaseMs)).to.equal(true);
      expect(await mark("one", start + leaseMs)).to.equal(false);
      expect(await store.outbox.markSending("999", { owner: "one", now: start, leaseMs })).to.equal(false);
      expect(await store.outbox.markSending("none", { owner: "one", now: start, leaseMs })).to.equal(false);
    });

    it("stores the outcome, the ticket and the event together, and only for the holder", async () => {
      const { store } = test;
      await decide(store, [createDraft("checkout"), commentDraft("checkout", "quiet")]);
      await store.tickets.put(ticketRecord("checkout"));
      const [entry] = await claimAll(store, start, "one");
      const moved = ticketRecord("checkout", { dropped: ["component billing is unknown"] });
      const outcome = {
        owner: "one",
        state: "done",
        now: start + 5,
        note: "filed PAY-1",
        ticket: { generation: 1, change: (record) => ({ ...record, dropped: moved.dropped }) },
        event: event({ kind: "delivery", code: "filed" }),
      } satisfies Parameters<Store["outbox"]["settle"]>[1];
      expect(await store.outbox.settle(entry!.id, { ...outcome, owner: "two" })).to.equal(false);
      expect(plain(await store.tickets.ofFinding(idOf("checkout")))).to.deep.equal(plain(ticketRecord("checkout")));
      expect(await store.outbox.settle(entry!.id, outcome)).to.equal(true);
      expect(await store.outbox.settle(entry!.id, outcome)).to.equal(false);
      expect(plain(await store.tickets.ofFinding(idOf("checkout")))).to.deep.equal(plain(moved));
      expect((await store.history.events(idOf("checkout"))).map((one) => one.code)).to.deep.equal(["filed"]);
      const done = await store.outbox.get(entry!.id);
      expect(done).to.deep.include({ state: "done", note: "filed PAY-1", finishedAt: start + 5, lease: undefined });
      expect(markers(await store.outbox.openOf([idOf("checkout")]))).to.deep.equal(["quiet"]);
    });

    it("undoes all of an outcome when a part cannot be stored", async () => {
      const { store } = test;
      await decide(store, [createDraft("checkout")]);
      const [entry] = await claimAll(store, start);
      await store.tickets.put(ticketRecord("checkout"));
      const broken = { generation: 1, change: () => ticketRecord("checkout", { createdAt: Number.NaN }) };
      const settled = store.outbox.settle(entry!.id, { owner: "worker", state: "done", now: start, ticket: broken });
      expect(await settled.catch((error: unknown) => error)).to.be.instanceOf(BackfeedError);
      expect(await store.outbox.get(entry!.id)).to.deep.include({ state: "pending" });
    });

    it("accepts the outcome of a lease that is over when nobody else took the entry", async () => {
      const { store } = test;
      await decide(store, [createDraft("checkout")]);
      const [entry] = await claimAll(store, start, "one");
      const outcome = { owner: "one", state: "done", now: start + 2 * leaseMs } as const;
      expect(await store.outbox.settle(entry!.id, outcome)).to.equal(true);
    });

    it("sends the entries of a finding one by one, in the order they were decided", async () => {
      const { store } = test;
      await decide(store, [
        createDraft("checkout", { rank: 1 }),
        commentDraft("checkout", "first", { rank: 50 }),
        commentDraft("checkout", "second", { rank: 90 }),
      ]);
      const sent: string[] = [];
      for (let now = start; sent.length < 3; now += minute) {
        const claimed = await claimAll(store, now);
        expect(claimed).to.have.length(1);
        expect(await claimAll(store, now, "other")).to.deep.equal([]);
        sent.push(...markers(claimed));
        await store.outbox.settle(claimed[0]!.id, { owner: "worker", state: "done", now });
      }
      expect(sent).to.deep.equal(["create", "first", "second"]);
    });

    it("holds what follows a parked create back, but not what follows another parked entry or generation", async () => {
      const { store } = test;
      await decide(store, [
        createDraft("stuck"),
        commentDraft("stuck", "waits"),
        createDraft("stuck", { generation: 2 }),
        createDraft("filed"),
        commentDraft("filed", "parked"),
        commentDraft("filed", "goes"),
      ]);
      for (let round = 0; round < 2; round++) {
        for (const entry of await claimAll(store, start)) {
          const park = entry.findingId === idOf("stuck") ? entry.generation === 1 : entry.action.kind === "comment";
          await store.outbox.settle(entry.id, { owner: "worker", state: park ? "parked" : "done", now: start });
        }
      }
      expect(markers(await claimAll(store, start + 1))).to.deep.equal(["goes"]);
      const open = await store.outbox.openOf([idOf("stuck")]);
      expect(open.map((entry) => [entry.generation, entry.state])).to.deep.equal([
        [1, "parked"],
        [1, "pending"],
      ]);
      expect(await store.outbox.counts()).to.deep.equal({
        pending: 2,
        sending: 0,
        unknown: 0,
        done: 2,
        parked: 2,
        dropped: 0,
      });
    });

    it("makes a parked entry due again on an operator's wish, beside none of the same finding", async () => {
      const { store } = test;
      await decide(store, [commentDraft("checkout", "parked"), commentDraft("checkout", "later")]);
      const [first] = await claimAll(store, start);
      await store.outbox.settle(first!.id, { owner: "worker", state: "parked", now: start, attempts: 10, looks: 3 });
      expect(markers(await claimAll(store, start, "busy"))).to.deep.equal(["later"]);
      const retried = await store.outbox.retry(first!.id, start + 1);
      expect(retried).to.deep.include({ state: "pending", attempts: 0, looks: 0, nextAttemptAt: start + 1 });
      expect(await claimAll(store, start + 1)).to.deep.equal([]);
      expect(await store.outbox.nextDue()).to.equal(start + leaseMs);
      expect(markers(await claimAll(store, start + leaseMs))).to.deep.equal(["parked"]);
    });

    it("looks again before it repeats a parked create whose answer was lost", async () => {
      const { store } = test;
      await decide(store, [createDraft("checkout")]);
      const [entry] = await claimAll(store, start);
      await store.outbox.settle(entry!.id, { owner: "worker", state: "parked", now: start, lostCreates: 2, looks: 6 });
      expect(await store.outbox.retry(entry!.id, start)).to.deep.include({
        state: "unknown",
        looks: 0,
        lostCreates: 1,
      });
    });

    it("refuses to retry what is done or does not exist", async () => {
      const { store } = test;
      await decide(store, [createDraft("checkout")]);
      const [entry] = await claimAll(store, start);
      await store.outbox.settle(entry!.id, { owner: "worker", state: "done", now: start });
      const kinds: unknown[] = [];
      for (const id of [entry!.id, "999", "", "1 or 1=1"]) {
        await store.outbox.retry(id, start).catch((error: BackfeedError) => kinds.push(error.kind));
      }
      expect(kinds).to.deep.equal(["conflict", "not_found", "not_found", "not_found"]);
      expect(await store.outbox.get("1 or 1=1")).to.equal(undefined);
    });

    it("tells when the next entry can be had, and how old the oldest open one is", async () => {
      const { store } = test;
      expect([await store.outbox.nextDue(), await store.outbox.oldestOpen()]).to.deep.equal([undefined, undefined]);
      await decide(store, [createDraft("a"), commentDraft("a", "x"), createDraft("b", { createdAt: start + minute })]);
      expect([await store.outbox.nextDue(), await store.outbox.oldestOpen()]).to.deep.equal([start, start]);
      const [entry] = await claimAll(store, start);
      expect(await store.outbox.nextDue()).to.equal(start + minute);
      await store.outbox.settle(entry!.id, { owner: "worker", state: "parked", now: start });
      expect(await store.outbox.nextDue()).to.equal(start + minute);
      const [other] = await claimAll(store, start + minute);
      await store.outbox.markSending(other!.id, { owner: "worker", now: start + minute, leaseMs: 7 * minute });
      expect(await store.outbox.nextDue()).to.equal(start + 8 * minute);
      await store.outbox.settle(other!.id, { owner: "worker", state: "done", now: start + minute });
      expect([await store.outbox.nextDue(), await store.outbox.oldestOpen()]).to.deep.equal([undefined, start]);
    });

    it("gives creates first, then by rank, then oldest, never two of one finding, whatever stands there", async () => {
      const entries = fc.array(
        fc.record({
          finding: fc.integer({ min: 0, max: 5 }),
          create: fc.boolean(),
          rank: fc.integer({ min: 0, max: 3 }),
          age: fc.integer({ min: 0, max: 3 }),
        }),
        { minLength: 1, maxLength: 14 },
      );
      let run = 0;
      await fc.assert(
        fc.asyncProperty(entries, fc.integer({ min: 1, max: 8 }), async (wanted, limit) => {
          const { store } = test;
          // One store for all runs: each run's findings are its own, and what it leaves open is settled at its end.
          run++;
          const drafts = wanted.map((want, index) => {
            const name = `run-${run}-${want.finding}`;
            const rest = { rank: want.rank, createdAt: start - want.age, idempotencyKey: `${run}:${index}` };
            return want.create ? createDraft(name, rest) : commentDraft(name, `m-${index}`, rest);
          });
          await decide(store, drafts);
          const claimed = await claimAll(store, start, "worker", limit);
          // What is stored first of each finding, by its place in the tick's commit.
          const heads = [...new Map([...drafts].reverse().map((draft) => [draft.findingId, draft])).values()];
          const order = (draft: OutboxDraft) => [draft.action.kind === "create" ? 0 : 1, -draft.rank, draft.createdAt];
          const expected = heads.map(order).sort(byParts).slice(0, limit);
          expect(claimed.map(order)).to.deep.equal(expected);
          expect(new Set(claimed.map((entry) => entry.findingId)).size).to.equal(claimed.length);
          for (const entry of claimed) {
            await store.outbox.settle(entry.id, { owner: "worker", state: "dropped", now: start });
          }
          for (let left = await claimAll(store, start); left.length > 0; left = await claimAll(store, start)) {
            for (const entry of left) {
              await store.outbox.settle(entry.id, { owner: "worker", state: "dropped", now: start });
            }
          }
        }),
        { numRuns: 60 },
      );
    });

    it("keeps evidence through a second attempt", async () => {
      const { store } = test;
      await decide(store, [createDraft("checkout")]);
      const [entry] = await claimAll(store, start);
      await store.evidence.put(entry!.id, idOf("checkout"), evidenceRequest(), evidence());
      await store.evidence.put(entry!.id, idOf("checkout"), evidenceRequest(), evidence({ missing: ["all"] }));
      expect(await store.evidence.ofEntry(entry!.id)).to.deep.equal(evidence());
    });
  });
}

function byParts(a: readonly number[], b: readonly number[]): number {
  for (const [index, part] of a.entries()) if (part !== b[index]) return part - (b[index] ?? 0);
  return 0;
}
