import { expect } from "chai";
import fc from "fast-check";
import { cleanLabel, cleanText, safeUrl, summaryLine } from "../../../../src/trackers/jira/text.ts";
import { hostileText } from "./hostile-text.ts";

describe("cleaning of hostile text for Jira", () => {
  it("makes any text a summary of one line, not empty, at most 250 characters however they are counted", () => {
    fc.assert(
      fc.property(fc.oneof(hostileText, fc.string({ unit: "binary", maxLength: 600 })), (value) => {
        const line = summaryLine(value);
        expect(line)
          .to.not.equal("")
          .and.not.match(/[\n\r]|\p{Surrogate}/u);
        expect(line.length).to.be.at.most(250);
        expect(line).to.equal(line.trim());
      }),
      { numRuns: 2000 },
    );
  });

  it("cuts a long summary on a whole character", () => {
    expect(summaryLine("a".repeat(300))).to.equal(`${"a".repeat(249)}…`);
    expect(summaryLine("💥".repeat(300))).to.equal(`${"💥".repeat(124)}…`);
    expect(summaryLine("b".repeat(250))).to.equal("b".repeat(250));
  });

  it("drops terminal sequences whole, control and bidirectional characters, and replaces lone surrogates", () => {
    expect(cleanText("\u001b[1;31mred\u001b[0m \u001b]0;title\u0007x\r\ny\u0000\u202e\ud800")).to.equal(
      "red x\ny\ufffd",
    );
  });

  it("makes labels without white space, and none of nothing", () => {
    expect(cleanLabel(" team  a\tb\n")).to.equal("team-a-b");
    expect(cleanLabel(" \u0000 ")).to.equal(undefined);
    fc.assert(
      fc.property(hostileText, (value) => {
        expect(cleanLabel(value) ?? "").to.match(/^\S{0,255}$/);
      }),
    );
  });

  it("takes http, https and mailto URLs without credentials", () => {
    expect(safeUrl("https://a.example/x?y=1")).to.equal("https://a.example/x?y=1");
    expect(safeUrl("mailto:a@b.example")).to.equal("mailto:a@b.example");
    for (const url of [
      "javascript:alert(1)",
      "data:text/html,x",
      "/relative",
      "https://u:p@a.example/",
      "ftp://a.example",
      "",
    ]) {
      expect(safeUrl(url), url).to.equal(undefined);
    }
  });
});
