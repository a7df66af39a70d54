import { createHmac } from "node:crypto";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import type { Deployment } from "../../../support/jira/options.ts";
import { type JiraDouble, startJiraDouble } from "../../../support/jira/start-jira-double.ts";
import { clientOf, doc, paragraph, TestClock, text } from "./client.ts";

for (const deployment of ["cloud", "datacenter"] as const satisfies readonly Deployment[]) {
  describe(`issues of the Jira double, ${deployment}`, () => {
    const prose = (value: string): unknown => (deployment === "cloud" ? doc(paragraph(text(value))) : value);
    let clock: TestClock;
    let jira: JiraDouble;
    let client: ReturnType<typeof clientOf>;

    beforeEach(async () => {
      clock = new TestClock();
      const projects = [{ key: "OPS", components: ["checkout"] }, { key: "WEB" }];
      jira = await startJiraDouble({ deployment, clock: clock.read, projects });
      client = clientOf(jira);
    });
    afterEach(async () => {
      await jira.stop();
      expect(jira.violations).to.deep.equal([]);
    });

    it("creates with fields and property in one request, and reads both back", async () => {
      const property = { v: 1, instance: "prod-eu", groupKey: "0123456789abcdef" };
      const fields = {
        description: prose("hello"),
        labels: ["backfeed-0123456789abcdef"],
        priority: { id: "2" },
        components: [{ name: "checkout" }],
      };
      const created = await client.create(fields, { properties: [{ key: "backfeed", value: property }] });
      const { body } = await client.send(
        "GET",
        `/issue/${created.id}?fields=description,labels,priority,status,created&properties=backfeed`,
      );
      expect(created).to.include({ id: "10000", key: "OPS-1" });
      expect(body.properties).to.deep.equal({ backfeed: property });
      expect(body.fields.description).to.deep.equal(prose("hello"));
      expect(body.fields.priority.name).to.equal("High");
      expect(body.fields.status.statusCategory.key).to.equal("new");
      expect(body.fields.created).to.equal("2026-04-20T10:00:00.000+0000");
      expect(Object.keys(body.fields)).to.have.members(["description", "labels", "priority", "status", "created"]);
    });

    it("edits labels without a race, keeps a changelog, and ignores a transition in an edit", async () => {
      const { key } = await client.create({ labels: ["a"] });
      jira.person("alice").addLabel(key, "people");
      clock.advance(1000);
      const edit = {
        fields: { summary: "New" },
        update: { labels: [{ add: "b" }, { remove: "a" }] },
        transition: { id: "31" },
      };
      expect((await client.send("PUT", `/issue/${key}`, edit)).status).to.equal(204);
      const { body } = await client.send("GET", `/issue/${key}?fields=labels,summary,status&expand=changelog`);
      expect(body.fields.labels).to.deep.equal(["b", "people"]);
      expect(body.fields.status.name).to.equal("To Do");
      const last = body.changelog.histories.at(-1);
      expect(last.created).to.equal("2026-04-20T10:00:01.000+0000");
      expect(
        last.items.map((item: Record<string, unknown>) => [item["field"], item["fromString"], item["toString"]]),
      ).to.deep.equal([
        ["summary", "Checkout fails", "New"],
        ["labels", "a people", "b people"],
      ]);
    });

    it("offers transitions by status, asks for the resolution, and clears it on reopening", async () => {
      const { key } = await client.create();
      const offered = async () =>
        (await client.send("GET", `/issue/${key}/transitions?expand=transitions.fields`)).body.transitions;
      const resolve = (await offered()).find(
        (one: { to: { statusCategory: { key: string } } }) => one.to.statusCategory.key === "done",
      );
      expect(resolve.fields.resolution.required).to.equal(true);
      const [first] = resolve.fields.resolution.allowedValues;
      const done = await client.send("POST", `/issue/${key}/transitions`, {
        transition: { id: resolve.id },
        fields: { resolution: { id: first.id } },
      });
      expect(done.status).to.equal(204);
      expect(jira.issue(key)).to.include({ status: "Done", resolution: "Done", resolved: clock.now });
      expect((await offered()).map(({ name }: { name: string }) => name)).to.deep.equal(["Reopen"]);
      await client.send("POST", `/issue/${key}/transitions`, { transition: { id: "51" } });
      expect(jira.issue(key)).to.include({ status: "To Do", resolution: null, resolved: null });
    });

    it("keeps comments in order, with the properties they came with", async () => {
      const { key } = await client.create();
      for (const name of ["one", "two"]) {
        const added = await client.send("POST", `/issue/${key}/comment`, {
          body: prose(name),
          properties: [{ key: "event", value: { name } }],
        });
        expect(added.status).to.equal(201);
        clock.advance(1000);
      }
      const { body } = await client.send(
        "GET",
        `/issue/${key}/comment?orderBy=-created&expand=properties&maxResults=1`,
      );
      expect(body.total).to.equal(2);
      expect(body.comments[0].properties).to.deep.equal([{ key: "event", value: { name: "two" } }]);
      const changed = await client.send("PUT", `/issue/${key}/comment/${body.comments[0].id}`, {
        body: prose("three"),
      });
      expect([changed.status, changed.body.body]).to.deep.equal([200, prose("three")]);
    });

    it("keeps one remote link for one global id, and forgets what a second write leaves out", async () => {
      const { key } = await client.create();
      const globalId = "backfeed=prod&finding=f-1";
      const put = (title: string, more = {}) =>
        client.send("POST", `/issue/${key}/remotelink`, {
          globalId,
          object: { url: "https://b.example/f", title },
          ...more,
        });
      const first = await put("one", { relationship: "found by" });
      const second = await put("two");
      expect([first.status, second.status]).to.deep.equal(deployment === "cloud" ? [201, 200] : [200, 200]);
      const { body } = await client.send("GET", `/issue/${key}/remotelink?globalId=${encodeURIComponent(globalId)}`);
      expect(body).to.include({ id: first.body.id, globalId }).and.not.have.property("relationship");
      expect(body.object.title).to.equal("two");
    });

    it("answers a property set with 201, again with 200, and gives it back", async () => {
      const { key } = await client.create();
      const set = (value: unknown) => client.send("PUT", `/issue/${key}/properties/backfeed`, { value });
      expect([(await set(1)).status, (await set(2)).status]).to.deep.equal([201, 200]);
      expect((await client.send("GET", `/issue/${key}/properties/backfeed`)).body.value).to.deep.equal({ value: 2 });
      expect((await client.send("GET", `/issue/${key}/properties/other`)).status).to.equal(404);
    });

    it("keeps an attachment byte by byte", async () => {
      const { key } = await client.create();
      const bytes = Uint8Array.from({ length: 600 }, (_, index) => index % 256);
      const form = new FormData();
      form.append("file", new Blob([bytes], { type: "application/gzip" }), "evidence.ndjson.gz");
      const added = await client.send("POST", `/issue/${key}/attachments`, form, { "x-atlassian-token": "no-check" });
      expect(added.status).to.equal(200);
      expect(added.body[0]).to.include({ filename: "evidence.ndjson.gz", size: 600, mimeType: "application/gzip" });
      expect([...(jira.attachment(added.body[0].id) ?? [])]).to.deep.equal([...bytes]);
      const moved = await client.send("GET", added.body[0].content);
      expect(moved.status).to.equal(deployment === "cloud" ? 303 : 200);
    });

    it("links two issues once, seen from both sides", async () => {
      await client.create();
      await client.create();
      const link = { type: { name: "Duplicate" }, inwardIssue: { key: "OPS-2" }, outwardIssue: { key: "OPS-1" } };
      for (let index = 0; index < 2; index++)
        expect((await client.send("POST", "/issueLink", link)).status).to.equal(201);
      const links = async (key: string) =>
        (await client.send("GET", `/issue/${key}?fields=issuelinks`)).body.fields.issuelinks;
      const [from, to] = [await links("OPS-2"), await links("OPS-1")];
      expect([from.length, to.length]).to.deep.equal([1, 1]);
      expect([from[0].outwardIssue.key, to[0].inwardIssue.key]).to.deep.equal(["OPS-1", "OPS-2"]);
    });

    it("pages through the create screen, under the name of its flavour", async () => {
      const types = (await client.send("GET", "/issue/createmeta/OPS/issuetypes")).body;
      const list = deployment === "cloud" ? types.issueTypes : types.values;
      expect(list.map(({ name }: { name: string }) => name)).to.deep.equal(["Bug", "Task"]);
      const fields = (await client.send("GET", `/issue/createmeta/OPS/issuetypes/${list[0].id}?startAt=2&maxResults=3`))
        .body;
      const page = deployment === "cloud" ? fields.fields : fields.values;
      expect(page.map(({ fieldId }: { fieldId: string }) => fieldId)).to.deep.equal([
        "summary",
        "description",
        "priority",
      ]);
      expect(page[2].allowedValues).to.have.length(5);
    });

    it("lets people move, merge and delete issues behind the client's back", async () => {
      const alice = jira.person("alice");
      const first = await client.create();
      const second = await client.create();
      const third = await client.create();
      expect(alice.move(first.key, "WEB")).to.equal("WEB-1");
      const moved = await client.send("GET", `/issue/${first.key}?fields=project`);
      expect(moved.body).to.include({ id: first.id, key: "WEB-1" });
      alice.merge(second.key, first.id);
      expect(jira.issue(second.key)).to.include({ status: "Done", resolution: "Duplicate" });
      alice.delete(third.key);
      expect((await client.send("GET", `/issue/${third.id}`)).status).to.equal(404);
      alice.edit(second.key, { description: "By hand", priority: "Low", assignee: "bob" });
      expect(jira.issue(second.key)?.fields).to.deep.include({
        description: prose("By hand"),
        priority: "Low",
        assignee: "bob",
      });
      expect(jira.history.map(({ operation, actor }) => `${actor} ${operation}`)).to.deep.equal([
        "backfeed createIssue",
        "backfeed createIssue",
        "backfeed createIssue",
        "alice moveIssue",
        "alice linkIssues",
        "alice transitionIssue",
        "alice deleteIssue",
        "alice editIssue",
      ]);
    });

    it("writes the same history twice for the same work", async () => {
      const work = async (target: JiraDouble) => {
        const { create, send } = clientOf(target);
        const { key } = await create({ labels: ["a"] });
        await send("POST", `/issue/${key}/comment`, { body: prose("x") });
        target.person("bob").removeLabel(key, "a");
        return target.history;
      };
      const other = await startJiraDouble({ deployment, clock: clock.read, projects: [{ key: "OPS" }] });
      expect(await work(other)).to.deep.equal(await work(jira));
      await other.stop();
    });

    it("queues what a webhook would send, and posts it signed, as often as the test wants", async () => {
      const { key } = await client.create({ description: prose("as text") });
      jira.person("alice").transition(key, "Won't Do");
      const [created, closed] = jira.webhooks.pending;
      if (created === undefined || closed === undefined) throw new Error("two events expected");
      expect(created.payload).to.include({ webhookEvent: "jira:issue_created" });
      const { items } = closed.payload["changelog"] as { items: { field: string }[] };
      expect(items.map(({ field }) => field)).to.deep.equal(["resolution", "status"]);
      expect(JSON.stringify(created.payload)).to.contain('"description":"as text"').and.contain("/rest/api/2/issue/");

      const receiver = await startReceiver();
      const options = { url: receiver.url, secret: "hook-secret" };
      receiver.status = 503;
      expect(await jira.webhooks.deliver(closed, options)).to.equal(503);
      expect(jira.webhooks.pending, "stays until taken").to.include(closed);
      receiver.status = 200;
      expect(await jira.webhooks.deliver(closed, { ...options, retry: 1 })).to.equal(200);
      expect(jira.webhooks.pending).to.deep.equal([created]);
      const [first, second] = receiver.received;
      expect(second?.headers["x-atlassian-webhook-identifier"]).to.equal(
        first?.headers["x-atlassian-webhook-identifier"],
      );
      expect(second?.headers["x-atlassian-webhook-retry"]).to.equal("1");
      const signature = createHmac("sha256", "hook-secret")
        .update(second?.body ?? "")
        .digest("hex");
      expect(second?.headers["x-hub-signature"]).to.equal(`sha256=${signature}`);
      await receiver.stop();
    });
  });
}

/** Takes webhooks on a loopback port and answers `status`. */
async function startReceiver() {
  const received: { headers: IncomingHttpHeaders; body: string }[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
    response.writeHead(receiver.status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/jira`,
    status: 200,
    received,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return receiver;
}
