import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { createTrackers } from "../../../src/app/adapters.ts";
import { loadConfig } from "../../../src/config/load-config.ts";
import { openSqlStore } from "../../../src/store/sql/open-sql-store.ts";
import { ManualClock } from "../../../src/support/clock.ts";
import { asBackfeedError } from "../../../src/support/errors.ts";
import { silentLogger } from "../../../src/support/logging.ts";
import { createMetrics } from "../../../src/support/metrics.ts";
import { createRedactor } from "../../../src/support/redaction.ts";
import { startJiraDouble } from "../../support/jira/start-jira-double.ts";

const vocabulary = { verdicts: [], decisions: [], reasons: [], outboxStates: [], failureCodes: [] };

describe("the configured trackers", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "backfeed-adapters-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("share one pace where they are one Jira, whatever their project and however its address is spelled", async () => {
    const jira = await startJiraDouble({ deployment: "datacenter", validates: false });
    const clock = new ManualClock("2026-01-05T10:00:00Z");
    const store = await openSqlStore({ url: "sqlite::memory:" });
    const tracker = (url: string, project: string) =>
      `{ type: jira, url: "${url}", auth: { token: "\${TOKEN}" }, project: ${project}, requests_per_minute: 30 }`;
    writeFileSync(
      join(folder, "backfeed.yaml"),
      `apiVersion: backfeed/v1
instance: one
trackers:
  ops: ${tracker(jira.url, "OPS")}
  pay: ${tracker(`${jira.url.replace("127.0.0.1", "127.1")}/`, "PAY")}
sources: { logs: { type: files, tables: { app: { path: "a.ndjson", timestamp: "@timestamp" } } } }
tracker: ops
`,
    );
    const environment = { TOKEN: jira.login.datacenter.token };
    const { config, faults } = loadConfig({ file: "backfeed.yaml", baseDirectory: folder, environment });
    if (config === undefined) throw new Error(JSON.stringify(faults));
    const parts = { clock, logger: silentLogger, redactor: createRedactor(), config };
    const metrics = createMetrics({ vocabulary, processMetrics: false });
    const { all } = createTrackers({ ...parts, metrics }, store);
    const stop = new AbortController();
    const look = (name: string): Promise<string> =>
      all
        .get(name)!
        .readMany([{ id: "1", key: "OPS-1", url: "" }], stop.signal)
        .then(
          () => "asked",
          (thrown: unknown) => asBackfeedError(thrown).kind,
        );
    // Fifteen requests at once, and then one in two seconds.
    expect(await look("ops")).to.equal("asked");
    const others = Array.from({ length: 15 }, () => look("ops"));
    const held = others.map(async (other) => expect(await other).to.equal("rate_limited"));
    await Promise.any(held);
    expect(await look("pay")).to.equal("rate_limited");
    stop.abort();
    await Promise.allSettled(held);
    for (const each of all.values()) await each.close();
    await store.close();
    await jira.stop();
  });
});
