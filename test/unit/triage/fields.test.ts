import { expect } from "chai";
import type { WrittenFields } from "../../../src/model/finding.ts";
import { defaultTicketPolicy, type Ownership, type TicketField } from "../../../src/model/rule.ts";
import type { TicketRecord, TicketRoute } from "../../../src/model/ticket.ts";
import { fieldActions, fieldsOf } from "../../../src/triage/fields.ts";
import type { Story } from "../../../src/triage/story.ts";
import { instance, start } from "../../support/alerts.ts";
import { buildFinding, buildPriority, buildTicket } from "../../support/findings.ts";
import { buildRule } from "../../support/rules.ts";

const finding = buildFinding(buildRule(), { title: "9% of requests fail" });
const route: TicketRoute = { tracker: "jira", assignee: "anna", labels: ["reliability", "checkout"], fields: {} };
const before: WrittenFields = { summary: "5% of requests fail", labels: ["reliability", "cart"], assignee: "ben" };

function actions(
  ownership: Partial<Record<TicketField, Ownership>> = {},
  ticket: Partial<TicketRecord> = {},
  wrote: WrittenFields | "unknown" = before,
) {
  const policy = { ...defaultTicketPolicy, ownership: { ...defaultTicketPolicy.ownership, ...ownership } };
  const story: Story = {
    instance,
    finding,
    rule: buildRule({ ticket: policy }),
    priority: buildPriority(60, "High"),
    at: start,
    page: undefined,
    ticket: buildTicket(finding, ticket),
  };
  return fieldActions(wrote === "unknown" ? undefined : wrote, story, route);
}

const follow = { summary: "until_human_edit", assignee: "until_human_edit", labels: "create_only" } as const;

describe("fields that are written again", () => {
  it("are the rule's labels alone by default: what is new is added, what is gone is taken off", () => {
    expect(actions()).to.deep.equal([{ kind: "labels", marker: "labels", add: ["checkout"], remove: ["cart"] }]);
  });

  it("are none when nothing has become different, or it is not known what was written", () => {
    expect(actions({}, {}, fieldsOf(finding, route))).to.deep.equal([]);
    expect(actions({ summary: "always" }, {}, "unknown")).to.deep.equal([]);
  });

  it("leave off a label that a person took off, unless the rule says always", () => {
    const removed = { labelsRemoved: ["checkout"] };
    expect(actions({}, removed)).to.deep.equal([{ kind: "labels", marker: "labels", add: [], remove: ["cart"] }]);
    expect(actions({ labels: "always" }, removed)[0]).to.deep.include({ add: ["checkout"] });
  });

  it("follow the problem where the rule lets them", () => {
    expect(actions(follow)).to.deep.equal([
      { kind: "field", marker: "summary", field: "summary", value: "9% of requests fail" },
      { kind: "field", marker: "assignee", field: "assignee", value: "anna" },
    ]);
  });

  it("stay a person's once a person has changed them, unless the rule says always", () => {
    const persons = { peoples: ["summary", "description", "labels"] as const };
    expect(actions({ ...follow, description: "until_human_edit" }, persons)).to.deep.equal([
      { kind: "field", marker: "assignee", field: "assignee", value: "anna" },
    ]);
    expect(actions({ summary: "always", labels: "create_only" }, persons)).to.deep.equal([
      { kind: "field", marker: "summary", field: "summary", value: "9% of requests fail", always: true },
    ]);
  });

  it("are the description with what is so now", () => {
    const [description] = actions({ description: "until_human_edit", labels: "create_only" });
    expect(description).to.include({ kind: "description", marker: "description" }).and.not.have.property("always");
  });
});
