import { join } from "node:path";
import { expect } from "chai";
import { loadRules } from "../../../src/app/load-rules.ts";
import { openProgram } from "../../../src/app/program.ts";
import { serverProgram } from "../../../src/app/server-program.ts";
import { ManualClock } from "../../../src/support/clock.ts";
import { makeProjectFolder } from "../../support/project-folder.ts";

const config = `apiVersion: backfeed/v1
instance: test
sources: { app: { type: files, tables: { app: { path: "logs/*.ndjson" } } } }
trackers: { local: { type: local } }
tracker: local
`;

describe("what the API sees of the program", () => {
  it("is not ready once the store's file was deleted under it, and says why, once", async () => {
    const project = await makeProjectFolder({ "backfeed.yaml": config, "config/owners.yaml": "default: {}\n" });
    const loaded = await loadRules({ file: "backfeed.yaml", baseDirectory: project.path, environment: {} });
    const path = join(project.path, "b.db");
    const runnable = { ...loaded, config: { ...loaded.config!, store: { ...loaded.config!.store, path } } };
    const clock = new ManualClock("2026-01-05T10:00:00Z");
    const opened = await openProgram({ loaded: runnable, clock, logLevel: "silent", dryRun: false });
    const told: string[] = [];
    const logger = {
      ...opened.logger,
      error: (code: string, _message: string, _facts?: object, error?: unknown) =>
        void told.push(`${code} ${error instanceof Error ? error.message : ""}`),
    };
    const program = serverProgram({ ...opened, logger }, loaded.catalogue);
    expect(await program.readiness()).to.deep.equal({ store: true, rules: true });
    await project.remove();
    for (let probe = 0; probe < 3; probe++) {
      expect(await program.readiness()).to.deep.equal({ store: false, rules: true });
    }
    expect(told).to.have.length(1);
    expect(told[0]).to.match(/^STORE_NOT_READY .*b\.db was deleted while it is open/);
    const { text } = await opened.metrics.render();
    expect(text).to.contain("backfeed_store_errors_total 3");
    await opened.close();
  });
});
