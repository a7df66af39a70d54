import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { loadRules } from "../../../src/app/load-rules.ts";
import { openProgram, type Program } from "../../../src/app/program.ts";
import { serverProgram } from "../../../src/app/server-program.ts";
import type { ServerProgram } from "../../../src/server/program.ts";
import { ManualClock } from "../../../src/support/clock.ts";
import { ruleCommit, tick } from "../../contract/store-builders.ts";
import { makeProjectFolder, type ProjectFolder } from "../../support/project-folder.ts";

const config = `apiVersion: backfeed/v1
instance: test
rules: ["rules.yaml"]
sources: { app: { type: files, tables: { app: { path: "logs/*.ndjson" } } } }
trackers: { local: { type: local } }
tracker: local
`;
const rules = `apiVersion: backfeed/v1
rules:
  - { id: app-errors, formerly: [app, web], title: t, why: w, signal: { source: app, table: app, measure: count, window: 5m }, when: { above: 1 } }
`;

describe("what the API sees of the program", () => {
  let project: ProjectFolder;
  let opened: Program;
  let program: ServerProgram;
  let told: string[];

  beforeEach(async () => {
    const owners = { "config/owners.yaml": "default: {}\n" };
    project = await makeProjectFolder({ "backfeed.yaml": config, "rules.yaml": rules, ...owners });
    const loaded = await loadRules({ file: "backfeed.yaml", baseDirectory: project.path, environment: {} });
    const path = join(project.path, "b.db");
    const runnable = { ...loaded, config: { ...loaded.config!, store: { ...loaded.config!.store, path } } };
    const clock = new ManualClock("2026-01-05T10:00:00Z");
    opened = await openProgram({ loaded: runnable, clock, logLevel: "silent", dryRun: false });
    told = [];
    const logger = {
      ...opened.logger,
      error: (code: string, _message: string, _facts?: object, error?: unknown) =>
        void told.push(`${code} ${error instanceof Error ? error.message : ""}`),
    };
    program = serverProgram({ ...opened, logger }, loaded.catalogue);
  });
  afterEach(async () => {
    await opened.close();
    await project.remove();
  });

  it("is not ready once the store's file was deleted under it, and says why, once", async () => {
    expect(await program.readiness()).to.deep.equal({ store: true, rules: true });
    await project.remove();
    for (let probe = 0; probe < 3; probe++) {
      expect(await program.readiness()).to.deep.equal({ store: false, rules: true });
    }
    expect(told).to.have.length(1);
    expect(told[0]).to.match(/^STORE_NOT_READY .*b\.db was deleted while it is open/);
    expect((await opened.metrics.render()).text).to.contain("backfeed_store_errors_total 3");
  });

  it("keeps a silence's reason without the secrets that somebody pasted into it", async () => {
    const times = { startsAt: 0, endsAt: 9, createdAt: 0 };
    const draft = { matchers: {}, ruleId: "app-errors", author: "anna", reason: "try password=hunter2", ...times };
    const { id, reason } = await program.silences.add(draft);
    expect(reason).to.equal("try password=<redacted:password>");
    const [listed] = (await program.silences.list({ limit: 1 })).items;
    expect(listed).to.deep.include({ ...draft, id, reason });
  });

  it("hears of what people do on local tickets as of a webhook, and keeps no secret that they paste", async () => {
    const backlog = opened.trackers.local.get("local") ?? expect.fail("no backlog");
    const draft = {
      identity: { instance: "test", groupKey: "a".repeat(64), generation: 1, rules: ["app-errors"] },
      route: { tracker: "local", labels: [], fields: {} },
      summary: "it fails",
      document: [],
      band: "High",
    } as const;
    const { ref } = await backlog.create(draft, new AbortController().signal);
    const { localTickets } = program;
    const { comments } = await localTickets.comment(ref.key, "try password=hunter2", "anna");
    expect(JSON.stringify(comments)).to.contain("<redacted:password>").and.not.contain("hunter2");
    expect(await opened.store.inbox.pending("local", 9), "a comment").to.deep.equal([]);
    const edited = await localTickets.edit(ref.key, { summary: "password=hunter2", assignee: "bob" }, "anna");
    expect(edited).to.include({ summary: "password=<redacted:password>", assignee: "bob" });
    await localTickets.edit(ref.key, { addLabels: ["Backfeed-adopt-0000000000000000"] }, "bob");
    await localTickets.transition(ref.key, "Done", "anna");
    const hints = await opened.store.inbox.pending("local", 9);
    expect(hints.map(({ issueId, who, adopts }) => [issueId, who, adopts])).to.deep.equal([
      [ref.id, "anna", false],
      [ref.id, "bob", true],
      [ref.id, "anna", true],
    ]);
  });

  it("knows rules by their ids, by the one the store has of a renamed one, and its own", async () => {
    const own = ["backfeed-rule-failing", "backfeed-rule-full", "backfeed-source-stale", "backfeed-storm"];
    expect(await program.ruleIds()).to.deep.equal(["app-errors", ...own]);
    await opened.store.state.commitTick(tick([ruleCommit("app")]));
    expect(await program.ruleIds()).to.deep.equal(["app-errors", "app", ...own]);
  });

  it("runs what is due of a rule, and says of one that is up to date what its last tick gave, not that it was run", async () => {
    await mkdir(join(project.path, "logs"));
    await writeFile(join(project.path, "logs/a.ndjson"), '{"@timestamp":"2026-01-05T09:59:30Z"}\n');
    const live = new AbortController().signal;
    const first = await program.runRule("app-errors", live);
    expect(first).to.deep.include({ ticks: 1, tick: Date.parse("2026-01-05T10:00:00Z") });
    expect(first.counts.verdicts).to.deep.equal({ clear: 1 });
    const second = await program.runRule("app-errors", live);
    expect(second).to.deep.include({ ticks: 0, tick: first.tick });
    expect(second.counts.verdicts).to.deep.equal({ clear: 1 });
  });
});
