import { expect } from "chai";
import fc from "fast-check";
import { formatShort, formatValue } from "../../../src/model/format.ts";
import { infinite } from "../../../src/model/infinity.ts";

describe("values for people", () => {
  it("writes infinity as a sign, whichever unit it has", () => {
    for (const unit of ["ratio", "number", "per_second"] as const) {
      expect([infinite, -infinite].map((value) => formatValue(value, unit))).to.deep.equal(["∞", "-∞"]);
    }
  });

  for (const [value, text] of [
    [0.08, "8.0%"],
    [0, "0%"],
    [1, "100%"],
    [0.05, "5.0%"],
    [0.0012, "0.12%"],
    [0.000_012, "0.0012%"],
    [0.9997, "99.97%"],
    [0.99999, "99.999%"],
    [0.995, "99.5%"],
    [0.99, "99.0%"],
    [12.5, "1,250.0%"],
    [-0.5, "-50.0%"],
  ] as const) {
    it(`writes the ratio ${value} as ${text}`, () => {
      expect(formatValue(value, "ratio")).to.equal(text);
    });
  }

  for (const [value, text] of [
    [1234, "1,234"],
    [0, "0"],
    [12.5, "12.5"],
    [12.3456, "12.35"],
    [1234.56, "1,234.6"],
    [999_999.99, "1,000,000"],
    [0.0345, "0.0345"],
    [-1234567, "-1,234,567"],
    [-0.0000001, "-1e-7"],
    [1.5e20, "1.5e20"],
    [undefined, "no data"],
    [Number.NaN, "no data"],
  ] as const) {
    it(`writes the number ${value} as ${text}`, () => {
      expect(formatValue(value, "number")).to.equal(text);
    });
  }

  it("writes rates per second", () => {
    expect(formatValue(12.5, "per_second")).to.equal("12.5/s");
  });

  it("writes short labels for an axis", () => {
    const labels = [
      formatShort(0.05, "ratio"),
      formatShort(0.0025, "ratio"),
      formatShort(12_000, "number"),
      formatShort(1_500_000, "per_second"),
      formatShort(2_500, "number"),
      formatShort(3e9, "number"),
    ];
    expect(labels).to.eql(["5%", "0.25%", "12k", "1.5M/s", "2.5k", "3G"]);
  });

  it("never claims 100% for less, nor 0% for more than nothing", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 1 - 1e-5, noNaN: true }), (ratio) => {
        expect(formatValue(ratio, "ratio")).not.to.match(/^100|^0(\.0+)?%/);
      }),
    );
  });
});
