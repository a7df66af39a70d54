import { expect } from "chai";
import { createCloudClient } from "jira.js";
import { loadAccessLog } from "../support/data.ts";
import { adfText } from "../support/jira/adf.ts";
import { type JiraDouble, startJiraDouble } from "../support/jira/start-jira-double.ts";
import { oneStory } from "../support/one-story.ts";
import { runProduct } from "../support/product.ts";
import type { ProjectFolder } from "../support/project-folder.ts";
import { type Elasticsearch, sharedElasticsearch } from "../support/services/elasticsearch.ts";
import { startOrSkip } from "../support/services/service-missing.ts";
import { apacheIndex, makeApacheProject } from "./apache-project.ts";
import { readRawRequests, windowOf } from "./apache-raw-log.ts";

/** What an issue's field `labels` and property `backfeed` say of our ticket. */
interface TicketProperty {
  readonly v: number;
  readonly instance: string;
  readonly groupKey: string;
  readonly generation: number;
  readonly rules: readonly string[];
}

describe("the Apache log's 404 storm, from Elasticsearch into Jira by configuration alone", function () {
  this.timeout(400_000);
  oneStory(this);
  let elasticsearch: Elasticsearch;
  let jira: JiraDouble;
  let project: ProjectFolder;
  let missing: number;

  async function runAt(at: string): Promise<void> {
    const { email: JIRA_EMAIL, token: JIRA_TOKEN } = jira.login.cloud;
    const { code, err } = await runProduct(["run", "--once", "--at", at, "--rule", "www-not-found-storm"], {
      cwd: project.path,
      environment: { JIRA_EMAIL, JIRA_TOKEN },
    });
    expect(code, err).to.equal(0);
  }

  before(async function () {
    elasticsearch = await startOrSkip(this, sharedElasticsearch);
    await loadAccessLog(elasticsearch.client, { index: apacheIndex });
    missing = windowOf(await readRawRequests(), Date.parse("2015-05-20T06:00:00Z")).filter(
      ({ status }) => status === 404,
    ).length;
    jira = await startJiraDouble({ deployment: "cloud" });
    project = await makeApacheProject({
      url: elasticsearch.url,
      more: `server: { public_url: "https://backfeed.example.com" }
tracker: jira
trackers:
  jira: { type: jira, url: "${jira.url}", auth: { email: "\${JIRA_EMAIL}", token: "\${JIRA_TOKEN}" }, project: OPS, issue_type: Bug }`,
    });
  });
  after(async () => {
    await project?.remove();
    await jira?.stop();
    await elasticsearch?.client.indices.delete({ index: apacheIndex });
  });

  it("files one issue that carries label, property, link back and chart", async () => {
    await runAt("2015-05-20T06:00:00Z");
    const [issue, ...others] = jira.issues();
    expect(others).to.deep.equal([]);
    expect(issue!.fields["summary"]).to.equal(`www: ${missing} requests for missing pages in 1 h`);
    expect(issue!.fields["priority"]).to.equal("Low");
    const property = issue!.properties["backfeed"] as TicketProperty;
    expect(property).to.include({ v: 1, instance: "apache-scenario", generation: 1 });
    expect(property.rules).to.deep.equal(["www-not-found-storm"]);
    const id = property.groupKey.slice(0, 16);
    expect(id).to.match(/^[0-9a-f]{16}$/);
    expect(issue!.fields["labels"]).to.have.members([`backfeed-${id}`, "team-web"]);
    expect(issue!.remoteLinks.map(({ globalId, object }) => [globalId, object["url"]])).to.deep.equal([
      [`backfeed=apache-scenario&finding=${id}`, `https://backfeed.example.com/findings/${id}`],
    ]);
    const [chart, ...more] = issue!.attachments;
    expect(more).to.deep.equal([]);
    expect(chart).to.include({ contentType: "image/png" });
    expect(jira.attachment(chart!.id)?.subarray(1, 4).toString("latin1")).to.equal("PNG");
    expect(adfText(issue!.fields["description"])).to.contain("10/100 Low: ").and.to.contain(chart!.filename);
  });

  it("goes on in that issue: one comment when it is quiet, one when it is back", async () => {
    await runAt("2015-05-20T07:00:00Z");
    expect(jira.issues()[0]!.comments).to.have.length(0);
    await runAt("2015-05-20T08:00:00Z");
    expect(jira.issues()[0]!.comments.map(({ body }) => adfText(body))).to.satisfy(
      (texts: string[]) => texts.length === 1 && texts[0]!.includes("Quiet now"),
    );
    await runAt("2015-05-20T10:00:00Z");
    expect(jira.issues()).to.have.length(1);
    const comments = jira.issues()[0]!.comments.map(({ body }) => adfText(body));
    expect(comments.filter((text) => text.includes("Back again"))).to.have.length(1);
    // The summary block is a comment of its own that is kept current.
    expect(comments).to.have.length(3);
  });

  it("is what jira.js reads back, without a mismatch", async () => {
    const mismatches: unknown[] = [];
    const { email, token: apiToken } = jira.login.cloud;
    const client = createCloudClient({
      host: jira.url,
      auth: { type: "basic", email, apiToken },
      onSchemaMismatch: (report) => mismatches.push(report),
    });
    const { key } = jira.issues()[0]!;
    const issue = await client.issues.getIssue({ issueIdOrKey: key, properties: ["backfeed"], expand: "changelog" });
    expect(issue.fields?.["summary"]).to.contain("requests for missing pages");
    expect(issue.properties?.["backfeed"]).to.include({ v: 1, generation: 1 });
    expect((await client.issueComments.getComments({ issueIdOrKey: key })).total).to.equal(3);
    await client.issueRemoteLinks.getRemoteIssueLinks({ issueIdOrKey: key });
    expect(mismatches).to.deep.equal([]);
    expect(jira.violations).to.deep.equal([]);
  });
});
