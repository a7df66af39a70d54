import { join } from "node:path";
import { expect } from "chai";
import { loadRules } from "../../../src/app/load-rules.ts";
import { openProgram } from "../../../src/app/program.ts";
import { serve } from "../../../src/app/serve.ts";
import { ManualClock } from "../../../src/support/clock.ts";
import { makeProjectFolder } from "../../support/project-folder.ts";

const config = `apiVersion: backfeed/v1
instance: test
server: { listen: "127.0.0.1:0" }
sources: { app: { type: files, tables: { app: { path: "logs/*.ndjson" } } } }
trackers: { local: { type: local } }
tracker: local
`;

describe("serve", () => {
  it("leaves no timer behind when it has stopped: the process can end at once", async () => {
    const project = await makeProjectFolder({ "backfeed.yaml": config, "config/owners.yaml": "default: {}\n" });
    const loaded = await loadRules({ file: "backfeed.yaml", baseDirectory: project.path, environment: {} });
    const clock = new ManualClock("2026-01-05T10:00:00Z");
    const stop = new AbortController();
    const runnable = {
      ...loaded,
      config: { ...loaded.config!, store: { ...loaded.config!.store, path: join(project.path, "b.db") } },
    };
    const program = await openProgram({ loaded: runnable, clock, logLevel: "silent", dryRun: false });
    await serve({
      loaded: runnable,
      program,
      logLevel: "silent",
      signal: stop.signal,
      onListening: () => stop.abort(),
    });
    expect(clock.sleeping).to.equal(0);
    await project.remove();
  });
});
