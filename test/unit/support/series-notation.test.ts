import { expect } from "chai";
import { parseNotation } from "../../../src/support/series-notation.ts";

describe("parseNotation", () => {
  const read: readonly [string, ReturnType<typeof parseNotation>][] = [
    ["", []],
    ["  \n ", []],
    ["1 2.5 -3 +4", [1, 2.5, -3, 4]],
    ["1+2x3", [1, 3, 5, 7]],
    ["9-3x2", [9, 6, 3]],
    ["-2+1x2", [-2, -1, 0]],
    ["4x2", [4, 4, 4]],
    ["4x0", [4]],
    [".5x1 1e3", [0.5, 0.5, 1_000]],
    ["_ 1 _x2 !", [undefined, 1, undefined, undefined, "failed"]],
    ["!x2", ["failed", "failed"]],
  ];
  for (const [text, points] of read) {
    it(`reads ${JSON.stringify(text)}`, () => {
      expect(parseNotation(text)).to.deep.equal(points);
    });
  }

  it("gives the values of each tick of the example in RULES.md", () => {
    const bad = parseNotation("2x5 80x11 1x22");
    expect(bad).to.have.length(41);
    expect([bad[5], bad[6], bad[17], bad[18]]).to.deep.equal([2, 80, 80, 1]);
  });

  for (const text of ["x3", "1+x2", "1+2", "a", "1,2", "__", "1x-2", "NaN", "1x2x3"]) {
    it(`names the faulty item of ${JSON.stringify(text)}`, () => {
      expect(() => parseNotation(`1 ${text}`))
        .to.throw(`"${text}"`)
        .with.property("kind", "rule");
    });
  }

  it("refuses a series that is too long", () => {
    expect(() => parseNotation("1x100000")).to.throw("longer than 100000");
  });
});
