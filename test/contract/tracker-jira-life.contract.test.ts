import { expect } from "chai";
import { paragraph } from "../../src/model/document.ts";
import { groupKey, ticketLabel } from "../../src/model/identity.ts";
import type { TicketRef } from "../../src/model/ticket.ts";
import type { JiraDoubleOptions } from "../support/jira/options.ts";
import { draftOf } from "./tracker.contract.ts";
import { bugRoute, type JiraUnderTest, startJira } from "./tracker-jira-subject.ts";

const now = new AbortController().signal;
const identityOf = (problem: string) => ({
  instance: "test",
  groupKey: groupKey("test", problem, {}),
  generation: 1,
  rules: [problem],
});

/** What Jira alone does to a ticket's later life; what every tracker does is in ticket-life.contract.ts. */
for (const deployment of ["cloud", "datacenter"] as const) {
  describe(`later life on jira ${deployment}`, () => {
    let subject: JiraUnderTest;
    afterEach(() => subject.stop());
    const start = async (options: Partial<JiraDoubleOptions> = {}) => {
      subject = await startJira({ deployment, ...options });
    };
    const file = async (problem = "checkout"): Promise<TicketRef> =>
      (await subject.tracker.create(draftOf(bugRoute, { identity: identityOf(problem) }), now)).ref;
    const operations = (from: number) => subject.jira.requests.slice(from).map(({ operation }) => operation);
    const alice = () => subject.jira.person("alice");

    it("reads a hundred issues in two requests, and asks for one that the list lacks before it is given up", async () => {
      await start();
      const refs: TicketRef[] = [];
      for (let index = 0; index < 60; index++) refs.push(await file(`p${index}`));
      const list = deployment === "cloud" ? "bulkFetchIssues" : "search";
      let from = subject.jira.requests.length;
      expect((await subject.tracker.readMany(refs, now)).size).to.equal(60);
      expect(operations(from)).to.deep.equal([list, list]);
      alice().delete(refs[3]!.id);
      from = subject.jira.requests.length;
      expect((await subject.tracker.readMany(refs, now)).size).to.equal(59);
      expect(operations(from)).to.deep.equal([list, list, "getIssue", "getMyself"]);
    }).timeout(30_000);

    it("does not give up an issue that the list could not show", async () => {
      await start();
      const ref = await file();
      subject.jira.unshown.add(ref.id);
      subject.jira.index.hide(ref.id, 1);
      expect([...(await subject.tracker.readMany([ref], now)).keys()]).to.deep.equal([ref.id]);
    });

    it("believes that an issue is gone only while Jira knows us", async () => {
      await start();
      const ref = await file();
      alice().delete(ref.id);
      subject.jira.faults.push({ operation: "getMyself", kind: "expiredToken" });
      const thrown: unknown = await subject.tracker.read(ref, now).catch((error: unknown) => error);
      expect(thrown).to.include({ kind: "unauthorized" });
      expect(await subject.tracker.read(ref, now)).to.equal(undefined);
    });

    it("follows a moved issue by its id, and says where it is now", async () => {
      await start({ projects: [{ key: "OPS" }, { key: "NEW" }] });
      const ref = await file();
      const key = alice().move(ref.id, "NEW");
      const moved = (await subject.tracker.readMany([ref], now)).get(ref.id);
      expect([moved?.ref.key, moved?.project]).to.deep.equal([key, "NEW"]);
    });

    it("tells of changes as far as search knows them", async () => {
      await start();
      subject.jira.index.lag = 60_000;
      const ref = await file();
      const since = subject.clock.now();
      expect(await subject.tracker.changedSince(since, 10, now)).to.deep.equal([]);
      subject.clock.advance(60_000);
      expect((await subject.tracker.changedSince(since, 10, now)).map((one) => one.ref.id)).to.deep.equal([ref.id]);
    });

    it("asks for changes in relative minutes, of issues that we made or adopted, and lists the fields it wants", async () => {
      await start();
      const theirs = alice().file("OPS", "slow checkout");
      const id = subject.jira.issue(theirs)!.id;
      alice().file("OPS", "none of ours");
      await subject.tracker.adopt({ id, key: theirs, url: "" }, identityOf("adopted"), now);
      const from = subject.jira.requests.length;
      const changed = await subject.tracker.changedSince(subject.clock.now(), 10, now);
      expect(changed.map((one) => one.ref.id)).to.deep.equal([id]);
      const search = subject.jira.requests.slice(from).find(({ operation }) => operation === "search");
      const { jql, fields } = JSON.parse(search?.body ?? "{}") as { jql: string; fields: string[] };
      expect(jql).to.equal(
        '(creator = currentUser() OR labels = "backfeed-adopted") AND updated >= "-6m" ORDER BY updated ASC',
      );
      expect(fields).to.not.include("*all").and.not.include("*navigable");
    });

    it("labels what it adopts, and puts no such label on what it made itself", async () => {
      await start();
      const own = await file();
      await subject.tracker.adopt(own, identityOf("other"), now);
      const theirs = alice().file("OPS", "slow checkout");
      const { id } = subject.jira.issue(theirs)!;
      await subject.tracker.adopt({ id, key: theirs, url: "" }, identityOf("adopted"), now);
      const labels = async (issue: string) =>
        (await subject.tracker.read({ id: issue, key: "", url: "" }, now))?.labels;
      expect(await labels(own.id)).to.not.include("backfeed-adopted");
      const label = ticketLabel("backfeed", identityOf("adopted").groupKey);
      expect(await labels(id)).to.have.members([label, "backfeed-adopted"]);
    });

    it("takes a property that it would not have written for none", async () => {
      await start();
      const ref = await file();
      const good = { v: 1, ...identityOf("checkout") };
      for (const value of [
        { ...good, generation: 0 },
        { ...good, generation: "1" },
        { ...good, groupKey: '" OR 1=1' },
        { ...good, rules: "all" },
        [good],
        "x",
      ]) {
        await subject.asAlice("PUT", `/issue/${ref.id}/properties/backfeed`, value);
        expect((await subject.tracker.read(ref, now))?.identity).to.equal(undefined);
      }
      const seen: string[] = [];
      for await (const one of subject.tracker.ours(now)) seen.push(one.ref.id);
      expect(seen).to.deep.equal([]);
    });

    it("calls a field that is not on the screen, or a user who cannot be assigned, unsupported", async () => {
      await start({ projects: [{ key: "OPS", screen: ["labels", "priority", "assignee"] }] });
      const ref = await file();
      const write = (field: "description" | "assignee", value: string | ReturnType<typeof paragraph>[]) =>
        subject.tracker.writeField(ref, { field, value, lastSeen: undefined }, now);
      expect(await write("description", [paragraph("x")])).to.equal("unsupported");
      expect(await write("assignee", "nobody-of-that-name")).to.equal("unsupported");
    });

    it("links with what the site has: its own name for duplicates, else relates to, else nothing", async () => {
      const dublette = { name: "Dublette", inward: "is duplicated by", outward: "duplicates" };
      const relates = { name: "Relates", inward: "relates to", outward: "relates to" };
      const cases = [
        [[dublette, relates], "created", "unchanged", true],
        [[relates], "created", "unchanged", false],
        [[], "unsupported", "unsupported", false],
      ] as const;
      for (const [linkTypes, first, second, isKnown] of cases) {
        await start({ linkTypes });
        const [a, b] = [await file("a"), await file("b")];
        const link = () => subject.tracker.link(a, { other: b, type: "duplicate" }, now);
        expect([await link(), await link()]).to.deep.equal([first, second]);
        expect((await subject.tracker.read(a, now))?.duplicateOf?.id).to.equal(isKnown ? b.id : undefined);
        if (linkTypes.length > 0) await subject.stop();
      }
    });

    it("reopens into progress before waiting, and takes no way that would leave it resolved", async () => {
      const to = (id: string, status: string, resolution?: "required" | "clear") => ({
        ...{ id, name: `to ${status}`, from: ["Done"], to: status },
        ...(resolution === undefined ? {} : { resolution }),
      });
      const done = { id: "31", name: "Resolve", from: ["To Do"], to: "Done", resolution: "required" as const };
      const statuses = [
        { name: "To Do", category: "new" as const },
        { name: "Doing", category: "indeterminate" as const },
        { name: "Done", category: "done" as const },
      ];
      for (const [transitions, outcome, status] of [
        [[done, to("1", "To Do", "clear"), to("2", "Doing", "clear")], "moved", "Doing"],
        [[done, to("1", "To Do", "clear"), to("2", "Doing", "required")], "moved", "To Do"],
        [[done, to("2", "Doing", "required")], "unavailable", "Done"],
      ] as const) {
        await start({ projects: [{ key: "OPS", workflow: { statuses, transitions } }] });
        const ref = await file();
        alice().transition(ref.id, "Done");
        expect(await subject.tracker.reopen(ref, now)).to.equal(outcome);
        expect((await subject.tracker.read(ref, now))?.status).to.equal(status);
        if (outcome === "moved") await subject.stop();
      }
    });

    it("reopens once although the answer was lost", async () => {
      await start();
      const ref = await file();
      alice().transition(ref.id, "Done");
      subject.jira.faults.push({ operation: "transitionIssue", kind: "lostAnswer" });
      const thrown: unknown = await subject.tracker.reopen(ref, now).catch((error: unknown) => error);
      expect(thrown).to.include({ kind: "unavailable" });
      expect(await subject.tracker.reopen(ref, now)).to.equal("unchanged");
    });
  });
}
