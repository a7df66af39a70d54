import { expect } from "chai";
import { ManualClock } from "../../../../src/support/clock.ts";
import type { RateSignal, Urgency } from "../../../../src/trackers/jira/pace.ts";
import { type Admission, createPacer, createPacers, type Pacer } from "../../../../src/trackers/jira/pacer.ts";

const live = new AbortController().signal;
const calm = { isOfIssue: false, isNear: false, remaining: undefined, perMinute: undefined };
const refusal: RateSignal = { ...calm, isRefused: true, waitMs: 3_600_000 };
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

  it("gives a look every fifth place while there is more to deliver than there are places", async () => {
    await empty();
    // Whoever went waits again at once, as workers with much to do let it.
    const stop = new AbortController();
    const again = async (name: string, urgency: Urgency): Promise<void> => {
      while (!stop.signal.aborted && (await admit(name, urgency, undefined, stop.signal)).goes);
    };
    const workers = ["word", "word", "word"].map((name) => again(name, "deliver"));
    workers.push(again("look", "background"));
    for (let second = 0; second < 12; second++) await advance(1_000);
    const went = [...log];
    stop.abort();
    await Promise.allSettled(workers);
    const word = "word goes";
    const five = [word, word, word, word, "look goes"];
    expect(went).to.deep.equal([...five, ...five, word, word]);
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
    pacer = pacers("https://acme.atlassian.net", 20);
    for (let count = 0; count < 10; count++) expect((await first.admit(ask("deliver"), live)).goes).to.equal(true);
    const eleventh = admit("11");
    await advance(3_000);
    expect(await eleventh).to.deep.equal({ goes: true, waited: { waitMs: 3_000, reason: "bucket" } });
    pacers("https://acme.atlassian.net", 600).heed(refusal, undefined);
    expect(await admit("12")).to.include({ goes: false, reason: "rest" });
    expect((await pacers("https://other.atlassian.net", 20).admit(ask("deliver"), live)).goes).to.equal(true);
  });

  it("is one for all spellings of an address, and for another address that turns out to be the same Jira's", async () => {
    const pacers = createPacers({ clock });
    pacers("https://acme.atlassian.net", 600).heed(refusal, undefined);
    for (const spelling of [
      "https://ACME.atlassian.net/",
      "https://acme.atlassian.net:443",
      "https://acme.atlassian.net.//",
    ]) {
      pacer = pacers(spelling, 600);
      expect(await admit(spelling), spelling).to.include({ goes: false, reason: "rest" });
    }
    pacer = pacers("https://api.atlassian.com/ex/jira/1a2b", 600);
    expect((await admit("before it is known")).goes).to.equal(true);
    pacer.alsoAt("https://acme.atlassian.net");
    expect(await admit("after")).to.include({ goes: false, reason: "rest" });

    const gateway = pacers("https://api.atlassian.com/ex/jira/3c4d", 600);
    gateway.alsoAt("https://later.atlassian.net");
    gateway.heed(refusal, undefined);
    pacer = pacers("https://later.atlassian.net", 600);
    expect(await admit("who comes later")).to.include({ goes: false, reason: "rest" });
    for (const nothing of ["", "acme"]) gateway.alsoAt(nothing);
    pacer = pacers("https://api.atlassian.com/ex/jira/5e6f", 600);
    pacer.alsoAt("");
    expect((await admit("a Jira that does not say where it is")).goes).to.equal(true);
  });

  it("sleeps once for all that wait, and anew only when somebody may go sooner", async () => {
    await empty();
    let sleeps = 0;
    const sleep = clock.sleep.bind(clock);
    clock.sleep = (...asked) => {
      sleeps += 1;
      return sleep(...asked);
    };
    for (const name of ["1", "2", "3"]) void admit(name);
    expect([sleeps, clock.sleeping]).to.deep.equal([1, 1]);
    await advance(1_000);
    expect([sleeps, clock.sleeping]).to.deep.equal([2, 1]);
    const busy = createPacer({ clock, requestsPerMinute: 6_000 });
    for (let count = 0; count < 16; count++) await busy.admit(ask("deliver", "1"), live);
    busy.heed({ ...refusal, waitMs: 4_000, isOfIssue: true }, "1");
    const late = busy.admit(ask("deliver", "1"), live);
    busy.heed({ ...refusal, waitMs: 1_000, isOfIssue: true }, "2");
    const soon = busy.admit(ask("deliver", "2"), live);
    await advance(1_000);
    expect((await soon).goes).to.equal(true);
    await advance(3_000);
    expect((await late).goes).to.equal(true);
    expect(log).to.deep.equal(["1 goes", "2 goes", "3 goes"]);
  });

  it("keeps a rest of its length when the clock is put back", async () => {
    pacer.heed(refusal, undefined);
    await advance(600_000);
    expect(await admit("now")).to.include({ goes: false, waitMs: 3_000_000 });
    clock.advance(-7_200_000);
    expect(await admit("back")).to.include({ goes: false, waitMs: 3_000_000 });
    await advance(3_000_000);
    expect((await admit("after")).goes).to.equal(true);
  });
});
