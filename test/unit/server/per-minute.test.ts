import { expect } from "chai";
import { PerMinute } from "../../../src/server/webhooks/per-minute.ts";

describe("a count per minute", () => {
  it("is by key, and begins anew when the minute is over or the clock was put back", () => {
    const counts = new PerMinute();
    expect([counts.add("a", 0), counts.add("a", 59_999), counts.add("b", 59_999)]).to.deep.equal([1, 2, 1]);
    expect([counts.count("a", 59_999), counts.count("c", 59_999)]).to.deep.equal([2, 0]);
    expect([counts.count("a", 60_000), counts.add("a", 60_000)]).to.deep.equal([0, 1]);
    expect(counts.add("a", 59_000)).to.equal(1);
  });

  it("keeps ten thousand keys, and counts all further ones together", () => {
    const counts = new PerMinute();
    for (let key = 0; key < 10_000; key += 1) counts.add(`${key}`, 0);
    expect([counts.add("x", 0), counts.add("y", 0), counts.count("z", 0)]).to.deep.equal([1, 2, 2]);
    expect(counts.add("7", 0)).to.equal(2);
  });
});
