import { expect } from "chai";
import type { Deployment } from "../../../support/jira/options.ts";
import { REFUSALS } from "../../../support/jira/refusals.ts";
import { type JiraDouble, startJiraDouble } from "../../../support/jira/start-jira-double.ts";
import { clientOf, doc, paragraph, text } from "./client.ts";
import { PROJECTS, REFUSAL_CASES } from "./refusal-cases.ts";

const DEPLOYMENTS: readonly Deployment[] = ["cloud", "datacenter"];

describe("what the Jira double refuses although Atlassian's OpenAPI document lets it through", () => {
  it("has a case for every row of the table, and well over 25", () => {
    const covered = new Set(REFUSAL_CASES.map(({ id }) => id));
    expect([...covered].sort()).to.deep.equal(Object.keys(REFUSALS).sort());
    expect(covered.size).to.be.greaterThan(25);
  });

  for (const deployment of DEPLOYMENTS) {
    describe(deployment, () => {
      let jira: JiraDouble;

      before(async () => {
        jira = await startJiraDouble({ deployment, projects: PROJECTS, attachmentLimit: 1024 });
        const { create } = clientOf(jira);
        for (const summary of ["one", "two", "three"]) await create({ summary });
        jira.person("alice").transition("OPS-3", "Closed");
      });
      after(() => jira.stop());

      for (const { id, name, on = deployment, method, path, body, headers } of REFUSAL_CASES) {
        if (on !== deployment) continue;
        it(`${id}: ${name}`, async () => {
          const writes = jira.history.length;
          const answer = await clientOf(jira).send(method, path, body, headers);
          const request = jira.requests.at(-1);
          const row: (typeof REFUSALS)[typeof id] = REFUSALS[id];
          expect(request?.openapi, "Atlassian's document alone").to.equal("passed");
          expect(request?.refusals).to.include(id);
          expect(answer.status).to.equal(deployment === "datacenter" ? (row.datacenter ?? row.status) : row.status);
          const said =
            row.field === undefined ? answer.body.errorMessages.join() : Object.values(answer.body.errors).join();
          expect(said).to.match(
            new RegExp(
              row.text
                .split(/\{\d\}/)
                .map((part) => part.replace(/[^\w ]/g, "."))
                .join(".*"),
            ),
          );
          expect(jira.history.length, "nothing was written").to.equal(writes);
          expect(jira.violations).to.deep.equal([]);
        });
      }
    });
  }
});

describe("what Atlassian's OpenAPI document refuses in the Jira double", () => {
  let jira: JiraDouble;

  before(async () => {
    jira = await startJiraDouble({ deployment: "cloud" });
    await clientOf(jira).create();
  });
  after(() => jira.stop());

  const bad: readonly [string, string, string, unknown, number][] = [
    ["startAt in the new search", "POST", "/search/jql", { jql: "project = OPS", startAt: 0 }, 400],
    ["a number as JQL", "POST", "/search/jql", { jql: 5 }, 400],
    ["a remote link without object", "POST", "/issue/OPS-1/remotelink", { globalId: "a" }, 400],
    ["a list as fields", "POST", "/issue", { fields: [] }, 400],
    ["an unknown query parameter", "GET", "/issue/OPS-1?colour=red", undefined, 400],
  ];
  for (const [name, method, path, body, status] of bad) {
    it(name, async () => {
      const answer = await clientOf(jira).send(method, path, body);
      expect(answer.status).to.equal(status);
      expect(answer.body.errorMessages).to.have.length(1);
      expect(jira.requests.at(-1)).to.include({ openapi: "refused", outcome: "refused" });
    });
  }

  it("refuses JSON that is none, and a body that is not JSON", async () => {
    const broken = await clientOf(jira).send("POST", "/issue", '{"fields":');
    const markup = await clientOf(jira).send("POST", "/issue", "<x/>", { "content-type": "text/xml" });
    expect([broken.status, markup.status]).to.deep.equal([400, 415]);
  });

  it("records an answer of its own that the document does not allow, and answers 500", async () => {
    const users = [{ name: "backfeed", accountId: "x".repeat(129) }];
    const faulty = await startJiraDouble({ deployment: "cloud", users });
    try {
      const answer = await clientOf(faulty).send("GET", "/myself");
      expect(answer.status).to.equal(500);
      expect(faulty.violations).to.have.length(1);
      expect(faulty.violations[0]).to.include({ operation: "getMyself" });
    } finally {
      await faulty.stop();
    }
  });

  it("records a path that Jira has and the double does not serve", async () => {
    const other = await startJiraDouble({ deployment: "cloud" });
    try {
      const answer = await clientOf(other).send("GET", "/dashboard");
      expect(answer.status).to.equal(501);
      expect(other.violations[0]?.message).to.contain("does not serve GET /dashboard");
    } finally {
      await other.stop();
    }
  });

  it("does not start without the document, and says where it looked", async () => {
    let message = "";
    await startJiraDouble({ deployment: "cloud", openapiDirectory: "/nowhere" }).catch((error: Error) => {
      message = error.message;
    });
    expect(message).to.match(/OpenAPI document is missing at \/nowhere\/.*JIRA_OPENAPI_DIR/);
  });

  it("takes a good document whole, and gives it back unchanged", async () => {
    const description = doc(
      { type: "heading", attrs: { level: 2 }, content: [text("What happened")] },
      paragraph(
        text("See "),
        text("the finding", { type: "link", attrs: { href: "https://backfeed.example.com/f/1" } }),
      ),
      { type: "codeBlock", attrs: { language: "text" }, content: [text("{code} [~admin] h1. <b>\nline two")] },
      { type: "expand", attrs: { title: "More" }, content: [paragraph(text("x", { type: "strong" }))] },
    );
    const { key } = await clientOf(jira).create({ description });
    const answer = await clientOf(jira).send("GET", `/issue/${key}?fields=description`);
    expect(answer.body.fields).to.deep.equal({ description });
  });
});
