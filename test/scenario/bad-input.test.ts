import { createRequire } from "node:module";
import { expect } from "chai";
import { adfFault } from "../support/jira/adf.ts";
import { startJiraDouble } from "../support/jira/start-jira-double.ts";
import { runProduct } from "../support/product.ts";
import type { ProjectFolder } from "../support/project-folder.ts";
import { hostileTokens } from "../unit/trackers/jira/hostile-text.ts";
import { eventLine, makeFilesProject, ruleFile, servicesRule } from "./files-project.ts";

interface Row {
  readonly rule: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly verdict: string;
  readonly value: number | null;
  readonly outcome: string;
  readonly reason: string;
  readonly ticket: string | null;
}

interface Node {
  readonly type: string;
  readonly content?: readonly Node[];
}

// Atlassian's own parser of wiki markup. Its types want the DOM, so it is loaded by hand.
const { WikiMarkupTransformer } = createRequire(import.meta.url)("@atlaskit/editor-wikimarkup-transformer") as {
  WikiMarkupTransformer: new () => { parse(markup: string): { toJSON(): Node } };
};

/** Nodes that our tickets are made of; a mention, macro, image, panel or status is none of them. */
const innocent = [
  ...["doc", "paragraph", "text", "hardBreak", "heading", "codeBlock", "bulletList", "listItem"],
  ...["table", "tableRow", "tableHeader", "tableCell"],
];
const typesOf = (node: Node): string[] => [node.type, ...(node.content ?? []).flatMap(typesOf)];

const at = "2026-01-05T10:30:00Z";
const tick = "2026-01-05T11:00:00Z";
let project: ProjectFolder;

async function run(...args: string[]) {
  return runProduct(args, { cwd: project.path });
}

describe("rule files that are wrong, beside a good one", function () {
  this.timeout(300_000);

  before(async () => {
    project = await makeFilesProject({
      lines: Array.from({ length: 4 }, () => eventLine(at, "checkout", "lost an order")),
      rules: {
        "good.yaml": ruleFile(servicesRule("good")),
        "key.yaml": ruleFile(servicesRule("unknown-key", { rule: "    thresold: 5\n" })),
        "syntax.yaml": "apiVersion: backfeed/v1\nrules: [ { id: open\n",
        "table.yaml": ruleFile(servicesRule("unknown-table").replace("table: app", "table: ap")),
        "field.yaml": ruleFile(servicesRule("unknown-field", { signal: ", where: { servise: checkout }" })),
        "bytes.yaml": "apiVersion: backfeed/v1\u0000\u0007\nrules: []\n",
      },
    });
  });
  after(() => project.remove());

  it("each fault is told at once, with its place and what to write instead", async () => {
    const { code, out } = await run("check", "--online", "--json");
    expect(code).to.equal(1);
    interface Fault {
      file: string;
      line: number;
      column: number;
      ruleId?: string;
      message: string;
      fix: string;
    }
    const { faults } = JSON.parse(out) as { faults: Fault[] };
    const told = faults.map(({ file, ruleId }) => `${file} ${ruleId ?? "-"}`);
    expect([...new Set(told)]).to.have.members([
      "rules/bytes.yaml -",
      "rules/field.yaml unknown-field",
      "rules/key.yaml unknown-key",
      "rules/syntax.yaml -",
      "rules/table.yaml unknown-table",
    ]);
    for (const { line, column, message, fix } of faults) {
      expect(line).to.be.at.least(1);
      expect(column).to.be.at.least(1);
      expect(message).not.to.equal("");
      expect(fix).not.to.equal("");
    }
    const about = (id: string) => faults.find(({ ruleId }) => ruleId === id)!;
    expect(about("unknown-key").message).to.contain("thresold");
    expect(about("unknown-table").message + about("unknown-table").fix).to.contain("`app`");
    expect(about("unknown-field").message).to.contain("servise");
  });

  it("the good one files its ticket, and what no event has counts as nothing", async () => {
    const { code, out, err } = await run("run", "--once", "--at", tick, "--json");
    expect(code, err).to.equal(0);
    const rows = JSON.parse(out) as Row[];
    expect(rows.filter(({ outcome }) => outcome === "create").map(({ rule, value }) => [rule, value])).to.deep.equal([
      ["good", 4],
    ]);
    expect(project.localTickets().map(({ summary }) => summary)).to.deep.equal(["checkout: 4 events"]);
    for (const file of ["bytes", "key", "syntax", "table"]) expect(err).to.contain(`rules/${file}.yaml:`);
  });
});

for (const deployment of ["cloud", "datacenter"] as const) {
  describe(`hostile log text on its way into Jira ${deployment}`, function () {
    this.timeout(300_000);

    it("arrives as text: a line of 1 MB, control characters, markup, mentions, look-alikes, half characters", async () => {
      const jira = await startJiraDouble({ deployment });
      const { cloud, datacenter } = jira.login;
      const auth = deployment === "cloud" ? `email: "${cloud.email}", token: "\${T}"` : `token: "\${T}"`;
      const nasty = '{noformat}[~admin]|!x.png!\nh1. boom <script> \u0007\u202e {"type":"mention"}';
      const messages = [
        ...hostileTokens.map((token) => `${token} and ${token}`),
        hostileTokens.join(""),
        JSON.stringify({ type: "doc", version: 1, content: [{ type: "mention", attrs: { id: "admin" } }] }),
        `begin ${"x".repeat(1_000_000)} end`,
      ];
      project = await makeFilesProject({
        lines: [
          "this line is no event",
          ...messages.map((message) => eventLine(at, "checkout", message)),
          '{"@timestamp": "2026-01-05T10:31:00Z", "service.name": "cut off',
          ...messages.slice(0, 5).map((message) => eventLine(at, nasty, message)),
        ],
        rules: {
          "app.yaml": ruleFile(servicesRule("app", { rule: "    evidence: { samples: 20, fields: [message] }\n" })),
        },
        trackers: `trackers:\n  jira: { type: jira, url: "${jira.url}", auth: { ${auth} }, project: OPS, issue_type: Bug }\ntracker: jira`,
      });
      const token = deployment === "cloud" ? cloud.token : datacenter.token;
      const { code, out, err } = await runProduct(["run", "--once", "--at", tick, "--json"], {
        cwd: project.path,
        environment: { T: token },
      });
      expect(code, err).to.equal(0);
      const rows = JSON.parse(out) as Row[];
      expect(rows.map(({ value }) => Number(value)).sort((a, b) => a - b)).to.deep.equal([5, messages.length]);
      expect(rows.every(({ outcome }) => outcome === "create")).to.equal(true);
      // Half a character hides no event: above it counts. What is no JSON is not passed over in silence.
      const skipped = err.split("\n").filter((line) => line.includes('"FILES_LINES_SKIPPED"'));
      expect(skipped.map((line) => (JSON.parse(line) as { lines: number }).lines)).to.deep.equal([2]);
      expect(jira.issues()).to.have.length(2);
      for (const { fields } of jira.issues()) {
        const description = fields["description"];
        expect(String(fields["summary"])).to.match(/^[^\p{Cc}\p{Cs}\u202e]{1,255}$/u);
        if (deployment === "cloud") expect(adfFault(description)).to.equal(undefined);
        const document =
          deployment === "cloud"
            ? (description as Node)
            : new WikiMarkupTransformer().parse(String(description)).toJSON();
        expect(innocent).to.include.members([...new Set(typesOf(document))]);
      }
      // 1 MB never reaches the tracker: Jira's limit is 32,767 characters.
      const creates = jira.requests.filter(({ operation }) => operation === "createIssue");
      expect(creates.map(({ bytes }) => bytes < 200_000)).to.deep.equal([true, true]);
      expect(jira.violations).to.deep.equal([]);
      // Nothing that a terminal would obey is printed either.
      expect(err.replaceAll("\n", "")).not.to.match(/\p{Cc}|\u202e/u);
      await project.remove();
      await jira.stop();
    });
  });
}

describe("ten thousand groups", function () {
  this.timeout(300_000);
  const groups = 10_050;

  before(async () => {
    const lines: string[] = [];
    for (let group = 0; group < groups; group += 1) {
      const events = group < 30 ? 5 : 1;
      for (let event = 0; event < events; event += 1) lines.push(eventLine(at, `service-${group}`, "failed"));
    }
    project = await makeFilesProject({
      lines,
      rules: { "app.yaml": ruleFile(servicesRule("app", { signal: ", max_groups: 10000" })) },
      // Thirty at once would be a storm: this is about what waits for a cap.
      trackers: "trackers: { local: { type: local } }\ntracker: local\nlimits: { storm: 100 }",
    });
  });
  after(() => project.remove());

  it("are judged up to the limit, the worst first; the rest is counted, and what is over the cap is kept", async () => {
    const { code, out, err } = await run("run", "--once", "--at", tick, "--json");
    expect(code, err).to.equal(0);
    const rows = JSON.parse(out) as Row[];
    expect(rows).to.have.length(10_000);
    const breached = rows.filter(({ verdict }) => verdict === "breached");
    expect(breached).to.have.length(30);
    expect(breached.filter(({ outcome }) => outcome === "create")).to.have.length(10);
    expect(breached.filter(({ reason }) => reason === "over_cap")).to.have.length(20);
    expect(project.localTickets()).to.have.length(10);
    const [stored] = project.rows()["ticks"] ?? [];
    expect(String(stored?.["body"])).to.contain(`"notEvaluated":${groups - 10_000}`);
    expect(project.rows()["findings"]).to.have.length(30);
  });

  it("the next tick files what was kept, as the cap allows", async () => {
    const lines = Array.from({ length: 30 * 5 }, (_, event) =>
      eventLine("2026-01-05T11:30:00Z", `service-${event % 30}`, "failed"),
    );
    await project.put("logs/more.ndjson", `${lines.join("\n")}\n`);
    const { code, err } = await run("run", "--once", "--at", "2026-01-05T12:00:00Z", "--json");
    expect(code, err).to.equal(0);
    expect(project.localTickets()).to.have.length(20);
  });
});
