import { expect } from "chai";
import type { ScriptedEvent } from "../../src/sources/scripted/event-filter.ts";
import { createScriptedSource, type ScriptedSource } from "../../src/sources/scripted/scripted-source.ts";
import { createLocalTracker } from "../../src/trackers/local/local-tracker.ts";
import { buildRule } from "../support/rules.ts";
import { createWorld, type World } from "../support/world.ts";

const minute = 60_000;
const start = Date.parse("2026-01-05T10:00:00Z");
const on = (cron: string) => ({ schedule: { cron, timezone: "UTC" } });

describe("what Backfeed finds about itself", () => {
  let world: World;
  let source: ScriptedSource;
  let events: ScriptedEvent[];

  /** An event a minute up to the instant that is asked for last, unless the log stands still. */
  async function begin(rules: Parameters<typeof createWorld>[0]["rules"]): Promise<void> {
    events = Array.from({ length: 10 }, (_, ago) => ({ "@timestamp": start - (10 - ago) * minute, service: "cart" }));
    source = createScriptedSource({ name: "logs", script: { logs: { events } } });
    world = await createWorld({
      start: new Date(start).toISOString(),
      rules,
      sources: [source],
      trackers: (store, clock) => [createLocalTracker({ name: "local", tickets: store.localTickets, clock })],
      timing: { staleAfterMs: 5 * minute },
    });
  }

  async function minutes(count: number, alive: boolean): Promise<void> {
    for (let passed = 0; passed < count; passed += 1) {
      if (alive) events.push({ "@timestamp": world.clock.now(), service: "cart" });
      await world.tick(world.clock.now() + minute);
    }
  }

  async function stateOf(title: RegExp): Promise<string | undefined> {
    const { items } = await world.store.history.findings({ limit: 50 });
    return items.find((finding) => title.test(finding.title))?.state;
  }

  afterEach(() => world.close());

  it("a source without new events is one finding, whichever schedules ask it, and ends when events come again", async () => {
    await begin([buildRule({ id: "one", ...on("*/5 * * * *") }), buildRule({ id: "two", ...on("2-59/5 * * * *") })]);
    await minutes(10, true);
    expect(await stateOf(/receives no new events/)).to.equal(undefined);
    await minutes(20, false);
    expect(await stateOf(/receives no new events/)).to.equal("open");
    await minutes(40, true);
    expect(await stateOf(/receives no new events/)).to.equal("quiet");
    const { items } = await world.store.localTickets.list({ limit: 50 });
    expect(items.filter(({ summary }) => /receives no new events/.test(summary))).to.have.length(1);
  });

  it("a schedule that does not ask for freshness does not say that the source is fresh", async () => {
    const absent = buildRule({
      id: "dead-job",
      limits: { when: { form: "absent", knownForMs: 7 * 24 * 60 * minute } as never },
      ...on("1-59/2 * * * *"),
    });
    await begin([buildRule({ id: "one", ...on("*/2 * * * *") }), absent]);
    await minutes(10, true);
    await minutes(40, false);
    expect(await stateOf(/receives no new events/)).to.equal("open");
  });

  it("a rule that fails for over an hour is a finding to its owner, and ends when the rule is taken away", async () => {
    const faulty = buildRule({ id: "faulty", limits: { owner: "payments" } });
    await begin([faulty, buildRule({ id: "fine" })]);
    source.failWhen(({ query }) =>
      query === faulty.signal.query ? { code: "refused", message: "no such field", retryable: false } : undefined,
    );
    await minutes(59, true);
    expect(await stateOf(/has not been evaluated/)).to.equal(undefined);
    await minutes(4, true);
    expect(await stateOf(/faulty has not been evaluated/)).to.equal("open");
    const { items } = await world.store.history.findings({ limit: 50 });
    expect(items.find(({ title }) => /not been evaluated/.test(title))?.owner).to.equal("payments");

    world.setRules([buildRule({ id: "fine" })]);
    await minutes(15, true);
    expect(await stateOf(/faulty has not been evaluated/)).to.equal("quiet");
  });

  it("a label that held a secret is told without it, and nobody is measured as unaffected for that", async () => {
    const byUrl = buildRule({
      id: "by-url",
      signal: { by: ["url"] },
      impact: { usersField: "user" },
      limits: { severity: "high" },
    });
    await begin([byUrl]);
    const url = "https://shop.example.com/?token=AKIAIOSFODNN7EXAMPLE";
    for (let n = 0; n < 30; n += 1) events.push({ "@timestamp": start + n * 1_000, url, user: `u${n}` });
    await world.tick(start + minute);
    const [ticket] = (await world.store.localTickets.list({ limit: 5 })).items;
    expect(JSON.stringify(ticket)).not.to.contain("AKIAIOSFODNN7EXAMPLE");
    const [finding] = (await world.store.history.findings({ limit: 5 })).items;
    expect(finding?.priority?.parts.find(({ name }) => name === "reach")?.text).to.equal("reach 6 events");
    expect(JSON.stringify(ticket)).to.contain("a secret was taken out of this label");
  });
});
