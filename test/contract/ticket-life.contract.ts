import { expect } from "chai";
import { type Document, paragraph } from "../../src/model/document.ts";
import { groupKey, ticketLabel } from "../../src/model/identity.ts";
import type { TicketRef, TicketSnapshot } from "../../src/model/ticket.ts";
import type { TicketLife, Tracker } from "../../src/trackers/tracker.ts";
import { draftOf, errorOf, type TrackerUnderTest } from "./tracker.contract.ts";

/** Somebody who works on tickets in the tracker itself. */
export interface LifePerson {
  /** `assignee`: a user who exists, by the name that a snapshot gives. */
  setField(ref: TicketRef, field: "summary" | "description" | "assignee", value: string): Promise<void>;
  addLabel(ref: TicketRef, label: string): Promise<void>;
  close(ref: TicketRef): Promise<void>;
  deleteTicket(ref: TicketRef): Promise<void>;
  linkAsDuplicate(ref: TicketRef, original: TicketRef): Promise<void>;
  /** An issue that is none of ours; undefined where people cannot file. */
  file?(): Promise<TicketRef>;
  /** A copy of an issue, as the tracker makes it: with our label. */
  clone?(ref: TicketRef): Promise<TicketRef>;
}

export interface LifeUnderTest extends Omit<TrackerUnderTest, "tracker" | "person"> {
  readonly tracker: Tracker & TicketLife;
  readonly person: LifePerson;
  /** Names that `assignee` takes: two users. */
  readonly users: readonly [string, string];
  now(): number;
  /** Time goes on, in milliseconds. */
  pass(ms: number): void;
}

const now = new AbortController().signal;
const nowhere: TicketRef = { id: "999999999", key: "OPS-999999", url: "https://x.example/" };
const identityOf = (problem: string, generation = 1) => ({
  instance: "test",
  groupKey: groupKey("test", problem, {}),
  generation,
  rules: [problem],
});

/**
 * What every adapter does for the later life of a ticket; the words of `TicketLife`, one by one. `peopleFile`: people file and
 * copy issues in this tracker themselves, so that there are some that are none of ours.
 */
export function ticketLifeContract(suite: {
  name: string;
  peopleFile: boolean;
  create(): Promise<LifeUnderTest>;
}): void {
  describe(`ticket life contract: ${suite.name}`, () => {
    let subject: LifeUnderTest;
    let tracker: Tracker & TicketLife;
    let person: LifePerson;
    const file = async (problem = "checkout"): Promise<TicketRef> =>
      (await tracker.create(draftOf(subject.route, { identity: identityOf(problem) }), now)).ref;
    const read = async (ref: TicketRef): Promise<TicketSnapshot> =>
      (await tracker.read(ref, now)) ?? expect.fail(`${ref.key} is gone`);
    const oursNow = async () => {
      const all = [];
      for await (const one of tracker.ours(now)) all.push(one);
      return all;
    };

    beforeEach(async () => {
      subject = await suite.create();
      ({ tracker, person } = subject);
    });
    afterEach(async () => {
      await tracker.close();
      await subject.stop();
    });

    describe("read", () => {
      it("tells project, last change, whose ticket it is, and what stands for the description", async () => {
        const ref = await file();
        const snapshot = await read(ref);
        expect(snapshot.project).to.equal(ref.key.split("-")[0]);
        expect(snapshot.updatedAt).to.equal(subject.now());
        expect(snapshot.identity).to.deep.equal(identityOf("checkout"));
        expect(snapshot.description).to.match(/^[0-9a-f]{32}$/);
        expect(snapshot.duplicateOf).to.equal(undefined);
      });

      it("gives another mark for the description once a person edited it, and the same one until then", async () => {
        const ref = await file();
        const first = (await read(ref)).description;
        await person.addLabel(ref, "seen");
        expect((await read(ref)).description).to.equal(first);
        await person.setField(ref, "description", "A person's words.");
        expect((await read(ref)).description).to.not.equal(first);
      });
    });

    describe("readMany", () => {
      it("reads each as it is now, by id, and leaves out what is gone", async () => {
        const [a, b, c] = [await file("a"), await file("b"), await file("c")];
        await person.deleteTicket(b);
        await person.setField(c, "summary", "renamed");
        const read = await tracker.readMany([a, b, c, nowhere, a], now);
        expect([...read.keys()].sort()).to.deep.equal([a.id, c.id].sort());
        expect(read.get(c.id)?.summary).to.equal("renamed");
        expect(read.get(a.id)?.ref).to.deep.equal(a);
      });

      it("reads nothing when nothing is asked for, and more than one request may hold", async () => {
        expect((await tracker.readMany([], now)).size).to.equal(0);
        const refs: TicketRef[] = [];
        for (let index = 0; index < 60; index++) refs.push(await file(`p${index}`));
        expect((await tracker.readMany(refs, now)).size).to.equal(60);
      }).timeout(60_000);

      it("says of each what a single read says", async () => {
        const [a, b] = [await file("a"), await file("b")];
        await person.linkAsDuplicate(a, b);
        const { identity: _many, ...many } = (await tracker.readMany([a], now)).get(a.id) ?? expect.fail("gone");
        const { identity: _one, ...one } = await read(a);
        expect(many).to.deep.equal(one);
        expect(one.duplicateOf).to.deep.equal(b);
      });
    });

    describe("editedByOthers", () => {
      it("names the fields that a person changed since it was filed, in whichever order, and none that we wrote", async () => {
        const ref = await file();
        expect(await tracker.editedByOthers(ref, now)).to.deep.equal([]);
        const written = (await read(ref)).priority;
        await tracker.setPriority(ref, { band: "Highest", lastWritten: written }, now);
        const { summary } = await read(ref);
        await tracker.writeField(ref, { field: "summary", value: "ours", lastSeen: summary }, now);
        await person.addLabel(ref, "seen");
        expect(await tracker.editedByOthers(ref, now)).to.deep.equal([]);
        await person.setField(ref, "assignee", subject.users[1]);
        await person.setField(ref, "summary", "theirs");
        expect(await tracker.editedByOthers(ref, now)).to.deep.equal(["summary", "assignee"]);
      });

      it("names what a person changed and put back", async () => {
        const ref = await file();
        const { summary } = await read(ref);
        await person.setField(ref, "summary", "theirs");
        await person.setField(ref, "summary", summary);
        expect(await tracker.editedByOthers(ref, now)).to.deep.equal(["summary"]);
      });
    });

    describe("changedSince", () => {
      it("gives what changed, the oldest change first, no more than it was asked for", async () => {
        const refs = [await file("a"), await file("b"), await file("c")];
        subject.pass(3_600_000);
        const since = subject.now();
        for (const ref of [refs[2]!, refs[0]!]) {
          await person.addLabel(ref, "touched");
          subject.pass(60_000);
        }
        const ids = async (limit: number) =>
          (await tracker.changedSince(since, limit, now)).map((snapshot) => snapshot.ref.id);
        expect(await ids(10)).to.deep.equal([refs[2]!.id, refs[0]!.id]);
        expect(await ids(1)).to.deep.equal([refs[2]!.id]);
        expect(await tracker.changedSince(subject.now() + 1, 10, now)).to.deep.equal([]);
      });

      it("asked about a time to come, or one long ago, fails on neither", async () => {
        const ref = await file();
        expect(await tracker.changedSince(subject.now() + 86_400_000, 10, now)).to.deep.equal([]);
        const all = await tracker.changedSince(0, 10, now);
        expect(all.map((snapshot) => snapshot.ref.id)).to.deep.equal([ref.id]);
      });
    });

    describe("labelled", () => {
      it("gives the ids of issues with one of the labels, each once and no more than it was asked for", async () => {
        const refs = [await file("a"), await file("b"), await file("c")];
        await person.addLabel(refs[0]!, "one");
        await person.addLabel(refs[0]!, "two");
        await person.addLabel(refs[2]!, "two");
        const wanted = ["one", "two", "three"];
        expect(await tracker.labelled(wanted, 10, now)).to.have.members([refs[0]!.id, refs[2]!.id]);
        expect(await tracker.labelled(wanted, 1, now)).to.have.length(1);
        expect(await tracker.labelled(["three"], 10, now)).to.deep.equal([]);
        expect(await tracker.labelled([], 10, now)).to.deep.equal([]);
      });
    });

    describe("ours", () => {
      it("gives each issue of ours with whose it is, lowest id first, and none of another's", async () => {
        const refs = [await file("a"), await file("b")];
        await person.file?.();
        if (person.clone !== undefined) await person.clone(refs[0]!);
        const all = await oursNow();
        expect(all.map(({ ref }) => ref)).to.deep.equal(refs);
        expect(all.map(({ identity }) => identity)).to.deep.equal([identityOf("a"), identityOf("b")]);
      });

      it("goes through more than a page", async () => {
        const ids: string[] = [];
        for (let index = 0; index < 60; index++) ids.push((await file(`p${index}`)).id);
        expect((await oursNow()).map(({ ref }) => ref.id)).to.deep.equal(ids);
      }).timeout(60_000);
    });

    if (suite.peopleFile) {
      describe("of what people file", () => {
        const theirs = async () => (await person.file?.()) ?? expect.fail("people file here: give the suite a way to");
        const copyOf = async (ref: TicketRef) =>
          (await person.clone?.(ref)) ?? expect.fail("people copy here: give the suite a way to");

        it("never takes the copy that a person made of our issue for ours", async () => {
          const ref = await file();
          const copy = await read(await copyOf(ref));
          expect(copy.labels).to.include(ticketLabel(subject.labelPrefix, identityOf("checkout").groupKey));
          expect(copy.identity).to.equal(undefined);
          expect(await tracker.find(identityOf("checkout"), subject.route, now)).to.deep.equal([ref]);
        });

        it("makes an issue of a person's ours when it is adopted, however often it is told to", async () => {
          const ref = await theirs();
          expect((await read(ref)).identity).to.equal(undefined);
          for (let time = 0; time < 2; time++) await tracker.adopt(ref, identityOf("adopted", 3), now);
          expect((await read(ref)).identity).to.deep.equal(identityOf("adopted", 3));
          expect(await tracker.find(identityOf("adopted", 3), subject.route, now)).to.deep.equal([ref]);
          expect(await tracker.find(identityOf("adopted", 2), subject.route, now)).to.deep.equal([]);
        });

        it("gives what was adopted among ours", async () => {
          const ref = await theirs();
          await tracker.adopt(ref, identityOf("b"), now);
          expect((await oursNow()).map((one) => [one.ref.id, one.identity])).to.deep.equal([[ref.id, identityOf("b")]]);
        });
      });
    }

    describe("changeLabels", () => {
      it("adds and removes single labels, leaves the others, and can be repeated", async () => {
        const ref = await file();
        await person.addLabel(ref, "theirs");
        await person.addLabel(ref, "backfeed-snooze-7d");
        const change = { add: ["priority-high"], remove: ["backfeed-snooze-7d", "never-there"] };
        expect(await tracker.changeLabels(ref, change, now)).to.equal("written");
        const { labels } = await read(ref);
        expect([...labels].sort()).to.deep.equal(
          [ticketLabel(subject.labelPrefix, identityOf("checkout").groupKey), "priority-high", "theirs"].sort(),
        );
        expect(await tracker.changeLabels(ref, change, now)).to.equal("unchanged");
        expect(await tracker.changeLabels(ref, { add: [], remove: [] }, now)).to.equal("unchanged");
      });

      it("makes any text a label", async () => {
        const ref = await file();
        await tracker.changeLabels(ref, { add: ["two words\u0000"], remove: [] }, now);
        expect((await read(ref)).labels).to.include("two-words");
        await tracker.changeLabels(ref, { add: [], remove: ["two words"] }, now);
        expect((await read(ref)).labels).to.not.include("two-words");
      });
    });

    describe("writeField", () => {
      const words = (text: string): Document => [paragraph(text)];
      const values = () =>
        [
          ["summary", "a summary of ours", "a person's summary"],
          ["assignee", subject.users[0], subject.users[1]],
        ] as const;

      it("writes what nobody else has written, and can be repeated", async () => {
        const ref = await file();
        for (const [field, ours] of values()) {
          const change = { field, value: ours, lastSeen: (await read(ref))[field] };
          expect(await tracker.writeField(ref, change, now)).to.equal("written");
          expect((await read(ref))[field]).to.equal(ours);
          expect(await tracker.writeField(ref, change, now)).to.equal("unchanged");
        }
      });

      it("leaves what a person wrote since we last looked", async () => {
        const ref = await file();
        for (const [field, ours, theirs] of values()) {
          const lastSeen = (await read(ref))[field];
          await person.setField(ref, field, theirs);
          expect(await tracker.writeField(ref, { field, value: ours, lastSeen }, now)).to.equal("kept");
          expect((await read(ref))[field]).to.equal(theirs);
        }
      });

      it("leaves to a person what the person put back as it was, but for `always`", async () => {
        const ref = await file();
        for (const [field, ours, theirs] of values()) {
          await tracker.writeField(ref, { field, value: ours, lastSeen: (await read(ref))[field] }, now);
          await person.setField(ref, field, theirs);
          await person.setField(ref, field, ours);
          const change = { field, value: field === "assignee" ? theirs : "newer", lastSeen: ours };
          expect(await tracker.writeField(ref, change, now)).to.equal("kept");
          expect(await tracker.writeField(ref, { ...change, always: true }, now)).to.equal("written");
        }
      });

      it("writes a description that says what it said, and leaves one that a person edited", async () => {
        const ref = await file();
        const first = (await read(ref)).description;
        const change = (text: string, lastSeen: string | undefined) =>
          tracker.writeField(ref, { field: "description", value: words(text), lastSeen }, now);
        expect(await change("new words", first)).to.equal("written");
        expect(await change("new words", first)).to.equal("unchanged");
        const second = (await read(ref)).description;
        expect(second).to.not.equal(first);
        expect(await change("newer words", first)).to.equal("kept");
        expect(await change("newer words", second)).to.equal("written");
        const third = (await read(ref)).description;
        await person.setField(ref, "description", "A person's words.");
        const theirs = (await read(ref)).description;
        expect(await change("newest words", third)).to.equal("kept");
        expect((await read(ref)).description).to.equal(theirs);
      });
    });

    describe("link", () => {
      it("links once, however often it is asked, and tells the original of a duplicate", async () => {
        const [a, b] = [await file("a"), await file("b")];
        expect(await tracker.link(a, { other: b, type: "duplicate" }, now)).to.equal("created");
        expect(await tracker.link(a, { other: b, type: "duplicate" }, now)).to.equal("unchanged");
        expect(await tracker.link(a, { other: b, type: "relates" }, now)).to.equal("created");
        expect(await tracker.link(a, { other: b, type: "relates" }, now)).to.equal("unchanged");
        expect((await read(a)).duplicateOf).to.deep.equal(b);
        expect((await read(b)).duplicateOf).to.equal(undefined);
      });

      it("sees the original of what a person called a duplicate", async () => {
        const [a, b] = [await file("a"), await file("b")];
        await person.linkAsDuplicate(b, a);
        expect((await read(b)).duplicateOf).to.deep.equal(a);
        expect((await read(a)).duplicateOf).to.equal(undefined);
        expect(await tracker.link(b, { other: a, type: "duplicate" }, now)).to.equal("unchanged");
      });
    });

    describe("adopt", () => {
      it("gives a ticket of ours to another finding", async () => {
        const ref = await file("old");
        await tracker.adopt(ref, identityOf("new", 2), now);
        expect(await tracker.find(identityOf("new", 2), subject.route, now)).to.deep.equal([ref]);
        expect(await tracker.find(identityOf("old"), subject.route, now)).to.deep.equal([]);
      });
    });

    describe("reopen", () => {
      it("moves what is done to where it is not, and nothing else", async () => {
        const ref = await file();
        expect(await tracker.reopen(ref, now)).to.equal("unchanged");
        await person.close(ref);
        expect((await read(ref)).statusCategory).to.equal("done");
        expect(await tracker.reopen(ref, now)).to.equal("moved");
        const after = await read(ref);
        expect(after.statusCategory).to.not.equal("done");
        expect(after.resolution).to.equal(undefined);
        expect(await tracker.reopen(ref, now)).to.equal("unchanged");
      });
    });

    it("cannot write to what is gone: not_found", async () => {
      const [ref, other] = [await file("a"), await file("b")];
      await person.deleteTicket(ref);
      const verbs = [
        () => tracker.changeLabels(ref, { add: ["x"], remove: [] }, now),
        () => tracker.writeField(ref, { field: "summary", value: "x", lastSeen: undefined }, now),
        () => tracker.link(ref, { other, type: "duplicate" }, now),
        () => tracker.link(other, { other: ref, type: "duplicate" }, now),
        () => tracker.adopt(ref, identityOf("x"), now),
        () => tracker.reopen(ref, now),
      ];
      for (const verb of verbs) expect((await errorOf(verb)).kind).to.equal("not_found");
    });

    it("stops when it is told to", async () => {
      const ref = await file();
      const stopped = AbortSignal.abort();
      const verbs = [
        () => tracker.readMany([ref], stopped),
        () => tracker.changedSince(0, 1, stopped),
        () => tracker.labelled(["x"], 1, stopped),
        () => tracker.ours(stopped)[Symbol.asyncIterator]().next(),
        () => tracker.changeLabels(ref, { add: ["x"], remove: [] }, stopped),
        () => tracker.writeField(ref, { field: "summary", value: "x", lastSeen: undefined }, stopped),
        () => tracker.link(ref, { other: ref, type: "relates" }, stopped),
        () => tracker.adopt(ref, identityOf("x"), stopped),
        () => tracker.reopen(ref, stopped),
      ];
      for (const verb of verbs) expect((await errorOf(verb)).kind).to.equal("aborted");
    });
  });
}
