import { createRequire } from "node:module";
import { expect } from "chai";
import fc from "fast-check";
import { readOwnDeploy } from "../../../../src/learn/read-own-deploy.ts";
import { judgeDeploys } from "../../../../src/learn/suspect-deploys.ts";
import { toAdf } from "../../../../src/trackers/jira/adf.ts";
import { toWiki } from "../../../../src/trackers/jira/wiki.ts";
import { suspectText } from "../../../../src/triage/describe-deploys.ts";
import { start } from "../../../support/alerts.ts";
import { buildFinding } from "../../../support/findings.ts";
import { adfFault } from "../../../support/jira/adf.ts";
import { buildRule } from "../../../support/rules.ts";
import { hostileText } from "./hostile-text.ts";

interface Parsed {
  type: string;
  marks?: { type: string; attrs?: { href?: string } }[];
  content?: Parsed[];
}

// Atlassian's own parser of the markup. Its types want the DOM, so it is loaded by hand.
const { WikiMarkupTransformer } = createRequire(import.meta.url)("@atlaskit/editor-wikimarkup-transformer") as {
  WikiMarkupTransformer: new () => { parse(markup: string): { toJSON(): Parsed } };
};
const parser = new WikiMarkupTransformer();

function nodes(root: Parsed): Parsed[] {
  return [root, ...(root.content ?? []).flatMap(nodes)];
}

const innocent = new Set(["doc", "paragraph", "text", "hardBreak", "bulletList", "listItem"]);
const innocentMarks = new Set(["strong", "link"]);

describe("hostile deploys on a ticket", () => {
  it("are text, in ADF and in wiki markup, and the only link is the deploy's own", () => {
    const values = fc.record({
      service: hostileText,
      environment: hostileText,
      version: hostileText,
      commit: hostileText,
      author: hostileText,
      url: hostileText.map((text) => `https://ci.example.com/${text}`),
    });
    let shown = 0;
    fc.assert(
      fc.property(values, (value) => {
        const context = { now: start, redact: (text: string) => text, keptForMs: 1e10 };
        const told = readOwnDeploy({ ...value, at: start }, context);
        if (told.kind !== "deploy") return;
        const deploys = judgeDeploys({
          finding: buildFinding(buildRule()),
          subject: { services: [told.deploy.service], environment: undefined },
          windowMs: 1_000,
          deploys: [told.deploy],
          watchedSince: undefined,
        });
        const text = suspectText(deploys!);
        shown += 1;
        expect(adfFault(toAdf(text))).to.equal(undefined);
        for (const root of [toAdf(text) as unknown as Parsed, parser.parse(toWiki(text)).toJSON()]) {
          for (const { type, marks = [] } of nodes(root)) {
            expect(innocent).to.include(type);
            for (const { type: mark, attrs } of marks) {
              expect(innocentMarks).to.include(mark);
              if (mark === "link") expect(attrs?.href).to.match(/^https:\/\/ci\.example\.com\//);
            }
          }
        }
      }),
      { numRuns: 1_000 },
    );
    expect(shown).to.be.greaterThan(300);
  }).timeout(60_000);
});
