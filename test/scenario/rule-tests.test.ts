import { expect } from "chai";
import fc from "fast-check";
import { testGround } from "../../src/app/rule-tests/rule-tests.ts";
import { runRuleTest, timesOf } from "../../src/app/rule-tests/run-rule-test.ts";
import { ruleUnderTest, testSources } from "../../src/app/rule-tests/test-script.ts";
import type { TickResult } from "../../src/app/tick.ts";
import type { Rule } from "../../src/model/rule.ts";
import { scheduleKey } from "../../src/model/time.ts";
import type { RuleTest } from "../../src/rules/read-test-file.ts";
import type { Point } from "../../src/support/series-notation.ts";
import { createLocalTracker } from "../../src/trackers/local/local-tracker.ts";
import { checkoutRule, loadTestsIn, testFolder } from "../support/rule-tests.ts";
import { createWorld } from "../support/world.ts";

const rules = `${checkoutRule.replace("for: 5m", "for: 1m").replace("for: 15m", "for: 2m").replace("severity: critical", "severity: critical\n    problem: down")}
  - id: orders
    title: few orders
    why: Nobody buys.
    severity: high
    problem: down
    signal: { source: logs, index: "logs-*", measure: count, by: [service.name], window: 5m }
    when: { change: { versus: 1d, down: 50% } }
    until: { for: 1m }
    ticket: { on_return: new_linked }
  - id: all-orders
    title: no orders
    why: Nobody buys.
    severity: low
    signal: { source: access, table: access, measure: avg(latency), window: 5m }
    when: { above: 2 }
    until: { below: 1, for: 1m }
    schedule: "*/2 * * * *"
    inhibits: [{ rules: [orders], equal: [] }]
`;

const said = (results: readonly TickResult[]) =>
  results.flatMap(({ tick, findings }) =>
    findings.map(({ id, state, decision, priority, title, memory, worst }) => ({
      tick,
      id,
      state,
      decision,
      score: priority?.score,
      band: priority?.band,
      title,
      worst: worst.ruleId,
      createdAt: memory.createdAt,
      recurrences: memory.recurrences,
    })),
  );

const point: fc.Arbitrary<Point> = fc.oneof(
  { arbitrary: fc.constantFrom<Point>(0, 1, 3, 80), weight: 12 },
  { arbitrary: fc.constantFrom<Point>(undefined, "failed"), weight: 1 },
);
const stretch = fc
  .tuple(point, fc.integer({ min: 1, max: 8 }))
  .map(([value, times]) => Array<Point>(times).fill(value));
const series = fc.array(stretch, { minLength: 3, maxLength: 8 }).map((parts) => parts.flat().slice(0, 40));

describe("a rule test", () => {
  it("decides what the whole program decides, with its store, its outbox and a tracker, on any series", async () => {
    const folder = await testFolder({ "rules/a.yaml": rules });
    try {
      const { loaded } = await loadTestsIn(folder.path);
      expect(loaded.state.rules).to.have.length(3);
      const ground = testGround(loaded);
      let decided = 0;
      await fc.assert(
        fc.asyncProperty(fc.tuple(series, series, series, series), async (drawn) => {
          const test = testOf(drawn);
          const own = await inRuleTest(test, loaded.state.rules, ground);
          const whole = await inProgram(test, loaded.state.rules);
          expect(own).to.deep.equal(whole);
          decided += own.filter(({ decision }) => decision.action !== "none").length;
        }),
        { numRuns: 12 },
      );
      expect(decided).to.be.at.least(30);
    } finally {
      await folder.remove();
    }
  });
});

type Drawn = readonly [readonly Point[], readonly Point[], readonly Point[], readonly Point[]];

function testOf([first, second, third, fourth]: Drawn): RuleTest {
  const place = { file: "a.test.yaml", line: 1, column: 1 };
  const always = (value: number) => ({ always: value });
  const none = { history: [] };
  return {
    name: "drawn",
    ruleId: "checkout-errors",
    start: Date.parse("2026-01-05T10:00:00Z"),
    position: 0,
    place,
    series: [
      { ...none, ruleId: "checkout-errors", labels: { "service.name": "a" }, total: always(1_000), bad: first },
      { ...none, ruleId: "checkout-errors", labels: { "service.name": "b" }, total: always(1_000), bad: second },
      {
        ruleId: "orders",
        labels: { "service.name": "a" },
        value: third,
        history: [{ backMs: 86_400_000, back: "1d", value: always(4) }],
      },
      { ...none, ruleId: "all-orders", labels: {}, value: fourth, events: always(9) },
    ],
    expect: [{ afterMs: 60 * 60_000, tickets: [], alerts: undefined, place }],
  };
}

async function inRuleTest(test: RuleTest, loaded: readonly Rule[], ground: Parameters<typeof runRuleTest>[3]) {
  const times = timesOf(test, loaded);
  if (times === undefined) throw new Error("too many ticks");
  return said((await runRuleTest(test, loaded, times, ground, new AbortController().signal)).ticks);
}

async function inProgram(test: RuleTest, loaded: readonly Rule[]) {
  const running = loaded.map(ruleUnderTest);
  const times = timesOf(test, loaded);
  if (times === undefined) throw new Error("too many ticks");
  const ticksOf = ({ schedule }: Rule) => times.ofSchedule.get(scheduleKey(schedule)) ?? [];
  const world = await createWorld({
    start: new Date(test.start).toISOString(),
    rules: running,
    sources: testSources({ rules: running, series: test.series, ticksOf, start: test.start }),
    trackers: (store, clock) => [createLocalTracker({ name: "local", tickets: store.localTickets, clock })],
    catchUpMs: 86_400_000,
  });
  try {
    const results: TickResult[] = [];
    for (const at of times.all) results.push(...(await world.tick(at)));
    return said(results);
  } finally {
    await world.close();
  }
}
