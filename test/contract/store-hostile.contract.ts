import { expect } from "chai";
import { text } from "../../src/model/document.ts";
import { BackfeedError } from "../../src/support/errors.ts";
import type { StoreUnderTest } from "./store.contract.ts";
import {
  alert,
  commentDraft,
  event,
  evidence,
  evidenceRequest,
  finding,
  idOf,
  keyOf,
  localTicket,
  minute,
  plain,
  ruleCommit,
  start,
  tick,
  ticketRecord,
} from "./store-builders.ts";

const hostile: Readonly<Record<string, string>> = {
  NUL: "a\0b",
  "a lone surrogate": "a\ud800b",
  "half of an emoji": "\udc4d",
  emoji: "👩‍👩‍👧‍👦🇪🇺",
  "a megabyte": "é".repeat(1_000_000),
  SQL: "'); drop table findings; --",
  "JSON and control characters": '"}\u0001\u2028\r\n\\u0000',
  "a name of Object's own": "__proto__",
};

export function storeHostilePromises(test: StoreUnderTest): void {
  for (const [what, value] of Object.entries(hostile)) {
    describe(`hostile text: ${what}`, () => {
      it("comes back as it was from alerts, label sets, findings, events and the outbox", async () => {
        const { state, history, outbox } = test.store;
        const labels = JSON.parse(`{${JSON.stringify(value)}:${JSON.stringify(value)}}`) as Record<string, string>;
        const changed = alert("a", { labels, owner: value });
        const one = {
          finding: finding("a", { title: value, problem: value, groupLabels: labels }),
          events: [event({ text: value, facts: { value } })],
          outbox: [
            commentDraft("a", "m", {
              action: { kind: "comment", marker: "m", document: [{ kind: "paragraph", content: [text(value)] }] },
            }),
          ],
        };
        const commit = ruleCommit("a", {
          state: { ...ruleCommit("a").state, lastFailure: value },
          alertsChanged: [changed],
          labelSetsSeen: [{ ruleId: "a", labels, seenAt: start }],
          findings: [one],
        });
        expect(await state.commitTick(tick([commit]))).to.deep.equal([]);
        expect(plain((await state.alerts())[0])).to.deep.equal(plain(changed));
        expect(await state.knownLabelSets(["a"])).to.deep.equal(commit.labelSetsSeen);
        expect((await state.ruleStates()).get("a")?.lastFailure).to.equal(value);
        expect(plain(await history.finding(idOf("a")))).to.deep.equal(plain(one.finding));
        expect(await history.events(idOf("a"))).to.deep.equal(one.events);
        expect((await outbox.openOf([idOf("a")]))[0]?.action).to.deep.equal(one.outbox[0]!.action);
        const [entry] = await outbox.claim({ now: start, owner: "w", leaseMs: minute, limit: 1 });
        await outbox.settle(entry!.id, { owner: "w", state: "parked", now: start, note: value });
        expect((await outbox.get(entry!.id))?.note).to.equal(value);
        await state.commitTick(tick([ruleCommit("a", { labelSetsForgotten: [labels] })]));
        expect(await state.knownLabelSets(["a"])).to.deep.equal([]);
      });

      it("comes back as it was from evidence, tickets and local tickets", async () => {
        const { evidence: proofs, tickets, localTickets } = test.store;
        await proofs.put("1", idOf("a"), evidenceRequest({ source: value }), evidence({ missing: [value] }));
        expect((await proofs.newest(idOf("a")))?.request.sections[0]?.source).to.equal(value);
        expect((await proofs.ofEntry("1"))?.sections[0]?.missing).to.deep.equal([value]);
        await tickets.put(ticketRecord("a", { dropped: [value] }));
        expect((await tickets.ofFinding(idOf("a")))?.dropped).to.deep.equal([value]);
        const ticket = await localTickets.create({ ...localTicket("a"), summary: value, assignee: value });
        expect((await localTickets.byId(ticket.id))?.summary).to.equal(value);
      });

      it("is never found as something else when it is looked for, and never becomes another key", async () => {
        const { state, tickets, localTickets, history, outbox, evidence: proofs } = test.store;
        await state.commitTick(
          tick([ruleCommit("a", { findings: [{ finding: finding("a"), events: [], outbox: [] }] })]),
        );
        expect(await tickets.byKey(value)).to.equal(undefined);
        expect(await localTickets.byKey(value)).to.equal(undefined);
        expect(await localTickets.byLabel(value)).to.deep.equal([]);
        expect(await history.finding(value)).to.equal(undefined);
        expect(await history.findingByFingerprint(value)).to.equal(undefined);
        expect((await history.findings({ limit: 9, rule: value, band: value })).items).to.deep.equal([]);
        expect((await state.findings([value])).size).to.equal(0);
        expect(await outbox.get(value)).to.equal(undefined);
        expect(await proofs.ofEntry(value)).to.equal(undefined);
        await stored(tickets.put(ticketRecord("a", { ref: { id: value, key: value, url: "u" } })), async () =>
          expect((await tickets.byKey(value))?.ref.key).to.equal(value),
        );
        await stored(localTickets.create({ ...localTicket("a"), labels: [value] }), async () =>
          expect((await localTickets.byLabel(value))[0]?.labels).to.deep.equal([value]),
        );
        const failures = await state.commitTick(tick([ruleCommit(value), ruleCommit("fine")]));
        expect(failures.map((failure) => failure.ruleId)).to.deep.equal(failures.length === 0 ? [] : [value]);
        expect([...(await state.ruleStates()).keys()]).to.have.members(
          failures.length === 0 ? ["a", "fine", value] : ["a", "fine"],
        );
        expect((await state.findings([keyOf("a")])).size).to.equal(1);
      });
    });
  }
}

/** Either it is stored, then `check` holds, or it is refused in clear words. */
async function stored(work: Promise<unknown>, check: () => Promise<unknown>): Promise<void> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown === undefined) {
    await check();
    return;
  }
  expect(thrown).to.be.instanceOf(BackfeedError);
  expect((thrown as BackfeedError).message).to.match(/cannot be stored|longer than/);
}
