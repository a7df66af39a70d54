import { expect } from "chai";
import { ManualClock } from "../../../../src/support/clock.ts";
import type { RateSignal, Urgency } from "../../../../src/trackers/jira/pace.ts";
import { type Admission, createPacer, createPacers, type Pacer } from "../../../../src/trackers/jira/pacer.ts";

const live = new AbortController().signal;
const refusal: RateSignal = { isRefused: true, waitMs: 3_600_000, isOfIssue: false, isNear: false };
const ask = (urgency: Urgency, writesTo?: string) => ({ urgency, writesTo });

describe("the pacer of one Jira", () => {
  let clock: ManualClock;
  let pacer: Pacer;
  let log: string[];
  beforeEach(() => {
    clock = new ManualClock("2026-01-05T10:00:00Z");
    // Half a minute's requests at once: 30. Then one a second.
    pacer = createPacer({ clock, requestsPerMinute: 60 });
    log = [];
  });

  const admit = (name: string, urgency: Urgency = "deliver", writesTo?: string, signal = live): Promise<Admission> => {
    const admission = pacer.admit(ask(urgency, writesTo), signal);
    admission.then(
      ({ goes }) => log.push(`${name} ${goes ? "goes" : "held"}`),
      () => log.push(`${name} stopped`),
    );
    return admission;
  };
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const advance = async (ms: number) => {
    clock.advance(ms);
    await settle();
  };
  const empty = async () => {
    for (let count = 0; count < 30; count++) await pacer.admit(ask("deliver"), live);
  };

  it("lets requests wait for their turn by sleeping, and tells that they waited", async () => {
    await empty();
    const admission = admit("a");
    await settle();
    expect(log).to.deep.equal([]);
    await advance(999);
    expect(log).to.deep.equal([]);
    await advance(1);
    expect(await admission).to.deep.equal({ goes: true, waited: { waitMs: 1_000, reason: "bucket" } });
    expect(clock.sleeping).to.equal(0);
  });

  it("lets creates go first, then deliveries, then looks; who came first among equals", async () => {
    await empty();
    for (const [name, urgency] of [
      ["look", "background"],
      ["comment 1", "deliver"],
      ["comment 2", "deliver"],
      ["create", "create"],
    ] as const) {
      void admit(name, urgency);
    }
    for (let second = 0; second < 4; second++) await advance(1_000);
    expect(log).to.deep.equal(["create goes", "comment 1 goes", "comment 2 goes", "look goes"]);
  });

  it("holds back who would wait more than five seconds, and says for how long", async () => {
    await empty();
    for (let place = 1; place <= 5; place++) void admit(`${place}`);
    expect(await admit("6")).to.deep.equal({ goes: false, waitMs: 6_000, reason: "bucket" });
    void admit("create", "create");
    await settle();
    // The create took the first place, and so the fifth became the sixth.
    expect(log).to.deep.equal(["6 held", "5 held"]);
  });

  it("does not sleep through an hour's rest: who waits and who comes is held back at once", async () => {
    await empty();
    const waiting = admit("waiting");
    pacer.heed(refusal, undefined);
    expect(await waiting).to.deep.equal({ goes: false, waitMs: 3_600_000, reason: "rest" });
    await advance(600_000);
    expect(await admit("later", "create")).to.deep.equal({ goes: false, waitMs: 3_000_000, reason: "rest" });
    await advance(3_000_000);
    expect((await admit("after")).goes).to.equal(true);
    expect(clock.sleeping).to.equal(0);
  });

  it("lets a write to another issue pass one that waits for its own", async () => {
    const busy = createPacer({ clock, requestsPerMinute: 6_000 });
    pacer = busy;
    for (let count = 0; count < 16; count++) await busy.admit(ask("deliver", "1"), live);
    void admit("first", "create", "1");
    expect((await admit("second", "background", "2")).goes).to.equal(true);
    await advance(2_000);
    expect(log).to.deep.equal(["second goes", "first goes"]);
  });

  it("forgets who was stopped while waiting, and lets the next one go in its place", async () => {
    await empty();
    const stop = new AbortController();
    void admit("stopped", "create", undefined, stop.signal);
    void admit("next");
    stop.abort();
    await advance(1_000);
    expect(log).to.deep.equal(["stopped stopped", "next goes"]);
    const aborted = await admit("late", "create", undefined, AbortSignal.abort()).catch(() => "rejected");
    expect(aborted).to.equal("rejected");
  });

  it("is one for all trackers of a Jira, at the slower of their paces", async () => {
    const pacers = createPacers({ clock });
    const first = pacers("https://acme.atlassian.net", 600);
    expect(pacers("https://acme.atlassian.net", 20)).to.equal(first);
    expect(pacers("https://other.atlassian.net", 600)).to.not.equal(first);
    pacer = first;
    for (let count = 0; count < 10; count++) expect((await admit(`${count}`)).goes).to.equal(true);
    const eleventh = admit("11");
    await advance(3_000);
    expect(await eleventh).to.deep.equal({ goes: true, waited: { waitMs: 3_000, reason: "bucket" } });
  });
});
