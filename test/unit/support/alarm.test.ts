import { expect } from "chai";
import { Alarm } from "../../../src/support/alarm.ts";
import { ManualClock } from "../../../src/support/clock.ts";

describe("Alarm", () => {
  const begin = () => {
    const clock = new ManualClock("2026-03-01T10:00:00Z");
    return { clock, alarm: new Alarm({ clock }), stop: new AbortController() };
  };

  it("ends at its time", async () => {
    const { clock, alarm, stop } = begin();
    const slept = alarm.sleep(1_000, [stop.signal]);
    clock.set(clock.now() + 1_000);
    expect(await slept).to.equal(false);
  });

  it("ends at a wake, also at one that came before it, and only once", async () => {
    const { clock, alarm, stop } = begin();
    const slept = alarm.sleep(1_000, [stop.signal]);
    alarm.wake();
    expect(await slept).to.equal(true);
    expect(await alarm.sleep(1_000, [stop.signal])).to.equal(true);
    alarm.set();
    const again = alarm.sleep(1_000, [stop.signal]);
    clock.set(clock.now() + 1_000);
    expect(await again).to.equal(false);
  });

  it("ends when it is to stop", async () => {
    const { alarm, stop } = begin();
    const slept = alarm.sleep(1_000, [stop.signal]);
    stop.abort();
    expect(await slept).to.equal(false);
    expect(await alarm.sleep(1_000, [stop.signal])).to.equal(false);
  });
});
