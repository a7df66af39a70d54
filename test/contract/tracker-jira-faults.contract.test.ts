import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import { expect } from "chai";
import { paragraph } from "../../src/model/document.ts";
import type { TicketRef } from "../../src/model/ticket.ts";
import { BackfeedError } from "../../src/support/errors.ts";
import { createJiraTracker } from "../../src/trackers/jira/tracker.ts";
import type { Tracker } from "../../src/trackers/tracker.ts";
import type { FaultKind } from "../support/jira/faults.ts";
import { DEFAULT_LOGIN } from "../support/jira/options.ts";
import { draftOf, errorOf } from "./tracker.contract.ts";
import { bugRoute, type JiraUnderTest, startJira } from "./tracker-jira-subject.ts";

const live = new AbortController().signal;
const document = [paragraph("said")];
const { identity } = draftOf(bugRoute);

const verbs: Record<string, (tracker: Tracker, ref: TicketRef) => Promise<unknown>> = {
  find: (tracker) => tracker.find(identity, bugRoute, live),
  read: (tracker, ref) => tracker.read(ref, live),
  comment: (tracker, ref) => tracker.comment(ref, { marker: "quiet:1", document }, live),
  keepComment: (tracker, ref) => tracker.keepComment(ref, { marker: "summary", document }, live),
  setPriority: (tracker, ref) => tracker.setPriority(ref, { band: "Low", lastWritten: "High" }, live),
  transition: (tracker, ref) => tracker.transition(ref, "done", live),
  attach: (tracker, ref) =>
    tracker.attach(ref, { name: "chart-1.png", contentType: "image/png", bytes: new Uint8Array(9) }, live),
  linkBack: (tracker, ref) =>
    tracker.linkBack(ref, { globalId: "g", url: "https://backfeed.example/1", title: "t" }, live),
  readMany: (tracker, ref) => tracker.readMany([ref], live),
  changedSince: (tracker) => tracker.changedSince(0, 10, live),
  labelled: (tracker) => tracker.labelled(["one"], 10, live),
  ours: async (tracker) => {
    for await (const one of tracker.ours(live)) expect(one.identity.groupKey).to.equal(identity.groupKey);
  },
  changeLabels: (tracker, ref) => tracker.changeLabels(ref, { add: ["one", "two"], remove: ["three"] }, live),
  writeField: (tracker, ref) =>
    tracker.writeField(ref, { field: "summary", value: "later", lastSeen: "checkout: 8.0% of requests fail" }, live),
  link: (tracker, ref) => tracker.link(ref, { other: otherThan(ref), type: "duplicate" }, live),
  adopt: (tracker, ref) => tracker.adopt(ref, { ...identity, generation: 7 }, live),
  reopen: (tracker, ref) => tracker.reopen(ref, live),
};

/** The first two issues of a double are each other's. */
const otherThan = (ref: TicketRef): TicketRef => ({ ...ref, id: ref.id === "10000" ? "10001" : "10000" });

const lostAnswers: FaultKind[] = [
  { kind: "lostAnswer" },
  { kind: "truncatedBody" },
  { kind: "invalidJson" },
  { kind: "serverError", processed: true },
  { kind: "htmlError", processed: true },
  { kind: "htmlError", status: 502, processed: true },
];

for (const deployment of ["cloud", "datacenter"] as const) {
  describe(`when Jira misbehaves: jira ${deployment}`, () => {
    let subject: JiraUnderTest;
    let tracker: Tracker;
    beforeEach(async () => {
      subject = await startJira({ deployment });
      tracker = subject.tracker;
    });
    afterEach(() => subject.stop());
    const create = () => tracker.create(draftOf(bugRoute), live);

    for (const fault of lostAnswers) {
      it(`a create whose answer is lost (${fault.kind}${"status" in fault ? ` ${fault.status}` : ""}) is unknown, and found instead of repeated`, async () => {
        subject.jira.faults.push({ operation: "createIssue", ...fault });
        expect((await errorOf(create)).kind).to.equal("unknown_outcome");
        const found = await tracker.find(identity, bugRoute, live);
        expect(found.map(({ id }) => id)).to.deep.equal(subject.jira.issues().map(({ id }) => id));
        expect(found).to.have.length(1);
        expect(subject.jira.requests.filter((one) => one.operation === "createIssue")).to.have.length(1);
      });
    }

    it("a create that is not processed is never repeated by the adapter", async () => {
      const outcomes: [FaultKind, string][] = [
        [{ kind: "resetBefore" }, "unknown_outcome"],
        [{ kind: "htmlError" }, "unknown_outcome"],
        [{ kind: "redirectToLogin" }, "unknown_outcome"],
        [{ kind: "rateLimited", retryAfter: 7 }, "rate_limited"],
        [{ kind: "unauthorized" }, "unauthorized"],
        [{ kind: "forbidden", captcha: true }, "unauthorized"],
        [{ kind: "htmlLoginPage" }, "unknown_outcome"],
      ];
      for (const [fault, kind] of outcomes) {
        subject.jira.faults.push({ operation: "createIssue", ...fault });
        const before = subject.jira.requests.filter((one) => one.operation === "createIssue").length;
        const error = await errorOf(create);
        expect(error.kind, fault.kind).to.equal(kind);
        if (kind === "rate_limited") expect(error.retryAfterMs).to.equal(7_000);
        expect(subject.jira.requests.filter((one) => one.operation === "createIssue")).to.have.length(before + 1);
      }
      expect(subject.jira.issues()).to.have.length(0);
    });

    for (const [name, verb] of Object.entries(verbs)) {
      it(`${name} whose answers are lost one by one is done once in the end`, async () => {
        const { ref } = await create();
        const twin = (await tracker.create(draftOf(bugRoute, { generation: 2 }), live)).ref;
        await verb(tracker, twin);
        const calm = snapshot(subject, twin);
        // Every request of the verb loses its answer once, whatever it is.
        for (let skip = 0; skip < 6; skip++) {
          for (const fault of [{ kind: "lostAnswer" }, { kind: "truncatedBody" }] as const) {
            subject.jira.faults.push({ ...fault, skip });
            const thrown: unknown = await verb(tracker, ref).catch((error: unknown) => error);
            if (thrown instanceof BackfeedError) expect(thrown.kind).to.equal("unavailable");
            subject.jira.faults.clear();
          }
        }
        await verb(tracker, ref);
        expect(snapshot(subject, ref)).to.deep.equal(calm);
      });

      it(`${name} is unauthorized with an expired token, not empty and not gone`, async () => {
        const { ref } = await create();
        await tracker.create(draftOf(bugRoute, { generation: 2 }), live);
        subject.jira.expireToken();
        expect((await errorOf(() => verb(tracker, ref))).kind).to.equal("unauthorized");
        const fresh = createJiraTracker(subject.options);
        expect((await errorOf(() => verb(fresh, ref))).kind).to.equal("unauthorized");
        await fresh.close();
        subject.jira.renewToken();
        await verb(tracker, ref);
      });

      it(`${name} honours a rate limit`, async () => {
        const { ref } = await create();
        subject.jira.faults.push({ kind: "rateLimited", retryAfter: 11 });
        const error = await errorOf(() => verb(tracker, ref));
        expect(error.kind).to.equal("rate_limited");
        expect(error.retryAfterMs).to.equal(11_000);
        expect(error.retryable).to.equal(true);
      });
    }

    it("an expired token files nothing and finds nothing", async () => {
      await create();
      subject.jira.faults.push({ operation: "search", kind: "expiredToken" });
      expect((await errorOf(() => tracker.find(identity, bugRoute, live))).kind).to.equal("unauthorized");
      subject.jira.expireToken();
      expect((await errorOf(create)).kind).to.equal("unauthorized");
      expect(subject.jira.issues()).to.have.length(1);
    });

    it("an empty search is believed only when Jira says who we are", async () => {
      subject.jira.faults.push({ operation: "getMyself", kind: "expiredToken", skip: 1 });
      expect((await errorOf(() => tracker.find(identity, bugRoute, live))).kind).to.equal("unauthorized");
      expect(await tracker.find(identity, bugRoute, live)).to.deep.equal([]);
    });

    it("search that lags, forgets or remembers the dead is corrected by the issues themselves", async () => {
      subject.jira.index.lag = 60_000;
      const { ref } = await create();
      expect(await tracker.find(identity, bugRoute, live)).to.deep.equal([]);
      subject.clock.advance(60_000);
      expect(await tracker.find(identity, bugRoute, live)).to.deep.equal([ref]);
      subject.jira.index.hide(ref.id, 1);
      expect(await tracker.find(identity, bugRoute, live)).to.deep.equal([]);
      expect(await tracker.find(identity, bugRoute, live)).to.deep.equal([ref]);
      subject.jira.person("alice").delete(ref.id);
      expect(await tracker.find(identity, bugRoute, live)).to.deep.equal([]);
    });

    it("an issue that wears our label without our property is not ours", async () => {
      const { ref } = await create();
      const label = subject.jira.issue(ref.id)?.fields["labels"] as string[];
      const other = await tracker.create(
        draftOf(bugRoute, { identity: { ...identity, groupKey: "f".repeat(64) } }),
        live,
      );
      subject.jira.person("alice").addLabel(other.ref.id, label[0] ?? "");
      expect(await tracker.find(identity, bugRoute, live)).to.deep.equal([ref]);
    });

    it("a hundred duplicates are found over all pages, and more than two hundred are too many to judge", async function () {
      this.timeout(300_000);
      const ids: string[] = [];
      for (let count = 0; count < 101; count++) ids.push((await create()).ref.id);
      expect((await tracker.find(identity, bugRoute, live)).map(({ id }) => id)).to.deep.equal(ids);
      for (let count = 0; count < 100; count++) await create();
      expect((await errorOf(() => tracker.find(identity, bugRoute, live))).kind).to.equal("limit");
    });

    it("a person's comments, however many, do not hide ours", async () => {
      const { ref } = await create();
      await tracker.comment(ref, { marker: "quiet:1", document }, live);
      for (let count = 0; count < 230; count++) subject.jira.person("alice").comment(ref.id, `chatter ${count}`);
      expect(await tracker.comment(ref, { marker: "quiet:1", document }, live)).to.equal("unchanged");
    });

    it("a ticket is followed by its id into another project, and found there", async () => {
      await subject.stop();
      subject = await startJira({ deployment, projects: [{ key: "OPS" }, { key: "NEW" }] });
      tracker = subject.tracker;
      const { ref } = await create();
      const key = subject.jira.person("alice").move(ref.id, "NEW");
      expect((await tracker.read(ref, live))?.ref.key).to.equal(key);
      expect((await tracker.find(identity, bugRoute, live)).map((one) => one.key)).to.deep.equal([key]);
    });

    it("calls nothing that Atlassian has deprecated or removed", async () => {
      const { ref } = await create();
      await tracker.create(draftOf(bugRoute, { generation: 2 }), live);
      for (const verb of Object.values(verbs)) await verb(tracker, ref);
      await tracker.keepComment(ref, { marker: "summary", document: [paragraph("later")] }, live);
      await tracker.check([bugRoute], live);
      const operations = documented(deployment);
      const used = new Set(
        subject.jira.requests.map((one) => `${one.method} ${new URL(one.path, "http://x").pathname}`),
      );
      for (const call of [
        ...used,
        "GET /rest/api/N/comment/1/properties/backfeed",
        "PUT /rest/api/N/comment/1/properties/backfeed",
      ]) {
        const [method = "", path = ""] = call.split(" ");
        const below = path.replace(/^\/rest\/api\/\w+/, "");
        const matching = operations
          .filter((one) => one.method === method && one.pattern.test(below))
          .sort((a, b) => a.braces - b.braces);
        expect(matching[0], call).to.not.equal(undefined);
        expect(matching[0]?.deprecated, call).to.equal(false);
      }
    });

    it("lets no secret into an error", async () => {
      const secrets = [DEFAULT_LOGIN.cloud.token, DEFAULT_LOGIN.datacenter.token];
      const { ref } = await create();
      const faults: FaultKind[] = [
        ...lostAnswers,
        { kind: "unauthorized" },
        { kind: "htmlLoginPage" },
        { kind: "rateLimited" },
      ];
      for (const fault of faults) {
        for (const verb of [...Object.values(verbs), create]) {
          subject.jira.faults.push({ ...fault });
          const thrown: unknown = await verb(tracker, ref).catch((error: unknown) => error);
          subject.jira.faults.clear();
          for (const secret of secrets) expect(inspect(thrown, { depth: 20, showHidden: true })).to.not.include(secret);
        }
      }
    });
  });
}

function snapshot(subject: JiraUnderTest, ref: TicketRef): unknown {
  const issue = subject.jira.issue(ref.id);
  const {
    status,
    resolution,
    comments,
    remoteLinks,
    attachments,
    fields,
    links: related,
    properties,
  } = issue ?? expect.fail("no issue");
  return {
    status,
    resolution,
    fields,
    comments: comments.map((one) => [one.body, one.properties]),
    related: related.filter(({ side }) => side === "outward").map(({ type }) => type),
    marks: Object.keys(properties),
    links: remoteLinks.map((one) => [one.globalId, one.object]),
    attachments: attachments.map((one) => one.filename),
  };
}

interface Documented {
  readonly method: string;
  readonly pattern: RegExp;
  readonly braces: number;
  readonly deprecated: boolean;
}

function documented(deployment: "cloud" | "datacenter"): Documented[] {
  const beside = fileURLToPath(new URL("../../../shared/jira", import.meta.url));
  const file =
    deployment === "cloud" ? "jira-cloud-platform-v3.openapi.2026-04-20.json" : "jira-software-dc-10.3.24.openapi.json";
  const prefix = deployment === "cloud" ? "/rest/api/3" : "/api/2";
  const { paths } = JSON.parse(readFileSync(`${process.env["JIRA_OPENAPI_DIR"] ?? beside}/${file}`, "utf8")) as {
    paths: Record<
      string,
      Record<string, { deprecated?: boolean; "x-changes"?: { type?: string }[] | { type?: string } }>
    >;
  };
  return Object.entries(paths)
    .filter(([path]) => path.startsWith(prefix))
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        method: method.toUpperCase(),
        pattern: new RegExp(`^${path.slice(prefix.length).replace(/\{\w+\}/g, "[^/]+")}$`),
        braces: path.split("{").length,
        deprecated:
          operation.deprecated === true ||
          [operation["x-changes"] ?? []].flat().some((change) => change.type === "removed"),
      })),
    );
}
