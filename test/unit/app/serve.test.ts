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

const start = Date.parse("2026-01-05T10:00:00Z");

describe("serve", () => {
  /** The program on a clock of its own, over an empty folder. */
  async function makeProgram() {
    const project = await makeProjectFolder({ "backfeed.yaml": config, "config/owners.yaml": "default: {}\n" });
    const loaded = await loadRules({ file: "backfeed.yaml", baseDirectory: project.path, environment: {} });
    const clock = new ManualClock(start);
    const runnable = {
      ...loaded,
      config: { ...loaded.config!, store: { ...loaded.config!.store, path: join(project.path, "b.db") } },
    };
    const program = await openProgram({ loaded: runnable, clock, logLevel: "silent", dryRun: false });
    return { project, clock, loaded: runnable, program };
  }

  it("leaves no timer behind when it has stopped: the process can end at once", async () => {
    const { project, clock, loaded, program } = await makeProgram();
    const stop = new AbortController();
    await serve({ loaded, program, logLevel: "silent", signal: stop.signal, onListening: () => stop.abort() });
    expect(clock.sleeping).to.equal(0);
    await project.remove();
  });

  it("waits at most ten seconds for what does not end when it is asked to stop", async () => {
    const { project, clock, loaded, program } = await makeProgram();
    const stop = new AbortController();
    const worker = { ...program.engine.worker, run: () => new Promise<never>(() => undefined) };
    const stuck = { ...program, engine: { ...program.engine, worker } };
    let ended = false;
    const served = serve({
      loaded,
      program: stuck,
      logLevel: "silent",
      signal: stop.signal,
      onListening: () => stop.abort(),
    }).finally(() => {
      ended = true;
    });
    while (!ended) {
      await new Promise((resolve) => setImmediate(resolve));
      if (stop.signal.aborted && clock.sleeping > 0) clock.advance(1_000);
    }
    await served;
    expect(clock.now() - start).to.be.within(1_000, 10_000);
    await project.remove();
  });
});
