import { expect } from "chai";
import type { Rule } from "../../src/model/rule.ts";
import { createScriptedSource, type ScriptedSource } from "../../src/sources/scripted/scripted-source.ts";
import { parseNotation } from "../../src/support/series-notation.ts";
import { createLocalTracker } from "../../src/trackers/local/local-tracker.ts";
import { buildRule } from "../support/rules.ts";
import { outcomeOf } from "../support/simulation/outcome.ts";
import { createWorld, type World, type WorldOptions } from "../support/world.ts";

const minute = 60_000;
const hour = 60 * minute;
const start = Date.parse("2026-01-05T10:00:00Z");
const at = (passed: number) => start + passed * minute;

/** RULES.md section 5. */
const checkoutErrors = buildRule({
  id: "checkout-errors",
  title: '{{ labels["service.name"] }}: {{ value | percent }} of requests fail',
  signal: { measure: { kind: "ratio", bad: {} }, by: ["service.name"] },
  limits: {
    when: { form: "threshold", above: 0.05, forMs: 5 * minute, minEvents: 0, minBadEvents: 20 },
    until: { below: 0.02, forMs: 15 * minute },
    severity: "critical",
    owner: "payments",
  },
});

/** 0.2 % for five minutes, 8 % for forty-one, 0.1 % from then on. */
const forty = "2x4 80x40 1x600";

function scripted(bad = forty): ScriptedSource {
  const series = [
    { labels: { "service.name": "checkout" }, total: parseNotation("1000x700"), bad: parseNotation(bad) },
  ];
  return createScriptedSource({ name: "logs", script: { logs: { start, stepMs: minute, series } } });
}

const unreachable = { code: "unreachable", message: "no route to the logs", retryable: true } as const;
const refused = { code: "refused", message: "unknown field status", retryable: false } as const;

describe("while a source fails", function () {
  this.timeout(300_000);
  const worlds: World[] = [];
  afterEach(() => Promise.all(worlds.splice(0).map((world) => world.close())));

  async function begin(source: ScriptedSource, options: Partial<WorldOptions> = {}): Promise<World> {
    const world = await createWorld({
      start: new Date(start).toISOString(),
      rules: [checkoutErrors],
      sources: [source],
      trackers: (store, clock) => [createLocalTracker({ name: "local", tickets: store.localTickets, clock })],
      ...options,
    });
    worlds.push(world);
    await world.tick(world.clock.now());
    return world;
  }

  /** From the one minute of the clock to before the other, each question fails. */
  function failing(source: ScriptedSource, world: World, from: number, to: number, failure = unreachable) {
    source.failWhen(() => (world.clock.now() >= at(from) && world.clock.now() < at(to) ? failure : undefined));
  }

  const watermark = async (world: World, rule: Rule = checkoutErrors) =>
    (await world.store.state.ruleStates()).get(rule.identity)?.watermark;
  const judgedTicks = async (world: World, rule: Rule = checkoutErrors) =>
    (await world.store.history.ruleTicks(rule.identity, 10_000)).toReversed();
  const findingsOf = async (world: World, rule: string) =>
    (await world.store.history.findings({ limit: 100 })).items.filter(({ ruleIds }) => ruleIds.includes(rule));
  const skippedTicks = async (world: World) =>
    (await world.store.history.ticks({ limit: 1_000 })).items.reduce(
      (sum, { counts }) => sum + (counts.outcomes["skipped_ticks"] ?? 0),
      0,
    );

  it("stands still for the half hour it lasts, then runs the missed ticks whole: the tickets are the same", async () => {
    const spared = await begin(scripted());
    await spared.through(100);

    const source = scripted();
    const world = await begin(source);
    failing(source, world, 20, 50);
    await world.through(19);
    const before = await outcomeOf(world.store, undefined);
    await world.through(30);
    const during = await outcomeOf(world.store, undefined);
    expect(during.issues).to.deep.equal(before.issues);
    expect(during.findings).to.deep.equal(before.findings);
    expect(await watermark(world)).to.equal(at(19));
    expect((await world.store.state.alerts()).map(({ state }) => state)).to.deep.equal(["firing"]);

    const results = await world.through(1);
    expect(results.map(({ tick }) => tick)).to.deep.equal(Array.from({ length: 31 }, (_, index) => at(20 + index)));
    await world.through(50);
    const after = await outcomeOf(world.store, undefined);
    expect(after).to.deep.equal(await outcomeOf(spared.store, undefined));
    expect(after.issues).to.have.length(1);
    expect(after.findings[0]).to.deep.include({ state: "quiet" });
  });

  it("asks one probe a run while it fails, however many rules and ticks are missing", async () => {
    const source = scripted();
    const world = await begin(source);
    failing(source, world, 5, 35);
    await world.through(10);
    const asked = source.asked.length;
    await world.through(10);
    expect(source.asked.length - asked).to.equal(10);
  });

  it("records as skipped what lies further back than catch_up reaches, and goes on", async () => {
    const world = await begin(scripted("2x4 80x600"));
    await world.through(15);
    const results = await world.tick(at(15) + 3 * hour);
    expect(results[0]!.tick).to.equal(at(15) + 2 * hour);
    expect(await skippedTicks(world)).to.equal(119);
    expect(await watermark(world)).to.equal(at(15) + 3 * hour);
    const [finding] = await findingsOf(world, "checkout-errors");
    expect(finding).to.deep.include({ state: "open" });
    expect((await world.store.localTickets.list({ limit: 10 })).items).to.have.length(1);
  });

  it("records all that is skipped of the rule that is behind farthest, whoever else of its schedule is behind", async () => {
    const other: Rule = { ...checkoutErrors, id: "other", identity: "other", problem: "other", shape: "other" };
    const asked = { ...other, signal: { ...other.signal, query: { ...other.signal.query, filters: ["other"] } } };
    for (const rules of [
      [checkoutErrors, asked],
      [asked, checkoutErrors],
    ]) {
      const source = scripted();
      const world = await begin(source, { rules });
      source.failWhen(({ query }) => (query.filters.some((each) => each === "other") ? unreachable : undefined));
      await world.through(30);
      expect(await watermark(world, asked)).to.equal(at(0));
      source.failWhen(() => undefined);
      await world.tick(at(180));
      // Of minutes 1 to 180 the last hour is run; the newest missed one has the record.
      const ran = (await judgedTicks(world, asked)).filter(({ tick, verdicts }) => tick > at(0) && !verdicts["failed"]);
      expect(await skippedTicks(world)).to.equal(180 - ran.length);
    }
  });

  it("counts each skipped tick once, however often it is asked in vain", async () => {
    const source = scripted("2x4 80x600");
    const world = await begin(source);
    failing(source, world, 20, 140);
    await world.through(150);
    const seen = (await judgedTicks(world)).filter(({ verdicts }) => verdicts["failed"] === undefined);
    const missing = 151 - seen.length;
    expect(missing).to.equal(60);
    expect(await skippedTicks(world)).to.equal(missing);
  });

  it("goes past a question that is refused: nothing is taken as clear, and nothing is asked twice", async () => {
    const source = scripted();
    const world = await begin(source);
    failing(source, world, 20, 23, refused as unknown as typeof unreachable);
    await world.through(22);
    expect(await watermark(world)).to.equal(at(22));
    expect((await world.store.state.alerts()).map(({ state }) => state)).to.deep.equal(["firing"]);
    const asked = source.asked.length;
    await world.through(1);
    expect(source.asked.length - asked).to.equal(1);
    const ticks = (await judgedTicks(world)).map(({ tick }) => tick);
    expect(ticks).to.deep.equal(Array.from({ length: 24 }, (_, passed) => at(passed)));
  });

  it("tells the owner of a rule that has failed for over an hour, once, and that it works again", async () => {
    const source = scripted("2x600");
    const world = await begin(source);
    failing(source, world, 10, 90);
    await world.through(69);
    expect(await findingsOf(world, "backfeed-rule-failing")).to.deep.equal([]);
    await world.through(20);
    const [open, ...others] = await findingsOf(world, "backfeed-rule-failing");
    expect(others).to.deep.equal([]);
    expect(open).to.deep.include({ state: "open", owner: "payments", groupLabels: { rule: "checkout-errors" } });
    await world.through(15);
    const [quiet] = await findingsOf(world, "backfeed-rule-failing");
    expect(quiet).to.deep.include({ state: "quiet" });
    expect((await world.store.localTickets.list({ limit: 10 })).items).to.have.length(1);
  });

  it("opens one finding for a stale source, whatever asks it, and recovers nothing meanwhile", async () => {
    const sound = (passed: number) => passed < 30 || passed >= 60;
    const events = Array.from({ length: 120 }, (_, passed) => passed)
      .filter(sound)
      .flatMap((passed) => Array.from({ length: 12 }, () => ({ "@timestamp": at(passed) })));
    const every = (id: string, cron: string) => buildRule({ id, schedule: { cron, timezone: "UTC" } });
    const rules = [every("errors", "* * * * *"), every("more-errors", "* * * * *"), every("slow", "*/10 * * * *")];
    const source = createScriptedSource({ name: "logs", script: { logs: { events } } });
    const world = await begin(source, { rules, timing: { staleAfterMs: 5 * minute } });
    await world.through(50);
    const stale = await findingsOf(world, "backfeed-source-stale");
    expect(stale.map(({ state, groupLabels }) => [state, groupLabels])).to.deep.equal([
      ["open", { source: "logs", target: "logs" }],
    ]);
    for (const rule of ["errors", "more-errors", "slow"]) {
      expect((await findingsOf(world, rule)).map(({ state }) => state)).to.deep.equal(["open"]);
    }
    await world.through(30);
    const [recovered, ...others] = await findingsOf(world, "backfeed-source-stale");
    expect(others).to.deep.equal([]);
    expect(recovered).to.deep.include({ state: "quiet" });
    expect((await world.store.localTickets.list({ limit: 100 })).items).to.have.length(4);
  });
});

describe("when the clock jumps", function () {
  this.timeout(300_000);
  let world: World;
  afterEach(() => world.close());

  const local: WorldOptions["trackers"] = (store, clock) => [
    createLocalTracker({ name: "local", tickets: store.localTickets, clock }),
  ];

  it("two hours back: nothing is filed or said twice, nothing is lost, and it goes on where it was", async () => {
    const options = { start: new Date(start).toISOString(), rules: [checkoutErrors], trackers: local };
    const spared = await createWorld({ ...options, sources: [scripted()] });
    await spared.tick(start);
    await spared.through(80);

    world = await createWorld({ ...options, sources: [scripted()] });
    await world.tick(start);
    await world.through(20);
    world.clock.set(at(20) - 2 * hour);
    await world.through(120);
    expect(world.clock.now()).to.equal(at(20));
    await world.through(60);
    expect(await outcomeOf(world.store, undefined)).to.deep.equal(await outcomeOf(spared.store, undefined));
    await spared.close();
  });

  for (const [when, day, expected] of [
    ["an hour is left out in spring", "2026-03-28T12:00:00Z", ["2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"]],
    [
      "an hour comes twice in autumn",
      "2026-10-24T12:00:00Z",
      ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"],
    ],
  ] as const) {
    it(`by daylight saving: every night is looked at, also when ${when}, and every minute once`, async () => {
      const nightly = buildRule({ id: "nightly", schedule: { cron: "30 2 * * *", timezone: "Europe/Berlin" } });
      const minutely = buildRule({ id: "minutely", schedule: { cron: "* * * * *", timezone: "Europe/Berlin" } });
      const source = createScriptedSource({ name: "logs", script: { logs: { events: [] } } });
      const begun = Date.parse(day);
      world = await createWorld({ start: day, rules: [nightly, minutely], sources: [source], trackers: local });
      for (let passed = 0; passed <= 48 * 60; passed += 30) await world.tick(begun + passed * minute);
      const ticksOf = async (rule: string) =>
        (await world.store.history.ruleTicks(rule, 10_000)).map(({ tick }) => tick).sort((a, b) => a - b);
      const nights = (await ticksOf("nightly")).filter((tick) => tick > begun);
      expect(nights).to.deep.equal(expected.map((text) => Date.parse(text)));
      const minutes = await ticksOf("minutely");
      expect(minutes).to.deep.equal(Array.from({ length: 48 * 60 + 1 }, (_, passed) => begun + passed * minute));
    });
  }
});
