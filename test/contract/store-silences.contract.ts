import { expect } from "chai";
import type { Silence } from "../../src/model/silence.ts";
import type { Refiled, RefileRequest } from "../../src/store/store.ts";
import type { StoreUnderTest } from "./store.contract.ts";
import {
  commentDraft,
  createDraft,
  event,
  finding,
  firingRule,
  idOf,
  minute,
  plain,
  ruleCommit,
  start,
  tick,
  ticketRecord,
} from "./store-builders.ts";

const hour = 60 * minute;

function draft(overrides: Partial<Silence> = {}): Omit<Silence, "id" | "endedAt"> {
  return {
    matchers: { "service.name": "checkout" },
    ruleId: "checkout-errors",
    author: "anna",
    reason: "the provider moves its data centre",
    startsAt: start,
    endsAt: start + hour,
    createdAt: start,
    ...overrides,
  };
}

const kindOf = (work: Promise<unknown>) => work.catch((error: { kind: string }) => error.kind);
const idsOf = (silences: readonly Silence[]) => silences.map(({ id }) => id);

export function storeSilencePromises(test: StoreUnderTest): void {
  describe("silences", () => {
    it("come back as they were given, with an id, also after a restart", async () => {
      const hostile = { ["__proto__"]: "x", "a\u0000b": "\ud800", constructor: "'; drop table silences" };
      const given = draft({ matchers: hostile, ruleId: undefined, reason: "</script>" });
      const added = await test.store.silences.add(given);
      await test.restart();
      const [found] = await test.store.silences.active(start);
      expect(plain(found)).to.deep.equal(plain({ ...given, id: added.id }));
      expect(Object.keys(found!.matchers)).to.have.members(Object.keys(hostile));
    });

    it("hold from their start to just before their end", async () => {
      const { id } = await test.store.silences.add(draft());
      const active = async (at: number) => idsOf(await test.store.silences.active(at));
      expect(await active(start - 1)).to.deep.equal([]);
      expect(await active(start)).to.deep.equal([id]);
      expect(await active(start + hour - 1)).to.deep.equal([id]);
      expect(await active(start + hour)).to.deep.equal([]);
    });

    it("can be ended once, and still held before that", async () => {
      const { silences } = test.store;
      const { id } = await silences.add(draft());
      expect(await silences.end(id, start + minute)).to.include({ id, endedAt: start + minute });
      expect(idsOf(await silences.active(start + minute - 1))).to.deep.equal([id]);
      expect(await silences.active(start + minute)).to.deep.equal([]);
      expect(await kindOf(silences.end(id, start + 2 * minute))).to.equal("conflict");
      const over = await silences.add(draft());
      expect(await kindOf(silences.end(over.id, start + hour))).to.equal("conflict");
      for (const unknown of ["99", "x", "1; drop table silences"]) {
        expect(await kindOf(silences.end(unknown, start))).to.equal("not_found");
      }
    });

    it("are listed by page, newest first", async () => {
      const { silences } = test.store;
      for (let index = 0; index < 5; index++) await silences.add(draft({ reason: `${index}` }));
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await silences.list({ limit: 2, ...(cursor === undefined ? {} : { cursor }) });
        seen.push(...page.items.map(({ reason }) => reason));
        cursor = page.next;
      } while (cursor !== undefined);
      expect(seen).to.deep.equal(["4", "3", "2", "1", "0"]);
      expect(await kindOf(silences.list({ limit: 2, cursor: "bm9uc2Vuc2U" }))).to.equal("invalid_request");
    });

    it("are at most a thousand at once", async () => {
      const { silences } = test.store;
      for (let index = 0; index < 1_000; index++) await silences.add(draft());
      expect(await kindOf(silences.add(draft()))).to.equal("limit");
      await silences.end("7", start + minute);
      expect(await silences.add(draft({ createdAt: start + minute }))).to.have.property("id");
    });

    it("are deleted when they have been over for the time of events, and their ids are not given again", async () => {
      const { store } = test;
      const early = await store.silences.add(draft());
      const late = await store.silences.add(draft({ endsAt: start + 9 * hour }));
      const before = { ticks: 0, evidence: 0, outbox: 0, events: start + hour, now: 0, deploys: 0 };
      expect(await store.retain(before)).to.equal(0);
      expect(await store.retain({ ...before, events: start + hour + 1 })).to.equal(1);
      expect(idsOf((await store.silences.list({ limit: 9 })).items)).to.deep.equal([late.id]);
      expect(await store.retain({ ...before, events: start + 10 * hour })).to.equal(1);
      expect([early.id, late.id]).not.to.include((await store.silences.add(draft())).id);
    });
  });

  describe("filing anew", () => {
    const again = (request: RefileRequest): Refiled => ({
      finding: { ...request.finding, generation: request.finding.generation + 1 },
      event: event({ at: start + minute, kind: "operator", code: "finding_refiled" }),
      drop: request.open,
      note: "overtaken",
    });

    it("sees the finding with its record and open entries, and stores all of what was judged", async () => {
      const { store } = test;
      const outbox = [createDraft("a"), commentDraft("a", "quiet:1"), commentDraft("a", "quiet:2")];
      await store.state.commitTick(tick([firingRule("a", { outbox }), firingRule("b")]));
      const [create] = await store.outbox.claim({ now: start, owner: "w", leaseMs: minute, limit: 1 });
      await store.tickets.put(ticketRecord("a"));
      await store.outbox.settle(create!.id, { owner: "w", state: "done", now: start });
      let seen: RefileRequest | undefined;
      const refiled = await store.state.refile(idOf("a"), start + minute, (request) => {
        seen = request;
        return again(request);
      });
      expect(seen?.ticket).to.deep.equal(plain(ticketRecord("a")));
      expect(seen?.open.map(({ action }) => action.kind)).to.deep.equal(["comment", "comment"]);
      await test.restart();
      expect(plain(await test.store.history.finding(idOf("a")))).to.deep.equal(plain(refiled));
      expect(plain(refiled)).to.deep.equal(plain(finding("a", { generation: 2 })));
      expect((await test.store.history.events(idOf("a"))).at(-1)).to.include({ code: "finding_refiled" });
      const dropped = (await test.store.history.outbox({ limit: 9, state: "dropped" })).items;
      expect(dropped).to.have.length(2);
      for (const entry of dropped) expect(entry).to.include({ note: "overtaken", finishedAt: start + minute });
      expect(await test.store.outbox.counts()).to.include({ done: 1, pending: 1, dropped: 2 });
      expect((await test.store.tickets.ofFinding(idOf("a")))?.generation).to.equal(1);
    });

    it("stores nothing when the judge refuses, and knows no finding that is not there", async () => {
      const { store } = test;
      await store.state.commitTick(tick([firingRule("a")]));
      const refuse = () => {
        throw Object.assign(new Error("no"), { name: "refused" });
      };
      await store.state.refile(idOf("a"), start, refuse).then(
        () => expect.fail("it was stored"),
        () => undefined,
      );
      expect(plain(await store.history.finding(idOf("a")))).to.deep.equal(plain(finding("a")));
      expect(await store.outbox.counts()).to.include({ pending: 1, dropped: 0 });
      expect(await kindOf(store.state.refile(idOf("none"), start, again))).to.equal("not_found");
    });

    it("takes a create from a worker that has not sent it yet", async () => {
      const { store } = test;
      await store.state.commitTick(tick([firingRule("a")]));
      const [claimed] = await store.outbox.claim({ now: start, owner: "w", leaseMs: minute, limit: 1 });
      await store.state.refile(idOf("a"), start, again);
      const { id } = claimed!;
      expect(await store.outbox.markSending(id, { owner: "w", now: start, leaseMs: minute })).to.equal(false);
      expect(await store.outbox.settle(id, { owner: "w", state: "done", now: start })).to.equal(false);
      expect(await store.outbox.nextDue()).to.equal(undefined);
    });

    it("lets the next generation's create through, and its record is the one that counts", async () => {
      const { store } = test;
      await store.state.commitTick(tick([firingRule("a")]));
      const [first] = await store.outbox.claim({ now: start, owner: "w", leaseMs: minute, limit: 1 });
      await store.outbox.settle(first!.id, { owner: "w", state: "parked", now: start });
      const refiled = await store.state.refile(idOf("a"), start, again);
      const outbox = [createDraft("a", { generation: 2 })];
      await store.state.commitTick(tick([ruleCommit("a", { findings: [{ finding: refiled, events: [], outbox }] })]));
      const [second] = await store.outbox.claim({ now: start, owner: "w", leaseMs: minute, limit: 9 });
      expect(second).to.include({ generation: 2, state: "pending" });
      const record = ticketRecord("a", { generation: 2, ref: { id: "2", key: "PAY-2", url: "" } });
      await store.tickets.put(record);
      await store.outbox.settle(second!.id, { owner: "w", state: "done", now: start });
      expect((await store.tickets.ofFinding(idOf("a")))?.ref.key).to.equal("PAY-2");
    });
  });
}
