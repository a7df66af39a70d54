import { expect } from "chai";
import { type JiraDouble, startJiraDouble } from "../../../support/jira/start-jira-double.ts";
import { clientOf, MINIMAL } from "./client.ts";

describe("logging in to the Jira double", () => {
  let jira: JiraDouble;
  afterEach(() => jira.stop());

  it("answers an expired Cloud token like nobody: an empty 200, no account header, and the reason in a header", async () => {
    jira = await startJiraDouble({ deployment: "cloud" });
    const { create, send } = clientOf(jira);
    await create();
    const search = () => send("POST", "/search/jql", { jql: "project = OPS" });
    const good = await search();
    jira.expireToken();
    const bad = await search();
    jira.renewToken();
    expect([good.status, bad.status]).to.deep.equal([200, 200]);
    expect([good.body.issues.length, bad.body.issues.length]).to.deep.equal([1, 0]);
    expect(good.headers.get("x-aaccountid")).to.be.a("string");
    expect(bad.headers.get("x-aaccountid")).to.equal(null);
    expect([good, bad].map(({ headers }) => headers.get("x-seraph-loginreason"))).to.deep.equal([
      null,
      "AUTHENTICATED_FAILED",
    ]);
    expect((await search()).body.issues).to.have.length(1);
  });

  it("tells a Cloud client without a token the same by fault, and refuses what nobody may", async () => {
    jira = await startJiraDouble({ deployment: "cloud" });
    const { create, send } = clientOf(jira);
    await create();
    jira.faults.push({ kind: "expiredToken", times: Number.POSITIVE_INFINITY });
    const statuses = [
      await send("GET", "/serverInfo"),
      await send("GET", "/myself"),
      await send("GET", "/issue/OPS-1"),
      await send("POST", "/issue", { fields: MINIMAL }),
      await send("GET", "/mypermissions?permissions=CREATE_ISSUES&projectKey=OPS"),
      await send("GET", "/issue/createmeta/OPS/issuetypes"),
    ];
    expect(statuses.map(({ status }) => status)).to.deep.equal([200, 401, 404, 400, 200, 200]);
    expect(statuses[4]?.body.permissions.CREATE_ISSUES.havePermission).to.equal(false);
    expect(statuses[5]?.body.total).to.equal(0);
    expect(jira.issues()).to.have.length(1);
  });

  it("answers 401 on Data Center, and takes a PAT or a password", async () => {
    jira = await startJiraDouble({ deployment: "datacenter" });
    const { token, user, password } = jira.login.datacenter;
    const status = async (authorization?: string) =>
      (await fetch(`${jira.url}/rest/api/2/myself`, authorization === undefined ? {} : { headers: { authorization } }))
        .status;
    const basic = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
    expect([
      await status(`Bearer ${token}`),
      await status(basic),
      await status("Bearer wrong"),
      await status(),
    ]).to.deep.equal([200, 200, 401, 401]);
    expect((await fetch(`${jira.url}/rest/api/2/serverInfo`)).status, "anonymous").to.equal(200);
  });

  it("keeps the token out of its request log, and all else in", async () => {
    jira = await startJiraDouble({ deployment: "cloud" });
    await clientOf(jira).create({ summary: "canary-123" });
    expect(JSON.stringify(jira.requests)).to.contain("canary-123");
    expect(jira.requests[0]?.headers["authorization"]).to.equal("Basic <secret>");
  });

  it("hides, forbids and reports what a project denies", async () => {
    const projects = [{ key: "OPS" }, { key: "SEC", deniedPermissions: ["CREATE_ISSUES"] }];
    jira = await startJiraDouble({ deployment: "cloud", projects });
    const { send } = clientOf(jira);
    const create = await send("POST", "/issue", { fields: { ...MINIMAL, project: { key: "SEC" } } });
    const may = await send("GET", "/mypermissions?permissions=CREATE_ISSUES,EDIT_ISSUES&projectKey=SEC");
    expect(create.status).to.equal(403);
    expect(
      Object.values(may.body.permissions).map((one) => (one as { havePermission: boolean }).havePermission),
    ).to.deep.equal([false, true]);
  });

  it("answers serverInfo under the other flavour's path, so that a client can ask which it is", async () => {
    jira = await startJiraDouble({
      deployment: "cloud",
      contextPath: "/ex/jira/abc",
      siteUrl: "https://acme.atlassian.net",
    });
    const answers = await Promise.all(
      ["2", "3", "latest"].map(async (version) => (await fetch(`${jira.url}/rest/api/${version}/serverInfo`)).json()),
    );
    for (const answer of answers)
      expect(answer).to.include({ deploymentType: "Cloud", baseUrl: "https://acme.atlassian.net" });
  });
});
