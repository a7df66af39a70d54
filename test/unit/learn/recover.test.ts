import { expect } from "chai";
import { chooseTickets, type OwnIssue, recoveredFinding, recoveredRecord } from "../../../src/learn/recover.ts";
import { done, findingId, hour, snapshot, start } from "./given.ts";

const groupKey = findingId.padEnd(64, "0");

function issue(id: string, overrides: Partial<OwnIssue> = {}): OwnIssue {
  const ref = { id, key: `PAY-${id}`, url: "" };
  return {
    ...snapshot({ ref }),
    identity: { instance: "test", groupKey, generation: 1, rules: ["errors"] },
    ...overrides,
  };
}

const context = {
  tracker: "jira",
  policy: { labelPrefix: "backfeed", wontDo: ["Won't Do"], closeDuplicates: true },
  now: start + hour,
};

describe("recover", () => {
  it("keeps one issue of each generation: not the one closed as a duplicate, then the lowest id", () => {
    const identity = { instance: "test", groupKey, generation: 2, rules: [] };
    const duplicate = issue("2", { ...done, duplicateOf: { id: "9", key: "PAY-9", url: "" } });
    const chosen = chooseTickets([issue("10"), duplicate, issue("9"), issue("30", { identity })]);
    expect(chosen.map(({ kept, others }) => [kept.ref.id, others.map(({ ref }) => ref.id)])).to.deep.equal([
      ["9", ["10", "2"]],
      ["30", []],
    ]);
  });

  it("takes every field for people's, and a closing for one that nothing outranks", () => {
    const ticket = { kept: issue("9", { ...done, resolution: "Won't Do" }), others: [issue("10")] };
    const record = recoveredRecord(ticket, context);
    expect(record).to.deep.include({ findingId, generation: 1, tracker: "jira", folded: [issue("10").ref] });
    expect(record.written).to.deep.equal({ priority: undefined, band: "High" });
    expect(record.peoples).to.have.members(["priority", "summary", "description", "assignee"]);
    expect(record.closed).to.include({ as: "wont_do", band: "Highest" });
    expect(record.seen).to.include({ priority: "High", statusCategory: "done" });
  });

  it("makes a quiet finding that had its ticket, and an episode too long ago to count", () => {
    const finding = recoveredFinding({ kept: issue("9"), others: [] }, context);
    expect(finding).to.include({ id: findingId, groupKey, state: "quiet", generation: 1 });
    expect(finding.memory).to.include({ createdAt: context.now, ticketBand: "High" });
    expect(context.now - (finding.episode.endedAt ?? 0)).to.be.greaterThan(30 * 24 * hour);
  });
});
