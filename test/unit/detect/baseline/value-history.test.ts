import { expect } from "chai";
import fc from "fast-check";
import { ValueHistory } from "../../../../src/detect/baseline/value-history.ts";

describe("value history", () => {
  it("keeps the first value of a slot, and no more slots than it holds", () => {
    const history = new ValueHistory(3);
    expect([history.put(10, 1), history.put(10, 2), history.put(12, 3)]).to.deep.equal([true, false, true]);
    expect(history.between(0, 100)).to.deep.equal([1, 3]);
    expect(history.put(13, 4)).to.equal(true);
    expect([history.at(10), history.at(11), history.at(12), history.at(13)]).to.deep.equal([
      undefined,
      undefined,
      3,
      4,
    ]);
    expect(history.put(10, 9)).to.equal(false);
    expect(history.newest).to.equal(13);
  });

  it("is as a map of its newest slots, whatever is put in which order", () => {
    const puts = fc.array(fc.tuple(fc.integer({ min: -40, max: 40 }), fc.double({ noNaN: true })), { maxLength: 60 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), puts, (size, given) => {
        const history = new ValueHistory(size);
        const map = new Map<number, number>();
        let newest = Number.NEGATIVE_INFINITY;
        for (const [slot, value] of given) {
          newest = Math.max(newest, slot);
          if (slot > newest - size && !map.has(slot)) map.set(slot, value);
          history.put(slot, value);
          for (const old of map.keys()) if (old <= newest - size) map.delete(old);
        }
        for (let slot = -60; slot <= 60; slot++) expect(history.at(slot)).to.equal(map.get(slot));
        const kept = [...map].sort(([a], [b]) => a - b);
        expect(history.between(-60, 61)).to.deep.equal(kept.map(([, value]) => value));
        expect(history.between(-5, 6)).to.deep.equal(
          kept.filter(([slot]) => slot >= -5 && slot < 6).map(([, value]) => value),
        );
      }),
    );
  });
});
