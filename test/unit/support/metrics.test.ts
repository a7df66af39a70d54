import { expect } from "chai";
import { createMetrics } from "../../../src/support/metrics.ts";

const vocabulary = {
  verdicts: ["breached", "clear", "failed"],
  decisions: ["create", "none"],
  reasons: ["new_finding", "unchanged"],
  outboxStates: ["pending", "parked"],
  failureCodes: ["timeout"],
};

async function lines(metrics: ReturnType<typeof create>, name: string): Promise<string[]> {
  const { text } = await metrics.render();
  return text.split("\n").filter((line) => line.startsWith(`backfeed_${name}`));
}

function create() {
  return createMetrics({ vocabulary, processMetrics: false });
}

const tick = { schedule: "* * * * *", tick: 1_700_000_000_000, durationMs: 120, late: false, verdicts: { clear: 3 } };

describe("metrics", () => {
  it("tells of each maintenance window whether it is on", async () => {
    const metrics = create();
    metrics.setMaintenance([
      { name: "patching", on: true },
      { name: "backup", on: false },
    ]);
    expect(await lines(metrics, "maintenance_active")).to.deep.equal([
      'backfeed_maintenance_active{window="patching"} 1',
      'backfeed_maintenance_active{window="backup"} 0',
    ]);
  });

  it("tells a tick as instant, duration and verdicts", async () => {
    const metrics = create();
    metrics.recordTick({ ...tick, late: true });
    expect(await lines(metrics, "last_tick_timestamp_seconds")).to.deep.equal([
      'backfeed_last_tick_timestamp_seconds{schedule="* * * * *"} 1700000000',
    ]);
    expect(await lines(metrics, "ticks_late_total")).to.deep.equal(["backfeed_ticks_late_total 1"]);
    expect(await lines(metrics, "evaluations_total")).to.deep.equal([
      'backfeed_evaluations_total{verdict="breached"} 0',
      'backfeed_evaluations_total{verdict="clear"} 3',
      'backfeed_evaluations_total{verdict="failed"} 0',
    ]);
    expect(await lines(metrics, "tick_duration_seconds_sum")).to.deep.equal([
      "backfeed_tick_duration_seconds_sum 0.12",
    ]);
  });

  it("has every closed value at zero before it first happens, so that its first increase is seen", async () => {
    const metrics = create();
    expect(await lines(metrics, "outbox_entries")).to.have.length(2);
    expect(await lines(metrics, "evaluations_total")).to.have.length(3);
  });

  it("counts what is in no closed list as other", async () => {
    const metrics = create();
    metrics.recordDecision("<script>", "whatever");
    metrics.recordSourceFailure("logs", "a message with an id 4711");
    expect(await lines(metrics, "decisions_total")).to.deep.equal([
      'backfeed_decisions_total{decision="other",reason="other"} 1',
    ]);
    expect(await lines(metrics, "source_failures_total")).to.deep.equal([
      'backfeed_source_failures_total{source="logs",code="other"} 1',
    ]);
  });

  it("keeps at most a hundred names of an open label, and puts the rest under other", async () => {
    const metrics = create();
    for (let index = 0; index < 150; index++) metrics.recordSourceRequests(`source-${index}`, 1);
    const told = await lines(metrics, "source_requests_total");
    expect(told).to.have.length(101);
    expect(told).to.include('backfeed_source_requests_total{source="other"} 50');
  });

  it("forgets schedules that no rule uses any more", async () => {
    const metrics = create();
    metrics.setSchedules([{ schedule: tick.schedule, periodMs: 60_000 }]);
    metrics.recordTick(tick);
    metrics.setSchedules([{ schedule: "0 * * * *", periodMs: 3_600_000 }]);
    expect(await lines(metrics, "last_tick_timestamp_seconds")).to.deep.equal([]);
    expect(await lines(metrics, "tick_period_seconds")).to.deep.equal([
      'backfeed_tick_period_seconds{schedule="0 * * * *"} 3600',
    ]);
  });

  it("asks for the outbox at each scrape, and a failure of that is a store error and no failed scrape", async () => {
    const metrics = create();
    metrics.onScrape(async () => metrics.setOutbox({ counts: { pending: 2 }, oldestAgeMs: 90_000 }));
    metrics.onScrape(() => Promise.reject(new Error("the store is gone")));
    expect(await lines(metrics, "outbox_oldest_seconds")).to.deep.equal(["backfeed_outbox_oldest_seconds 90"]);
    expect(await lines(metrics, "outbox_entries")).to.deep.equal([
      'backfeed_outbox_entries{state="pending"} 2',
      'backfeed_outbox_entries{state="parked"} 0',
    ]);
    expect(await lines(metrics, "store_errors_total")).to.deep.equal(["backfeed_store_errors_total 3"]);
  });

  it("tells the state of the rules and of calls to trackers", async () => {
    const metrics = create();
    metrics.setRules({ loaded: 12, faults: 1, lastReloadSuccessful: false });
    metrics.recordTrackerRequest({ tracker: "jira", operation: "create", outcome: "unknown_outcome" });
    metrics.recordHttpRequest({ route: "/api/v1/findings", status: 404 });
    expect(await lines(metrics, "rule")).to.have.members([
      "backfeed_rules_loaded 12",
      "backfeed_rule_faults 1",
      "backfeed_rules_last_reload_successful 0",
    ]);
    expect(await lines(metrics, "tracker_requests_total")).to.deep.equal([
      'backfeed_tracker_requests_total{tracker="jira",operation="create",outcome="unknown_outcome"} 1',
    ]);
    expect(await lines(metrics, "http_requests_total")).to.deep.equal([
      'backfeed_http_requests_total{route="/api/v1/findings",status="4xx"} 1',
    ]);
  });
});
