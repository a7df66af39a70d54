import { expect } from "chai";
import fc from "fast-check";
import { MaintenanceCalendar } from "../../../src/detect/maintenance.ts";
import type { MaintenanceWindow } from "../../../src/model/maintenance.ts";

const minute = 60_000;
const hour = 60 * minute;

function window(cron: string, timezone = "UTC", durationMs = 2 * hour): MaintenanceWindow {
  return { name: cron, schedule: { cron, timezone }, durationMs, rules: [], where: {}, reason: "planned" };
}

/** Stretches of a day in which it is on, in UTC, by looking at every minute. */
function onDuring(given: MaintenanceWindow, from: string, hours: number): readonly string[] {
  const calendar = new MaintenanceCalendar([given]);
  const stretches: string[] = [];
  let since: string | undefined;
  const start = Date.parse(from);
  for (let at = start; at <= start + hours * hour; at += minute) {
    const isOn = calendar.on(at).length > 0;
    const clock = new Date(at).toISOString().slice(11, 16);
    if (isOn && since === undefined) since = clock;
    if (!isOn && since !== undefined) {
      stretches.push(`${since}-${clock}`);
      since = undefined;
    }
  }
  return stretches;
}

describe("the calendar of maintenance windows", () => {
  const saturday = window("0 2 * * 6");

  it("has a window on from each of its ticks for as long as it lasts", () => {
    expect(onDuring(saturday, "2026-01-10T00:00:00Z", 24)).to.deep.equal(["02:00-04:00"]);
    expect(onDuring(saturday, "2026-01-11T00:00:00Z", 24)).to.deep.equal([]);
    const [on] = new MaintenanceCalendar([saturday]).on(Date.parse("2026-01-10T03:59:59Z"));
    expect([on?.from, on?.until]).to.deep.equal([
      Date.parse("2026-01-10T02:00:00Z"),
      Date.parse("2026-01-10T04:00:00Z"),
    ]);
  });

  it("says when it is on next, also while it is on", () => {
    const calendar = new MaintenanceCalendar([saturday]);
    const next = (at: string) => new Date(calendar.next(saturday, Date.parse(at)).from).toISOString();
    expect(next("2026-01-05T10:00:00Z")).to.equal("2026-01-10T02:00:00.000Z");
    expect(next("2026-01-10T02:00:00Z")).to.equal("2026-01-17T02:00:00.000Z");
    expect(next("2026-01-10T01:59:59Z")).to.equal("2026-01-10T02:00:00.000Z");
  });

  it("begins by the clocks of its zone and lasts in real time, in summer, in winter, and over the change", () => {
    const berlin = window("0 1 * * 0", "Europe/Berlin", 4 * hour);
    expect(onDuring(berlin, "2026-03-21T22:00:00Z", 12)).to.deep.equal(["00:00-04:00"]);
    expect(onDuring(berlin, "2026-03-28T22:00:00Z", 12)).to.deep.equal(["00:00-04:00"]);
    expect(onDuring(berlin, "2026-04-04T22:00:00Z", 12)).to.deep.equal(["23:00-03:00"]);
    expect(onDuring(berlin, "2026-10-24T22:00:00Z", 12)).to.deep.equal(["23:00-03:00"]);
    expect(onDuring(berlin, "2026-10-31T22:00:00Z", 12)).to.deep.equal(["00:00-04:00"]);
  });

  it("begins after the jump where the clock leaves its beginning out, and is on through both where it repeats it", () => {
    const half = window("30 2 * * *", "Europe/Berlin", hour);
    const [jumped, ...others] = onDuring(half, "2026-03-28T12:00:00Z", 24);
    expect([others, jumped?.slice(0, 3)]).to.deep.equal([[], "01:"]);
    expect(onDuring(half, "2026-10-24T12:00:00Z", 24)).to.deep.equal(["00:30-02:30"]);
  });

  it("answers the same whatever was asked before, also of the past", () => {
    const windows = [window("*/7 * * * *", "UTC", 3 * minute), window("0 2 * * *", "Europe/Berlin"), saturday];
    const shared = new MaintenanceCalendar(windows);
    const begin = Date.parse("2026-03-27T00:00:00Z");
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4 * 24 * 60 }), (minutes) => {
        const at = begin + minutes * minute;
        expect(shared.on(at)).to.deep.equal(new MaintenanceCalendar(windows).on(at));
      }),
    );
  });
});
