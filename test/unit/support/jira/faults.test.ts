import { expect } from "chai";
import type { FaultKind } from "../../../support/jira/faults.ts";
import { type JiraDouble, startJiraDouble } from "../../../support/jira/start-jira-double.ts";
import { clientOf, MINIMAL, TestClock } from "./client.ts";

describe("faults of the Jira double", () => {
  let clock: TestClock;
  let jira: JiraDouble;
  let client: ReturnType<typeof clientOf>;

  beforeEach(async () => {
    clock = new TestClock();
    jira = await startJiraDouble({ deployment: "cloud", clock: clock.read });
    client = clientOf(jira);
  });
  afterEach(async () => {
    await jira.stop();
    expect(jira.violations).to.deep.equal([]);
  });

  const post = () => client.send("POST", "/issue", { fields: MINIMAL });
  const outcome = async (promise: Promise<{ status: number }>) =>
    promise.then(
      ({ status }) => status,
      () => "no answer",
    );

  const table: readonly [FaultKind, number | "no answer", number][] = [
    [{ kind: "rateLimited" }, 429, 0],
    [{ kind: "htmlError" }, 503, 0],
    [{ kind: "htmlError", status: 500, processed: true }, 500, 1],
    [{ kind: "serverError" }, 500, 0],
    [{ kind: "resetBefore" }, "no answer", 0],
    [{ kind: "lostAnswer" }, "no answer", 1],
    [{ kind: "truncatedBody" }, "no answer", 1],
    [{ kind: "redirectToLogin" }, 302, 0],
    [{ kind: "htmlLoginPage" }, 200, 0],
    [{ kind: "unauthorized" }, 401, 0],
    [{ kind: "forbidden", captcha: true }, 403, 0],
    [{ kind: "headers", headers: { "x-extra": "1" } }, 201, 1],
  ];
  for (const [fault, answer, written] of table) {
    it(`${JSON.stringify(fault)}: a create sees ${answer}, ${written} issue exists, and the next one works`, async () => {
      jira.faults.push({ ...fault, operation: "createIssue" });
      expect(await outcome(post())).to.equal(answer);
      expect(jira.issues()).to.have.length(written);
      expect(jira.requests[0]?.fault).to.equal(fault.kind);
      expect(await outcome(post())).to.equal(201);
      expect(jira.issues()).to.have.length(written + 1);
      expect(jira.faults.fired).to.deep.equal([{ n: 1, operation: "createIssue", kind: fault.kind }]);
    });
  }

  it("commits a create whose answer is lost, under the key it would have told", async () => {
    jira.faults.push({ operation: "createIssue", kind: "lostAnswer" });
    expect(await outcome(post())).to.equal("no answer");
    expect(jira.requests[0]).to.include({ status: null, outcome: "fault" });
    expect(jira.history.map(({ operation, issueKey }) => [operation, issueKey])).to.deep.equal([
      ["createIssue", "OPS-1"],
    ]);
  });

  it("gives a whole answer whose JSON is cut", async () => {
    jira.faults.push({ kind: "invalidJson" });
    const answer = await fetch(`${jira.url}/rest/api/3/serverInfo`);
    const text = await answer.text();
    expect(answer.status).to.equal(200);
    expect(() => JSON.parse(text)).to.throw();
  });

  it("tells how long to wait and why", async () => {
    jira.faults.push(
      {
        kind: "rateLimited",
        retryAfter: 7,
        reason: "jira-quota-tenant-based",
        headers: { "X-RateLimit-Reset": "2026-04-20T11:00:00.000Z" },
      },
      { kind: "rateLimited", retryAfter: null },
    );
    const first = await post();
    const second = await post();
    expect([first.headers.get("retry-after"), first.headers.get("ratelimit-reason")]).to.deep.equal([
      "7",
      "jira-quota-tenant-based",
    ]);
    expect(first.headers.get("x-ratelimit-reset")).to.equal("2026-04-20T11:00:00.000Z");
    expect(second.headers.get("retry-after")).to.equal(null);
  });

  it("leads a client that follows redirects to a login page with status 200, and writes nothing", async () => {
    jira.faults.push({ operation: "createIssue", kind: "redirectToLogin" });
    const body = JSON.stringify({ fields: MINIMAL });
    const answer = await fetch(`${jira.url}/rest/api/3/issue`, {
      method: "POST",
      body,
      headers: { "content-type": "application/json" },
    });
    expect([answer.status, answer.redirected, answer.headers.get("content-type")]).to.deep.equal([
      200,
      true,
      "text/html;charset=UTF-8",
    ]);
    expect(jira.history).to.deep.equal([]);
  });

  it("hits the operations, requests and number of times asked for", async () => {
    jira.faults.push({
      kind: "serverError",
      operation: ["search", "createIssue"],
      times: 2,
      skip: 1,
      when: ({ method }) => method === "POST",
    });
    const statuses = [await outcome(client.send("GET", "/serverInfo"))];
    for (let index = 0; index < 4; index++) statuses.push(await outcome(post()));
    expect(statuses).to.deep.equal([200, 201, 500, 500, 201]);
    jira.faults.push({ kind: "serverError", times: Number.POSITIVE_INFINITY });
    expect(jira.faults.pending).to.equal(Number.POSITIVE_INFINITY);
    jira.faults.clear();
    expect(await outcome(post())).to.equal(201);
  });

  it("lets a simulation decide, request by request", async () => {
    jira.faults.decide = ({ n }) => (n % 2 === 0 ? { kind: "serverError" } : undefined);
    expect([await outcome(post()), await outcome(post()), await outcome(post())]).to.deep.equal([201, 500, 201]);
  });

  for (const stage of ["before", "after"] as const) {
    it(`holds an answer ${stage} processing until the test lets go`, async () => {
      let release = () => {};
      const until = new Promise<void>((resolve) => {
        release = resolve;
      });
      const arrived = new Promise<void>((resolve) => {
        jira.faults.decide = () => {
          setImmediate(resolve);
          return { kind: "hold", until, stage };
        };
      });
      const pending = post();
      await arrived;
      if (stage === "before") expect(jira.issues()).to.deep.equal([]);
      release();
      expect((await pending).status).to.equal(201);
    });
  }

  it("limits writes to one issue when told to, on its own clock", async () => {
    const strict = await startJiraDouble({
      deployment: "cloud",
      clock: clock.read,
      limits: { perIssueWrites: [{ writes: 2, perMs: 2000 }] },
    });
    const { create, send } = clientOf(strict);
    const { key } = await create();
    const label = (name: string) => send("PUT", `/issue/${key}`, { update: { labels: [{ add: name }] } });
    const first = [await label("a"), await label("b"), await label("c")];
    clock.advance(2000);
    const last = await label("c");
    expect([...first, last].map(({ status }) => status)).to.deep.equal([204, 204, 429, 204]);
    expect(first[2]?.headers.get("retry-after")).to.equal("2");
    expect(first[2]?.headers.get("ratelimit-reason")).to.equal("jira-per-issue-on-write");
    await strict.stop();
  });

  it("counts a burst down in the headers and refuses beyond it", async () => {
    const limits = { burst: { requests: 2, perMs: 10_000 } };
    const strict = await startJiraDouble({ deployment: "cloud", clock: clock.read, limits });
    const { send } = clientOf(strict);
    const answers = [await send("GET", "/myself"), await send("GET", "/myself"), await send("GET", "/myself")];
    expect(answers.map(({ status }) => status)).to.deep.equal([200, 200, 429]);
    expect(answers.map(({ headers }) => headers.get("x-ratelimit-remaining"))).to.deep.equal(["1", "0", "0"]);
    expect(answers[2]?.headers.get("x-ratelimit-reset")).to.equal("2026-04-20T10:00:10.000Z");
    await strict.stop();
  });
});
