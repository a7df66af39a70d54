import { rm } from "node:fs/promises";
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

  it("runs no tick and sends nothing once the store's file was deleted, says so once, and goes on by a restart", async () => {
    const { project, clock, loaded, program } = await makeProgram();
    const rules = (id: string) => `apiVersion: backfeed/v1
rules:
  - { id: ${id}, title: t, why: w, severity: critical, signal: { source: app, table: app, measure: count, window: 5m }, when: { above: 0 } }
`;
    await project.put("logs/a.ndjson", '{"@timestamp":"2026-01-05T09:57:30Z"}\n');
    await project.put("rules/one.yaml", rules("one"));
    await loaded.catalogue.reload();
    const told: string[] = [];
    const tell = (code: string) => void told.push(code);
    Object.assign(program.logger, { warn: tell, error: tell });
    const filed = () => program.store.localTickets.list({ limit: 9 }).then(({ items }) => items.length);
    const until = async (holds: () => Promise<boolean> | boolean) => {
      while (!(await holds())) {
        await new Promise((resolve) => setImmediate(resolve));
        // What it sleeps for: polls of the outbox and of the rule files, never a drain.
        if (clock.sleeping > 0) clock.advance(1_000);
      }
    };
    const stop = new AbortController();
    let address = "";
    const served = serve({
      loaded,
      program,
      logLevel: "silent",
      signal: stop.signal,
      onListening: ({ host, port }) => {
        address = `http://${host}:${port}`;
      },
    });
    await until(async () => address !== "" && (await filed()) === 1);
    await rm(join(project.path, "b.db"));
    await until(() => program.store.lost.aborted);
    // A rule that would be judged at once when it is loaded.
    const { generation } = loaded.catalogue.current();
    await project.put("rules/two.yaml", rules("two"));
    await until(() => loaded.catalogue.current().generation > generation);
    for (let step = 0; step < 60; step += 1) {
      clock.advance(10_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(told).to.deep.equal(["STORE_NOT_READY"]);
    expect((await fetch(`${address}/readyz`)).status).to.equal(503);
    expect((await fetch(`${address}/api/v1/rules/two/run`, { method: "POST" })).status).to.equal(503);
    expect(await filed()).to.equal(1);
    expect(told.filter((code) => code !== "HTTP_FAILED")).to.deep.equal(["STORE_NOT_READY"]);
    stop.abort();
    await served;
    const again = await openProgram({ loaded, clock, logLevel: "silent", dryRun: false });
    expect(await again.engine.runDue({ until: clock.now() }, new AbortController().signal)).to.not.be.empty;
    await again.close();
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
