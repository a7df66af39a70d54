import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { loadRules } from "../../../src/app/load-rules.ts";
import { onlineFaults } from "../../../src/app/online.ts";

const config = `apiVersion: backfeed/v1
instance: online
store: "sqlite:./b.db"
rules: ["rules.yaml"]
sources:
  logs: { type: files, tables: { app: { path: "app.ndjson", timestamp: "@timestamp" } } }
trackers: { local: { type: local } }
tracker: local
`;
const rule = (id: string, by: string, filter?: string) =>
  `  - { id: ${id}, title: t, why: w, signal: { source: logs, table: app,${filter === undefined ? "" : ` filter: "${filter}",`} measure: count, by: [${by}], window: 5m }, when: { above: 1 } }\n`;

describe("check --online", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "backfeed-online-"));
    writeFileSync(join(folder, "backfeed.yaml"), config);
    writeFileSync(join(folder, "app.ndjson"), '{"@timestamp":"2026-01-05T10:00:00Z","service":"a"}\nno event\n');
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  async function faultsOf(rules: string) {
    return (await reportOf(rules)).faults;
  }

  async function reportOf(rules: string) {
    writeFileSync(join(folder, "rules.yaml"), `apiVersion: backfeed/v1\nrules:\n${rules}`);
    const loaded = await loadRules({ file: "backfeed.yaml", baseDirectory: folder });
    if (loaded.config === undefined) throw new Error(JSON.stringify(loaded.allFaults));
    return onlineFaults(loaded.config, loaded.state.rules, new AbortController().signal);
  }

  it("tells once, where the source is configured, what is so for several rules", async () => {
    const faults = await faultsOf(rule("one", "service") + rule("two", "service"));
    expect(faults.map(({ path, severity, file }) => [path, severity, file])).to.deep.equal([
      ["sources.logs", "warning", "backfeed.yaml"],
    ]);
  });

  it("tells a filter that cannot be read at each rule that has it, with how it is written", async () => {
    const broken = "service = 'a' AND (";
    const faults = await faultsOf(rule("one", "service", broken) + rule("two", "service", broken));
    const errors = faults.filter(({ severity }) => severity === "error");
    expect(errors.map(({ ruleId, file, path }) => [ruleId, file, path])).to.deep.equal([
      ["one", "rules.yaml", "rules[0].signal.filter"],
      ["two", "rules.yaml", "rules[1].signal.filter"],
    ]);
    for (const { message, fix } of errors) {
      expect(message).to.match(/^not a SQL condition: /);
      expect(fix).to.match(/^write `filter` and `bad` as one SQL condition/);
    }
  });

  it("tells what is so for one rule at that rule", async () => {
    const faults = await faultsOf(rule("one", "service") + rule("two", "servce"));
    expect(
      faults
        .filter(({ ruleId }) => ruleId === "two")
        .map(({ message }) => message)
        .join(),
    ).to.contain("servce");
  });

  it("names line and column of what it speaks of: the filter, the signal, the source", async () => {
    const long = [
      "  - id: long",
      "    title: t",
      "    why: w",
      "    signal:",
      "      { source: logs, table: app, measure: count, window: 5m,",
      "        filter: 'service = (' }",
      "    when: { above: 1 }",
      "",
    ].join("\n");
    const faults = await faultsOf(rule("one", "servce") + rule("two", "service") + long);
    const places = faults.map(({ file, line, column, path }) => `${file}:${line}:${column} ${path}`);
    expect(places.sort()).to.deep.equal([
      "backfeed.yaml:6:3 sources.logs",
      "rules.yaml:10:9 rules[2].signal.filter",
      "rules.yaml:3:34 rules[0].signal",
    ]);
  });

  it("asks for what infrastructure is to be shown, too, and only warns of it", async () => {
    const infra =
      "{ source: logs, table: app, title: CPU, measure: avg(cpu), filter: \"service = '{{ labels.service }}'\" }";
    const faults = await faultsOf(rule("one", "service").replace("when:", `evidence: { infra: [ ${infra} ] }, when:`));
    const ofInfra = faults.filter(({ path }) => path === "rules[0].evidence.infra[0]");
    expect(ofInfra.map(({ severity, ruleId }) => [severity, ruleId])).to.deep.equal([["warning", "one"]]);
    expect(ofInfra[0]?.message).to.include("cpu");
  });

  it("a tracker that cannot be reached is unreachable, as a source is, and no fault", async () => {
    writeFileSync(
      join(folder, "backfeed.yaml"),
      config
        .replace(
          "local: { type: local }",
          'jira: { type: jira, url: "http://127.0.0.1:9", auth: { token: x }, project: OPS }',
        )
        .replace("tracker: local", "tracker: jira"),
    );
    const { faults, unreachable } = await reportOf(rule("one", "service"));
    expect(faults.filter(({ severity }) => severity === "error")).to.deep.equal([]);
    expect(unreachable.map(({ name }) => name)).to.deep.equal(["jira"]);
  });
});
