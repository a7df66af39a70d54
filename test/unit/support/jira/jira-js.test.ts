import { expect } from "chai";
import { createCloudClient } from "jira.js";
import { type JiraDouble, startJiraDouble } from "../../../support/jira/start-jira-double.ts";
import { clientOf, doc, paragraph, text } from "./client.ts";

describe("jira.js as a second client of the Jira double", () => {
  let jira: JiraDouble;
  let mismatches: unknown[];

  function secondClient() {
    const { email, token: apiToken } = jira.login.cloud;
    return createCloudClient({
      host: jira.url,
      auth: { type: "basic", email, apiToken },
      onSchemaMismatch: (report) => mismatches.push(report),
    });
  }

  beforeEach(async () => {
    jira = await startJiraDouble({ deployment: "cloud" });
    mismatches = [];
  });
  afterEach(async () => {
    await jira.stop();
    expect(jira.violations).to.deep.equal([]);
    expect(mismatches).to.deep.equal([]);
  });

  it("reads a ticket back without a mismatch: issue, search, comments, links, property, attachment, transitions", async () => {
    const { create, send } = clientOf(jira);
    const description = doc(paragraph(text("Checkout fails")));
    const { id, key } = await create(
      { description, labels: ["backfeed-1"] },
      { properties: [{ key: "backfeed", value: { v: 1 } }] },
    );
    await send("POST", `/issue/${key}/comment`, { body: doc(paragraph(text("again"))) });
    await send("POST", `/issue/${key}/remotelink`, { globalId: "g", object: { url: "https://b.example", title: "t" } });
    const form = new FormData();
    form.append("file", new Blob(["x"]), "x.txt");
    await send("POST", `/issue/${key}/attachments`, form, { "x-atlassian-token": "no-check" });
    await send("PUT", `/issue/${key}`, { fields: { summary: "New" } });

    const client = secondClient();
    const issue = await client.issues.getIssue({
      issueIdOrKey: key,
      expand: "changelog,transitions,names,editmeta",
      properties: ["backfeed"],
    });
    expect(issue).to.include({ id, key });
    expect(issue.fields?.["description"]).to.deep.equal(description);
    expect(issue.properties).to.deep.equal({ backfeed: { v: 1 } });
    const found = await client.issueSearch.searchAndReconsileIssuesUsingJqlPost({
      jql: "labels = backfeed-1",
      fields: ["*all"],
    });
    expect(found.issues?.map((one) => one.key)).to.deep.equal([key]);
    expect((await client.issueComments.getComments({ issueIdOrKey: key })).total).to.equal(1);
    await client.issueRemoteLinks.getRemoteIssueLinks({ issueIdOrKey: key });
    expect(
      (await client.issueProperties.getIssueProperty({ issueIdOrKey: key, propertyKey: "backfeed" })).value,
    ).to.deep.equal({ v: 1 });
    expect(
      (await client.issues.getTransitions({ issueIdOrKey: key, expand: "transitions.fields" })).transitions,
    ).to.have.length(3);
    await client.serverInfo.getServerInfo();
    await client.myself.getCurrentUser();
  });

  it("creates a ticket that the double takes", async () => {
    const client = secondClient();
    const created = await client.issues.createIssue({
      fields: { project: { key: "OPS" }, issuetype: { name: "Bug" }, summary: "From jira.js" },
    });
    expect(jira.issue(created.key)?.fields["summary"]).to.equal("From jira.js");
  });
});
