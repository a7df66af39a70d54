import { expect } from "chai";
import type { Finding } from "../../src/model/finding.ts";
import type { Rule } from "../../src/model/rule.ts";
import { readRuleFile } from "../../src/rules/read-rule-file.ts";
import { hour, minute } from "../../src/support/duration.ts";
import { createLocalTracker } from "../../src/trackers/local/local-tracker.ts";
import { alertmanagerPayload, type PayloadAlert } from "../support/alert-payloads.ts";
import { type AlertWorld, createAlertWorld } from "../support/alert-world.ts";
import { type Backlog, backlogs } from "../support/backlogs.ts";

const start = Date.parse("2026-01-05T10:00:00Z");

for (const [name, makeBacklog] of Object.entries(backlogs)) {
  describe(`alerts that Alertmanager raises, with ${name}`, () => {
    let backlog: Backlog;
    let world: AlertWorld;

    beforeEach(async () => {
      backlog = await makeBacklog(() => world?.clock.now() ?? start);
      world = await createAlertWorld({
        start: new Date(start).toISOString(),
        trackers: (store, clock) => [backlog.tracker(store, clock)],
        ...(backlog.project === undefined ? {} : { project: backlog.project }),
        // Hours pass here with a tick or two in each.
        catchUpMs: minute,
      });
    });
    afterEach(async () => {
      await world.close();
      await backlog.stop();
    });

    const labels = { alertname: "ErrorsHigh", service: "checkout", severity: "critical", team: "payments" };
    const errors = (more: Partial<PayloadAlert> = {}): PayloadAlert => ({
      labels,
      startsAt: start - 10 * minute,
      annotations: {
        summary: "8 % of checkouts fail",
        description: "Since the last deploy? See the dashboard.",
        runbook_url: "https://runbooks.example.com/errors",
      },
      ...more,
    });
    const receive = (...alerts: PayloadAlert[]) => world.receive(alertmanagerPayload(alerts));
    const tickets = () => backlog.tickets(world.store);
    const ticket = async () => {
      const [first, ...more] = await tickets();
      expect(more).to.deep.equal([]);
      if (first === undefined) throw new Error("no ticket");
      // Wiki markup escapes what it would read; here it is only looked for.
      return { ...first, text: first.text.replaceAll("\\", "") };
    };
    const finding = async (): Promise<Finding> => {
      const [first] = (await world.store.history.findings({ limit: 2 })).items;
      if (first === undefined) throw new Error("no finding");
      return first;
    };

    it("become one ticket with their own words, which is told when they are resolved and when they are back", async () => {
      expect(await receive(errors())).to.equal("stored");
      await world.through(1);
      const filed = await ticket();
      expect(filed.summary).to.equal("ErrorsHigh: 8 % of checkouts fail");
      expect(filed.text).to.include(
        "raised by Alertmanager since 2026-01-05T09:50:00Z, heard of last at 2026-01-05T10:00:00Z",
      );
      expect(filed.text).to.include("Since the last deploy? See the dashboard.");
      expect(filed.text).to.include("https://runbooks.example.com/errors");
      expect(filed.text).to.include("http://prometheus.example.com:9090/graph");
      expect(filed.text).not.to.include("limit: above");
      const { episode, severity, groupLabels } = await finding();
      expect(episode.startedAt).to.equal(start - 10 * minute);
      expect(severity).to.equal("critical");
      expect(groupLabels).to.deep.equal({ alertname: "ErrorsHigh" });

      await world.through(3);
      expect(await receive(errors({ endsAt: world.clock.now() - minute }))).to.equal("stored");
      await world.through(12);
      expect((await ticket()).comments).to.deep.equal(["quiet"]);
      expect((await ticket()).text).to.include("firing for 14 min");

      expect(await receive(errors({ startsAt: world.clock.now() - minute }))).to.equal("stored");
      await world.through(1);
      expect((await ticket()).comments).to.include("back");
      expect((await finding()).pastEpisodes[0]?.ending).to.equal("recovered");
    });

    it("are one finding when two Alertmanagers tell of them, in any order and however often", async () => {
      await receive(errors());
      await world.through(1);
      expect(await receive(errors())).to.equal("repeated");
      expect(await receive(errors({ startsAt: start - 10 * minute + 15_000 }))).to.equal("stored");
      expect(await receive(errors())).to.equal("repeated");
      await world.through(2);
      const ended = errors({ endsAt: world.clock.now() });
      await receive(ended);
      expect(await receive(ended)).to.equal("repeated");
      // The other one, late: what it says of before the end is no news.
      expect(await receive(errors())).to.equal("repeated");
      expect(await receive(errors({ startsAt: start - 10 * minute + 15_000 }))).to.equal("repeated");
      await world.through(12);
      expect((await ticket()).comments).to.deep.equal(["quiet"]);
      expect((await finding()).state).to.equal("quiet");
    });

    it("end as vanished when nobody speaks of them any more, and that is no recovery", async () => {
      await receive(errors());
      await world.through(1);
      const skip = async (ms: number) => {
        for (let passed = 0; passed < ms; passed += 30 * minute) await world.tick(world.clock.now() + 30 * minute);
      };
      await skip(4 * hour);
      expect((await finding()).worst.verdict.kind).to.equal("breached");
      await skip(hour);
      expect((await finding()).worst.verdict.kind).to.equal("no_data");
      expect((await finding()).state).to.equal("open");
      await skip(24 * hour);
      const { state, episode } = await finding();
      expect([state, episode.ending]).to.deep.equal(["quiet", "vanished"]);
      expect((await ticket()).text).to.include(
        "Alertmanager has said nothing of this alert (alertname=ErrorsHigh, service=checkout, severity=critical, team=payments) since 2026-01-05T10:00:00Z",
      );
      expect((await ticket()).text).to.include("That is not a recovery");
    });

    it("keep their state while a delivery is cut: what is missing is not resolved", async () => {
      const second = errors({ labels: { ...labels, service: "search" } });
      await receive(errors(), second);
      await world.through(1);
      expect((await finding()).alertCount).to.equal(2);
      await world.receive(alertmanagerPayload([errors()], { truncated: 5 }));
      await world.through(20);
      expect((await finding()).alertCount).to.equal(2);
      expect((await finding()).worst.verdict.raised?.leftOut).to.equal(5);
      await receive(errors({ endsAt: world.clock.now() }), { ...second, endsAt: world.clock.now() });
      await world.through(12);
      expect((await finding()).episode.ending).to.equal("recovered");
    });

    it("leave alone what always fires, and what began and ended between two ticks is not missed", async () => {
      await receive({ labels: { alertname: "Watchdog", severity: "none" }, startsAt: start });
      await world.through(2);
      expect(await tickets()).to.deep.equal([]);
      const short = errors({ startsAt: world.clock.now() + 10_000 });
      world.clock.set(world.clock.now() + 20_000);
      await receive(short);
      world.clock.set(world.clock.now() + 20_000);
      await receive({ ...short, endsAt: world.clock.now() - 5_000 });
      await world.tick(start + 3 * minute);
      expect((await tickets()).length).to.equal(1);
    });
  });
}

describe("rules about alerts that Alertmanager raises", () => {
  let world: AlertWorld;
  beforeEach(async () => {
    world = await createAlertWorld({
      start: new Date(start).toISOString(),
      trackers: (store, clock) => [createLocalTracker({ name: "local", tickets: store.localTickets, clock })],
      owners: ["default", "payments"],
    });
  });
  afterEach(() => world.close());

  const labels = { alertname: "PodCrashing", namespace: "shop", severity: "warning", team: "payments" };
  const pods = (count: number) =>
    Array.from({ length: count }, (_, place) => ({ labels: { ...labels, pod: `shop-${place}` }, startsAt: start }));
  const receive = (...alerts: PayloadAlert[]) =>
    world.receive(alertmanagerPayload(alerts, { groupBy: ["alertname", "namespace"] }));
  const findings = async () => (await world.store.history.findings({ limit: 9 })).items;
  const tickets = async () => (await world.store.localTickets.list({ limit: 9 })).items;
  const ruleOf = (yaml: string): Rule => {
    const context = { sources: { alertmanager: { type: "alertmanager" as const } }, owners: ["default", "payments"] };
    const text = `apiVersion: backfeed/v1\nrules:\n${yaml}`;
    const { entries, faults } = readRuleFile("rules/alerts.yaml", new TextEncoder().encode(text), context);
    expect(faults).to.deep.equal([]);
    const rule = entries[0]?.rule;
    if (rule === undefined) throw new Error("no rule");
    return rule;
  };

  it("need not be there: severity and owner come from labels, and one ticket is what Alertmanager groups", async () => {
    await receive(...pods(3));
    await world.through(1);
    const [finding, ...more] = await findings();
    expect(more).to.deep.equal([]);
    expect(finding).to.include({ severity: "warning", owner: "payments", alertCount: 3 });
    expect(finding?.groupLabels).to.deep.equal({ alertname: "PodCrashing", namespace: "shop" });
  });

  it("take an alert over with its ticket, and say what the built-in rule cannot know", async () => {
    await receive(...pods(1));
    await world.through(1);
    expect((await tickets()).length).to.equal(1);
    world.setFileRules([
      ruleOf(`  - id: pods
    title: "{{ labels.namespace }}: a pod dies"
    why: Orders are slow while pods restart.
    severity: critical
    signal: { source: alertmanager, where: { alertname: PodCrashing } }
    when: { above: 0 }
`),
    ]);
    await world.through(1);
    const [finding, ...more] = await findings();
    expect(more).to.deep.equal([]);
    expect(finding).to.include({ severity: "critical", owner: "payments", title: "shop: a pod dies", state: "open" });
    expect((await tickets()).length).to.equal(1);
    expect((await tickets())[0]?.comments.map(({ marker }) => marker.split(":")[0])).to.deep.equal(["summary"]);
    world.setFileRules([]);
    await world.through(1);
    expect((await findings())[0]).to.include({ severity: "warning", state: "open" });
    expect((await findings()).length).to.equal(1);
    expect((await tickets()).length).to.equal(1);
  });

  it("count alerts, so that a ticket is filed of many and not of one", async () => {
    world.setFileRules([
      ruleOf(`  - id: many-pods
    title: "{{ labels.namespace }}: {{ value }} pods die"
    why: Orders are slow while pods restart.
    signal: { source: alertmanager, where: { alertname: PodCrashing }, by: [namespace] }
    when: { above: 2 }
`),
    ]);
    await receive(...pods(2));
    await world.through(2);
    expect(await findings()).to.deep.equal([]);
    await receive(...pods(4));
    await world.through(1);
    const [finding] = await findings();
    expect(finding).to.include({ title: "shop: 4 pods die", owner: "payments", severity: "warning" });
    expect((await tickets())[0]?.summary).to.equal("shop: 4 pods die");
  });

  it("see that an alert that must always fire is silent", async () => {
    world.setFileRules([
      ruleOf(`  - id: watchdog
    title: Prometheus or Alertmanager is gone
    why: Nobody would be told of anything.
    severity: critical
    signal: { source: alertmanager, where: { alertname: Watchdog }, by: [] }
    when: { below: 1, for: 5m }
    no_data: breach
`),
    ]);
    const alive = () => receive({ labels: { alertname: "Watchdog", severity: "none" }, startsAt: start });
    await alive();
    await world.through(3);
    expect(await findings()).to.deep.equal([]);
    for (let hours = 0; hours < 6; hours += 1) await world.tick(world.clock.now() + hour);
    expect((await findings())[0]).to.include({ title: "Prometheus or Alertmanager is gone", state: "open" });
    await alive();
    await world.through(12);
    expect((await findings())[0]).to.include({ state: "quiet" });
  });
});
