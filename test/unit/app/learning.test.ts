import { expect } from "chai";
import { ManualClock } from "../../../src/support/clock.ts";
import { BackfeedError } from "../../../src/support/errors.ts";
import { createLogger } from "../../../src/support/logging.ts";
import { createRedactor } from "../../../src/support/redaction.ts";
import { ticketRecord } from "../../contract/store-builders.ts";
import { FakeTracker } from "../../support/fake-tracker.ts";
import { createWorld, type World } from "../../support/world.ts";

const start = "2026-03-01T10:00:00Z";
const second = 1_000;
const minute = 60 * second;

describe("learning", () => {
  let world: World;
  let tracker: FakeTracker;
  const lines: string[] = [];

  beforeEach(async () => {
    tracker = new FakeTracker();
    lines.length = 0;
    const destination = { write: (line: string) => void lines.push(line) };
    const clock = new ManualClock(start);
    const logger = createLogger({ level: "warn", redactor: createRedactor(), clock, destination });
    world = await createWorld({ start, rules: [], sources: [], trackers: () => [tracker], logger });
    await world.store.tickets.put(ticketRecord("a"));
  });
  afterEach(() => world.close());

  /** Everything that is due without time going on. */
  const settle = async () => {
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  const passTime = async (ms: number) => {
    world.clock.set(world.clock.now() + ms);
    await settle();
  };

  it("asks all every minute, and what a webhook hinted at five seconds after it, until it is to stop", async () => {
    const stop = new AbortController();
    const ran = world.learning.run(new AbortController().signal, stop.signal);
    await settle();
    const whole = () => tracker.count("changedSince");
    expect([tracker.count("readMany"), whole()]).to.deep.equal([1, 1]);
    await passTime(20 * second);
    const { ref } = ticketRecord("a");
    const hint = { tracker: "jira", deliveryId: "1", issueId: ref.id, who: undefined, adopts: false };
    await world.store.inbox.receive({ ...hint, receivedAt: world.clock.now() });
    world.learning.wake();
    await settle();
    expect(tracker.count("readMany")).to.equal(1);
    await passTime(5 * second);
    expect([tracker.count("readMany"), whole()]).to.deep.equal([2, 1]);
    await passTime(34 * second);
    expect(whole()).to.equal(1);
    await passTime(second);
    expect(whole()).to.equal(2);
    stop.abort();
    await ran;
  });

  it("tells once that a tracker cannot be asked, and goes on asking", async () => {
    const never = new AbortController().signal;
    for (let passes = 0; passes < 3; passes += 1) {
      tracker.fail("changedSince", new BackfeedError("unavailable", "no answer"));
      expect(await world.learning.pass(never)).to.deep.equal({ failed: ["jira"] });
      world.clock.set(world.clock.now() + minute);
    }
    expect(await world.learning.pass(never)).to.deep.equal({ failed: [] });
    expect(lines.filter((line) => line.includes("RECONCILE_FAILED"))).to.have.length(1);
  });
});
