import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import type { Deployment } from "../support/jira/options.ts";
import { type JiraDouble, startJiraDouble } from "../support/jira/start-jira-double.ts";
import { oneStory } from "../support/one-story.ts";
import { eventually, type RunningProduct, startProduct } from "../support/product.ts";
import { makeProjectFolder, type ProjectFolder } from "../support/project-folder.ts";
import { configured, secretsIn, secretTexts, startRefusingElasticsearch } from "./secret-canaries.ts";

const user = "backfeed@example.com";
const secretLabel = `api ${secretTexts[1]}`;

const rule = (id: string, source: string, target: string, more: string) => `  - id: ${id}
    title: '${more.includes("by:") ? '{{ labels["service.name"] }}' : id}: {{ value | number }} failures'
    why: Orders are lost.
    severity: high
    signal: { source: ${source}, ${target}, measure: count, window: 1h${more} }
    when: { above: 3 }
`;

for (const deployment of ["cloud", "datacenter"] as const satisfies readonly Deployment[]) {
  describe(`secrets in everything that Backfeed reads, with Jira ${deployment}`, function () {
    this.timeout(600_000);
    oneStory(this);
    let jira: JiraDouble;
    let project: ProjectFolder;
    let serve: RunningProduct;
    const stops: (() => Promise<void>)[] = [];
    const answers: string[] = [];

    async function ask(path: string): Promise<string> {
      const line = serve.err.split("\n").find((each) => each.includes("the API listens"));
      const { port } = JSON.parse(line ?? "{}") as { port: number };
      const headers = { authorization: `Bearer ${configured.VIEWER_TOKEN}` };
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
      const text = await response.text();
      answers.push(text);
      expect(response.status, text).to.equal(200);
      return text;
    }
    const items = async <Item>(path: string) => (JSON.parse(await ask(path)) as { items: Item[] }).items;

    before(async () => {
      const cloud = deployment === "cloud";
      const secret = configured.JIRA_TOKEN;
      jira = await startJiraDouble({
        deployment,
        credentials: [
          cloud
            ? { kind: "basic", username: user, secret, user: "backfeed" }
            : { kind: "bearer", token: secret, user: "backfeed" },
        ],
      });
      stops.push(() => jira.stop());
      const refusals = secretTexts.join(" ");
      const refusing = await startRefusingElasticsearch(400, refusals);
      const failing = await startRefusingElasticsearch(500, refusals);
      stops.push(refusing.stop, failing.stop);
      const now = new Date().toISOString();
      const event = (service: string, message: string) =>
        JSON.stringify({ "@timestamp": now, "service.name": service, message, token: secretTexts[0] });
      const events = [
        ...secretTexts.map((text) => event("checkout", text)),
        ...secretTexts.slice(0, 4).map((text) => event(secretLabel, text)),
      ];
      const elasticsearch = (url: string) =>
        `{ type: elasticsearch, nodes: ["${url}"], auth: { user: backfeed, password: "\${ES_PASSWORD}" }, stale_after: 0s }`;
      project = await makeProjectFolder({
        "config/backfeed.yaml": `apiVersion: backfeed/v1
instance: secrets
server:
  listen: "127.0.0.1:0"
  public_url: "https://backfeed.example.com"
  auth: { tokens: [ { name: grafana, role: viewer, token: "\${VIEWER_TOKEN}" } ] }
rules: ["rules/*.yaml"]
sources:
  app: { type: files, tables: { app: { path: "logs/*.ndjson" } }, delay: 0s }
  refusing: ${elasticsearch(refusing.url)}
  failing: ${elasticsearch(failing.url)}
links: { kibana: "https://kibana.example.com/?q={{ query }}&service={{ labels['service.name'] }}" }
trackers:
  jira: { type: jira, url: "${jira.url}", auth: { ${cloud ? `email: "${user}", ` : ""}token: "\${JIRA_TOKEN}" }, project: OPS, issue_type: Bug }
tracker: jira
`,
        "config/owners.yaml": "default: { labels: ['{{ labels[\"service.name\"] }}'] }\n",
        "rules/app.yaml": [
          'apiVersion: backfeed/v1\ndefaults: { schedule: "*/2 * * * * *", evidence: { samples: 20, fields: [message, token] } }\nrules:\n',
          rule("app-failures", "app", "table: app", ", by: [service.name]"),
          rule("refused", "refusing", "index: logs", ""),
          rule("failed", "failing", "index: logs", ""),
        ].join(""),
        "logs/app.ndjson": `${events.join("\n")}\n`,
      });
      serve = await startProduct(["serve"], {
        cwd: project.path,
        environment: { ...configured, BACKFEED_LOG_LEVEL: "debug" },
      });
      await eventually("serve listens", () => (serve.err.includes("the API listens") ? true : undefined));
    });
    after(async () => {
      serve?.kill("SIGKILL");
      await serve?.ended;
      await project?.remove();
      for (const stop of stops.reverse()) await stop();
    });

    it("files what it found, and tells of the queries that were refused", async () => {
      const entries = await eventually("both tickets are filed", async () => {
        const done = await items<{ state: string }>("/api/v1/outbox?state=done");
        return done.length >= 2 ? done : undefined;
      });
      expect(entries).to.have.length(2);
      expect(jira.issues()).to.have.length(2);
      const summaries = jira.issues().map(({ fields }) => String(fields["summary"]));
      expect(summaries).to.include(`checkout: ${secretTexts.length} failures`);
      expect(summaries.some((summary) => summary.includes("<redacted:password>"))).to.equal(true);
      await eventually("both failures are known", async () => {
        const rules = await items<{ id: string; lastFailure?: string }>("/api/v1/rules");
        const failures = rules.filter(({ lastFailure }) => lastFailure !== undefined).map(({ id }) => id);
        return failures.length === 2 ? failures : undefined;
      });
    });

    it("no secret is in any answer of the API", async () => {
      for (const list of ["findings", "rules", "ticks", "outbox", "tickets"]) await ask(`/api/v1/${list}`);
      for (const { id } of await items<{ id: string }>("/api/v1/findings")) {
        await ask(`/api/v1/findings/${id}`);
        const evidence = await ask(`/api/v1/findings/${id}/evidence`);
        answers.push(evidence);
      }
      await ask("/metrics");
      expect(answers.join("\n")).to.contain("<redacted:jwt>").and.to.contain("<secret>");
      expect(answers.flatMap(secretsIn)).to.deep.equal([]);
    });

    it("no secret is in anything that Jira received", () => {
      const received = jira.requests.flatMap(({ path, headers, body }) => [path, JSON.stringify(headers), body]);
      expect(received.join("\n")).to.contain("<redacted:jwt>");
      expect(received.flatMap(secretsIn)).to.deep.equal([]);
      expect(jira.violations).to.deep.equal([]);
    });

    it("no secret is in the log, nor in any byte of the store", async () => {
      serve.kill("SIGKILL");
      const { out, err } = await serve.ended;
      expect(err).to.contain("RULE_QUERY_FAILED");
      expect(secretsIn(out + err)).to.deep.equal([]);
      // The search itself finds what is there.
      expect(secretsIn(await readFile(join(project.path, "logs/app.ndjson")))).not.to.deep.equal([]);
      // Killed, so that the write-ahead log is there too, and every page that was ever written.
      const files = await readdir(join(project.path, "var"));
      expect(files).to.include.members(["backfeed.db", "backfeed.db-wal"]);
      for (const file of files) {
        expect(secretsIn(await readFile(join(project.path, "var", file))), file).to.deep.equal([]);
      }
      // The title is what the chart's renderer was given to draw.
      const titles = (project.rows()["evidence"] ?? []).map(({ request }) => String(request));
      expect(titles).to.have.length(2);
      expect(titles.flatMap(secretsIn)).to.deep.equal([]);
    });
  });
}
