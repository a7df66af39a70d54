import { expect } from "chai";
import fc from "fast-check";
import {
  follow,
  heed,
  initialPace,
  type PaceAsk,
  type PaceState,
  type RateSignal,
  spend,
  waitOf,
} from "../../../../src/trackers/jira/pace.ts";

const start = Date.parse("2026-01-05T10:00:00Z");
const read: PaceAsk = { urgency: "deliver", writesTo: undefined };
const writeTo = (issue: string): PaceAsk => ({ urgency: "deliver", writesTo: issue });
const calm: RateSignal = {
  isRefused: false,
  waitMs: undefined,
  isOfIssue: false,
  isNear: false,
  remaining: undefined,
  perMinute: undefined,
};

/** Sends as fast as the pace lets it, until an instant; gives when each request went. */
function send(
  begin: PaceState,
  options: { from: number; until: number; ask?: PaceAsk },
): { sent: readonly number[]; state: PaceState } {
  const { until, ask = read } = options;
  const sent: number[] = [];
  let state = begin;
  for (let now = options.from; now < until; ) {
    const { waitMs } = waitOf(state, ask, { now });
    if (waitMs > 0) {
      now += waitMs;
      continue;
    }
    state = spend(state, ask, now);
    sent.push(now);
  }
  return { sent, state };
}

describe("the pace towards one Jira", () => {
  it("lets half a minute's requests go at once, and the others evenly", () => {
    const { sent } = send(initialPace(600, start), { from: start, until: start + 60_000 });
    expect(sent.filter((at) => at === start)).to.have.length(300);
    expect(sent.length).to.be.within(895, 900);
    expect(sent[301]! - sent[300]!).to.be.within(99, 101);
  });

  it("never lets more go in any minute than a full bucket and a minute's worth, however they come", () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 200 });
    fc.assert(
      fc.property(gaps, fc.integer({ min: 6, max: 300 }), (waits, perMinute) => {
        let state = initialPace(perMinute, start);
        let now = start;
        const sent: number[] = [];
        for (const gap of waits) {
          now += gap;
          now += waitOf(state, read, { now }).waitMs;
          state = spend(state, read, now);
          sent.push(now);
        }
        for (const at of sent) {
          const inMinute = sent.filter((other) => other >= at && other < at + 60_000).length;
          expect(inMinute).to.be.at.most(Math.ceil(perMinute * 1.5) + 1);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("gives a slow site one request at a time", () => {
    const { sent } = send(initialPace(1, start), { from: start, until: start + 180_000 });
    expect(sent.map((at) => at - start)).to.deep.equal([0, 60_000, 120_000]);
  });

  it("tells those further back in the line of a longer wait", () => {
    let state = initialPace(60, start);
    for (let count = 0; count < 30; count++) state = spend(state, read, start);
    expect(waitOf(state, read, { now: start })).to.deep.equal({ waitMs: 1_000, reason: "bucket" });
    expect(waitOf(state, read, { now: start, ahead: 4 })).to.deep.equal({ waitMs: 5_000, reason: "bucket" });
  });

  it("keeps to sixteen writes in two seconds and eighty in half a minute to one issue, and holds no other up", () => {
    const { sent, state } = send(initialPace(100_000, start), {
      from: start,
      until: start + 60_000,
      ask: writeTo("1"),
    });
    for (const [limit, span] of [
      [16, 2_000],
      [80, 30_000],
    ] as const) {
      for (const at of sent) expect(sent.filter((one) => one >= at && one < at + span).length).to.be.at.most(limit);
    }
    expect(sent.length).to.be.within(150, 176);
    const now = sent.at(-1)!;
    expect(waitOf(state, writeTo("2"), { now }).waitMs).to.equal(0);
    expect(waitOf(state, read, { now }).waitMs).to.equal(0);
  });

  it("rests as long as Jira says, everything, and for two seconds when it does not say", () => {
    const refused = { ...calm, isRefused: true };
    for (const [waitMs, rest] of [
      [3_600_000, 3_600_000],
      [undefined, 2_000],
      [0, 2_000],
    ] as const) {
      const state = heed(initialPace(600, start), { ...refused, waitMs }, { now: start, writesTo: undefined });
      const at = (now: number) => waitOf(state, { urgency: "create", writesTo: undefined }, { now });
      expect(at(start)).to.deep.equal({ waitMs: rest, reason: "rest" });
      expect(at(start + rest - 1)).to.deep.equal({ waitMs: 1, reason: "rest" });
      expect(at(start + rest).waitMs).to.equal(0);
    }
  });

  it("does not cut a long rest short by a shorter one", () => {
    const first = heed(initialPace(600, start), { ...calm, isRefused: true, waitMs: 60_000 }, at(start));
    const second = heed(first, { ...calm, isRefused: true, waitMs: 5_000 }, at(start + 1_000));
    expect(waitOf(second, read, { now: start + 1_000 }).waitMs).to.equal(59_000);
  });

  it("lets only the issue rest when the limit was the issue's", () => {
    const signal = { ...calm, isRefused: true, isOfIssue: true, waitMs: 7_000 };
    const state = heed(initialPace(600, start), signal, { now: start, writesTo: "1" });
    expect(waitOf(state, writeTo("1"), { now: start })).to.deep.equal({ waitMs: 7_000, reason: "issue" });
    expect(waitOf(state, writeTo("2"), { now: start }).waitMs).to.equal(0);
    expect(waitOf(state, writeTo("1"), { now: start + 7_000 }).waitMs).to.equal(0);
  });

  it("halves the pace when little is left, once for all answers of a second, and takes it up again by and by", () => {
    const near = { ...calm, isNear: true };
    let state = initialPace(600, start);
    for (let answer = 0; answer < 8; answer++) state = heed(state, near, at(start + answer * 100));
    expect(state.share).to.equal(0.5);
    expect(perMinute(state, start + 1_000)).to.be.within(295, 305);
    expect(perMinute(state, start + 50_000)).to.be.above(550);
    for (let second = 2; second < 20; second++) state = heed(state, near, at(start + second * 1_000));
    expect(state.share).to.be.at.least(0.1);
    expect(perMinute(state, start + 20_000)).to.be.below(120);
  });

  it("spends no more at once than the site has left, whatever was saved up", () => {
    const state = heed(initialPace(600, start), { ...calm, remaining: 7 }, at(start));
    const { sent } = send(state, { from: start, until: start + 1_000 });
    expect(sent.filter((when) => when === start)).to.have.length(7);
    expect(sent.length).to.be.within(16, 17);
    const emptied = send(initialPace(600, start), { from: start, until: start + 1 }).state;
    const told = heed(emptied, { ...calm, remaining: 340 }, at(start));
    expect(waitOf(told, read, { now: start }).waitMs, "what the site has left is not ours").to.equal(100);
  });

  it("goes no faster than Data Center fills its bucket, and takes its own pace up again when that is not said any more", () => {
    const state = heed(initialPace(600, start), { ...calm, perMinute: 30, remaining: 5 }, at(start));
    const { sent } = send(state, { from: start, until: start + 60_000 });
    expect(sent.length).to.be.within(34, 35);
    expect(perMinute(state, start + 9 * 60_000)).to.be.within(29, 31);
    expect(perMinute(state, start + 11 * 60_000)).to.be.within(595, 605);
    const fast = heed(initialPace(600, start), { ...calm, perMinute: 60_000 }, at(start));
    expect(perMinute(fast, start)).to.be.within(595, 605);
  });

  it("neither shortens nor lengthens a rest when the clock is put back, and gains nothing by it", () => {
    const back = start - 3_600_000;
    const refused = { ...calm, isRefused: true, waitMs: 60_000 };
    const rested = follow(heed(initialPace(600, start), refused, at(start)), start + 10_000);
    expect(waitOf(rested, read, { now: back })).to.deep.equal({ waitMs: 50_000, reason: "rest" });
    const followed = follow(rested, back);
    expect(waitOf(followed, read, { now: back + 20_000 })).to.deep.equal({ waitMs: 30_000, reason: "rest" });
    expect(waitOf(followed, read, { now: back + 50_000 }).waitMs).to.equal(0);

    const issue = heed(initialPace(600, start), { ...refused, isOfIssue: true }, { now: start, writesTo: "1" });
    expect(waitOf(follow(issue, back), writeTo("1"), { now: back + 59_999 }).waitMs).to.equal(1);

    let state = initialPace(60, start);
    for (let count = 0; count < 30; count++) state = spend(state, read, start);
    expect(waitOf(state, read, { now: back }).waitMs).to.equal(1_000);
    expect(waitOf(spend(state, read, back), read, { now: back }).waitMs).to.equal(2_000);
  });
});

function at(now: number) {
  return { now, writesTo: undefined };
}

/** How many requests go in the first second behind an emptied bucket, as a rate. */
function perMinute(state: PaceState, now: number): number {
  const wait = waitOf(state, read, { now, ahead: 10_000 }).waitMs;
  const next = waitOf(state, read, { now, ahead: 10_100 }).waitMs;
  return (100 * 60_000) / (next - wait);
}
