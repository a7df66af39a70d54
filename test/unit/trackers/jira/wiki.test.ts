import { createRequire } from "node:module";
import { expect } from "chai";
import fc from "fast-check";
import type { Document } from "../../../../src/model/document.ts";
import { link, paragraph, strong, text } from "../../../../src/model/document.ts";
import { safeUrl } from "../../../../src/trackers/jira/text.ts";
import { textToWiki, toWiki, wikiBudget } from "../../../../src/trackers/jira/wiki.ts";
import { hostileDocument, hostileText, hostileTokens } from "./hostile-text.ts";

interface Parsed {
  type: string;
  text?: string;
  marks?: { type: string; attrs?: { href?: string } }[];
  content?: Parsed[];
}

// Atlassian's own parser of the markup. Its types want the DOM, so it is loaded by hand.
const { WikiMarkupTransformer } = createRequire(import.meta.url)("@atlaskit/editor-wikimarkup-transformer") as {
  WikiMarkupTransformer: new () => { parse(markup: string): { toJSON(): Parsed } };
};
const parser = new WikiMarkupTransformer();
const parse = (markup: string): Parsed => parser.parse(markup).toJSON();

function nodes(root: Parsed): Parsed[] {
  return [root, ...(root.content ?? []).flatMap(nodes)];
}

function hrefs(root: Parsed): string[] {
  return nodes(root).flatMap((node) => (node.marks ?? []).flatMap((mark) => mark.attrs?.href ?? []));
}

const innocent = new Set([
  ...["doc", "paragraph", "text", "hardBreak", "heading", "codeBlock", "bulletList", "listItem"],
  ...["table", "tableRow", "tableHeader", "tableCell"],
]);

function ours(document: Document): Set<string> {
  const urls = document.flatMap((block) =>
    block.kind === "paragraph"
      ? block.content
      : block.kind === "list"
        ? block.items.flat()
        : block.kind === "table"
          ? block.rows.flat(2)
          : [],
  );
  return new Set(urls.flatMap((part) => (part.kind === "link" ? (safeUrl(part.url) ?? []) : [])).map(comparable));
}

/** Percent-encoding aside. */
const comparable = (url: string): string =>
  url.replace(/%[0-9A-F]{2}/gi, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16)));

describe("wiki markup of a document", () => {
  it("keeps 5,000 hostile log texts inside exactly one code block, unchanged but for broken tokens", () => {
    fc.assert(
      fc.property(hostileText, (line) => {
        const parsed = parse(toWiki([paragraph("before"), { kind: "code", text: `${line}\nend` }, paragraph("after")]));
        expect((parsed.content ?? []).map((node) => node.type)).to.deep.equal(["paragraph", "codeBlock", "paragraph"]);
        expect(hrefs(parsed)).to.deep.equal([]);
      }),
      { numRuns: 5000, examples: hostileTokens.map((token) => [`a ${token} b`]) },
    );
  });

  it("shows 5,000 hostile texts in a paragraph as text: no mention, macro, image, heading, list or link", () => {
    fc.assert(
      fc.property(hostileText, (line) => {
        const parsed = parse(toWiki([paragraph("x ", line), paragraph(line)]));
        const types = new Set(nodes(parsed).map((node) => node.type));
        types.delete("hardBreak");
        expect([...types].sort()).to.deep.equal(["doc", "paragraph", "text"]);
        expect(nodes(parsed).flatMap((node) => node.marks ?? [])).to.deep.equal([]);
      }),
      { numRuns: 5000, examples: hostileTokens.map((token) => [token]) },
    );
  });

  it("makes of any hostile document only the nodes that we have, and no link but ours", () => {
    fc.assert(
      fc.property(hostileDocument, (document) => {
        const parsed = parse(toWiki(document));
        for (const node of nodes(parsed)) expect(innocent.has(node.type), node.type).to.equal(true);
        const allowed = ours(document);
        for (const href of hrefs(parsed)) expect([...allowed]).to.include(comparable(href));
        const blocks = nodes(parsed).filter((node) => node.type === "codeBlock").length;
        expect(blocks).to.be.at.most(document.filter((block) => block.kind === "code").length);
      }),
      { numRuns: 2000 },
    );
  });

  it("keeps a table's shape whatever its cells say", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(hostileText, hostileText), { minLength: 1, maxLength: 4 }), (cells) => {
        const rows = cells.map((row) => row.map((cell) => [text(cell), link(cell, "https://backfeed.example/a|b]")]));
        const parsed = parse(toWiki([{ kind: "table", header: ["a|b", "c"], rows }]));
        expect((parsed.content ?? []).map((node) => node.type)).to.deep.equal(["table"]);
        const widths = (parsed.content?.[0]?.content ?? []).map((row) => row.content?.length);
        expect(widths).to.deep.equal(cells.map(() => 2).concat(2));
      }),
      { numRuns: 500 },
    );
  });

  it("renders headings, bold, links, lists and code as a person would write them", () => {
    const document: Document = [
      { kind: "heading", text: "What happened" },
      paragraph(
        strong("Measured"),
        ": 8.0% of requests, see ",
        link("the query", "https://kibana.example/app?x=[1]"),
        ".",
      ),
      { kind: "list", items: [[text("one")], [text("two")]] },
      { kind: "table", header: ["field", "value"], rows: [[[text("host")], [text("web-1")]]] },
      { kind: "code", text: "first\nsecond" },
    ];
    expect(toWiki(document)).to.equal(
      [
        "h3. What happened",
        "*Measured*: 8.0% of requests, see [the query|https://kibana.example/app?x=%5B1%5D].",
        "* one\n* two",
        "||field||value||\n|host|web\\-1|",
        "{noformat}\nfirst\nsecond\n{noformat}",
      ].join("\n\n"),
    );
  });

  it("writes a link to anything but http, https or mailto as text", () => {
    const parsed = parse(
      toWiki([paragraph(link("click", "javascript:alert(1)"), link("", "https://u:p@evil.example/"))]),
    );
    expect(hrefs(parsed)).to.deep.equal([]);
  });

  it("stays inside its budget, says that it was cut, and keeps the paragraphs when a log is what is long", () => {
    const markup = toWiki([
      paragraph("kept"),
      { kind: "code", text: "{noformat} line of log\n".repeat(5000) },
      paragraph("last"),
    ]);
    expect(markup.length).to.be.at.most(wikiBudget);
    expect(markup.length).to.be.above(wikiBudget * 0.95);
    expect(markup)
      .to.match(/^kept\n\n/)
      .and.include("\n\nlast\n\n")
      .and.include("more lines left out")
      .and.include("Shortened");
  });

  it("escapes plain text of several lines for a custom field", () => {
    expect(textToWiki("a *b*\nh1. c")).to.equal("a \\*b\\*\n\u200bh1. c");
  });
});
