import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { type ExplainOptions, explain } from "../../../src/app/explain.ts";
import { loadRules } from "../../../src/app/load-rules.ts";
import { runOnce } from "../../../src/app/run.ts";
import type { Deploy } from "../../../src/model/deploy.ts";
import type { Finding } from "../../../src/model/finding.ts";
import { openSqlStore } from "../../../src/store/sql/open-sql-store.ts";
import { day, start } from "../../support/alerts.ts";
import { buildDeploy } from "../../support/deploys.ts";
import { buildFinding } from "../../support/findings.ts";
import { makeProjectFolder } from "../../support/project-folder.ts";
import { buildRule } from "../../support/rules.ts";
import { closedTicket } from "../triage/decide-vectors.ts";

const finding = buildFinding(buildRule(), {
  decision: {
    action: "none",
    reason: "done_grace",
    because: "SHOP-1 was closed (Done) while it was bad; nothing is said before tomorrow",
    at: start,
  },
});

describe("explain", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "backfeed-explain-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  async function explained(id: string, deploy?: Deploy, stored: Finding = finding): Promise<string> {
    const path = join(folder, "backfeed.db");
    const store = await openSqlStore({ url: `sqlite:${path}` });
    await store.state.openInstance("test", []);
    await store.state.commitFindings([{ finding: stored, events: [], outbox: [] }]);
    await store.tickets.put(
      closedTicket({ at: start }, { snoozedUntil: start + day, peoples: ["priority", "summary"], gone: { at: start } }),
    );
    if (deploy !== undefined) await store.deploys.receive(deploy);
    await store.close();
    const rules = [
      buildRule({ evidence: { samples: 5, fields: [], infra: [], deploys: { service: "checkout", windowMs: day } } }),
    ];
    const catalogue = { current: () => ({ rules }) };
    const loaded = {
      config: { store: { path }, server: { webhooks: {} } },
      catalogue,
    } as unknown as ExplainOptions["loaded"];
    const { lines } = await explain({ loaded, subject: { kind: "id", id }, signal: new AbortController().signal });
    return lines.join("\n");
  }

  it("says what the next decision goes by: how the ticket stands, and what is waited for", async () => {
    for (const id of [finding.id, "SHOP-1"]) {
      const text = await explained(id);
      expect(text).to.include(
        "none: done_grace: SHOP-1 was closed (Done) while it was bad; nothing is said before tomorrow",
      );
      expect(text).to.include(
        "SHOP-1 https://jira.example.com/browse/SHOP-1, deleted or out of reach since 2026-01-05T10:00:00Z, " +
          "closed as done at 2026-01-05T10:00:00Z, snoozed until 2026-01-06T10:00:00Z, a person's: priority, summary",
      );
    }
  });

  it("names what a finding explains, each with the id to ask for next", async () => {
    expect(await explained(finding.id)).to.not.contain("explains");
    const findings = [{ id: "0123456789abcdef", title: "cart: errors" }];
    expect(await explained(finding.id, undefined, { ...finding, explains: { count: 3, findings } })).to.contain(
      "  explains   3 other findings:\n             0123456789abcdef cart: errors\n             and 2 more\n",
    );
  });

  it("names what went out before it began", async () => {
    expect(await explained(finding.id)).to.not.contain("deploy ");
    const deploy = buildDeploy({ at: start - 12 * 60_000, environment: undefined });
    const text = await explained(finding.id, deploy);
    expect(text).to.contain("  deploy     1.4.2 of checkout 12 min before it began (by anna, commit 0f2c1d9e8b7a, ");
  });

  it("says of a rule at an instant what was measured, and of one that failed why", async () => {
    const at = Date.parse("2026-01-05T10:00:00Z");
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
defaults: { title: t, why: w, signal: { source: app, table: app, window: 5m }, when: { above: 1 } }
rules:
  - { id: many, signal: { measure: count } }
  - { id: text, signal: { measure: sum(level) } }
  - { id: grouped, signal: { measure: sum(level), by: [level] } }
  - { id: usual, signal: { measure: count }, when: { baseline: { season: none, history: 2h, direction: down } } }
`,
      "a.ndjson":
        Array.from({ length: 36 }, (_, place) => {
          const middle = new Date(at - (place + 1.5) * 300_000).toISOString();
          return place === 0 ? "" : `{"@timestamp":"${middle}","level":"info"}\n`.repeat(1 + 8 * (place % 3));
        }).join("") + '{"@timestamp":"2026-01-05T09:59:00Z","level":"error"}\n'.repeat(3),
    };
    const project = await makeProjectFolder(files);
    try {
      const loaded = await loadRules({ file: "backfeed.yaml", baseDirectory: project.path, environment: {} });
      if (loaded.config === undefined) throw new Error(JSON.stringify(loaded.allFaults));
      const runnable = { ...loaded, config: loaded.config };
      const { signal } = new AbortController();
      const told = async (ruleId: string, to = at, labels = {}) => {
        const subject = { kind: "rule", ruleId, labels, at: to } as const;
        return (await explain({ loaded: runnable, subject, signal })).lines.join("\n");
      };
      expect(await told("many")).to.match(
        /observed {3}3, limit above 1, of 3 events\n.*breached\n.*firing\n.*Low: severity/,
      );
      expect(await told("text")).to.match(
        /observed {3}no value.*\n.*failed \(query_failed: sum needs numbers.* text\)/,
      );
      expect(await told("grouped", at, { level: "error" })).to.match(
        /^Rule grouped said nothing of level=error at .*: the rule could not be judged \(\w+: sum needs numbers.*\)\.$/,
      );
      expect(await told("many")).not.to.contain("judged up to");
      expect(await told("usual")).to.match(/limit below -.*\n {13}so low it never is: a longer window, /);

      await runOnce({ loaded: runnable, at, ruleId: undefined, dryRun: false, logLevel: "silent", signal });
      expect(await told("many")).to.contain("This rule is judged up to 2026-01-05T10:00:00Z");
      expect(await told("many", at + 60_000)).not.to.contain("judged up to");
    } finally {
      await project.remove();
    }
  });
});
