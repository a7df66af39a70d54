import { expect } from "chai";
import { defaultTicketPolicy } from "../../../src/model/rule.ts";
import type { TicketRecord } from "../../../src/model/ticket.ts";
import { nextAttention } from "../../../src/triage/attention.ts";
import { start } from "../../support/alerts.ts";
import { buildFinding, buildTicket } from "../../support/findings.ts";
import { buildRule } from "../../support/rules.ts";

const hour = 3_600_000;
const day = 24 * hour;
const open = buildFinding(buildRule());
const quiet = { ...open, state: "quiet" as const, episode: { ...open.episode, endedAt: start } };
const policy = { ...defaultTicketPolicy, doneGraceMs: 24 * hour, suppressForMs: 90 * day };

function closedAs(as: "done" | "wont_do", by: "us" | "people" = "people"): Partial<TicketRecord> {
  return { closed: { at: start + hour, as, by, band: "High", status: "Closed", resolution: undefined } };
}

describe("nextAttention", () => {
  const next = (finding: typeof open, overrides: Partial<TicketRecord>, at = start + 2 * hour) =>
    nextAttention({ at, finding, policy, ticket: buildTicket(finding, overrides) });

  for (const [what, finding, overrides, expected] of [
    ["nothing that runs out", open, {}, undefined],
    ["a snooze", quiet, { snoozedUntil: start + 3 * hour }, start + 3 * hour],
    ["a snooze that is over", quiet, { snoozedUntil: start + hour }, undefined],
    ["Done while it fires", open, closedAs("done"), start + 25 * hour],
    ["Done by us while it fires", open, closedAs("done", "us"), undefined],
    ["Done while it is quiet", quiet, closedAs("done"), undefined],
    ["a won't do while it fires", open, closedAs("wont_do"), start + hour + 90 * day],
    ["a won't do while it is quiet", quiet, closedAs("wont_do"), start + hour + 90 * day],
    ["the first of several", open, { ...closedAs("done"), snoozedUntil: start + 3 * hour }, start + 3 * hour],
  ] as const) {
    it(`waits for ${what}`, () => {
      expect(next(finding, overrides)).to.equal(expected);
    });
  }
});
