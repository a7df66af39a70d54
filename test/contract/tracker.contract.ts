import { expect } from "chai";
import { type Document, paragraph, strong } from "../../src/model/document.ts";
import { groupKey, ticketLabel } from "../../src/model/identity.ts";
import type { Band } from "../../src/model/priority.ts";
import type { StatusCategory, TicketDraft, TicketRef, TicketRoute } from "../../src/model/ticket.ts";
import { BackfeedError } from "../../src/support/errors.ts";
import type { Tracker } from "../../src/trackers/tracker.ts";

/** Somebody who works on tickets in the tracker itself, where the tracker can be driven so. */
interface TrackerPerson {
  setPriority(ref: TicketRef, name: string): Promise<void>;
  editComment(ref: TicketRef, marker: string): Promise<void>;
  deleteComment(ref: TicketRef, marker: string): Promise<void>;
  deleteTicket(ref: TicketRef): Promise<void>;
}

export interface TrackerUnderTest {
  readonly tracker: Tracker;
  readonly labelPrefix: string;
  /** The route of a plain ticket. */
  readonly route: TicketRoute;
  /** How many issues there are. */
  issues(): Promise<number>;
  /** The texts of an issue's comments, oldest first. */
  comments(ref: TicketRef): Promise<readonly string[]>;
  /** Names of its attachments. */
  attachments(ref: TicketRef): Promise<readonly string[]>;
  /** Global ids of its links back to us. */
  links(ref: TicketRef): Promise<readonly string[]>;
  readonly person?: TrackerPerson;
  stop(): Promise<void>;
}

const key = groupKey("test", "checkout-errors", { "service.name": "checkout" });
const later = new AbortController().signal;

export function draftOf(route: TicketRoute, changes: Partial<TicketDraft> & { generation?: number } = {}): TicketDraft {
  const { generation = 1, ...rest } = changes;
  return {
    identity: { instance: "test", groupKey: key, generation, rules: ["checkout-errors"] },
    route,
    summary: "checkout: 8.0% of requests fail",
    document: [
      paragraph(strong("Measured"), ": 8.0% of requests"),
      { kind: "code", text: "{noformat} h1. boom [~admin]\u0000" },
    ],
    band: "High",
    ...rest,
  };
}

/** What every adapter of the port `Tracker` does; the words of src/trackers/tracker.ts, one by one. */
export function trackerContract(suite: { name: string; create(): Promise<TrackerUnderTest> }): void {
  describe(`tracker contract: ${suite.name}`, () => {
    let subject: TrackerUnderTest;
    let tracker: Tracker;
    let file: (changes?: Parameters<typeof draftOf>[1]) => Promise<TicketRef>;

    beforeEach(async () => {
      subject = await suite.create();
      tracker = subject.tracker;
      file = async (changes) => (await tracker.create(draftOf(subject.route, changes), later)).ref;
    });
    afterEach(async () => {
      await tracker.close();
      await subject.stop();
    });

    const document = (text: string): Document => [paragraph(text)];

    describe("find", () => {
      it("finds nothing before the first create, and the ticket after it", async () => {
        const { identity } = draftOf(subject.route);
        expect(await tracker.find(identity, subject.route, later)).to.deep.equal([]);
        const ref = await file();
        expect(await tracker.find(identity, subject.route, later)).to.deep.equal([ref]);
      });

      it("tells generations of one group key apart", async () => {
        const first = await file();
        const second = await file({ generation: 2 });
        const { identity } = draftOf(subject.route);
        expect(await tracker.find(identity, subject.route, later)).to.deep.equal([first]);
        expect(await tracker.find({ ...identity, generation: 2 }, subject.route, later)).to.deep.equal([second]);
        expect(await tracker.find({ ...identity, generation: 3 }, subject.route, later)).to.deep.equal([]);
      });

      it("gives duplicates lowest id first", async () => {
        const refs = [await file(), await file(), await file()];
        expect(await tracker.find(draftOf(subject.route).identity, subject.route, later)).to.deep.equal(refs);
      });

      it("finds nothing of another group key", async () => {
        await file();
        const other = { ...draftOf(subject.route).identity, groupKey: groupKey("test", "other", {}) };
        expect(await tracker.find(other, subject.route, later)).to.deep.equal([]);
      });
    });

    describe("create and read", () => {
      it("files one issue with summary, label and priority, and reads it back", async () => {
        const created = await tracker.create(draftOf(subject.route), later);
        expect(created.dropped).to.deep.equal([]);
        const snapshot = await tracker.read(created.ref, later);
        expect(snapshot?.ref).to.deep.equal(created.ref);
        expect(snapshot?.summary).to.equal("checkout: 8.0% of requests fail");
        expect(snapshot?.labels).to.include(ticketLabel(subject.labelPrefix, key));
        expect(snapshot?.priority).to.equal(created.priority).and.equal("High");
        expect(snapshot?.statusCategory).to.equal("new");
        expect(snapshot?.resolution).to.equal(undefined);
        expect(created.ref.url).to.match(/^https?:\/\/.+/);
        expect(await subject.issues()).to.equal(1);
      });

      it("makes any summary fit", async () => {
        const ref = await file({ summary: `two\nlines ${"💥".repeat(300)}\u0000\ud800` });
        expect((await tracker.read(ref, later))?.summary)
          .to.match(/^two lines 💥/)
          .and.not.match(/\n/);
      });

      it("takes every band", async () => {
        for (const band of ["Low", "Medium", "High", "Highest"] as const) {
          const created = await tracker.create(draftOf(subject.route, { band }), later);
          expect(created.priority).to.equal(band);
        }
      });

      it("takes a document of any size", async () => {
        const ref = await file({ document: [{ kind: "code", text: "line of log {code}\n".repeat(20_000) }] });
        expect(await tracker.read(ref, later)).to.not.equal(undefined);
      });

      it("keeps the labels of the route", async () => {
        const ref = await file({ route: { ...subject.route, labels: ["team-a"] } });
        expect((await tracker.read(ref, later))?.labels).to.include("team-a");
      });

      it("reads nothing of an issue that does not exist", async () => {
        expect(await tracker.read({ id: "999999999", key: "OPS-999999", url: "https://x.example/" }, later)).to.equal(
          undefined,
        );
      });
    });

    describe("comment", () => {
      it("says a thing once per marker, however often it is told to", async () => {
        const ref = await file();
        const comment = { marker: "quiet:1", document: document("All quiet.") };
        expect(await tracker.comment(ref, comment, later)).to.equal("created");
        expect(await tracker.comment(ref, comment, later)).to.equal("unchanged");
        expect(await tracker.comment(ref, { ...comment, marker: "quiet:2" }, later)).to.equal("created");
        expect(await subject.comments(ref)).to.have.length(2);
      });
    });

    describe("keepComment", () => {
      const summary = (text: string) => ({ marker: "summary", document: document(text) });

      it("keeps one comment current", async () => {
        const ref = await file();
        expect(await tracker.keepComment(ref, summary("since 10:00"), later)).to.equal("created");
        expect(await tracker.keepComment(ref, summary("since 10:00"), later)).to.equal("unchanged");
        expect(await tracker.keepComment(ref, summary("since 10:00, worse"), later)).to.equal("updated");
        expect(await tracker.keepComment(ref, summary("since 10:00, worse"), later)).to.equal("unchanged");
        const comments = await subject.comments(ref);
        expect(comments).to.have.length(1);
        expect(comments[0]).to.include("worse");
      });

      it("leaves a comment to the person who edited it, and starts a new one", async function () {
        if (subject.person === undefined) this.skip();
        const ref = await file();
        await tracker.keepComment(ref, summary("ours"), later);
        await subject.person.editComment(ref, "summary");
        expect(await tracker.keepComment(ref, summary("ours, later"), later)).to.equal("created");
        expect(await subject.comments(ref)).to.have.length(2);
        expect(await tracker.keepComment(ref, summary("ours, latest"), later)).to.equal("updated");
        expect(await subject.comments(ref)).to.have.length(2);
      });

      it("starts a new one when a person deleted it", async function () {
        if (subject.person === undefined) this.skip();
        const ref = await file();
        await tracker.keepComment(ref, summary("ours"), later);
        await subject.person.deleteComment(ref, "summary");
        expect(await tracker.keepComment(ref, summary("ours"), later)).to.equal("created");
        expect(await subject.comments(ref)).to.have.length(1);
      });
    });

    describe("setPriority", () => {
      const set = (ref: TicketRef, band: Exclude<Band, "None">, lastWritten: string | undefined) =>
        tracker.setPriority(ref, { band, lastWritten }, later);

      it("raises and lowers what we wrote ourselves, and can be repeated", async () => {
        const ref = await file();
        expect(await set(ref, "Highest", "High")).to.deep.equal({ outcome: "written", priority: "Highest" });
        expect(await set(ref, "Highest", "High")).to.deep.equal({ outcome: "unchanged", priority: "Highest" });
        expect(await set(ref, "Low", "Highest")).to.deep.equal({ outcome: "written", priority: "Low" });
        expect((await tracker.read(ref, later))?.priority).to.equal("Low");
      });

      it("never writes over a person's choice", async function () {
        if (subject.person === undefined) this.skip();
        const ref = await file();
        await subject.person.setPriority(ref, "Low");
        expect(await set(ref, "Highest", "High")).to.deep.equal({ outcome: "kept", priority: "Low" });
        expect((await tracker.read(ref, later))?.priority).to.equal("Low");
      });

      it("leaves to a person what the person put back as it was, and what another set before, but for `always`", async function () {
        if (subject.person === undefined) this.skip();
        const ref = await file();
        expect(await set(ref, "Medium", "High")).to.deep.equal({ outcome: "written", priority: "Medium" });
        await subject.person.setPriority(ref, "Low");
        await subject.person.setPriority(ref, "Medium");
        expect(await set(ref, "Highest", "Medium")).to.deep.equal({ outcome: "kept", priority: "Medium" });
        const change = { band: "Highest", lastWritten: "Medium", always: true } as const;
        expect(await tracker.setPriority(ref, change, later)).to.deep.equal({
          outcome: "written",
          priority: "Highest",
        });
      });
    });

    describe("transition", () => {
      const categoryOf = async (ref: TicketRef): Promise<StatusCategory | undefined> =>
        (await tracker.read(ref, later))?.statusCategory;

      it("closes, reopens, and does nothing where the ticket is there already", async () => {
        const ref = await file();
        expect(await tracker.transition(ref, "new", later)).to.equal("unchanged");
        expect(await tracker.transition(ref, "done", later)).to.equal("moved");
        expect(await categoryOf(ref)).to.equal("done");
        expect(await tracker.transition(ref, "done", later)).to.equal("unchanged");
        expect(await tracker.transition(ref, "new", later)).to.equal("moved");
        expect(await categoryOf(ref)).to.equal("new");
      });

      it("never closes as won't do", async () => {
        const ref = await file();
        await tracker.transition(ref, "done", later);
        const snapshot = await tracker.read(ref, later);
        expect(["Won't Do", "Won't Fix", "Declined", "Duplicate"])
          .to.not.include(snapshot?.resolution)
          .and.not.include(snapshot?.status);
      });
    });

    describe("attach", () => {
      it("attaches a file once per name", async () => {
        const ref = await file();
        const chart = {
          name: "chart-0a1b2c3d.png",
          contentType: "image/png",
          bytes: new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10, 0]),
        };
        expect(await tracker.attach(ref, chart, later)).to.equal("created");
        expect(await tracker.attach(ref, chart, later)).to.equal("unchanged");
        expect(await tracker.attach(ref, { ...chart, name: "chart-ffffffff.png" }, later)).to.equal("created");
        expect([...(await subject.attachments(ref))].sort()).to.deep.equal([chart.name, "chart-ffffffff.png"]);
      });
    });

    describe("linkBack", () => {
      it("is one link per global id", async () => {
        const ref = await file();
        const link = {
          globalId: "backfeed=test&finding=0123456789abcdef",
          url: "https://backfeed.example/findings/1",
          title: "Finding",
        };
        await tracker.linkBack(ref, link, later);
        await tracker.linkBack(ref, { ...link, title: "Finding, renamed" }, later);
        expect(await subject.links(ref)).to.deep.equal([link.globalId]);
      });
    });

    describe("what is gone", () => {
      it("is read as gone and found no more", async function () {
        if (subject.person === undefined) this.skip();
        const ref = await file();
        await subject.person.deleteTicket(ref);
        expect(await tracker.read(ref, later)).to.equal(undefined);
        expect(await tracker.find(draftOf(subject.route).identity, subject.route, later)).to.deep.equal([]);
      });

      it("cannot be written to: not_found", async function () {
        if (subject.person === undefined) this.skip();
        const ref = await file();
        await subject.person.deleteTicket(ref);
        const verbs = [
          () => tracker.comment(ref, { marker: "m", document: document("x") }, later),
          () => tracker.keepComment(ref, { marker: "m", document: document("x") }, later),
          () => tracker.setPriority(ref, { band: "Low", lastWritten: "High" }, later),
          () => tracker.transition(ref, "done", later),
          () => tracker.attach(ref, { name: "a.png", contentType: "image/png", bytes: new Uint8Array(1) }, later),
          () => tracker.linkBack(ref, { globalId: "g", url: "https://x.example/", title: "t" }, later),
        ];
        for (const verb of verbs) expect((await errorOf(verb)).kind).to.equal("not_found");
      });
    });

    it("has nothing to complain about a route that works", async () => {
      expect(await tracker.check([subject.route], later)).to.deep.equal([]);
    });

    it("stops when it is told to", async () => {
      const stopped = AbortSignal.abort();
      expect((await errorOf(() => tracker.create(draftOf(subject.route), stopped))).kind).to.equal("aborted");
      expect(await subject.issues()).to.equal(0);
    });

    it("says how long a lost create is looked for", () => {
      for (const wait of tracker.settleWaitsMs) expect(wait).to.be.within(1, 600_000);
    });
  });
}

/** The BackfeedError that a call throws; fails when it throws none. */
export async function errorOf(work: () => Promise<unknown>): Promise<BackfeedError> {
  try {
    await work();
  } catch (thrown) {
    if (thrown instanceof BackfeedError) return thrown;
    throw thrown;
  }
  throw new Error("expected a BackfeedError, and nothing was thrown");
}
