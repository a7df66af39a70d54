import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import type { PreparedDemo } from "../../src/app/demo/prepare.ts";
import { prepareDemo } from "../../src/app/demo/prepare.ts";
import { replayDemo } from "../../src/app/demo/replay.ts";
import type { DemoReport } from "../../src/app/demo/report.ts";
import { loadRules } from "../../src/app/load-rules.ts";
import { openProgram } from "../../src/app/program.ts";
import { serve } from "../../src/app/serve.ts";
import { runDemo } from "../../src/cli/demo.ts";
import { ManualClock } from "../../src/support/clock.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const now = Date.parse("2026-01-05T10:07:31Z");
const running = new AbortController().signal;

describe("npm run demo", function () {
  this.timeout(600_000);

  let folder: string;
  let code: number;
  let out = "";
  let err = "";
  let prepared: PreparedDemo;
  let report: DemoReport;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "backfeed-demo-"));
    await cp(join(root, "examples"), join(folder, "examples"), { recursive: true });
    await cp(join(root, "config"), join(folder, "config"), { recursive: true });
    const file = join(folder, "config/demo.yaml");
    await writeFile(file, (await readFile(file, "utf8")).replace("127.0.0.1:8080", "127.0.0.1:0"));
    code = await runDemo(["--once"], {
      app: {
        loadRules: (options) => loadRules({ ...options, baseDirectory: folder, environment: {} }),
        prepare: async (options) => {
          prepared = await prepareDemo({ ...options, now });
          return prepared;
        },
        replay: async (options) => {
          report = await replayDemo({ ...options, logLevel: "silent" });
          return report;
        },
        serve: () => Promise.reject(new Error("--once serves nothing")),
      },
      signal: running,
      output: {
        out: (text) => {
          out += text;
        },
        err: (text) => {
          err += text;
        },
        colours: false,
        width: 120,
        terminal: undefined,
      },
    });
  });

  after(() => rm(folder, { recursive: true, force: true }));

  it("files a handful of tickets of at least three bands, some open and some quiet, and ends with 0", () => {
    expect(code, err).to.equal(0);
    const { tickets } = report;
    expect(tickets.length).to.be.within(4, 8);
    expect(new Set(tickets.map(({ band }) => band)).size).to.be.at.least(3);
    expect(new Set(tickets.map(({ state }) => state)))
      .to.include("open")
      .and.to.include("quiet");
    expect(report.worthOpening).to.include({ state: "open", episodes: 2 });
  });

  it("files no problem twice, and says of one that came back that it did", () => {
    const { tickets } = report;
    for (const name of ["key", "title", "findingId"] as const) {
      expect(new Set(tickets.map((ticket) => ticket[name])).size, name).to.equal(tickets.length);
    }
    expect(tickets.some(({ episodes, why }) => episodes === 2 && why.includes("2nd episode"))).to.equal(true);
  });

  it("prints each ticket with band, score and reasons, why nothing else was filed, and progress as lines", () => {
    const text = out.replace(/[│\s]+/g, " ");
    for (const { key, band, score } of report.tickets) expect(text).to.contain(`${key} ${band} ${score}`);
    expect(text).to.contain("severity high 15 + reach 33.3% of requests 16");
    for (const reason of ["pending", "below score", "grouped", "unchanged", "calm"]) {
      expect(out).to.match(new RegExp(`^ {2}${reason} +\\d`, "m"));
    }
    expect(err.match(/^replayed \d+%/gm)).to.have.length(10);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is what is tested
    expect(out).not.to.match(/\x1b/);
  });

  it("has a chart and log lines for every ticket, and its pages' API answers with them", async () => {
    const clock = new ManualClock(prepared.endsAt);
    const { loaded } = prepared;
    const program = await openProgram({ loaded, clock, logLevel: "silent", dryRun: false });
    const stop = new AbortController();
    const asked = new Promise<void>((resolve, reject) => {
      const ask = async (port: number) => {
        const get = async (path: string) => {
          const answer = await fetch(`http://127.0.0.1:${port}${path}`);
          expect(answer.status, path).to.equal(200);
          return answer;
        };
        const list = (await (await get("/api/v1/findings")).json()) as { items: { id: string }[] };
        const ids = list.items.map(({ id }) => id);
        for (const { findingId, title } of report.tickets) {
          expect(ids).to.include(findingId);
          expect(await (await get(`/api/v1/findings/${findingId}`)).text()).to.contain(JSON.stringify(title));
          const kept = await program.store.evidence.newest(findingId);
          const [section] = kept?.evidence.sections ?? [];
          expect(section?.missing, title).to.deep.equal([]);
          expect(section?.samples, title).not.to.have.length(0);
          expect(
            Buffer.from(section?.chart?.png ?? [])
              .subarray(1, 4)
              .toString(),
            title,
          ).to.equal("PNG");
        }
      };
      void serve({
        loaded,
        program,
        logLevel: "silent",
        signal: stop.signal,
        onListening: ({ port }) =>
          ask(port)
            .then(resolve, reject)
            .finally(() => stop.abort()),
      }).catch(reject);
    });
    await asked;
  });

  it("finds nothing due when the same hours are replayed into the same state", async () => {
    const again = await replayDemo({ prepared, logLevel: "silent", signal: running });
    expect(again.evaluations).to.equal(0);
    expect(again.tickets).to.deep.equal(report.tickets);
  });

  it("stops in the middle when it is asked to", async () => {
    const stop = new AbortController();
    const fresh = await prepareDemo({ loaded: prepared.loaded, now, serve: false });
    const stopped = await replayDemo({
      prepared: fresh,
      logLevel: "silent",
      signal: stop.signal,
      onProgress: ({ done }) => done === 3 && stop.abort(),
    }).catch((thrown: unknown) => thrown);
    expect(stopped).to.include({ kind: "aborted" });
  });
});
