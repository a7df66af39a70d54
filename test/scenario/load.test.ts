import { expect } from "chai";
import { type LoadRun, LoadWorld, type Requests, requestKinds } from "../support/load-world.ts";

const total = (requests: Requests): number => requestKinds.reduce((sum, kind) => sum + requests[kind], 0);

describe("a tick that touches many of many open findings", function () {
  this.timeout(300_000);
  let load: LoadWorld;
  let run: LoadRun;

  before(async () => {
    load = await LoadWorld.begin({ findings: 300, touched: 100, requestsPerMinute: 120 });
    run = await load.run({ mostMinutes: 30, afterMinutes: 2 });
  });
  after(() => load.end());

  it("sends no more than a minute's requests and half a minute's from a full bucket, in any sixty seconds", () => {
    expect(run.mostInMinute).to.be.at.most(180);
    expect(run.mostInMinute, "the pace is what it waits for").to.be.above(150);
    // Behind the first minute nothing is saved up.
    for (const minute of run.minutes.slice(1)) expect(total(minute)).to.be.at.most(121);
  });

  it("delivers every word within the time that the pace gives it, new tickets first", async () => {
    expect(run.changes).to.equal(160);
    const { pending, sending, unknown, parked, done } = await load.world.store.outbox.counts();
    expect({ pending, sending, unknown, parked }).to.deep.equal({ pending: 0, sending: 0, unknown: 0, parked: 0 });
    expect(done).to.equal(300 + 160);
    expect(run.minutes[0]?.creates).to.equal(10);
    expect(load.jira.issues()).to.have.length(310);
    // Four requests a word, and a fifth of the places for looks.
    expect(run.deliveredAfterMs).to.be.within(4 * 60_000, 8 * 60_000);
  });

  it("goes on asking what people did while it delivers, each minute", () => {
    const delivering = run.minutes.slice(0, Math.floor(run.deliveredAfterMs / 60_000));
    expect(delivering.length).to.be.above(3);
    // Beyond the looks for each create, which are in the first minute.
    for (const minute of delivering.slice(1)) expect(minute.searches).to.be.within(2, 45);
  });

  it("asks little once all is said", () => {
    const last = run.minutes.at(-1)!;
    expect(last.creates + last.updates).to.equal(0);
    expect(total(last)).to.be.at.most(120);
  });
});
