import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { expect } from "chai";
import type { TickResult } from "../../src/app/tick.ts";
import type { Rule, When } from "../../src/model/rule.ts";
import { createScriptedSource } from "../../src/sources/scripted/scripted-source.ts";
import type { Source } from "../../src/sources/source.ts";
import { openSqlStore } from "../../src/store/sql/open-sql-store.ts";
import { silentLogger } from "../../src/support/logging.ts";
import { createLocalTracker } from "../../src/trackers/local/local-tracker.ts";
import { buildRule } from "../support/rules.ts";
import { createWorld, type World, type WorldOptions } from "../support/world.ts";

const hour = 3_600_000;
const day = 24 * hour;
const start = Date.parse("2026-03-02T00:00:00Z");

/** Busy by day, quiet by night, and never twice the same. */
const usually = (at: number) => {
  const hours = (at / hour) % 24;
  return (hours >= 8 && hours < 20 ? 1_000 : 100) + ((at / hour) % 7);
};

interface Watched {
  readonly source: Source;
  /** How often it was asked for a range. */
  ranges: number;
}

/** A value each hour from `since` before the start on; counts who asks for a range. */
function hourly(valueAt: (at: number) => number, since = 35 * day): Watched {
  const first = start - since;
  const values = Array.from({ length: 80 * 24 + since / hour }, (_, place) => valueAt(first + place * hour));
  const script = {
    logs: { start: first + hour, stepMs: hour, series: [{ labels: {}, value: values, events: values.map(() => 1) }] },
  };
  const scripted = createScriptedSource({ name: "logs", script });
  const watched: Watched = {
    ranges: 0,
    source: {
      ...scripted,
      series: (request, signal) => {
        watched.ranges += 1;
        return scripted.series(request, signal);
      },
    },
  };
  return watched;
}

function baselineRule(parts: Partial<Extract<When, { form: "baseline" }>> = {}, where: Rule["signal"]["where"] = {}) {
  return buildRule({
    id: "requests",
    title: "{{ value | number }} requests",
    schedule: { cron: "0 * * * *", timezone: "UTC" },
    signal: { windowMs: hour, measure: { kind: "max", field: "value" }, where },
    limits: {
      until: { forMs: 2 * hour },
      when: {
        form: "baseline",
        historyMs: 28 * day,
        season: "day",
        deviations: 6,
        direction: "both",
        minChange: 0.1,
        forMs: 2 * hour,
        ...parts,
      } as Partial<When>,
    },
  });
}

describe("a baseline through the running program", () => {
  let world: World;
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "backfeed-baseline-"));
  });

  afterEach(async () => {
    await world.close();
    rmSync(folder, { recursive: true });
  });

  async function begin(source: Source, options: Partial<WorldOptions> = {}): Promise<void> {
    world = await createWorld({
      start: new Date(start).toISOString(),
      rules: [baselineRule()],
      sources: [source],
      store: await openSqlStore({ url: `sqlite:${join(folder, "store.db")}` }),
      trackers: (store, clock) => [createLocalTracker({ name: "local", tickets: store.localTickets, clock })],
      ...options,
    });
  }

  async function hours(from: number, to: number): Promise<readonly TickResult[]> {
    const results: TickResult[] = [];
    for (let passed = from; passed <= to; passed += 1) results.push(...(await world.tick(start + passed * hour)));
    return results;
  }

  const verdictsOf = (results: readonly TickResult[]) =>
    results.flatMap(({ judged }) =>
      judged
        .filter(({ judgement }) => judgement.rule.id === "requests")
        .flatMap(({ judgement }) => judgement.evaluations.map(({ verdict }) => verdict)),
    );
  const kindsOf = (results: readonly TickResult[]) => verdictsOf(results).map(({ kind }) => kind);

  it("knows what was usual from its first tick on, and says so on the ticket", async () => {
    const { source } = hourly((at) => (at >= start + 10 * hour && at < start + 15 * hour ? 300 : usually(at)));
    await begin(source);
    expect(kindsOf(await hours(1, 10))).to.deep.equal(Array.from({ length: 10 }, () => "clear"));
    const bad = await hours(11, 15);
    expect(kindsOf(bad)).to.deep.equal(Array.from({ length: 5 }, () => "breached"));
    const [first] = verdictsOf(bad);
    expect(first).to.deep.include({ value: 300, direction: "below" });
    expect(first?.usual).to.deep.include({ season: "day", values: 140, time: "at 10:00 UTC" });
    expect(first?.usual?.median).to.be.within(1_000, 1_007);
    const { items } = await world.store.localTickets.list({ limit: 10 });
    expect(items.map(({ summary }) => summary)).to.deep.equal(["300 requests"]);
    const text = JSON.stringify(items[0]);
    expect(text).to.match(
      /300, limit: below \d+(\.\d+)?, usual 1,00\d(\.\d+)? to 1,00\d(\.\d+)? at 12:00 UTC, \d+(\.\d+)? deviations below/,
    );
  });

  it("keeps what it measured over a restart, and does not ask for the past again", async () => {
    const watched = hourly(usually);
    await begin(watched.source);
    await hours(1, 5);
    const asked = watched.ranges;
    expect(asked).to.be.at.least(1);
    await world.close();
    await begin(watched.source);
    const [verdict] = verdictsOf(await hours(6, 6));
    expect(verdict?.usual).to.deep.include({ season: "day", values: 140 });
    expect(watched.ranges).to.equal(asked);
    // All 28 days and what it saw itself: nothing was lost, and each window is there once.
    const stored = await world.store.state.measuredWindows({
      ruleId: "requests",
      signal: signals()[0] ?? "",
      since: 0,
    });
    expect(stored.map(({ from }) => from)).to.deep.equal([...new Set(stored.map(({ from }) => from))]);
    expect(stored.at(-1)?.from).to.equal(start + 5 * hour);
    expect(stored.length).to.be.at.least(28 * 24 + 5);
  });

  it("begins anew when it measures something else, and keeps the rest when only limits change", async () => {
    const watched = hourly(usually);
    await begin(watched.source);
    await hours(1, 3);
    const asked = watched.ranges;
    world.setRules([baselineRule({ deviations: 8, season: "none", direction: "up" })]);
    expect(verdictsOf(await hours(4, 4))[0]?.usual?.season).to.equal("none");
    expect(watched.ranges).to.equal(asked);
    world.setRules([baselineRule({}, { "service.name": ["checkout"] })]);
    await hours(5, 5);
    expect(watched.ranges).to.equal(2 * asked);
    expect(signals()).to.have.length(2);
  });

  it("learns as time goes on where its source cannot tell the past, and says both", async () => {
    const warned: string[] = [];
    const logger = { ...silentLogger, warn: (code: string) => warned.push(code) };
    const { source } = hourly((at) => 100 + ((at / hour) % 7), 0);
    await begin({ ...source, series: () => Promise.reject(new Error("no such thing")) }, { logger });
    const results = await hours(1, 14);
    expect(kindsOf(results)).to.deep.equal([...Array.from({ length: 12 }, () => "no_data"), "clear", "clear"]);
    const [first] = verdictsOf(results);
    expect(first).to.deep.include({ reason: "too_little_history" });
    expect(first?.detail).to.include("fewer than 12 windows");
    expect(warned).to.deep.equal(["PAST_NOT_READ"]);
  });

  it("does not take an outage of days for usual, and takes what stays for it in the end", async () => {
    const { source } = hourly((at) => (at >= start + 48 * hour ? 3 * usually(at) : usually(at)));
    await begin(source);
    const results = await hours(1, 24 * 24);
    const kinds = kindsOf(results);
    const firstBad = kinds.indexOf("breached");
    expect(firstBad).to.equal(48);
    const lastBad = kinds.lastIndexOf("breached");
    expect((lastBad - firstBad) / 24).to.be.within(11, 15);
    // One episode, one ticket, and it ends by itself.
    const { items } = await world.store.localTickets.list({ limit: 10 });
    expect(items).to.have.length(1);
    expect(await world.store.state.alerts()).to.deep.equal([]);
  });

  const signals = () => storedSignals(join(folder, "store.db"));
});

/** Under which signals the store holds something. */
function storedSignals(path: string): readonly string[] {
  const database = new Sqlite(path, { readonly: true });
  try {
    const rows = database.prepare<[], { signal: string }>("select distinct signal from measured_windows").all();
    return rows.map(({ signal }) => signal);
  } finally {
    database.close();
  }
}
