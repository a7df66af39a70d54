import { expect } from "chai";
import fc from "fast-check";
import { drift } from "../../../src/learn/drift.ts";
import type { TicketRecord, TicketSnapshot } from "../../../src/model/ticket.ts";
import { context, done, findingId, hour, minute, record, snapshot, start } from "./given.ts";

const codes = (drifted: ReturnType<typeof drift>) => drifted.events.map(({ code }) => code);

describe("drift", () => {
  it("changes nothing when the ticket says what it said", () => {
    const before = record();
    const drifted = drift(before, snapshot(), context());
    expect(drifted).to.deep.equal({ record: before, events: [], edits: [], commands: [] });
    expect(drifted.record).to.equal(before);
  });

  it("completes what a first look sees, and takes it for nobody's change", () => {
    const drifted = drift(record({ seen: undefined }), snapshot({ summary: "shortened…" }), context());
    expect(drifted.edits).to.deep.equal([]);
    expect(drifted.record.seen).to.include({ summary: "shortened…", at: start + hour, project: "PAY" });
    expect(drifted.record.peoples).to.equal(undefined);
  });

  describe("people's edits", () => {
    it("are kept with what it said before, when, and who, and lock the field for good", () => {
      const edited = snapshot({ priority: "Low", summary: "checkout is slow", updatedAt: start + minute });
      const drifted = drift(record(), edited, context({ who: "Alice" }));
      const common = { at: start + minute, findingId, generation: 1, tracker: "jira", issueId: "10001", who: "Alice" };
      expect(drifted.edits).to.deep.equal([
        { ...common, field: "priority", from: "High", to: "Low" },
        { ...common, field: "summary", from: "checkout: 8.0% of requests fail", to: "checkout is slow" },
      ]);
      expect(drifted.record.peoples).to.deep.equal(["priority", "summary"]);
      const back = drift(drifted.record, snapshot({ updatedAt: start + 2 * minute }), context());
      expect(back.edits).to.have.length(2);
      expect(back.record.peoples).to.deep.equal(["priority", "summary"]);
    });

    it("are seen at the first look where it is our priority that was changed", () => {
      const drifted = drift(record({ seen: undefined }), snapshot({ priority: "Lowest" }), context());
      expect(drifted.record.peoples).to.deep.equal(["priority"]);
      expect(drifted.edits.map(({ field, from, to }) => [field, from, to])).to.deep.equal([
        ["priority", "High", "Lowest"],
      ]);
    });

    it("are no change of assignee, description or labels that is only another order", () => {
      const labels = ["reliability", `backfeed-${findingId}`];
      expect(drift(record(), snapshot({ labels }), context()).edits).to.deep.equal([]);
      const assigned = drift(record(), snapshot({ assignee: "alice", description: "other words" }), context());
      expect(assigned.record.peoples).to.deep.equal(["description", "assignee"]);
    });

    it("are not what delivery is writing just now: that is judged when it has ended", () => {
      const inFlight = new Set(["priority", "status", "resolution"] as const);
      const ours = snapshot({ ...done, priority: "Highest" });
      const during = drift(record(), ours, context({ inFlight }));
      expect([during.edits, during.events, during.record.closed]).to.deep.equal([[], [], undefined]);
      expect(during.record.seen).to.include({ priority: "High", status: "To Do", statusCategory: "new" });
      const noted: TicketRecord = {
        ...during.record,
        written: { priority: "Highest", band: "Highest" },
        seen: { ...during.record.seen!, priority: "Highest" },
      };
      const after = drift(noted, ours, context());
      expect(after.edits.map(({ field }) => field)).to.deep.equal(["status", "resolution"]);
      expect(after.record.peoples).to.equal(undefined);
    });

    it("remember a label that a person took off, until somebody puts it back", () => {
      const taken = drift(record(), snapshot({ labels: [`backfeed-${findingId}`] }), context());
      expect(taken.record.labelsRemoved).to.deep.equal(["reliability"]);
      expect(drift(taken.record, snapshot(), context()).record.labelsRemoved).to.equal(undefined);
    });
  });

  describe("closing", () => {
    it("as done is remembered with when, by whom and our band, and asks for a decision", () => {
      const drifted = drift(record(), snapshot(done), context({ band: "Medium", who: "Alice" }));
      expect(drifted.record.closed).to.deep.equal({
        at: start + minute,
        as: "done",
        by: "people",
        band: "Medium",
        status: "Done",
        resolution: "Done",
      });
      expect(drifted.record.attendAt).to.equal(start + hour);
      expect(drifted.events.map(({ code, text }) => [code, text])).to.deep.equal([
        ["closed_done", "PAY-1 was closed as done by Alice: Done"],
      ]);
      const again = drift(drifted.record, snapshot({ ...done, updatedAt: start + 9 * minute }), context());
      expect([codes(again), again.record.closed?.at]).to.deep.equal([[], start + minute]);
    });

    for (const [what, said] of [
      ["a resolution", { ...done, resolution: "won't do" }],
      ["a status", { ...done, status: "DECLINED", resolution: undefined }],
    ] as const) {
      it(`as not to be done is known by ${what} of the tracker's list, in any case`, () => {
        expect(drift(record(), snapshot(said), context()).record.closed?.as).to.equal("wont_do");
      });
    }

    it("as a duplicate of another is to be followed, once for each issue", () => {
      const duplicateOf = { id: "7", key: "PAY-7", url: "https://jira.example/browse/PAY-7" };
      const drifted = drift(record(), snapshot({ ...done, duplicateOf }), context());
      expect(drifted.record.closed?.as).to.equal("duplicate");
      expect(drifted.commands).to.deep.equal([{ kind: "follow", other: duplicateOf }]);
      const followed = drift(record({ formerRefs: [duplicateOf] }), snapshot({ ...done, duplicateOf }), context());
      expect([followed.record.closed?.as, followed.commands]).to.deep.equal(["done", []]);
    });

    it("of our own is told as ours", () => {
      const { seen } = record();
      const closedByUs = record({ seen: { ...seen!, ...done } });
      const drifted = drift(closedByUs, snapshot(done), context());
      expect(drifted.record.closed?.by).to.equal("us");
      expect([codes(drifted), drifted.edits]).to.deep.equal([["closed_done"], []]);
    });

    it("as something else later is another closing, and opening again ends it", () => {
      const first = drift(record(), snapshot(done), context());
      const declined = snapshot({ ...done, resolution: "Declined", updatedAt: start + 5 * minute });
      const second = drift(first.record, declined, context());
      expect(second.record.closed).to.include({ as: "wont_do", at: start + 5 * minute });
      const third = drift(second.record, snapshot({ updatedAt: start + 6 * minute }), context());
      expect([third.record.closed, codes(third)]).to.deep.equal([undefined, ["reopened"]]);
      expect(third.events[0]?.text).to.equal("PAY-1 was opened again: To Do");
    });
  });

  describe("an issue that is not found", () => {
    it("is gone only after a second look by its id, minutes later, and back when it is found", () => {
      const first = drift(record(), undefined, context({ now: start }));
      expect([codes(first), first.record.gone]).to.deep.equal([[], undefined]);
      const soon = drift(first.record, undefined, context({ now: start + minute }));
      expect(soon.record).to.equal(first.record);
      const second = drift(first.record, undefined, context({ now: start + 5 * minute }));
      expect(second.record).to.include({ attendAt: start + 5 * minute });
      expect([codes(second), second.record.gone]).to.deep.equal([["ticket_gone"], { at: start + 5 * minute }]);
      expect(second.edits[0]).to.include({ field: "ticket", from: "PAY-1", to: undefined });
      expect(drift(second.record, undefined, context()).record).to.equal(second.record);
      const back = drift(second.record, snapshot(), context());
      expect([codes(back), back.record.gone, back.record.missed]).to.deep.equal([
        ["ticket_back"],
        undefined,
        undefined,
      ]);
    });

    it("and is found at the next look was never gone", () => {
      const missed = drift(record(), undefined, context({ now: start }));
      const found = drift(missed.record, snapshot(), context({ now: start + minute }));
      expect([codes(found), found.record.missed]).to.deep.equal([[], undefined]);
      expect(drift(found.record, undefined, context({ now: start + hour })).record.gone).to.equal(undefined);
    });
  });

  it("follows a ticket that was moved, by its id", () => {
    const ref = { id: "10001", key: "SHOP-9", url: "https://jira.example/browse/SHOP-9" };
    const drifted = drift(record(), snapshot({ ref, project: "SHOP" }), context());
    expect(drifted.record.ref).to.deep.equal(ref);
    expect(codes(drifted)).to.deep.equal(["ticket_moved"]);
    expect(drifted.edits.map(({ field, to }) => [field, to])).to.deep.equal([["project", "SHOP"]]);
  });

  describe("commands by label", () => {
    const withLabel = (label: string) => snapshot({ labels: [...snapshot().labels, label] });

    it("snooze once, however often the label is seen, and again when it was taken off", () => {
      const first = drift(record(), withLabel("backfeed-snooze-7d"), context({ who: "Alice" }));
      expect(first.record.snoozedUntil).to.equal(start + 7 * 24 * hour);
      expect(first.commands).to.deep.equal([{ kind: "remove_label", label: "backfeed-snooze-7d" }]);
      expect(first.events[0]).to.include({ code: "snoozed" });
      expect(first.events[0]?.text).to.contain("Alice snoozed it for 7 d");
      expect(first.record.labelsRemoved).to.equal(undefined);
      const again = drift(first.record, withLabel("backfeed-snooze-7d"), context({ now: start + 2 * hour }));
      expect([again.events, again.commands]).to.deep.equal([[], first.commands]);
      const off = drift(first.record, snapshot({ updatedAt: start + minute }), context());
      expect([off.record.commandsDone, off.record.labelsRemoved]).to.deep.equal([undefined, undefined]);
      const later = snapshot({ labels: ["backfeed-snooze-1h"], updatedAt: start + hour });
      expect(drift(off.record, later, context()).record.snoozedUntil).to.equal(start + 2 * hour);
    });

    it("file anew: the wish is handed on as long as its label stands", () => {
      const drifted = drift(record(), withLabel("backfeed-refile"), context());
      expect(drifted.commands).to.deep.equal([{ kind: "refile", label: "backfeed-refile" }]);
      expect(drift(drifted.record, withLabel("backfeed-refile"), context()).commands).to.deep.equal(drifted.commands);
    });

    it("cannot adopt an issue that is a finding's ticket already, and what is not understood is said", () => {
      const own = drift(record(), withLabel(`backfeed-adopt-${findingId}`), context());
      expect(codes(own)).to.deep.equal(["adopted_already"]);
      expect(codes(drift(record(), withLabel("backfeed-adopt-fedcba9876543210"), context()))).to.deep.equal([
        "adopt_refused",
      ]);
      for (const label of ["backfeed-snooze-soon", "backfeed-snooze-900d", "backfeed-adopt-1", "backfeed-refile-x"]) {
        expect(codes(drift(record(), withLabel(label), context())), label).to.deep.equal(["command_unknown"]);
      }
    });

    it("are none of another prefix, and none that only begin so", () => {
      for (const label of ["other-refile", "backfeed-adopted", `backfeed-${findingId}`, "backfeed-refiled"]) {
        expect(drift(record(), withLabel(label), context()).commands, label).to.deep.equal([]);
      }
    });
  });

  it("ends the same in whatever order, however late and however often snapshots come", () => {
    const duplicateOf = { id: "7", key: "PAY-7", url: "" };
    const state = fc.constantFrom<Partial<TicketSnapshot>>(
      {},
      done,
      { ...done, resolution: "Declined" },
      { ...done, duplicateOf },
      { status: "In Progress", statusCategory: "indeterminate" },
      { priority: "Low" },
      { summary: "another", assignee: "alice" },
      { ref: { id: "10001", key: "SHOP-9", url: "" }, project: "SHOP" },
    );
    const lives = fc
      .array(state, { minLength: 1, maxLength: 8 })
      .chain((states) =>
        fc.tuple(fc.constant(states), fc.shuffledSubarray([...states.keys(), ...states.keys()], { minLength: 1 })),
      );
    fc.assert(
      fc.property(lives, ([states, order]) => {
        const snapshots = states.map((each, index) => snapshot({ ...each, updatedAt: start + (index + 1) * minute }));
        const last = snapshots.length - 1;
        const end = (indexes: readonly number[]) => {
          let current = record();
          for (const index of indexes) current = drift(current, snapshots[index], context()).record;
          const { seen, ref, closed, gone } = current;
          return { seen, ref, gone, as: closed?.as, status: closed?.status };
        };
        const inOrder = end([...snapshots.keys()]);
        expect(end([...order, last])).to.deep.equal(inOrder);
        expect(end([last, ...order])).to.deep.equal(inOrder);
        expect(end([...order, last, last])).to.deep.equal(inOrder);
      }),
    );
  });
});
