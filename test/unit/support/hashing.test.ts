import { expect } from "chai";
import fc from "fast-check";
import { labelsKey } from "../../../src/model/labels.ts";
import { canonicalJson, sha256 } from "../../../src/support/hashing.ts";

describe("hashing", () => {
  it("gives SHA-256 as published for the empty text", () => {
    expect(sha256("")).to.equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  });

  it("writes equal values as equal JSON, whatever the order of their keys", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse());
        expect(canonicalJson(reversed)).to.equal(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).to.deep.equal(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it("never writes two label sets alike, however hostile their values", () => {
    const labels = fc.dictionary(
      fc.string({ maxLength: 3 }),
      fc.string({ unit: fc.constantFrom('"', "\\", ",", ":", "{", "a") }),
    );
    fc.assert(
      fc.property(labels, labels, (a, b) => {
        const same = canonicalJson(a) === canonicalJson(b);
        expect(labelsKey(a) === labelsKey(b)).to.equal(same);
      }),
    );
  });
});
