import { expect } from "chai";
import type { TicketRecord } from "../../src/model/ticket.ts";
import type { TicketEdit, WebhookHint } from "../../src/model/ticket-life.ts";
import type { Store } from "../../src/store/store.ts";
import { BackfeedError } from "../../src/support/errors.ts";
import type { StoreUnderTest } from "./store.contract.ts";
import { event, finding, idOf, minute, plain, ruleCommit, start, tick, ticketRecord } from "./store-builders.ts";

const hour = 60 * minute;
const nothing = { ticks: 0, evidence: 0, outbox: 0, events: 0, now: 0, deploys: 0 };

/** A stored record with an issue of its own. */
async function given(store: Store, name: string, issue: number, overrides: Partial<TicketRecord> = {}): Promise<void> {
  const ref = { id: String(issue), key: `PAY-${issue}`, url: `https://jira.example/browse/PAY-${issue}` };
  const findings = [{ finding: finding(name), events: [], outbox: [] }];
  await store.state.commitTick(tick([ruleCommit(name, { findings })]));
  await store.tickets.put(ticketRecord(name, { ref, ...overrides }));
}

function edit(overrides: Partial<TicketEdit> = {}): TicketEdit {
  return {
    at: start,
    findingId: idOf("a"),
    generation: 1,
    tracker: "jira",
    issueId: "1",
    field: "priority",
    from: "High",
    to: "Low",
    who: "Alice",
    ...overrides,
  };
}

function hint(deliveryId: string, overrides: Partial<WebhookHint> = {}): WebhookHint {
  return {
    tracker: "jira",
    deliveryId,
    issueId: "10001",
    who: undefined,
    adopts: false,
    receivedAt: start,
    ...overrides,
  };
}

const keys = (records: readonly TicketRecord[]) => records.map(({ ref }) => ref.key);

export function storeTicketPromises(test: StoreUnderTest): void {
  describe("ticket records", () => {
    it("are changed from what they are, with events and edits, and survive a restart", async () => {
      await given(test.store, "a", 1);
      const key = { findingId: idOf("a"), generation: 1 };
      const first = test.store.tickets.change(key, (record) => ({
        record: { ...record, written: { ...record.written, priority: "Low" } },
      }));
      const second = test.store.tickets.change(key, (record) => ({
        record: { ...record, snoozedUntil: start + hour },
        events: [event({ kind: "ticket", code: "ticket_snoozed" })],
        edits: [edit(), edit({ field: "summary", who: undefined })],
      }));
      await Promise.all([first, second]);
      await test.restart();
      const { store } = test;
      const written = { priority: "Low", band: "High" } as const;
      expect(await store.tickets.ofFinding(idOf("a"))).to.deep.include({ written, snoozedUntil: start + hour });
      expect((await store.history.events(idOf("a"))).map(({ code }) => code)).to.deep.equal(["ticket_snoozed"]);
      expect(plain(await store.tickets.edits(idOf("a"), 9))).to.deep.equal(
        plain([edit({ field: "summary", who: undefined }), edit()]),
      );
    });

    it("stay as they are when nothing is to change, when a part cannot be stored, and when there is none", async () => {
      const { store } = test;
      await given(store, "a", 1);
      const key = { findingId: idOf("a"), generation: 1 };
      const before = await store.tickets.ofFinding(idOf("a"));
      expect(await store.tickets.change(key, () => undefined)).to.deep.equal(before);
      const broken = store.tickets.change(key, (record) => ({
        record: { ...record, snoozedUntil: start },
        edits: [edit({ at: Number.NaN })],
      }));
      expect(await broken.catch((error: unknown) => error)).to.be.instanceOf(BackfeedError);
      expect(await store.tickets.ofFinding(idOf("a"))).to.deep.equal(before);
      expect(await store.tickets.edits(idOf("a"), 9)).to.deep.equal([]);
      const never = () => expect.fail("there is nothing to change");
      expect(await store.tickets.change({ ...key, generation: 2 }, never)).to.equal(undefined);
    });

    it("are found by the tracker's ids, also after their issue became another", async () => {
      const { store } = test;
      await given(store, "a", 1);
      await given(store, "b", 2);
      await given(store, "c", 1, { tracker: "local" });
      await store.tickets.change({ findingId: idOf("b"), generation: 1 }, (record) => ({
        record: { ...record, ref: { id: "7", key: "PAY-7", url: "" } },
      }));
      await given(store, "d", 7);
      await given(store, "e", 7);
      await given(store, "e", 8, { generation: 2 });
      const found = await store.tickets.byIssueIds("jira", ["1", "2", "7"]);
      expect(found.map(({ ref, findingId }) => [ref.id, findingId])).to.have.deep.members([
        ["1", idOf("a")],
        ["7", idOf("b")],
        ["7", idOf("d")],
      ]);
    });

    it("are looked at in turn: those that were not for longest first, of each finding the newest, none that ended long ago", async () => {
      const { store } = test;
      const closed = { at: start, as: "done", by: "people", band: "High", status: "Done", resolution: "Done" } as const;
      await given(store, "a", 1);
      await given(store, "b", 2);
      await given(store, "b", 3, { generation: 2 });
      await given(store, "c", 4, { closed: { ...closed, at: start - hour } });
      await given(store, "d", 5, { gone: { at: start + hour }, closed });
      await given(store, "e", 6, { tracker: "local" });
      const live = (limit = 9) =>
        store.tickets.live({
          tracker: "jira",
          lookedBefore: start + 1_000_000,
          lookedAfter: start + 2_000_000,
          endedAfter: start,
          limit,
        });
      expect(keys(await live())).to.have.members(["PAY-1", "PAY-3", "PAY-5"]);
      await store.tickets.looked([{ findingId: idOf("a"), generation: 1 }], start + 2);
      await store.tickets.looked([{ findingId: idOf("d"), generation: 1 }], start + 1);
      expect(keys(await live())).to.deep.equal(["PAY-3", "PAY-5", "PAY-1"]);
      const before = { tracker: "jira", lookedBefore: start + 1, lookedAfter: start + 9, endedAfter: start, limit: 9 };
      expect(keys(await store.tickets.live(before))).to.deep.equal(["PAY-3", "PAY-5"]);
      const clockPutBack = { ...before, lookedAfter: start + 1 };
      expect(keys(await store.tickets.live(clockPutBack))).to.deep.equal(["PAY-3", "PAY-5", "PAY-1"]);
      await store.tickets.change({ findingId: idOf("d"), generation: 1 }, (record) => ({
        record: { ...record, gone: undefined, closed: undefined },
      }));
      expect(keys(await live(2))).to.deep.equal(["PAY-3", "PAY-5"]);
    });

    it("are given when their finding's time comes, the most overdue first", async () => {
      const { store } = test;
      await given(store, "a", 1, { attendAt: start + 2 });
      await given(store, "b", 2, { attendAt: start + 1 });
      await given(store, "c", 3);
      expect(await store.tickets.due(start, 9)).to.deep.equal([]);
      expect(keys(await store.tickets.due(start + 2, 9))).to.deep.equal(["PAY-2", "PAY-1"]);
      await store.tickets.change({ findingId: idOf("b"), generation: 1 }, (record) => ({
        record: { ...record, attendAt: undefined },
      }));
      expect(keys(await store.tickets.due(start + 2, 9))).to.deep.equal(["PAY-1"]);
    });

    it("are looked through for duplicates two hours and a day after their ticket was filed, and then no more", async () => {
      const { store } = test;
      await given(store, "a", 1);
      const due = async (now: number) => keys(await store.tickets.unswept({ tracker: "jira", now, limit: 9 }));
      const swept = (sweptAt: number) =>
        store.tickets.change({ findingId: idOf("a"), generation: 1 }, (record) => ({ record: { ...record, sweptAt } }));
      expect(await due(start + 2 * hour - 1)).to.deep.equal([]);
      expect(await due(start + 2 * hour)).to.deep.equal(["PAY-1"]);
      await swept(start + 3 * hour);
      expect(await due(start + 23 * hour)).to.deep.equal([]);
      expect(await due(start + 24 * hour)).to.deep.equal(["PAY-1"]);
      await swept(start + 24 * hour);
      expect(await due(start + 999 * hour)).to.deep.equal([]);
    });

    it("know up to when each tracker's changes were asked for", async () => {
      const { tickets } = test.store;
      expect(await tickets.reconciledTo("jira")).to.equal(undefined);
      await tickets.setReconciledTo("jira", start);
      await tickets.setReconciledTo("jira", start + 1);
      await test.restart();
      expect(await test.store.tickets.reconciledTo("jira")).to.equal(start + 1);
      expect(await test.store.tickets.reconciledTo("local")).to.equal(undefined);
    });

    it("forget people's edits with the timelines", async () => {
      const { store } = test;
      await given(store, "a", 1);
      await store.tickets.change({ findingId: idOf("a"), generation: 1 }, (record) => ({
        record,
        edits: [edit(), edit({ at: start + 1 })],
      }));
      expect(await store.retain({ ...nothing, events: start + 1 })).to.equal(1);
      expect(await store.tickets.edits(idOf("a"), 9)).to.have.length(1);
    });
  });

  describe("the webhook inbox", () => {
    it("stores a delivery once, tells repetitions, and keeps the order", async () => {
      const { inbox } = test.store;
      expect(await inbox.receive(hint("one", { who: "Alice \u0000 \ud800", adopts: true }))).to.equal("stored");
      expect(await inbox.receive(hint("two", { issueId: "7" }))).to.equal("stored");
      expect(await inbox.receive(hint("one"))).to.equal("repeated");
      expect(await inbox.receive(hint("one", { tracker: "other" }))).to.equal("stored");
      await test.restart();
      const waiting = await test.store.inbox.pending("jira", 9);
      expect(waiting.map(({ deliveryId, issueId, adopts }) => [deliveryId, issueId, adopts])).to.deep.equal([
        ["one", "10001", true],
        ["two", "7", false],
      ]);
      expect(waiting[0]?.who).to.equal("Alice \u0000 \ud800");
      expect(await test.store.inbox.pending("jira", 1)).to.have.length(1);
    });

    it("gives no hint again that was looked at, and knows its repetition until it is forgotten", async () => {
      const { store } = test;
      await store.inbox.receive(hint("one"));
      const [waiting] = await store.inbox.pending("jira", 9);
      await store.inbox.done([waiting!.id, "none", "999"], start);
      expect(await store.inbox.pending("jira", 9)).to.deep.equal([]);
      expect(await store.inbox.receive(hint("one"))).to.equal("repeated");
      expect(await store.retain({ ...nothing, ticks: start })).to.equal(0);
      expect(await store.retain({ ...nothing, ticks: start + 1 })).to.equal(1);
      expect(await store.inbox.receive(hint("one"))).to.equal("stored");
    });
  });
}
