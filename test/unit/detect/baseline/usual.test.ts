import { expect } from "chai";
import { allowedDistance, historySlotsOf, UsualValues } from "../../../../src/detect/baseline/usual.ts";
import { ValueHistory } from "../../../../src/detect/baseline/value-history.ts";
import { historySlots, slotOf } from "../../../../src/model/baseline.ts";
import type { When } from "../../../../src/model/rule.ts";
import { buildRule } from "../../../support/rules.ts";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const week = 7 * day;

type Baseline = Extract<When, { form: "baseline" }>;

const when = (parts: Partial<Baseline> = {}): Baseline => ({
  form: "baseline",
  historyMs: 4 * week,
  season: "week",
  deviations: 6,
  direction: "both",
  minChange: 0.1,
  forMs: 0,
  minEvents: 0,
  minBadEvents: 0,
  ...parts,
});

/** What is usual in the window that starts `at`, of values that `valueAt` gives for each slot of the time before. */
function usualAt(
  at: string,
  valueAt: (start: number) => number | undefined,
  {
    parts = {},
    windowMs = 5 * minute,
    timezone = "UTC",
    sinceMs = 4 * week + 2 * hour,
  }: { parts?: Partial<Baseline>; windowMs?: number; timezone?: string; sinceMs?: number } = {},
) {
  const from = Date.parse(at);
  const rule = buildRule({
    schedule: { cron: "* * * * *", timezone },
    signal: { windowMs },
    limits: { when: when(parts) },
  });
  const slots = historySlotsOf(rule);
  if (slots === undefined) throw new Error("no slots");
  const history = new ValueHistory(slots.slots);
  for (let start = from - sinceMs; start < from; start += slots.slotMs) {
    const value = valueAt(start);
    if (value !== undefined) history.put(slotOf(start, slots), value);
  }
  return new UsualValues(rule, slots, from).of(history, when(parts));
}

/** Local time of day in hours. */
const hourIn = (timezone: string) => (start: number) =>
  Number(new Intl.DateTimeFormat("en-GB", { timeZone: timezone, hour: "2-digit" }).format(start));

describe("what is usual", () => {
  it("is the median of the same time of the last weeks, with two windows on each side", () => {
    const at = Date.parse("2026-03-02T10:00:00Z");
    // Monday 09:50, 09:55, 10:00, 10:05 and 10:10 of four weeks; everything else is far away.
    const valueAt = (start: number) => {
      const back = Math.round((at - start) / week);
      const apart = (start - (at - back * week)) / (5 * minute);
      return back >= 1 && Math.abs(apart) <= 2 ? 100 * back + apart : 1e6;
    };
    // 98..102, 198..202, 298..302, 398..402.
    expect(usualAt("2026-03-02T10:00:00Z", valueAt)).to.deep.include({ median: 250, season: "week", values: 20 });
  });

  it("falls back to the day while it has fewer than three weeks, and to all values in the first three days", () => {
    const of = (sinceMs: number) => usualAt("2026-03-02T10:00:00Z", () => 5, { sinceMs });
    expect(of(4 * week + hour)).to.deep.include({ season: "week", values: 20 });
    expect(of(3 * week + hour)).to.deep.include({ season: "week", values: 15 });
    expect(of(2 * week + hour)).to.deep.include({ season: "day", values: 70 });
    expect(of(3 * day + hour)).to.deep.include({ season: "day", values: 15 });
    expect(of(2 * day + hour)).to.deep.include({ season: "none", values: 588 });
    expect(of(hour)).to.deep.include({ season: "none", values: 12 });
    expect(of(55 * minute)).to.equal(undefined);
  });

  it("counts windows that were not measured for nothing", () => {
    const everyOther = (start: number) => ((start / (5 * minute)) % 2 === 0 ? 5 : undefined);
    expect(usualAt("2026-03-02T10:00:00Z", everyOther)).to.deep.include({ season: "week", values: 12 });
    const lastWeek = (start: number) => (start >= Date.parse("2026-02-20T00:00:00Z") ? 5 : undefined);
    expect(usualAt("2026-03-02T10:00:00Z", lastWeek)).to.deep.include({ season: "day", values: 50 });
  });

  it("does not look beyond the history, nor at another season than the longest asked for", () => {
    const old = (start: number) => (start < Date.parse("2026-03-02T10:00:00Z") - 3 * week - hour ? 1_000 : 5);
    expect(usualAt("2026-03-02T10:00:00Z", old, { parts: { historyMs: 3 * week } })).to.deep.include({
      median: 5,
      values: 15,
    });
    expect(usualAt("2026-03-02T10:00:00Z", () => 5, { parts: { season: "day" } })).to.deep.include({
      season: "day",
      values: 140,
    });
    expect(usualAt("2026-03-02T10:00:00Z", () => 5, { parts: { season: "none" } })).to.deep.include({
      season: "none",
      values: 8_064,
    });
  });

  for (const { at, what } of [
    { at: "2026-03-30T08:00:00Z", what: "put forward" },
    { at: "2026-10-26T09:00:00Z", what: "put back" },
  ]) {
    it(`is of the same hour by the rule's clock when clocks were ${what} meanwhile`, () => {
      const usual = usualAt(at, hourIn("Europe/Berlin"), { timezone: "Europe/Berlin", parts: { season: "day" } });
      // 10:00 in Berlin, and 09:50 and 09:55 of the hour before.
      expect(usual).to.deep.include({ median: 10, season: "day", values: 140 });
    });
  }

  it("has a spread that is never less than the shorter season's while it is of few values", () => {
    // Mondays are all alike; on other days the same time lies 40 around.
    const at = Date.parse("2026-03-02T10:00:00Z");
    const valueAt = (start: number) =>
      Math.round((at - start) / day) % 7 === 0 ? 100 : 100 + (Math.floor(start / day) % 2 === 0 ? 40 : -40);
    const usual = usualAt("2026-03-02T10:00:00Z", valueAt);
    expect(usual).to.deep.include({ median: 100, season: "week" });
    expect(usual?.deviation).to.be.closeTo(1.4826 * 40, 1e-9);
  });

  it("is one value for each window, and for each five minutes of four weeks where windows are shorter", () => {
    expect(historySlots(5 * minute, 4 * week)).to.deep.include({ slotMs: 5 * minute, slots: 8_079 });
    expect(historySlots(minute, 4 * week)).to.deep.include({ slotMs: 5 * minute });
    expect(historySlots(hour, 4 * week)).to.deep.include({ slotMs: hour });
    expect(historySlots(minute, 366 * day).slots).to.be.at.most(8_080);
  });

  it("allows so many deviations, and never less than the share of the median", () => {
    const usual = { median: -200, deviation: 10 };
    expect(allowedDistance(usual, when({ deviations: 6 }))).to.equal(60);
    expect(allowedDistance({ ...usual, deviation: 0 }, when({ minChange: 0.1 }))).to.equal(20);
    expect(allowedDistance({ ...usual, deviation: 1e-12 }, when({ minChange: 0.1 }))).to.equal(20);
  });
});
