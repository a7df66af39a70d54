import { expect } from "chai";
import { createCloudClient } from "jira.js";
import type { TicketRoute } from "../../src/model/ticket.ts";
import { createJiraTracker } from "../../src/trackers/jira/tracker.ts";
import { adfText } from "../support/jira/adf.ts";
import { DEFAULT_LOGIN, type ProjectOptions } from "../support/jira/options.ts";
import { draftOf, errorOf } from "./tracker.contract.ts";
import { bugRoute, type JiraUnderTest, startJira } from "./tracker-jira-subject.ts";

const live = new AbortController().signal;
const shape = /^backfeed-[0-9a-f]{16}$/;

/** What was posted as an issue, in order. */
function posted(subject: JiraUnderTest): { fields: Record<string, unknown>; properties: unknown }[] {
  return subject.jira.requests.filter((one) => one.operation === "createIssue").map((one) => JSON.parse(one.body));
}

for (const deployment of ["cloud", "datacenter"] as const) {
  describe(`what a ticket is filed with: jira ${deployment}`, () => {
    let subject: JiraUnderTest;
    const start = async (project: Partial<ProjectOptions> = {}) => {
      subject = await startJira({
        deployment,
        projects: [{ key: "OPS", components: ["checkout", "search"], ...project }, { key: "NEW" }],
      });
    };
    afterEach(() => subject.stop());
    const create = (route: Partial<TicketRoute> = {}, rest: Parameters<typeof draftOf>[1] = {}) =>
      subject.tracker.create(draftOf({ ...bugRoute, ...route }, rest), live);

    it("label and property travel in the one request that makes the issue", async () => {
      await start();
      const { ref } = await create({ labels: ["team a", "team a", ""] });
      const [body] = posted(subject);
      expect(posted(subject)).to.have.length(1);
      const [own, ...others] = (body?.fields["labels"] ?? []) as string[];
      expect(own).to.match(shape);
      expect(others).to.deep.equal(["team-a"]);
      const { groupKey } = draftOf(bugRoute).identity;
      expect(body?.properties).to.deep.equal([
        { key: "backfeed", value: { v: 1, instance: "test", groupKey, generation: 1, rules: ["checkout-errors"] } },
      ]);
      expect(subject.jira.issue(ref.id)?.properties["backfeed"]).to.deep.equal({
        v: 1,
        instance: "test",
        groupKey,
        generation: 1,
        rules: ["checkout-errors"],
      });
    });

    it("component by name and assignee are set", async () => {
      await start();
      const accountId = deployment === "cloud" ? await accountIdOf(subject) : "alice";
      const { ref, dropped } = await create({ component: "Checkout", assignee: accountId });
      expect(dropped).to.deep.equal([]);
      const issue = subject.jira.issue(ref.id);
      expect(issue?.fields["components"]).to.deep.equal(["checkout"]);
      expect((await subject.tracker.read(ref, live))?.assignee).to.equal(accountId);
    });

    it("an unknown component, an unknown assignee and odd fields never stop a ticket, and are said", async () => {
      await start();
      const { ref, dropped } = await create({
        component: "nowhere",
        assignee: "nobody-1",
        fields: { customfield_99999: "x", summary: "mine", "odd name": 1 },
      });
      expect(dropped).to.have.members([
        'component "nowhere" is unknown in OPS',
        'assignee "nobody-1" is unknown or may not be assigned',
        'field "customfield_99999" is not on the create screen',
        'field "summary" is written by Backfeed itself',
        'field "odd name" is not on the create screen',
      ]);
      expect((await subject.tracker.read(ref, live))?.summary).to.equal("checkout: 8.0% of requests fail");
      expect(posted(subject)).to.have.length(2);
      expect(subject.jira.issues()).to.have.length(1);
    });

    it("custom fields are sent as they are written, long texts in the form of a description", async () => {
      await start({
        customFields: [
          { id: "customfield_10010", name: "Colour", kind: "select", options: ["red", "blue"] },
          { id: "customfield_10011", name: "Story", kind: "textarea" },
          { id: "customfield_10012", name: "Effort", kind: "number" },
        ],
      });
      const { ref, dropped } = await create({
        fields: { customfield_10010: { value: "red" }, customfield_10011: "one\n\ntwo", customfield_10012: 3 },
      });
      expect(dropped).to.deep.equal([]);
      const fields = subject.jira.issue(ref.id)?.fields ?? {};
      const story = fields["customfield_10011"];
      expect(deployment === "cloud" ? adfText(story) : story).to.equal(
        deployment === "cloud" ? "one\ntwo" : "one\n\ntwo",
      );
      expect(fields["customfield_10012"]).to.equal(3);
    });

    it("a custom field's refused value is left out, once, and said", async () => {
      await start({ customFields: [{ id: "customfield_10010", name: "Colour", kind: "select", options: ["red"] }] });
      const { dropped } = await create({ fields: { customfield_10010: { value: "green" } } });
      expect(dropped).to.deep.equal(['field "Colour" (customfield_10010): its value was refused by Jira']);
      expect(posted(subject)).to.have.length(2);
    });

    it("a required field that nobody gives is refused before anything is sent, with what to write", async () => {
      await start({
        customFields: [
          { id: "customfield_10010", name: "Team", kind: "select", options: ["red", "blue"], required: true },
        ],
      });
      const error = await errorOf(() => create());
      expect(error.kind).to.equal("refused");
      expect(error.message).to.equal(
        'Bug in OPS requires "Team": write fields: { customfield_10010: { value: "red" } } for its owner in owners.yaml.',
      );
      expect(error.facts["fields"]).to.equal("customfield_10010");
      expect(posted(subject)).to.deep.equal([]);
      expect((await create({ fields: { customfield_10010: { value: "blue" } } })).dropped).to.deep.equal([]);
    });

    it("a project without a priority field gets the band as label and first line", async () => {
      await start({ screen: ["description", "labels"] });
      const { ref, priority, dropped } = await create();
      expect(priority).to.equal(undefined);
      expect(dropped).to.deep.equal([]);
      const issue = subject.jira.issue(ref.id);
      expect(issue?.fields["labels"]).to.include("backfeed-priority-high");
      const description = issue?.fields["description"];
      expect(deployment === "cloud" ? adfText(description) : description).to.match(/^Priority: High\n/);
      expect(await subject.tracker.setPriority(ref, { band: "Low", lastWritten: undefined }, live)).to.include({
        outcome: "unsupported",
      });
    });

    it("priorities with names of their own are taken by their order", async () => {
      subject = await startJira({
        deployment,
        priorities: ["P1", "P2", "P3", "P4"],
        projects: [{ key: "OPS", priorities: ["P1", "P2", "P3", "P4"] }],
      });
      const names = [];
      for (const band of ["Highest", "High", "Medium", "Low"] as const)
        names.push((await create({}, { band })).priority);
      expect(names).to.deep.equal(["P1", "P2", "P3", "P4"]);
      const { ref } = await create();
      expect(await subject.tracker.setPriority(ref, { band: "Low", lastWritten: "P2" }, live)).to.deep.equal({
        outcome: "written",
        priority: "P4",
      });
    });

    it("without labels on the create screen no ticket is filed: it could not be found again", async () => {
      await start({ screen: ["description", "priority"] });
      const error = await errorOf(() => create());
      expect(error.kind).to.equal("refused");
      expect(error.message).to.include("Add the field Labels");
      expect(subject.jira.issues()).to.have.length(0);
    });

    it("an unknown issue type is refused with those there are; a project that takes no issue is unauthorized", async () => {
      await start();
      const error = await errorOf(() => create({ issueType: "Incident" }));
      expect(error.kind).to.equal("refused");
      expect(error.message).to.include("Bug, Task");
      await subject.stop();
      await start({ deniedPermissions: ["CREATE_ISSUES"] });
      expect((await errorOf(() => create())).kind).to.equal("unauthorized");
      expect((await errorOf(() => create({ project: "ops" }))).kind).to.equal("configuration");
    });

    it("the create screen is asked once, again after ten minutes, and again after a refusal that names a field", async () => {
      await start();
      const asked = () => subject.jira.requests.filter((one) => one.operation === "getCreateMetaFields").length;
      await create();
      await create();
      expect(asked()).to.equal(1);
      subject.clock.advance(10 * 60_000 - 1);
      await create();
      expect(asked()).to.equal(1);
      subject.clock.advance(1);
      await create();
      expect(asked()).to.equal(2);
      await create({ assignee: "nobody-1" });
      expect(asked()).to.equal(3);
    });

    it("a description that Jira finds too long is shortened, and that is said", async () => {
      subject = await startJira({ deployment, textLimit: 10_000 });
      const document = [{ kind: "code" as const, text: "line of log\n".repeat(5_000) }];
      const { dropped } = await create({}, { document });
      expect(dropped).to.deep.equal(["the description was refused by Jira and has been shortened"]);
    });

    it("links open on the site, not at the API's address", async () => {
      subject = await startJira({ deployment, contextPath: "/ex/jira/1-2", siteUrl: "https://acme.example" });
      expect((await create()).ref.url).to.equal("https://acme.example/browse/OPS-1");
      const { options } = subject;
      const told = createJiraTracker({ ...options, siteUrl: "https://told.example/" });
      const snapshot = await told.read({ id: "10000", key: "OPS-1", url: "" }, live);
      expect(snapshot?.ref.url).to.equal("https://told.example/browse/OPS-1");
      await told.close();
    });

    it("basic login and a fixed deployment work as well", async () => {
      await start();
      if (deployment === "cloud") return;
      const { user, password } = DEFAULT_LOGIN.datacenter;
      const tracker = createJiraTracker({ ...subject.options, deployment: "datacenter", auth: { user, password } });
      expect(await tracker.find(draftOf(bugRoute).identity, bugRoute, live)).to.deep.equal([]);
      await tracker.close();
    });
  });
}

describe("a ticket as another client reads it", () => {
  it("fits the models of jira.js, which are checked against a real Cloud site", async () => {
    const { jira, tracker, stop } = await startJira({ deployment: "cloud" });
    const { ref } = await tracker.create(draftOf(bugRoute), live);
    await tracker.comment(ref, { marker: "quiet:1", document: draftOf(bugRoute).document }, live);
    await tracker.attach(ref, { name: "chart-1.png", contentType: "image/png", bytes: new Uint8Array(9) }, live);
    await tracker.linkBack(ref, { globalId: "g", url: "https://backfeed.example/1", title: "Finding" }, live);
    await tracker.transition(ref, "done", live);
    const mismatches: unknown[] = [];
    const client = createCloudClient({
      host: jira.url,
      auth: { type: "basic", email: DEFAULT_LOGIN.cloud.email, apiToken: DEFAULT_LOGIN.cloud.token },
      onSchemaMismatch: (report) => mismatches.push(report),
    });
    const issue = await client.issues.getIssue({
      issueIdOrKey: ref.key,
      properties: ["backfeed"],
      expand: "changelog",
    });
    expect(issue).to.include({ id: ref.id, key: ref.key });
    expect(issue.properties?.["backfeed"]).to.include({ v: 1, generation: 1 });
    expect((await client.issueComments.getComments({ issueIdOrKey: ref.key })).total).to.equal(1);
    await client.issueRemoteLinks.getRemoteIssueLinks({ issueIdOrKey: ref.key });
    expect(mismatches).to.deep.equal([]);
    await stop();
  });
});

async function accountIdOf(subject: JiraUnderTest): Promise<string> {
  const response = await fetch(`${subject.jira.url}/rest/api/3/user/assignable/search?project=OPS&query=Alice`, {
    headers: { authorization: `Basic ${Buffer.from("alice@example.com:alice-token").toString("base64")}` },
  });
  const [user] = (await response.json()) as { accountId: string }[];
  return user?.accountId ?? "";
}
