import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import type { Context } from "mocha";
import { parse } from "yaml";
import { z } from "zod";
import { outboxStates } from "../../../src/model/outbox.ts";
import { verdictKinds } from "../../../src/model/verdict.ts";
import { parseDuration } from "../../../src/support/duration.ts";
import { createMetrics } from "../../../src/support/metrics.ts";

const file = fileURLToPath(new URL("../../../docs/alerts/backfeed-alerts.yaml", import.meta.url));

const alertRule = z.strictObject({
  alert: z.string().regex(/^Backfeed[A-Z]\w+$/),
  expr: z.string(),
  for: z.string().optional(),
  labels: z.strictObject({ severity: z.enum(["warning", "critical"]) }),
  annotations: z.strictObject({ summary: z.string(), description: z.string() }),
});
const ruleFile = z.strictObject({
  groups: z.array(z.strictObject({ name: z.string(), rules: z.array(alertRule).min(1) })).min(1),
});

const vocabulary = { verdicts: [], decisions: [], reasons: [], outboxStates: [], failureCodes: [] };

describe("the alert rules for Backfeed itself", () => {
  const rules = ruleFile.parse(parse(readFileSync(file, "utf8"))).groups.flatMap((group) => group.rules);

  it("have names of their own and durations that Prometheus reads", () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).to.equal(rules.length);
    for (const rule of rules) if (rule.for !== undefined) expect(parseDuration(rule.for), rule.alert).to.be.above(0);
  });

  it("ask only for metrics that exist", async () => {
    const { text } = await createMetrics({ vocabulary, processMetrics: false }).render();
    const known = new Set([...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name));
    for (const { alert, expr } of rules) {
      const asked = [...expr.matchAll(/backfeed_\w+/g)].map(([name]) => name);
      expect(asked, alert).not.to.be.empty;
      for (const name of asked) expect(known, alert).to.include(name);
    }
  });

  it("ask only for states and verdicts that exist", () => {
    const lists: Readonly<Record<string, readonly string[]>> = { state: outboxStates, verdict: verdictKinds };
    for (const { alert, expr } of rules) {
      for (const [, label = "", value] of expr.matchAll(/(\w+)="(\w+)"/g)) {
        if (label in lists) expect(lists[label], alert).to.include(value);
      }
    }
  });

  it("cover ticks, rules, sources, the outbox, trackers, what comes back from them, and the store", () => {
    expect(rules.map(({ alert }) => alert)).to.include.members([
      "BackfeedNoTick",
      "BackfeedRulesFaulty",
      "BackfeedSourceFailing",
      "BackfeedOutboxOld",
      "BackfeedEntriesParked",
      "BackfeedTrackerFailing",
      "BackfeedStoreErrors",
      "BackfeedDeafToTickets",
      "BackfeedDuplicates",
    ]);
  });

  it("are what promtool accepts", function () {
    requirePromtool(this);
    execFileSync("promtool", ["check", "rules", file], { stdio: "pipe" });
  });

  it("and so are all metrics, Node's own included", async function () {
    requirePromtool(this);
    const { text } = await createMetrics({ vocabulary }).render();
    expect(text).to.contain("nodejs_eventloop_lag_seconds");
    execFileSync("promtool", ["check", "metrics"], { input: text, stdio: "pipe" });
  });
});

function requirePromtool(test: Context): void {
  try {
    execFileSync("promtool", ["--version"], { stdio: "ignore" });
  } catch {
    console.warn("      skipped: promtool is missing: apt-get install prometheus");
    test.skip();
  }
}
