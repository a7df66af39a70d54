import { createRequire } from "node:module";
import { expect } from "chai";
import fc from "fast-check";
import { type Document, plainText } from "../../../src/model/document.ts";
import type { Finding } from "../../../src/model/finding.ts";
import { toAdf } from "../../../src/trackers/jira/adf.ts";
import { toWiki } from "../../../src/trackers/jira/wiki.ts";
import { summaryDocument, ticketDocument } from "../../../src/triage/describe.ts";
import { stormTitle } from "../../../src/triage/describe-storm.ts";
import { digestStorm, type StormDigest } from "../../../src/triage/storm-digest.ts";
import type { Story } from "../../../src/triage/story.ts";
import { hour, instance, minute, start } from "../../support/alerts.ts";
import { buildFinding, buildPriority } from "../../support/findings.ts";
import { adfFault } from "../../support/jira/adf.ts";
import { buildRule } from "../../support/rules.ts";
import { hostileText } from "../trackers/jira/hostile-text.ts";

// Atlassian's own parser of the markup. Its types want the DOM, so it is loaded by hand.
const { WikiMarkupTransformer } = createRequire(import.meta.url)("@atlaskit/editor-wikimarkup-transformer") as {
  WikiMarkupTransformer: new () => { parse(markup: string): { toJSON(): Parsed } };
};
const parser = new WikiMarkupTransformer();
const innocent = new Set([
  ...["doc", "paragraph", "text", "hardBreak", "heading", "bulletList", "listItem"],
  ...["table", "tableRow", "tableHeader", "tableCell"],
]);

const rule = buildRule({ id: "errors" });
const storm = {
  id: "2026-01-05T10:00:00Z",
  parentId: "a".repeat(16),
  parentGroupKey: "b".repeat(64),
  openedAt: start,
  takesUntil: start + hour,
  children: [],
  endedAt: undefined,
};

function member(n: number, more: Partial<Finding> = {}, labels: Record<string, string> = {}): Finding {
  const built = buildFinding(rule);
  return {
    ...built,
    id: n.toString(16).padStart(16, "0"),
    title: `service-${n} fails`,
    priority: buildPriority(n % 100, n % 100 > 55 ? "High" : "Medium"),
    worst: { ...built.worst, labels: { service: `service-${n}`, host: "web-3", ...labels } },
    ...more,
  };
}

function digestOf(findings: readonly Finding[], total = findings.length): StormDigest {
  return digestStorm({
    storm,
    findings,
    total,
    pageOf: (id) => `https://backfeed.example.com/findings/${id}`,
    tickets: new Map([
      [findings[0]?.id ?? "", { id: "1", key: "OPS-1", url: "https://jira.example.com/browse/OPS-1" }],
    ]),
  });
}

function storyOf(digest: StormDigest): Story {
  return {
    instance,
    finding: { ...buildFinding(rule), title: stormTitle(digest) },
    rule,
    priority: digest.priority ?? buildPriority(0, "Low"),
    at: start + 20 * minute,
    page: "https://backfeed.example.com/findings/aaaaaaaaaaaaaaaa",
    storm: digest,
  } as Story;
}

const documentsOf = (digest: StormDigest): readonly Document[] => [
  ticketDocument(storyOf(digest)),
  summaryDocument(storyOf(digest)),
];

describe("what a storm's parent tells", () => {
  it("is what most of them share, a label before the rule, and nothing that fewer than half do", () => {
    const half = Array.from({ length: 30 }, (_, n) => member(n, {}, n < 14 ? { zone: "a" } : { zone: `b-${n}` }));
    expect(digestOf(half).shared).to.deep.equal([
      { name: "host", value: "web-3", count: 30 },
      { name: "rule", value: "errors", count: 30 },
    ]);
    expect(stormTitle(digestOf(half))).to.equal("Storm: 30 problems at once, all with host=web-3");
    const most = Array.from({ length: 30 }, (_, n) => member(n, {}, { host: n < 27 ? "web-3" : "web-4" }));
    expect(documentsOf(digestOf(most)).map(plainText)[1]).to.include("27 of 30 with host=web-3");
    const none = [
      member(1, {}, { host: "a" }),
      { ...member(2, {}, { host: "b" }), worst: { ...member(2).worst, ruleId: "x", labels: {} } },
    ];
    expect(plainText(documentsOf(digestOf(none))[0]!)).to.include("No label has the same value for most of them");
  });

  it("ranks by band, then score, says which is quiet and which has a ticket, and counts the rest", () => {
    const findings = Array.from({ length: 30 }, (_, n) => member(n));
    const { episode } = findings[0]!;
    const quiet = {
      ...findings[29]!,
      episode: { ...episode, endedAt: start + 10 * minute, ending: "recovered" as const },
    };
    const text = plainText(summaryDocument(storyOf(digestOf([...findings.slice(0, 29), quiet]))));
    expect(text).to.include("29 of 30 still bad, takes new ones until 2026-01-05T11:00:00Z");
    expect(text).to.match(/- 29 Medium service-29 fails .* \(quiet\)\n- 28 Medium/);
    expect(text).to.include("and 10 more, none of them worse");
    expect(digestOf([...findings.slice(0, 29), quiet]).priority?.score).to.equal(28);
  });

  it("changes its hash when the list would read otherwise, and not when only scores move", () => {
    const findings = Array.from({ length: 30 }, (_, n) => member(n));
    const { hash } = digestOf(findings);
    const moved = findings.map((each) => ({
      ...each,
      priority: buildPriority((each.priority?.score ?? 0) + 1, "Medium"),
    }));
    expect(digestOf(moved).hash).to.equal(hash);
    expect(digestOf([...findings, member(31)]).hash).to.not.equal(hash);
    const worse = [...findings.slice(0, 29), { ...findings[29]!, priority: buildPriority(90, "Highest") }];
    expect(digestOf(worse).hash).to.not.equal(hash);
  });

  it("is bounded for five thousand findings with the longest titles and labels", () => {
    const long = '\u0001\\"{}[]|*_\u2028'.repeat(500);
    const many = Array.from({ length: 5_000 }, (_, n) => member(n, { title: `${n} ${long}` }, { host: long }));
    const digest = digestOf(many);
    for (const document of documentsOf(digest)) {
      expect(document.flatMap((block) => (block.kind === "list" ? block.items : []))).to.have.length(21);
      expect(JSON.stringify(toAdf(document)).length).to.be.below(30_000);
      expect(toWiki(document).length).to.be.below(30_000);
    }
    expect(stormTitle(digest).length).to.be.below(250);
  });

  it("carries hostile titles and labels as text, in ADF and in wiki markup", () => {
    fc.assert(
      fc.property(hostileText, hostileText, (title, value) => {
        const digest = digestOf([member(1, { title }, { host: value }), member(2, { title }, { host: value })]);
        for (const document of documentsOf(digest)) {
          expect(adfFault(toAdf(document))).to.equal(undefined);
          const parsed = nodes(parser.parse(toWiki(document)).toJSON());
          expect(parsed.map(({ type }) => type).filter((type) => !innocent.has(type))).to.deep.equal([]);
          // Two findings are two items, whatever their titles hold.
          expect(parsed.filter(({ type }) => type === "listItem")).to.have.length(2);
          for (const href of parsed.flatMap(({ marks = [] }) => marks.flatMap(({ attrs }) => attrs?.href ?? []))) {
            expect(href).to.match(/^https:\/\/(backfeed|jira)\.example\.com\//);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

interface Parsed {
  readonly type: string;
  readonly marks?: readonly { readonly attrs?: { readonly href?: string } }[];
  readonly content?: readonly Parsed[];
}

function nodes(root: Parsed): readonly Parsed[] {
  return [root, ...(root.content ?? []).flatMap(nodes)];
}
