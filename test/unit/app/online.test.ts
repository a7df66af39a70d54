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
    writeFileSync(join(folder, "rules.yaml"), `apiVersion: backfeed/v1\nrules:\n${rules}`);
    const loaded = await loadRules({ file: "backfeed.yaml", baseDirectory: folder });
    if (loaded.config === undefined) throw new Error(JSON.stringify(loaded.allFaults));
    return onlineFaults(loaded.config, loaded.state.rules, new AbortController().signal);
  }

  it("tells once, where the source is configured, what is so for several rules", async () => {
    const { faults } = await faultsOf(rule("one", "service") + rule("two", "service"));
    expect(faults.map(({ path, severity, file }) => [path, severity, file])).to.deep.equal([
      ["sources.logs", "warning", "backfeed.yaml"],
    ]);
  });

  it("tells a filter that cannot be read at each rule that has it, with how it is written", async () => {
    const broken = "service = 'a' AND (";
    const { faults } = await faultsOf(rule("one", "service", broken) + rule("two", "service", broken));
    const errors = faults.filter(({ severity }) => severity === "error");
    expect(errors.map(({ ruleId, file, path }) => [ruleId, file, path])).to.deep.equal([
      ["one", "rules.yaml", "signal"],
      ["two", "rules.yaml", "signal"],
    ]);
    for (const { message, fix } of errors) {
      expect(message).to.match(/^not a SQL condition: /);
      expect(fix).to.match(/^write `filter` and `bad` as one SQL condition/);
    }
  });

  it("tells what is so for one rule at that rule", async () => {
    const { faults } = await faultsOf(rule("one", "service") + rule("two", "servce"));
    expect(
      faults
        .filter(({ ruleId }) => ruleId === "two")
        .map(({ message }) => message)
        .join(),
    ).to.contain("servce");
  });
});
