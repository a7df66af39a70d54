import { expect } from "chai";
import fc from "fast-check";
import { robustSpread } from "../../../../src/detect/baseline/robust.ts";
import { vectors } from "./robust-vectors.ts";

/** By counting, without any sorting: the middle is where as many lie on the one side as on the other. */
function naiveMedian(values: readonly number[]): number {
  const rankOf = (value: number) => values.filter((other) => other < value).length;
  const atRank = (rank: number) =>
    values.find(
      (value) => rankOf(value) <= rank && rank < rankOf(value) + values.filter((each) => each === value).length,
    ) ?? Number.NaN;
  const last = values.length - 1;
  return (atRank(Math.floor(last / 2)) + atRank(Math.ceil(last / 2))) / 2;
}

describe("robust spread", () => {
  for (const { name, values, median, mad, meanAbsolute } of vectors) {
    it(`is what Python's statistics say of ${name}`, () => {
      const spread = robustSpread(values);
      expect(spread.median).to.be.closeTo(median, Math.abs(median) * 1e-12);
      const deviation = mad > 0 ? 1.4826 * mad : 1.2533 * meanAbsolute;
      expect(spread.deviation).to.be.closeTo(deviation, deviation * 1e-12);
    });
  }

  it("is what counting says of any values, in any order", () => {
    const value = fc.oneof(fc.integer({ min: -50, max: 50 }), fc.double({ min: -1e6, max: 1e6, noNaN: true }));
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 60 }), (values) => {
        const median = naiveMedian(values);
        const distances = values.map((each) => Math.abs(each - median));
        const mad = naiveMedian(distances);
        const mean = distances.reduce((sum, each) => sum + each, 0) / distances.length;
        const deviation = mad > 0 ? 1.4826 * mad : 1.2533 * mean;
        const found = robustSpread(values);
        expect(found.median).to.be.closeTo(median, 1e-6);
        expect(found.deviation).to.be.closeTo(deviation, 1e-6);
      }),
      { numRuns: 500 },
    );
  });

  it("does not move with what fewer than half of the values are", () => {
    const calm = Array.from({ length: 21 }, (_, place) => 100 + place);
    const ill = calm.map((value, place) => (place < 10 ? 1e9 : value));
    expect(robustSpread(ill).median).to.be.within(100, 120);
    expect(robustSpread(ill).deviation).to.be.below(20);
  });

  it("has a middle of numbers whose sum is none", () => {
    const huge = Number.MAX_VALUE;
    expect(robustSpread([huge, huge]).median).to.equal(huge);
  });
});
