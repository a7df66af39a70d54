import { expect } from "chai";
import { type Applied, applyToTicket } from "../../../src/deliver/apply.ts";
import { paragraph, plainText } from "../../../src/model/document.ts";
import type { OutboxAction } from "../../../src/model/outbox.ts";
import type { TicketRecord, TicketSnapshot } from "../../../src/model/ticket.ts";
import { BackfeedError } from "../../../src/support/errors.ts";
import { evidence as proof } from "../../contract/store-builders.ts";
import { start } from "../../support/alerts.ts";
import { FakeTracker } from "../../support/fake-tracker.ts";
import { buildFinding, buildTicket } from "../../support/findings.ts";
import { buildRule } from "../../support/rules.ts";

const finding = buildFinding(buildRule());
const { groupKey } = finding;
const document = [paragraph("what there is to say")];
const now = start + 1_000;

type WordAction = Exclude<OutboxAction, { kind: "create" }>;

/** A ticket that was filed and looked at, and what one word to it comes to. */
async function filed(changes: (tracker: FakeTracker) => void = () => undefined, overrides: Partial<TicketRecord> = {}) {
  const tracker = new FakeTracker();
  const issue = tracker.file({
    identity: { instance: "test", groupKey, generation: 1, rules: [] },
    route: { tracker: "jira", labels: ["team-pay"], fields: {} },
    summary: "5% of requests fail",
    document,
    band: "Medium",
  });
  const snapshot = (await tracker.read(issue.ref)) as TicketSnapshot;
  const fresh = buildTicket(finding, { ref: issue.ref, written: { priority: "Medium", band: "Medium" } });
  const { ref: _ref, identity: _identity, duplicateOf: _original, ...words } = snapshot;
  const record = { ...fresh, seen: { at: start, ...words }, ...overrides };
  changes(tracker);
  const noted: TicketRecord[] = [];
  const apply = (action: WordAction): Promise<Applied> =>
    applyToTicket(action, {
      tracker,
      record,
      withEvidence: async (text) => [...text, paragraph("the proof")],
      collect: async (request) => ({ request, evidence: proof() }),
      compose: (text, { evidence }) => [...text, paragraph(evidence.sections[0]?.chart?.name ?? "no chart")],
      note: async (change) => {
        noted.push(change(noted.at(-1) ?? record));
      },
      giveUpExtras: false,
      now,
      signal: new AbortController().signal,
    });
  const applying = async (action: WordAction) => {
    const applied = await apply(action);
    return { applied, record: applied.change?.(record) ?? record };
  };
  return { tracker, issue, record, noted, apply, applying };
}

function close(tracker: FakeTracker): void {
  for (const issue of tracker.issues.values()) Object.assign(issue, { status: "Done", statusCategory: "done" });
}

const reopen: WordAction = {
  kind: "reopen",
  marker: "regressed:1",
  document,
  closedDocument: [paragraph("please reopen it")],
};

function said(issue: { comments: ReadonlyMap<string, unknown> }): readonly string[] {
  return [...issue.comments.values()].map((comment) => plainText((comment as { document: typeof document }).document));
}

describe("a word to a ticket", () => {
  describe("that is closed", () => {
    it("is said where it is about the closing, and dropped where it is not", async () => {
      const { issue, apply } = await filed(close);
      expect(await apply({ kind: "comment", marker: "quiet:1", document })).to.include({ code: "ticket_closed" });
      expect(await apply({ kind: "comment", marker: "verified:1", document, onClosed: true })).to.include({
        code: "commented",
      });
      expect([...issue.comments.keys()]).to.deep.equal(["verified:1"]);
    });

    it("reopens it, says why, and notes both as ours", async () => {
      const { issue, applying } = await filed(close, {
        closed: { at: start, as: "done", by: "people", band: "Low", status: "Done", resolution: "Done" },
      });
      const { applied, record } = await applying(reopen);
      expect(applied).to.include({ state: "done", code: "reopen_moved" });
      expect([issue.statusCategory, said(issue)]).to.deep.equal(["new", ["what there is to say"]]);
      expect(record.closed).to.equal(undefined);
      expect(record.seen).to.include({ status: "To Do", statusCategory: "new" });
    });

    it("adds the proof of what came back, its chart attached first, whichever words are said", async () => {
      const evidence = { sections: [], moreRules: [] };
      const chart = proof().sections[0]?.chart?.name ?? "none";
      const moved = await filed(close);
      await moved.apply({ ...reopen, evidence });
      expect(said(moved.issue)).to.deep.equal([`${plainText(document)}\n\n${chart}`]);
      expect([...moved.issue.attachments.keys()]).to.deep.equal([chart]);
      const stuck = await filed((tracker) => {
        close(tracker);
        Object.assign(tracker, { reopen: async () => "unavailable" });
      });
      await stuck.apply({ ...reopen, evidence });
      expect(said(stuck.issue)).to.deep.equal([`please reopen it\n\n${chart}`]);
    });

    it("says it once, though the answer to the reopening was lost", async () => {
      const { issue, tracker, record, apply } = await filed(close);
      tracker.loseAnswer("reopen", new BackfeedError("unavailable", "lost"));
      await apply(reopen).catch(() => undefined);
      const again = await apply(reopen);
      expect(again.code).to.equal("reopen_unchanged");
      expect(again.change?.({ ...record, closed: undefined }).seen?.statusCategory).to.equal("new");
      expect([issue.statusCategory, said(issue)]).to.deep.equal(["new", ["what there is to say"]]);
    });

    it("takes a closing for its own that it meant, and that a crash kept it from noting", async () => {
      const { issue, applying } = await filed(close);
      const { applied, record } = await applying({ kind: "transition", category: "done", marker: "quiet:1", document });
      expect(applied).to.include({ state: "done", code: "transition_unchanged", lookAgain: true });
      expect([record.seen?.statusCategory, issue.comments.size]).to.deep.equal(["done", 0]);
    });

    it("asks people where the workflow has no way back", async () => {
      const { issue, tracker, applying } = await filed(close);
      Object.assign(tracker, { reopen: async () => "unavailable" });
      const { applied } = await applying(reopen);
      expect(applied).to.include({ state: "done", code: "reopen_unavailable", lookAgain: true });
      expect(said(issue)).to.deep.equal(["please reopen it"]);
    });
  });

  it("is dropped where the ticket is gone, whatever it is", async () => {
    const { tracker, apply } = await filed(({ issues }) => issues.clear());
    expect(await apply(reopen)).to.include({ state: "dropped", code: "ticket_gone", lookAgain: true });
    expect(tracker.count("comment")).to.equal(0);
  });

  describe("that is a link to the ticket before", () => {
    it("is made once", async () => {
      const { tracker, issue, apply } = await filed();
      const before = tracker.file({ ...issue.draft });
      const link: WordAction = { kind: "link", marker: "link:before", other: before.ref };
      expect([(await apply(link)).code, (await apply(link)).code]).to.deep.equal(["link_created", "link_unchanged"]);
      expect(issue.related).to.deep.equal([{ type: "relates", other: before.ref }]);
    });

    it("holds nothing up where the other issue is gone", async () => {
      const { apply } = await filed();
      const other = { id: "1", key: "SHOP-0", url: "https://jira.example/browse/1" };
      expect(await apply({ kind: "link", marker: "link:before", other })).to.include({
        state: "dropped",
        code: "link_refused",
      });
    });

    it("is tried again where the tracker cannot be reached", async () => {
      const { tracker, issue, apply } = await filed();
      tracker.fail("link", new BackfeedError("unavailable", "down"));
      const failure = await apply({ kind: "link", marker: "link:before", other: issue.ref }).catch((thrown) => thrown);
      expect(failure).to.be.instanceOf(BackfeedError);
    });
  });

  describe("that is a field", () => {
    const summary: WordAction = { kind: "field", marker: "summary", field: "summary", value: "9% of requests fail" };

    it("is written, and noted so that it is no person's change", async () => {
      const { issue, applying } = await filed();
      const { applied, record } = await applying(summary);
      expect([applied.code, issue.summary, record.seen?.summary]).to.deep.equal([
        "field_written",
        "9% of requests fail",
        "9% of requests fail",
      ]);
    });

    it("stays a person's, whether that is known or seen only now", async () => {
      const known = await filed(undefined, { peoples: ["summary"] });
      expect((await known.apply(summary)).code).to.equal("field_kept");
      expect(known.tracker.count("writeField")).to.equal(0);
      const unseen = await filed(({ issues }) => {
        for (const issue of issues.values()) issue.summary = "Checkout is broken";
      });
      expect(await unseen.apply(summary)).to.include({ code: "field_kept", lookAgain: true });
      expect(unseen.issue.summary).to.equal("Checkout is broken");
    });

    it("is written over a person's where the rule says always", async () => {
      const { issue, apply } = await filed(
        ({ issues }) => {
          for (const each of issues.values()) each.summary = "Checkout is broken";
        },
        { peoples: ["summary"] },
      );
      expect((await apply({ ...summary, always: true })).code).to.equal("field_written");
      expect(issue.summary).to.equal("9% of requests fail");
    });

    it("is not written before anybody has looked at what stands there", async () => {
      const { apply } = await filed(undefined, { seen: undefined });
      expect(await apply(summary)).to.include({ state: "dropped", code: "field_not_seen", lookAgain: true });
    });

    it("is the description with the proof that its ticket was filed with", async () => {
      const { issue, applying } = await filed();
      const { record } = await applying({ kind: "description", marker: "description", document });
      expect(issue.description).to.equal("what there is to say\n\nthe proof");
      expect(record.seen?.description).to.equal(issue.description);
    });
  });

  it("adds and takes off its own labels, and leaves the others", async () => {
    const { issue, applying } = await filed(({ issues }) => {
      for (const each of issues.values()) each.labels = [...each.labels, "sprint-7"];
    });
    const { applied, record } = await applying({
      kind: "labels",
      marker: "labels",
      add: ["team-checkout"],
      remove: ["team-pay"],
    });
    expect(applied.code).to.equal("labels_written");
    expect(issue.labels.slice(1)).to.deep.equal(["sprint-7", "team-checkout"]);
    // What a person put on meanwhile is left for reconcile to see.
    expect(record.seen?.labels?.slice(1)).to.deep.equal(["team-checkout"]);
  });

  it("keeps a person's priority, and notes whose it is before it says so", async () => {
    const { tracker, issue, noted, apply } = await filed(({ issues }) => {
      for (const each of issues.values()) each.priority = "Lowest";
    });
    tracker.fail("comment", new BackfeedError("unavailable", "killed"));
    const priority = { kind: "priority", band: "High", marker: "priority-kept:high", document } as const;
    expect(await apply(priority).catch(({ message }) => message)).to.equal("killed");
    expect(noted.map(({ peoples }) => peoples)).to.deep.equal([["priority"]]);
    expect(issue.priority).to.equal("Lowest");
  });

  it("leaves a priority that was a person's before, though it says again what we wrote", async () => {
    const { issue, apply } = await filed(undefined, { peoples: ["priority"] });
    const priority = { kind: "priority", band: "High", marker: "priority-kept:high", document } as const;
    expect((await apply(priority)).code).to.equal("priority_kept");
    expect([issue.priority, said(issue)]).to.deep.equal(["Medium", ["what there is to say"]]);
  });

  it("writes a priority over a person's where the rule says always", async () => {
    const { issue, applying } = await filed(({ issues }) => {
      for (const each of issues.values()) each.priority = "Lowest";
    });
    const priority = { kind: "priority", band: "High", marker: "priority-kept:high", document } as const;
    expect((await applying(priority)).applied.code).to.equal("priority_kept");
    const { record } = await applying({ ...priority, always: true });
    expect([issue.priority, record.written]).to.deep.equal(["High", { priority: "High", band: "High" }]);
  });
});
