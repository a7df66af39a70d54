import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { type ExplainOptions, explain } from "../../../src/app/explain.ts";
import { openSqlStore } from "../../../src/store/sql/open-sql-store.ts";
import { day, start } from "../../support/alerts.ts";
import { buildFinding } from "../../support/findings.ts";
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

  async function explained(id: string): Promise<string> {
    const path = join(folder, "backfeed.db");
    const store = await openSqlStore({ url: `sqlite:${path}` });
    await store.state.openInstance("test", []);
    await store.state.commitFindings([{ finding, events: [], outbox: [] }]);
    await store.tickets.put(
      closedTicket({ at: start }, { snoozedUntil: start + day, peoples: ["priority", "summary"], gone: { at: start } }),
    );
    await store.close();
    const loaded = { config: { store: { path } } } as unknown as ExplainOptions["loaded"];
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
});
