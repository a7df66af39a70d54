import { expect } from "chai";
import type { Deployment } from "../../../support/jira/options.ts";
import { type JiraDouble, startJiraDouble } from "../../../support/jira/start-jira-double.ts";
import { clientOf, TestClock } from "./client.ts";

const MINUTE = 60_000;

for (const deployment of ["cloud", "datacenter"] as const satisfies readonly Deployment[]) {
  describe(`search in the Jira double, ${deployment}`, () => {
    let clock: TestClock;
    let jira: JiraDouble;

    beforeEach(async () => {
      clock = new TestClock();
      jira = await startJiraDouble({ deployment, clock: clock.read, projects: [{ key: "OPS" }, { key: "WEB" }] });
    });
    afterEach(async () => {
      await jira.stop();
      expect(jira.violations).to.deep.equal([]);
    });

    it("sees a write only when the index has caught up, while a read by key sees it at once", async () => {
      const { create, search, send } = clientOf(jira);
      jira.index.lag = 5000;
      const { key } = await create({ labels: ["backfeed-1"] });
      const seen: boolean[] = [];
      for (const wait of [0, 4999, 1]) {
        clock.advance(wait);
        seen.push((await search('labels = "backfeed-1"')).includes(key));
      }
      expect(seen).to.deep.equal([false, false, true]);

      await send("PUT", `/issue/${key}`, { update: { labels: [{ remove: "backfeed-1" }, { add: "other" }] } });
      expect((await send("GET", `/issue/${key}?fields=labels`)).body.fields.labels).to.deep.equal(["other"]);
      expect(await search('labels = "backfeed-1"'), "still the old state").to.deep.equal([key]);
      clock.advance(5000);
      expect(await search('labels = "backfeed-1"')).to.deep.equal([]);
    });

    it("finds a deleted issue until the index forgets it", async () => {
      const { create, search, send } = clientOf(jira);
      const { key } = await create();
      jira.index.lag = MINUTE;
      await send("DELETE", `/issue/${key}`);
      expect(await search("project = OPS")).to.deep.equal([key]);
      expect((await send("GET", `/issue/${key}`)).status).to.equal(404);
      jira.index.flush();
      expect(await search("project = OPS")).to.deep.equal([]);
    });

    it("shows an issue, loses it, and shows it again, when told to", async () => {
      const { create, search } = clientOf(jira);
      const { id, key } = await create();
      const first = await search("project = OPS");
      jira.index.hide(id, 2);
      const hidden = [await search("project = OPS"), await search("project = OPS")];
      expect([first, ...hidden, await search("project = OPS")]).to.deep.equal([[key], [], [], [key]]);
    });

    it("leaves out what a rule of the test leaves out", async () => {
      const { create, search } = clientOf(jira);
      const { key } = await create();
      jira.index.visible = ({ search: n }) => n % 2 === 0;
      expect([await search("project = OPS"), await search("project = OPS")]).to.deep.equal([[], [key]]);
    });

    it("judges JQL as Jira does", async () => {
      const { create, search, send } = clientOf(jira);
      await create({ summary: "alpha one", labels: ["a", "b"], priority: { name: "High" } });
      clock.advance(10 * MINUTE);
      await create({ summary: "beta two", labels: ["b"] });
      await create({ summary: "gamma", project: { key: "WEB" } });
      await send("POST", "/issue/OPS-2/transitions", {
        transition: { id: "31" },
        fields: { resolution: { name: "Duplicate" } },
      });
      const { id } = await create({ summary: "delta", issuetype: { name: "Task" } });
      const expected: Record<string, string[]> = {
        "project = OPS ORDER BY key": ["OPS-1", "OPS-2", "OPS-3"],
        "project = OPS ORDER BY created DESC, key DESC": ["OPS-3", "OPS-2", "OPS-1"],
        'labels = "a"': ["OPS-1"],
        "labels in (a, c)": ["OPS-1"],
        "labels != a": ["OPS-2"],
        "NOT labels = a": ["OPS-2"],
        "labels is EMPTY ORDER BY key": ["OPS-3", "WEB-1"],
        "resolution != Done": ["OPS-2"],
        "project = OPS AND resolution = Unresolved ORDER BY key": ["OPS-1", "OPS-3"],
        "statusCategory = Done": ["OPS-2"],
        "statusCategory != done AND project in (OPS, WEB) ORDER BY key": ["OPS-1", "OPS-3", "WEB-1"],
        'status = "To Do" AND (labels = a OR issuetype = Task) ORDER BY key': ["OPS-1", "OPS-3"],
        "key = OPS-1": ["OPS-1"],
        [`id in (${id})`]: ["OPS-3"],
        'created < -5m AND project = "OPS"': ["OPS-1"],
        'created >= "2026-04-20 10:10" AND project = OPS ORDER BY key': ["OPS-2", "OPS-3"],
        "priority = High": ["OPS-1"],
        'summary ~ "beta"': ["OPS-2"],
        "reporter = currentUser() AND project = WEB": ["WEB-1"],
        'labels = "a\\"b" OR key = WEB-1': ["WEB-1"],
      };
      const actual: Record<string, string[]> = {};
      for (const jql of Object.keys(expected)) actual[jql] = await search(jql);
      expect(actual).to.deep.equal(expected);
    });

    it("pages through more than one answer", async () => {
      const { create, send } = clientOf(jira);
      for (let index = 0; index < 3; index++) await create();
      const path = deployment === "cloud" ? "/search/jql" : "/search";
      const body = { jql: "project = OPS ORDER BY key", fields: ["summary"], maxResults: 2 };
      const first = await send("POST", path, body);
      const more = deployment === "cloud" ? { nextPageToken: first.body.nextPageToken } : { startAt: 2 };
      const second = await send("POST", path, { ...body, ...more });
      const keys = [first, second].map((answer) => answer.body.issues.map((issue: { key: string }) => issue.key));
      expect(keys).to.deep.equal([["OPS-1", "OPS-2"], ["OPS-3"]]);
      if (deployment === "cloud") expect([first.body.isLast, second.body.isLast]).to.deep.equal([false, true]);
      else expect([first.body.total, second.body.startAt]).to.deep.equal([3, 2]);
    });
  });
}

describe("search in the Jira double, where the flavours differ", () => {
  it("reconciles known issues and gives only ids by default on Cloud", async () => {
    const clock = new TestClock();
    const jira = await startJiraDouble({ deployment: "cloud", clock: clock.read, indexLag: 10 * MINUTE });
    const { create, send } = clientOf(jira);
    const { id } = await create({ labels: ["backfeed-1"] });
    const jql = 'labels = "backfeed-1"';
    expect((await send("POST", "/search/jql", { jql })).body).to.deep.equal({ issues: [], isLast: true });
    const reconciled = await send("POST", "/search/jql", { jql, reconcileIssues: [Number(id)] });
    expect(reconciled.body).to.deep.equal({ issues: [{ id }], isLast: true });
    expect((await send("POST", "/search", { jql })).status).to.equal(410);
    await jira.stop();
  });

  it("has the old search only on Data Center, which reports unknown values unless told not to", async () => {
    const jira = await startJiraDouble({ deployment: "datacenter" });
    const { send } = clientOf(jira);
    expect((await send("POST", "/search/jql", { jql: "project = OPS" })).status).to.equal(404);
    expect((await send("POST", "/search", { jql: "key = OPS-9" })).status).to.equal(400);
    expect((await send("POST", "/search", { jql: "key = OPS-9", validateQuery: false })).body.total).to.equal(0);
    expect((await send("POST", "/search", { jql: "" })).status, "unbounded is allowed here").to.equal(200);
    await jira.stop();
  });
});
