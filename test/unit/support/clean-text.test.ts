import { expect } from "chai";
import fc from "fast-check";
import { cleanText } from "../../../src/support/clean-text.ts";

const clean = (text: string) => cleanText(text, { maxLength: 100 });

describe("cleaning text of others", () => {
  it("strips ANSI colours, cursor moves, titles and hyperlinks", () => {
    expect(
      clean("\u001b[1;31mred\u001b[0m \u001b[2Kx\u001b]0;title\u0007y\u001b]8;;http://a\u001b\\z\u009b31m!"),
    ).to.equal("red xyz!");
  });

  it("keeps what follows an escape that never ends", () => {
    expect(clean("a\u001b]0;still here")).to.equal("a0;still here");
  });

  it("keeps tabs and line breaks, and no other control character", () => {
    expect(clean("a\tb\r\nc\rd\u2028e\u0000\u0008\u007f\u0085f")).to.equal("a\tb\nc\nd\ne\nf");
  });

  it("takes out the controls that make a text read backwards", () => {
    expect(clean("user\u202etxt.exe\u2066")).to.equal("usertxt.exe");
  });

  it("replaces lone surrogates and leaves pairs whole", () => {
    expect(clean("a\ud83dz\ude00 😀")).to.equal("a\ufffdz\ufffd 😀");
  });

  it("cuts on code points and marks the cut", () => {
    expect(cleanText("😀😀😀😀", { maxLength: 3 })).to.equal("😀😀…");
    expect(cleanText("😀😀😀", { maxLength: 3 })).to.equal("😀😀😀");
    expect(cleanText("ab", { maxLength: 1 })).to.equal("…");
  });

  it("makes one line of many when asked to", () => {
    expect(cleanText("  a\n\tb\u00a0 c ", { maxLength: 100, singleLine: true })).to.equal("a b c");
  });

  it("gives well-formed text within the limit, whatever comes in, and the same again the second time", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 50 }), fc.integer({ min: 1, max: 30 }), (text, maxLength) => {
        const once = cleanText(text, { maxLength });
        expect([...once].length).to.be.at.most(maxLength);
        expect(once).not.to.match(/(?![\t\n])[\p{Surrogate}\p{Cc}]/u);
        expect(cleanText(once, { maxLength })).to.equal(once);
      }),
    );
  });

  it("ends for a megabyte of escapes that never end", () => {
    expect(clean("\u001b]".repeat(500_000))).to.equal("");
  });
});
