import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { loadRules } from "../../../src/app/load-rules.ts";
import { runOnce } from "../../../src/app/run.ts";
import { openSqlStore } from "../../../src/store/sql/open-sql-store.ts";
import { systemClock } from "../../../src/support/clock.ts";
import { errorOf } from "../../contract/tracker.contract.ts";
import { makeProjectFolder } from "../../support/project-folder.ts";

const hour = 3_600_000;
const files = {
  "backfeed.yaml": `apiVersion: backfeed/v1
instance: test
store: "sqlite:./b.db"
rules: ["rules.yaml"]
sources: { app: { type: files, tables: { app: { path: a.ndjson } } } }
trackers: { local: { type: local } }
tracker: local
`,
  "rules.yaml": `apiVersion: backfeed/v1
rules:
  - { id: many, title: t, why: w, signal: { source: app, table: app, measure: count, window: 5m }, when: { above: 1 } }
`,
  "a.ndjson": "",
};

describe("run --once --at", () => {
  for (const dryRun of [false, true]) {
    it(`refuses an instant that has not come, ${dryRun ? "also in a dry run" : "and leaves every watermark where it was"}`, async () => {
      const project = await makeProjectFolder(files);
      try {
        const loaded = await loadRules({ file: "backfeed.yaml", baseDirectory: project.path, environment: {} });
        if (loaded.config === undefined) throw new Error(JSON.stringify(loaded.allFaults));
        const { signal } = new AbortController();
        const common = { ruleId: undefined, dryRun, logLevel: "silent", signal } as const;
        const run = (at: number) => runOnce({ loaded: { ...loaded, config: loaded.config! }, at, ...common });

        const error = await errorOf(() => run(systemClock.now() + hour));
        expect(error.kind).to.equal("configuration");
        expect(error.message).to.match(/^--at \S+ has not come yet: it is \S+ by this machine's clock$/);
        if (existsSync(join(project.path, "b.db"))) {
          const store = await openSqlStore({ url: `sqlite:${join(project.path, "b.db")}`, access: "read" });
          expect([...(await store.state.ruleStates()).values()]).to.deep.equal([]);
          await store.close();
        }
        expect((await run(systemClock.now())).rows).to.have.length(1);
      } finally {
        await project.remove();
      }
    });
  }
});
