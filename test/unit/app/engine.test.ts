import { expect } from "chai";
import type { Source } from "../../../src/sources/source.ts";
import { createLocalTracker } from "../../../src/trackers/local/local-tracker.ts";
import { buildRule } from "../../support/rules.ts";
import { createWorld, type World } from "../../support/world.ts";

const never = new AbortController().signal;

describe("the engine", () => {
  let world: World;
  let answerNow: () => void;

  beforeEach(async () => {
    const held = new Promise<void>((resolve) => {
      answerNow = resolve;
    });
    const slow: Source = {
      name: "logs",
      answer: async ({ questions, probes }) => {
        await held;
        return {
          answers: questions.map(() => ({ kind: "answered", observations: [], notAnswered: 0 })),
          probes: probes.map(() => ({ kind: "answered", any: true })),
          requests: 1,
        };
      },
      samples: async () => [],
      messages: async () => ({ messages: [], more: false }),
      series: async () => [],
      lines: async () => ({ lines: [], more: 0 }),
      check: async () => [],
      close: async () => undefined,
    };
    world = await createWorld({
      start: "2026-01-05T10:00:00Z",
      rules: [buildRule({ id: "errors" })],
      sources: [slow],
      trackers: (store, clock) => [createLocalTracker({ name: "local", tickets: store.localTickets, clock })],
    });
  });

  afterEach(() => world.close());

  it("tells who wants one rule run, rather than let them wait, while its schedule is at work on earlier ticks", async () => {
    const { engine, clock } = world;
    const earlier = engine.runDue({ until: clock.now() }, never);
    const asked = engine
      .runDue({ until: clock.now(), ruleId: "errors", patienceMs: 5_000 }, never)
      .catch((thrown: unknown) => thrown);
    clock.advance(5_000);
    expect(await asked).to.include({ kind: "conflict" });
    answerNow();
    expect(await earlier).to.have.length(1);
    // What was given up does not run later.
    expect(await engine.runDue({ until: clock.now(), ruleId: "errors", patienceMs: 5_000 }, never)).to.have.length(0);
  });
});
