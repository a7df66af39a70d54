import { expect } from "chai";
import fc from "fast-check";
import type { Document } from "../../../../src/model/document.ts";
import { link, paragraph, strong, text } from "../../../../src/model/document.ts";
import { type AdfNode, adfBudget, adfText, textToAdf, toAdf } from "../../../../src/trackers/jira/adf.ts";
import { adfFault } from "../../../support/jira/adf.ts";
import { hostileDocument, hostileText, hostileTokens } from "./hostile-text.ts";

const allowed = new Set([
  ...["doc", "paragraph", "text", "hardBreak", "heading", "codeBlock", "bulletList", "listItem"],
  ...["table", "tableRow", "tableHeader", "tableCell"],
]);

/** Our own rules, which Atlassian's schema lets pass (JIRA.md 3.3). */
function check(node: AdfNode): void {
  expect(allowed.has(node.type), node.type).to.equal(true);
  if (node.type === "text") {
    expect(node.text).to.be.a("string").and.not.equal("");
    expect(node.text ?? "").to.not.match(/[^\P{Cc}\t\n]|\p{Surrogate}|[\u202a-\u202e\u2066-\u2069]/u);
  }
  for (const mark of node.marks ?? []) {
    expect(["strong", "code", "link"]).to.include(mark.type);
    if (mark.type === "link") expect(String(mark.attrs?.["href"])).to.match(/^(https?:\/\/|mailto:)/);
  }
  for (const child of node.content ?? []) check(child);
}

describe("ADF of a document", () => {
  it("passes Atlassian's schema and our own rules for any hostile document", function () {
    this.timeout(300_000);
    fc.assert(
      fc.property(hostileDocument, (document) => {
        const adf = toAdf(document);
        expect(adfFault(adf)).to.equal(undefined);
        check(adf);
        expect(JSON.stringify(adf).length).to.be.at.most(adfBudget);
      }),
      { numRuns: 800 },
    );
  });

  it("keeps 5,000 hostile log texts as text: in a code block one node, in a paragraph no mention, card, media or link", () => {
    const plain = new Set(["text", "hardBreak"]);
    fc.assert(
      fc.property(hostileText, (line) => {
        const adf = toAdf([{ kind: "code", text: `${line}\nend` }, paragraph("x ", line)]);
        expect(adf.content?.map((node) => node.type)).to.deep.equal(["codeBlock", "paragraph"]);
        expect(adf.content?.[0]?.content).to.have.length(1);
        for (const node of adf.content?.[1]?.content ?? []) {
          expect(plain.has(node.type), node.type).to.equal(true);
          expect(node.marks).to.equal(undefined);
        }
        expect(adfFault(adf)).to.equal(undefined);
        check(adf);
      }),
      { numRuns: 5000, examples: hostileTokens.map((token) => [token]) },
    );
  });

  it("renders headings, bold, links, lists, tables and code", () => {
    const document: Document = [
      { kind: "heading", text: "What happened" },
      paragraph(strong("Measured"), ": 8 %\nsecond line ", link("query", "https://kibana.example/x"), {
        kind: "code",
        text: "a{b}",
      }),
      { kind: "list", items: [[text("one")]] },
      { kind: "table", header: ["field"], rows: [[[text("host")], [text("web-1")]]] },
    ];
    const cell = (type: string, content: unknown[]) => ({ type, attrs: {}, content: [{ type: "paragraph", content }] });
    expect(toAdf(document)).to.deep.equal({
      type: "doc",
      version: 1,
      content: [
        { type: "heading", attrs: { level: 3 }, content: [{ type: "text", text: "What happened" }] },
        {
          type: "paragraph",
          content: [
            { type: "text", text: "Measured", marks: [{ type: "strong" }] },
            { type: "text", text: ": 8 %" },
            { type: "hardBreak" },
            { type: "text", text: "second line " },
            { type: "text", text: "query", marks: [{ type: "link", attrs: { href: "https://kibana.example/x" } }] },
            { type: "text", text: "a{b}", marks: [{ type: "code" }] },
          ],
        },
        {
          type: "bulletList",
          content: [{ type: "listItem", content: [{ type: "paragraph", content: [{ type: "text", text: "one" }] }] }],
        },
        {
          type: "table",
          attrs: {},
          content: [
            {
              type: "tableRow",
              content: [cell("tableHeader", [{ type: "text", text: "field" }]), cell("tableHeader", [])],
            },
            {
              type: "tableRow",
              content: [
                cell("tableCell", [{ type: "text", text: "host" }]),
                cell("tableCell", [{ type: "text", text: "web-1" }]),
              ],
            },
          ],
        },
      ],
    });
  });

  it("is a valid document when there is nothing to say", () => {
    expect(adfFault(toAdf([]))).to.equal(undefined);
    expect(adfFault(toAdf([paragraph(""), { kind: "code", text: "" }]))).to.equal(undefined);
  });

  it("writes a link to anything but http, https or mailto as text", () => {
    const adf = toAdf([paragraph(link("click", "javascript:alert(1)"))]);
    expect(adf.content?.[0]?.content).to.deep.equal([{ type: "text", text: "click (javascript:alert(1))" }]);
  });

  it("cuts the code block first, keeps the rest, says so, and counts the serialized form", () => {
    const rows = Array.from({ length: 40 }, (_, index) => [[text(`row ${index}`)]]);
    const adf = toAdf([paragraph("kept"), { kind: "code", text: 'say "x"\n'.repeat(9000) }, { kind: "table", rows }]);
    const size = JSON.stringify(adf).length;
    expect(size)
      .to.be.at.most(adfBudget)
      .and.above(adfBudget * 0.95);
    expect(adfText(adf))
      .to.include("kept")
      .and.include("more lines left out")
      .and.include("row 39")
      .and.include("Shortened");
    expect(adfFault(adf)).to.equal(undefined);
  });

  it("cuts tables and lists next, then long text, then blocks from the end, and always fits", () => {
    const long: Document = Array.from({ length: 400 }, (_, index) => ({
      kind: "table" as const,
      rows: Array.from({ length: 30 }, () => [[text(`${index} ${"cell ".repeat(40)}`)]]),
    }));
    for (const document of [long.slice(0, 3), long.slice(0, 40), long, [paragraph("x".repeat(200_000))]]) {
      const adf = toAdf([paragraph("first"), ...document]);
      expect(JSON.stringify(adf).length).to.be.at.most(adfBudget);
      expect(adfText(adf)).to.include("first").and.include("Shortened");
      expect(adfFault(adf)).to.equal(undefined);
    }
  });

  it("turns plain text of several paragraphs into ADF", () => {
    expect(textToAdf("a\nb\n\nc").content).to.have.length(2);
  });
});
