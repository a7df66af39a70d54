import { expect } from "chai";
import fc from "fast-check";
import { searchLimits } from "../../../../src/app/suggest/search-limits.ts";

/** Episodes of values at equal steps: stretches over a limit. */
function stretches(values: readonly number[], over: number): number {
  let count = 0;
  let before = false;
  for (const value of values) {
    const now = value > over;
    if (now && !before) count += 1;
    before = now;
  }
  return count;
}

const worstFirst = (values: readonly number[]) => Float64Array.from(values).sort().reverse();

describe("the search for limits", () => {
  it("finds the most sensitive limit up to which nothing makes too many episodes", async () => {
    // Ten lone spikes of rising height over a floor.
    const values = Array.from({ length: 100 }, (_, at) => (at % 10 === 5 ? 100 + at : 1));
    const tried: number[] = [];
    const found = await searchLimits(worstFirst(values), [0, 1, 5, 20], async (over) => {
      tried.push(over);
      return stretches(values, over);
    });
    expect(found.map((each) => each?.episodes)).to.deep.equal([0, 1, 5, 10]);
    expect(found.slice(0, 3).map((each) => each?.badness)).to.deep.equal([195, 185, 145]);
    expect(new Set(tried).size, "each limit is tried once").to.equal(tried.length);
  });

  it("never comes to limits so low that what is bad has no end", async () => {
    const values = Array.from({ length: 200 }, (_, at) => (at % 2 === 0 ? 10 : 20));
    // Over 15 there are a hundred episodes; under 10 there is one that never ends.
    const found = await searchLimits(worstFirst(values), [5], async (over) => stretches(values, over));
    expect(found).to.deep.equal([{ badness: 20, episodes: 0 }]);
  });

  it("gives none where even the worst is too much, and nothing of nothing", async () => {
    expect(await searchLimits(Float64Array.of(3, 2, 1), [1], async () => 2)).to.deep.equal([undefined]);
    expect(await searchLimits(new Float64Array(), [1, 5], async () => 0)).to.deep.equal([undefined, undefined]);
  });

  it("keeps to what is allowed on any series, in few tries", async () => {
    const series = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 400 });
    await fc.assert(
      fc.asyncProperty(series, fc.integer({ min: 0, max: 8 }), async (values, allowed) => {
        let tries = 0;
        const [found] = await searchLimits(worstFirst(values), [allowed], async (over) => {
          tries += 1;
          return stretches(values, over);
        });
        if (found !== undefined) {
          expect(found.episodes).to.be.at.most(allowed);
          expect(stretches(values, found.badness)).to.equal(found.episodes);
        }
        expect(tries).to.be.at.most(2 * Math.ceil(Math.log2(values.length + 1)) + 2);
      }),
      { numRuns: 200 },
    );
  });
});
