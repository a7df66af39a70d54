import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { createSources } from "../../../src/app/adapters.ts";
import { loadConfig } from "../../../src/config/load-config.ts";
import { ManualClock } from "../../../src/support/clock.ts";
import { silentLogger } from "../../../src/support/logging.ts";
import { createMetrics } from "../../../src/support/metrics.ts";
import { createRedactor } from "../../../src/support/redaction.ts";
import { promqlQuery } from "../../support/promql-query.ts";
import { apiError, type FakePrometheus, startFakePrometheus, vector } from "../sources/prometheus/fake-prometheus.ts";

const secret = "canary-of-a-token-0123456789";
const window = { from: 0, to: 60_000 };

describe("a configured metrics source", () => {
  let folder: string;
  let fake: FakePrometheus;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "backfeed-metrics-"));
    fake = await startFakePrometheus();
  });
  afterEach(async () => {
    await fake.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const sourceOf = (written: string) => {
    writeFileSync(
      join(folder, "backfeed.yaml"),
      `apiVersion: backfeed/v1
instance: one
trackers: { local: { type: local } }
sources: { metrics: { type: prometheus, url: "${fake.url}", ${written} } }
tracker: local
`,
    );
    const { config, faults } = loadConfig({
      file: "backfeed.yaml",
      baseDirectory: folder,
      environment: { TOKEN: secret },
    });
    if (config === undefined) throw new Error(JSON.stringify(faults));
    const metrics = createMetrics({
      vocabulary: { verdicts: [], decisions: [], reasons: [], outboxStates: [], failureCodes: [] },
      processMetrics: false,
    });
    const clock = new ManualClock("2026-01-05T10:00:00Z");
    const parts = { config, clock, logger: silentLogger, metrics, redactor: createRedactor() };
    const source = createSources(parts, { receivedAlerts: { all: () => Promise.resolve([]) } }).get("metrics");
    if (source === undefined) throw new Error("no source");
    return source;
  };
  const ask = async (written: string) => {
    const source = sourceOf(written);
    const question = { query: promqlQuery("up"), window, mustAnswer: [] };
    try {
      return (await source.answer({ questions: [question], probes: [] }, new AbortController().signal)).answers[0];
    } finally {
      await source.close();
    }
  };

  it("is asked with what its configuration says of it", async () => {
    fake.answer(() => vector([{}, "1"]));
    for (const auth of [`{ token: "\${TOKEN}" }`, `{ user: ada, password: "\${TOKEN}" }`, `{ api_key: "\${TOKEN}" }`]) {
      expect(await ask(`auth: ${auth}, tenant: "team-a|team-b"`)).to.have.property("kind", "answered");
    }
    expect(await ask("timeout: 5s")).to.have.property("kind", "answered");
    const sent = fake.requests.map(({ headers }) => [
      headers.authorization,
      headers["x-api-key"],
      headers["x-scope-orgid"],
    ]);
    expect(sent).to.deep.equal([
      [`Bearer ${secret}`, undefined, "team-a|team-b"],
      [`Basic ${Buffer.from(`ada:${secret}`).toString("base64")}`, undefined, "team-a|team-b"],
      [undefined, secret, "team-a|team-b"],
      [undefined, undefined, undefined],
    ]);
  });

  it("gives labels and failures without secrets", async () => {
    fake.answer(() => vector([{ service: "x" }, "1"]));
    expect(await ask(`auth: { token: "\${TOKEN}" }`)).to.have.property("kind", "answered");
    fake.answer(({ headers }) => apiError(422, "execution", `sent ${headers.authorization}`));
    const answer = await ask(`auth: { token: "\${TOKEN}" }`);
    expect(answer).to.have.nested.property("failure.code", "refused");
    expect(JSON.stringify(answer)).to.not.contain(secret);
  });
});
