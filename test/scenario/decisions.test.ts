import { expect } from "chai";
import type { LocalTicket } from "../../src/model/local-ticket.ts";
import type { Rule } from "../../src/model/rule.ts";
import { createScriptedSource } from "../../src/sources/scripted/scripted-source.ts";
import { parseNotation } from "../../src/support/series-notation.ts";
import { createLocalTracker } from "../../src/trackers/local/local-tracker.ts";
import { buildRule } from "../support/rules.ts";
import { createWorld, type World, type WorldOptions } from "../support/world.ts";

const minute = 60_000;
const start = "2026-01-05T10:00:00Z";

/** A count a minute, for each service its own series. */
function counts(series: Readonly<Record<string, string>>) {
  return createScriptedSource({
    name: "logs",
    script: {
      logs: {
        start: Date.parse(start),
        stepMs: minute,
        series: Object.entries(series).map(([service, values]) => ({
          labels: { service },
          value: parseNotation(values),
        })),
      },
    },
  });
}

const errors = buildRule({
  id: "errors",
  title: "{{ labels.service }}: {{ value }} errors",
  signal: { by: ["service"] },
  limits: { until: { forMs: 5 * minute } },
});

describe("decisions through the running program", () => {
  let world: World;

  async function begin(series: Readonly<Record<string, string>>, more: Partial<WorldOptions> = {}): Promise<void> {
    world = await createWorld({
      start,
      rules: [errors],
      sources: [counts(series)],
      trackers: (store, clock) => [createLocalTracker({ name: "local", tickets: store.localTickets, clock })],
      ...more,
    });
    await world.tick(start);
  }

  async function tickets(): Promise<readonly LocalTicket[]> {
    return (await world.store.localTickets.list({ limit: 200 })).items;
  }

  afterEach(() => world.close());

  it("file nothing in mode report, and file what is still open once the mode is file", async () => {
    await begin({ cart: "20x30", search: "20x4 0x30" }, { mode: "report" });
    const results = await world.through(12);
    expect(
      results
        .at(-1)!
        .lines()
        .find(({ finding }) => finding !== undefined),
    ).to.include({ reason: "report" });
    expect(await tickets()).to.have.length(0);

    world.setMode("file");
    await world.through(1);
    expect((await tickets()).map(({ summary }) => summary)).to.deep.equal(["cart: 20 errors"]);
  });

  it("file the worst first when more problems begin at once than a run may file, and the rest as the budget frees", async () => {
    const many = Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`service-${n}`, `${n < 2 ? 20 : 600}x60`]));
    await begin(many);
    expect(await tickets()).to.have.length(10);
    const results = await world.through(1);
    expect(await tickets()).to.have.length(12);
    const freed = results[0]!.lines().filter(({ reason }) => reason === "budget_freed");
    expect(freed).to.have.length(2);
    // Nothing of these is measured but the number of events: the fewest waited.
    expect(freed.map(({ evaluation }) => evaluation.labels["service"]).sort()).to.deep.equal([
      "service-0",
      "service-1",
    ]);
  });

  it("wait on a day's cap until it frees", async () => {
    const many = Object.fromEntries(Array.from({ length: 3 }, (_, n) => [`service-${n}`, "20x2000"]));
    await begin(many, { limits: { perDay: 2 }, catchUpMs: 48 * 60 * minute });
    await world.through(3);
    expect(await tickets()).to.have.length(2);
    await world.tick(Date.parse(start) + 24 * 60 * minute + minute);
    expect(await tickets()).to.have.length(3);
  });

  it("keep one ticket when the rule is renamed, and name it by its new id", async () => {
    await begin({ cart: "20x60" });
    const renamed: Rule = {
      ...errors,
      id: "cart-errors",
      formerly: ["errors"],
      identity: "cart-errors",
      problem: "cart-errors",
    };
    world.setRules([renamed]);
    const results = await world.through(5);
    expect(await tickets()).to.have.length(1);
    expect(results.at(-1)!.lines()[0]).to.include({ reason: "unchanged" });
    expect(results.at(-1)!.lines()[0]!.rule.id).to.equal("cart-errors");
  });

  it("say quiet and back once in 24 hours, whatever the problem does in between", async () => {
    const wave = Array.from({ length: 6 }, () => "20x4 0x9").join(" ");
    await begin({ cart: `${wave} 0x60` });
    await world.through(100);
    const [ticket] = await tickets();
    const markers = ticket!.comments.map(({ marker }) => marker.split(":")[0]);
    expect(markers.filter((marker) => marker === "quiet")).to.have.length(1);
    expect(markers.filter((marker) => marker === "back")).to.have.length(1);
    expect(await tickets()).to.have.length(1);
  });

  it("raise the priority at once, and leave the one that a person set", async () => {
    await begin({ cart: "20x200" }, { rules: [{ ...errors, limits: { ...errors.limits, severity: "low" } }] });
    expect(await tickets()).to.have.length(0);
    world.setRules([{ ...errors, limits: { ...errors.limits, severity: "high" } }]);
    await world.through(1);
    const [filed] = await tickets();
    expect(filed!.priority).to.equal("Low");

    await world.store.localTickets.change(filed!.id, (ticket) => ({ ...ticket, priority: "Medium" }));
    world.setRules([{ ...errors, limits: { ...errors.limits, severity: "critical" } }]);
    await world.through(1);
    const [after] = await tickets();
    expect(after!.priority).to.equal("Medium");
    expect(await world.store.outbox.counts()).to.include({ pending: 0, parked: 0 });
  });

  it("end the episode without a word of recovery when the rule is removed", async () => {
    await begin({ cart: "20x60" });
    world.setRules([
      { ...errors, id: "other", identity: "other", problem: "other", signal: { ...errors.signal, where: {} } },
    ]);
    await world.through(2);
    const told = (await tickets()).flatMap(({ comments }) => comments.map(({ marker }) => marker.split(":")[0]));
    expect(told).to.deep.equal(["rule-changed"]);
  });

  it("leave the counts of the tick that a rule judged before it was removed", async () => {
    await begin({ cart: "20x60" });
    const counted = await world.store.history.ruleTicks("errors", 10);
    expect(counted).to.deep.equal([
      { tick: Date.parse(start), verdicts: { breached: 1 }, outcomes: { "create:new_finding": 1 }, notEvaluated: 0 },
    ]);
    world.setRules([
      { ...errors, id: "other", identity: "other", problem: "other", signal: { ...errors.signal, where: {} } },
    ]);
    await world.tick(Date.parse(start) + minute / 2);
    const told = (await tickets()).flatMap(({ comments }) => comments.map(({ marker }) => marker.split(":")[0]));
    expect(told).to.deep.equal(["rule-changed"]);
    expect(await world.store.history.ruleTicks("errors", 10)).to.deep.equal(counted);
  });

  it("end the episode of a removed rule no sooner than it was last judged, however slow the rules are that are left", async () => {
    const slow = { ...errors, id: "slow", identity: "slow", problem: "slow", signal: { ...errors.signal, where: {} } };
    const seldom = { ...slow, schedule: { cron: "*/10 * * * *", timezone: "UTC" } };
    await begin({ cart: "20x60" }, { rules: [errors, seldom] });
    await world.through(5);
    world.setRules([seldom]);
    await world.tick(world.clock.now() + minute / 2);
    const episode = async () =>
      (await world.store.history.findings({ limit: 10 })).items.find(({ ruleIds }) => ruleIds.includes("errors"))
        ?.episode;
    expect((await episode())?.endedAt).to.equal(undefined);
    await world.tick(Date.parse(start) + 10 * minute);
    expect(await episode()).to.include({ endedAt: Date.parse(start) + 10 * minute, ending: "rule_changed" });
  });
});
