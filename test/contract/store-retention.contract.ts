import { expect } from "chai";
import type { StoreUnderTest } from "./store.contract.ts";
import {
  createDraft,
  event,
  evidence,
  evidenceRequest,
  finding,
  firingRule,
  idOf,
  minute,
  quietCounts,
  ruleCommit,
  start,
  tick,
} from "./store-builders.ts";

const nothing = { ticks: 0, evidence: 0, outbox: 0, events: 0, now: 0, deploys: 0 };

export function storeRetentionPromises(test: StoreUnderTest): void {
  describe("retention", () => {
    it("deletes measured windows that are of no use any more", async () => {
      const { store } = test;
      const windows = [0, 1, 2].map((place) => ({ from: start + place * minute, values: new Map([["a", place]]) }));
      const measured = { signal: "one", keepForMs: 10 * minute, windows };
      await store.state.commitTick(tick([{ ...ruleCommit("a"), measured }]));
      expect(await store.retain({ ...nothing, now: start + 10 * minute })).to.equal(0);
      expect(await store.retain({ ...nothing, now: start + 11 * minute + 1 })).to.equal(2);
      const left = await store.state.measuredWindows({ ruleId: "a", signal: "one", since: 0 });
      expect(left.map(({ from }) => from)).to.deep.equal([start + 2 * minute]);
    });

    it("deletes ticks and counts from before an instant", async () => {
      const { store } = test;
      for (let index = 0; index < 5; index++) {
        const at = start + index * minute;
        await store.state.commitTick(tick([ruleCommit("a"), ruleCommit("b")], at));
        await store.state.recordTick({
          schedule: "* * * * *",
          tick: at,
          kind: "evaluated",
          startedAt: at,
          durationMs: 1,
          rules: 2,
          counts: quietCounts,
        });
      }
      expect(await store.retain(nothing)).to.equal(0);
      expect(await store.retain({ ...nothing, ticks: start + 2 * minute })).to.equal(6);
      expect((await store.history.ruleTicks("a", 9)).map((one) => (one.tick - start) / minute)).to.deep.equal([
        4, 3, 2,
      ]);
      expect((await store.history.ticks({ limit: 9 })).items).to.have.length(3);
      expect((await store.state.ruleStates()).size).to.equal(2);
    });

    it("deletes finished outbox entries, and still stores their intent only once", async () => {
      const { store } = test;
      await store.state.commitTick(tick([firingRule("a"), firingRule("b"), firingRule("c")]));
      const claimed = await store.outbox.claim({ now: start, owner: "w", leaseMs: minute, limit: 2 });
      for (const [index, entry] of claimed.entries()) {
        const state = index === 0 ? "done" : "parked";
        await store.outbox.settle(entry.id, { owner: "w", state, now: start + minute });
      }
      expect(await store.retain({ ...nothing, outbox: start + minute })).to.equal(0);
      expect(await store.retain({ ...nothing, outbox: start + minute + 1 })).to.equal(1);
      expect(await store.outbox.get(claimed[0]!.id)).to.equal(undefined);
      await store.state.commitTick(tick([firingRule("a"), firingRule("b"), firingRule("c")]));
      expect(await store.outbox.counts()).to.include({ pending: 1, parked: 1, done: 0 });
      await store.state.commitTick(tick([firingRule("d")]));
      const ids = (await store.history.outbox({ limit: 9 })).items.map((entry) => Number(entry.id));
      expect(Math.max(...ids)).to.be.greaterThan(3);
    });

    it("deletes evidence, except of entries that are not delivered yet", async () => {
      const { store } = test;
      await store.state.commitTick(tick([firingRule("a"), firingRule("b")]));
      const claimed = await store.outbox.claim({ now: start, owner: "w", leaseMs: minute, limit: 2 });
      for (const entry of claimed) {
        await store.evidence.put(entry.id, entry.findingId, evidenceRequest(), evidence({ collectedAt: start }));
      }
      await store.outbox.settle(claimed[0]!.id, { owner: "w", state: "done", now: start });
      expect(await store.retain({ ...nothing, evidence: start + 1 })).to.equal(1);
      expect(await store.evidence.ofEntry(claimed[0]!.id)).to.equal(undefined);
      expect(await store.evidence.ofEntry(claimed[1]!.id)).to.not.equal(undefined);
    });

    it("deletes old events of findings that are closed, and no others", async () => {
      const { store } = test;
      const commits = (["open", "regressed", "quiet", "verified", "suppressed"] as const).map((state) => ({
        finding: finding(state, { state }),
        events: [event(), event({ at: start + minute, code: "later" })],
        outbox: [],
      }));
      commits.push({
        finding: finding("changed", { state: "quiet", changedAt: start + minute }),
        events: [event()],
        outbox: [],
      });
      await store.state.commitTick(tick([ruleCommit("any", { findings: commits })]));
      expect(await store.retain({ ...nothing, events: start + 1 })).to.equal(3);
      const left = async (name: string) => (await store.history.events(idOf(name))).map((one) => one.code);
      expect(await left("open")).to.deep.equal(["new_finding", "later"]);
      expect(await left("regressed")).to.deep.equal(["new_finding", "later"]);
      expect(await left("changed")).to.deep.equal(["new_finding"]);
      expect(await left("verified")).to.deep.equal(["later"]);
    });

    it("deletes a bounded number at a time, and comes to an end", async () => {
      const { store } = test;
      const many = 5_600;
      const drafts = Array.from({ length: many }, (_, index) => createDraft("a", { idempotencyKey: `k-${index}` }));
      const events = Array.from({ length: many }, () => event());
      await store.state.commitTick(
        tick([
          ruleCommit("a", { findings: [{ finding: finding("a", { state: "verified" }), events, outbox: drafts }] }),
        ]),
      );
      const before = { ...nothing, events: start + minute };
      const deleted = [await store.retain(before), await store.retain(before), await store.retain(before)];
      expect(deleted[0]).to.be.lessThan(many);
      expect(deleted[0]! + deleted[1]!).to.equal(many);
      expect(deleted[2]).to.equal(0);
    });
  });

  describe("the store itself", () => {
    it("answers a ping until it is closed, closes twice, and then says so", async () => {
      const { store } = test;
      await store.ping();
      await Promise.all([store.close(), store.close()]);
      await store.close();
      const thrown = (work: Promise<unknown>) => work.catch((error: { kind: string }) => error.kind);
      expect(await thrown(store.ping())).to.equal("unavailable");
      expect(await thrown(store.state.alerts())).to.equal("unavailable");
      expect(await thrown(store.localTickets.byLabel("x"))).to.equal("unavailable");
      expect(await thrown(store.outbox.claim({ now: 0, owner: "w", leaseMs: 1, limit: 1 }))).to.equal("unavailable");
    });
  });
}
