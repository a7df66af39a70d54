import { expect } from "chai";
import fc from "fast-check";
import { dueTicks, newestTick, nextTick, previousTick } from "../../../src/detect/schedule.ts";
import { formatInstant, type Schedule } from "../../../src/model/time.ts";

const hour = 3_600_000;
const utc = (cron: string): Schedule => ({ cron, timezone: "UTC" });
const berlin = (cron: string): Schedule => ({ cron, timezone: "Europe/Berlin" });
const newYork = (cron: string): Schedule => ({ cron, timezone: "America/New_York" });
const at = (instant: string) => Date.parse(instant);

function due(schedule: Schedule, after: string, until: string): string[] {
  return dueTicks(schedule, at(after), at(until)).map(formatInstant);
}

describe("schedule", () => {
  it("lists the instants after the first and up to the second, the second included", () => {
    expect(due(utc("* * * * *"), "2026-01-05T10:00:00Z", "2026-01-05T10:03:00Z")).to.deep.equal([
      "2026-01-05T10:01:00Z",
      "2026-01-05T10:02:00Z",
      "2026-01-05T10:03:00Z",
    ]);
    expect(due(utc("* * * * *"), "2026-01-05T10:00:00.001Z", "2026-01-05T10:00:59.999Z")).to.deep.equal([]);
    expect(due(utc("* * * * *"), "2026-01-05T10:03:00Z", "2026-01-05T10:03:00Z")).to.deep.equal([]);
  });

  it("reads six fields as seconds first", () => {
    expect(due(utc("*/20 * * * * *"), "2026-01-05T10:00:00Z", "2026-01-05T10:01:00Z")).to.deep.equal([
      "2026-01-05T10:00:20Z",
      "2026-01-05T10:00:40Z",
      "2026-01-05T10:01:00Z",
    ]);
  });

  it("reads the expression in its own time zone, summer and winter", () => {
    expect(due(berlin("0 9 * * *"), "2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z")).to.deep.equal([
      "2026-01-05T08:00:00Z",
    ]);
    expect(due(berlin("0 9 * * *"), "2026-07-05T00:00:00Z", "2026-07-06T00:00:00Z")).to.deep.equal([
      "2026-07-05T07:00:00Z",
    ]);
  });

  it("lists at most a week of minutes, the newest", () => {
    const ticks = dueTicks(utc("* * * * *"), 0, at("2026-01-05T10:00:00Z"));
    expect(ticks).to.have.length(10_080);
    expect(formatInstant(ticks.at(-1) ?? 0)).to.equal("2026-01-05T10:00:00Z");
  }).timeout(300_000);

  it("gives the newest at or before an instant, the one before a tick, and the first after", () => {
    const minutes = utc("* * * * *");
    expect(formatInstant(newestTick(minutes, at("2026-01-05T10:00:00Z")))).to.equal("2026-01-05T10:00:00Z");
    expect(formatInstant(newestTick(minutes, at("2026-01-05T10:00:59.999Z")))).to.equal("2026-01-05T10:00:00Z");
    expect(formatInstant(previousTick(minutes, at("2026-01-05T10:00:00Z")))).to.equal("2026-01-05T09:59:00Z");
    expect(formatInstant(nextTick(minutes, at("2026-01-05T10:00:00Z")))).to.equal("2026-01-05T10:01:00Z");
  });

  describe("when the clock is put forward", () => {
    it("ticks once after the jump for a local time that the day does not have, so that no day goes unseen", () => {
      expect(due(berlin("30 2 * * *"), "2026-03-28T00:00:00Z", "2026-03-30T12:00:00Z")).to.deep.equal([
        "2026-03-28T01:30:00Z",
        "2026-03-29T01:30:00Z",
        "2026-03-30T00:30:00Z",
      ]);
      expect(due(newYork("30 2 * * *"), "2026-03-07T00:00:00Z", "2026-03-09T12:00:00Z")).to.deep.equal([
        "2026-03-07T07:30:00Z",
        "2026-03-08T07:30:00Z",
        "2026-03-09T06:30:00Z",
      ]);
    });

    it("ticks at the jump where the day itself begins with it", () => {
      const santiago = { cron: "0 0 * * *", timezone: "America/Santiago" };
      expect(due(santiago, "2026-09-05T00:00:00Z", "2026-09-07T12:00:00Z")).to.deep.equal([
        "2026-09-05T04:00:00Z",
        "2026-09-06T04:00:00Z",
        "2026-09-07T03:00:00Z",
      ]);
      expect(formatInstant(newestTick(santiago, at("2026-09-06T12:00:00Z")))).to.equal("2026-09-06T04:00:00Z");
      expect(formatInstant(nextTick(santiago, at("2026-09-05T12:00:00Z")))).to.equal("2026-09-06T04:00:00Z");
    });

    it("has every minute and every hour once", () => {
      const ticks = dueTicks(berlin("* * * * *"), at("2026-03-28T22:00:00Z"), at("2026-03-29T04:00:00Z"));
      expect(ticks).to.have.length(360);
      expect(new Set(ticks).size).to.equal(360);
      expect(due(berlin("0 * * * *"), "2026-03-29T00:00:00Z", "2026-03-29T02:00:00Z")).to.deep.equal([
        "2026-03-29T01:00:00Z",
        "2026-03-29T02:00:00Z",
      ]);
    });
  });

  describe("when the clock is put back", () => {
    it("ticks at both instants that have the local time: a second look harms nobody, a missing one might", () => {
      expect(due(berlin("30 2 * * *"), "2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z")).to.deep.equal([
        "2026-10-25T00:30:00Z",
        "2026-10-25T01:30:00Z",
        "2026-10-26T01:30:00Z",
      ]);
      expect(due(newYork("30 1 * * *"), "2026-10-31T12:00:00Z", "2026-11-02T12:00:00Z")).to.deep.equal([
        "2026-11-01T05:30:00Z",
        "2026-11-01T06:30:00Z",
        "2026-11-02T06:30:00Z",
      ]);
    });

    it("has every minute once", () => {
      const ticks = dueTicks(newYork("* * * * *"), at("2026-11-01T03:00:00Z"), at("2026-11-01T09:00:00Z"));
      expect(ticks).to.have.length(360);
      expect(new Set(ticks).size).to.equal(360);
    });
  });

  it("reckons the ticks of steady schedules as the calendar has them", () => {
    // The second of each pair is the same schedule, written so that it is not seen to be steady.
    const pairs = [
      ["* * * * *", "0-59 * * * *"],
      ["*/5 * * * *", "0,5,10,15,20,25,30,35,40,45,50,55 * * * *"],
      ["*/30 * * * *", "0,30 * * * *"],
      ["7 * * * *", "7 0-23 * * *"],
      ["0 * * * *", "0 0-23 * * *"],
    ] as const;
    fc.assert(
      fc.property(
        fc.constantFrom(...pairs),
        fc.integer({ min: at("2025-12-30T00:00:00Z"), max: at("2026-03-02T00:00:00Z") }),
        fc.integer({ min: -hour, max: 5 * hour }),
        ([steady, calendar], from, span) => {
          const [one, other] = [utc(steady), utc(calendar)];
          expect(dueTicks(one, from, from + span)).to.deep.equal(dueTicks(other, from, from + span));
          expect(newestTick(one, from)).to.equal(newestTick(other, from));
          expect(nextTick(one, from)).to.equal(nextTick(other, from));
          const tick = newestTick(one, from);
          expect(newestTick(one, tick)).to.equal(tick);
          expect(nextTick(one, tick)).to.equal(nextTick(other, tick));
          expect(previousTick(one, tick)).to.equal(previousTick(other, tick));
        },
      ),
      { numRuns: 100 },
    );
    expect(() => newestTick(utc("99 * * * *"), at("2026-01-05T10:00:00Z"))).to.throw();
  }).timeout(300_000);

  it("knows the tick for a local time that was jumped over from after the jump too", () => {
    const schedule = { cron: "30 2 * * *", timezone: "Europe/Berlin" };
    const jump = at("2026-03-29T01:00:00Z");
    for (const after of [jump, jump + 12_345, jump + 29 * 60_000]) {
      expect(nextTick(schedule, after)).to.equal(at("2026-03-29T01:30:00Z"));
      expect(dueTicks(schedule, after, jump + hour)).to.deep.equal([at("2026-03-29T01:30:00Z")]);
    }
    expect(newestTick(schedule, jump + hour)).to.equal(at("2026-03-29T01:30:00Z"));
  });

  it("gives the same ticks whatever it is asked, and from wherever", () => {
    const expressions = ["*/7 * * * *", "0 * * * *", "30 2 * * *", "*/20 1-3 * * *", "15 1,2,3 * * *", "0 0,12 * * *"];
    const centres = [
      "2026-03-29T01:00:00Z",
      "2026-10-25T01:00:00Z",
      "2026-03-08T07:00:00Z",
      "2026-11-01T06:00:00Z",
      "2026-06-15T12:00:00Z",
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...expressions),
        fc.constantFrom("Europe/Berlin", "America/New_York", "UTC"),
        fc.constantFrom(...centres),
        fc.integer({ min: -30 * 60, max: 30 * 60 }),
        (cron, timezone, centre, minutes) => {
          const schedule = { cron, timezone };
          const now = at(centre) + minutes * 60_000 + 12_345;
          const all = dueTicks(schedule, at(centre) - 72 * hour, at(centre) + 72 * hour);
          const newest = all.filter((tick) => tick <= now).at(-1) ?? 0;
          expect(newestTick(schedule, now)).to.equal(newest);
          expect(nextTick(schedule, now)).to.equal(all.find((tick) => tick > now));
          expect(newestTick(schedule, newest)).to.equal(newest);
          expect(nextTick(schedule, previousTick(schedule, newest))).to.equal(newest);
          expect(dueTicks(schedule, now - 5 * hour, now)).to.deep.equal(
            all.filter((tick) => tick > now - 5 * hour && tick <= now),
          );
        },
      ),
      { numRuns: 60, seed: 20260329 },
    );
  }).timeout(300_000);
});
