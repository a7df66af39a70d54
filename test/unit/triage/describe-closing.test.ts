import { expect } from "chai";
import { type Document, plainText } from "../../../src/model/document.ts";
import type { TriageMemory } from "../../../src/model/finding.ts";
import type { TicketClosed } from "../../../src/model/ticket-life.ts";
import { ticketDocument } from "../../../src/triage/describe.ts";
import {
  notReopened,
  regressedDocument,
  stillHappeningDocument,
  suppressedDocument,
  takesOverDocument,
  verifiedDocument,
  wontDoOverDocument,
} from "../../../src/triage/describe-closing.ts";
import type { Story } from "../../../src/triage/story.ts";
import { day, hour, instance, minute, start } from "../../support/alerts.ts";
import { buildFinding, buildPriority, buildTicket } from "../../support/findings.ts";
import { expectGolden } from "../../support/golden.ts";
import { buildRule } from "../../support/rules.ts";

const rule = buildRule();
const fresh = buildFinding(rule, { title: "checkout: 8.0% of requests fail" });
const closed: TicketClosed = {
  at: start - 3 * day,
  as: "done",
  by: "people",
  band: "Medium",
  status: "Done",
  resolution: "Done",
};

function storyOf(
  overrides: Partial<TicketClosed> = {},
  memory: Partial<TriageMemory> = {},
  more: Partial<Story> = {},
): Story {
  const ticket = buildTicket(fresh, { closed: { ...closed, ...overrides } });
  const finding = { ...fresh, memory: { ...fresh.memory, ...memory } };
  const priority = buildPriority(60, "High");
  return { instance, finding, rule, priority, at: start + minute, page: undefined, ticket, ...more };
}

const former = { id: "10000", key: "SHOP-0", url: "https://jira.example.com/browse/SHOP-0" };
const adopted = { ...storyOf(), ticket: buildTicket(fresh, { formerRefs: [former] }) };

const newLinked = { ...rule, ticket: { ...rule.ticket, onReturn: "new_linked" } } as const;

/** Everything that is said about a closing, as product owners read it. */
const words: readonly (readonly [name: string, document: Document])[] = [
  ["back three days after Done", regressedDocument(storyOf())],
  ["back a day after Done", regressedDocument(storyOf({ at: start - 30 * hour }))],
  ["back half an hour after Done", regressedDocument(storyOf({ at: start - 30 * minute }))],
  ["back after Backfeed closed it", regressedDocument(storyOf({ by: "us" }))],
  ["still happening a day after Done", stillHappeningDocument(storyOf({ at: start - day }))],
  ["still happening at once, no grace", stillHappeningDocument(storyOf({ at: start + minute }))],
  ["no way back in the workflow", notReopened(regressedDocument(storyOf()))],
  ["left closed", suppressedDocument(storyOf({ as: "wont_do" }))],
  ["left closed, nothing is worse", suppressedDocument(storyOf({ as: "wont_do", band: "Highest" }))],
  ["worse than when it was closed", wontDoOverDocument(storyOf({ as: "wont_do" }))],
  [
    "the time of a won't do is over",
    wontDoOverDocument(storyOf({ as: "wont_do", band: "High", at: start - 90 * day })),
  ],
  [
    "the time of a won't do is over and it never stopped",
    wontDoOverDocument(storyOf({ as: "wont_do", band: "High", at: start + minute })),
  ],
  ["the fix held", verifiedDocument(storyOf())],
  ["the fix held, and a return is a new ticket", verifiedDocument({ ...storyOf(), rule: newLinked })],
  ["another issue became the ticket", takesOverDocument(adopted)],
];

describe("the words about a closed ticket", () => {
  it("say when it was closed, what is so now, and what people can do", () => {
    const text = words.map(([name, document]) => `# ${name}\n\n${plainText(document)}\n`).join("\n");
    expectGolden(new URL("../../golden/triage/closing.txt", import.meta.url), text);
  });

  it("name the ticket before, and why there is a second", () => {
    for (const because of ["back_late", "regressed", "still_happening", "wont_do_over", "refiled"] as const) {
      const text = plainText(ticketDocument(storyOf({}, { follows: { ref: former, because } })));
      expect(text).to.match(/\n\nFollows SHOP-0 \(https:\/\/jira\.example\.com\/browse\/SHOP-0\), which was .+\.\n/);
    }
    expect(plainText(ticketDocument(storyOf()))).to.not.include("Follows");
  });

  it("are never markup: what a title holds is text", () => {
    const hostile = '<b>{panel}[~admin] !x.png! "q"';
    const block = takesOverDocument({ ...adopted, finding: { ...fresh, title: hostile } })[0];
    const texts = block?.kind === "paragraph" ? block.content : [];
    expect(texts).to.deep.include({ kind: "text", text: hostile });
  });
});
