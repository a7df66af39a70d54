import { expect } from "chai";
import type { FieldMeta, Transition } from "../../../../src/trackers/jira/schemas.ts";
import { chooseMove } from "../../../../src/trackers/jira/transition.ts";

const wontDo = ["Won't Do", "Duplicate"];
const to = (name: string, key: string) => ({ name, statusCategory: { key } });
const transition = (
  id: string,
  status: [string, string],
  fields: Record<string, Partial<FieldMeta>> = {},
): Transition => ({
  id,
  name: `to ${status[0]}`,
  to: to(...status),
  fields: Object.fromEntries(
    Object.entries(fields).map(([key, meta]) => [key, { name: key, required: true, ...meta }]),
  ),
});
const done = (transitions: Transition[]) => chooseMove(transitions, { category: "done", wontDo });
const resolution = (...names: string[]) => ({ resolution: { allowedValues: names.map((name) => ({ name })) } });

describe("which transition is taken", () => {
  it("one to the category, by the category's key and not by a name", () => {
    const transitions = [transition("1", ["Done-ish", "indeterminate"]), transition("2", ["Erledigt", "done"])];
    expect(done(transitions)).to.deep.equal({ id: "2", fields: {} });
    expect(chooseMove(transitions, { category: "new", wontDo })).to.equal(undefined);
  });

  it("one that asks for nothing before one that asks for a resolution", () => {
    expect(
      done([transition("1", ["Done", "done"], resolution("Done")), transition("2", ["Closed", "done"])])?.id,
    ).to.equal("2");
  });

  it("a resolution is Done, or the first that does not mean won't do", () => {
    expect(done([transition("1", ["Done", "done"], resolution("Fixed", "done"))])?.fields).to.deep.equal({
      resolution: { name: "done" },
    });
    expect(done([transition("1", ["Done", "done"], resolution("Won't Do", "Fixed"))])?.fields).to.deep.equal({
      resolution: { name: "Fixed" },
    });
    expect(done([transition("1", ["Done", "done"], resolution("Duplicate"))])).to.equal(undefined);
  });

  it("never one into a status that means won't do, even if it is the only one", () => {
    expect(done([transition("1", ["WON'T DO", "done"])])).to.equal(undefined);
  });

  it("none that asks for what we cannot give; what has a default is not asked for", () => {
    expect(done([transition("1", ["Done", "done"], { customfield_1: {} })])).to.equal(undefined);
    expect(done([transition("1", ["Done", "done"], { customfield_1: { hasDefaultValue: true } })])?.id).to.equal("1");
    expect(done([transition("1", ["Done", "done"], { comment: { required: false } })])?.id).to.equal("1");
  });

  it("none that Jira says is not available", () => {
    expect(done([{ ...transition("1", ["Done", "done"]), isAvailable: false }])).to.equal(undefined);
  });
});
