import { expect } from "chai";
import type { Measure, Query } from "../../../../src/model/query.ts";
import { mergeQuestions, planScans } from "../../../../src/sources/files/plan.ts";
import { question, window } from "./files-fixture.ts";

const plan = (questions: readonly Partial<Query>[]) =>
  planScans(mergeQuestions(questions.map((parts) => question(parts))));

describe("the plan of a files source", () => {
  it("asks equal questions once", () => {
    const asks = mergeQuestions([question(), question({ maxGroups: 5 }), question({ target: "other" })]);
    expect(asks.map((ask) => ask.users.map((user) => user.index))).to.eql([[0, 1], [2]]);
  });

  it("groups questions that are equal but for one value, whatever they measure", () => {
    const measures: Measure[] = [{ kind: "count" }, { kind: "avg", field: "ms" }];
    const scans = plan(
      ["a", "b", "c"].flatMap((name) =>
        measures.map((measure) => ({ measure, where: { service: [name], env: ["prod"] } })),
      ),
    );
    expect(scans).to.have.length(1);
    expect(scans[0]?.groupBy).to.eql(["service"]);
    expect(scans[0]?.parts.map((part) => part.family?.value)).to.eql(["a", "a", "b", "b", "c", "c"]);
    expect(scans[0]?.parts[0]?.where).to.eql({ env: ["prod"] });
  });

  it("takes all else about a window in one scan", () => {
    const scans = plan([
      {},
      { filters: ["a = 1"] },
      { measure: { kind: "sum", field: "b" } },
      { where: { a: [1, 2] } },
    ]);
    expect(scans.map((scan) => [scan.groupBy, scan.parts.length])).to.eql([[[], 4]]);
  });

  it("keeps tables, windows and group fields apart", () => {
    const later = { from: window.to, to: window.to + 60_000 };
    const asks = mergeQuestions([
      question(),
      { ...question(), window: later },
      question({ target: "b" }),
      question({ by: ["x"] }),
    ]);
    expect(planScans(asks)).to.have.length(4);
  });

  it("makes no family of a field that is matched with several values", () => {
    const [scan] = plan([{ where: { a: [1, 2] } }, { where: { a: [1, 3] } }]);
    expect(scan?.parts.map((part) => part.family)).to.eql([undefined, undefined]);
  });

  it("splits what is too much for one statement", () => {
    const scans = plan(Array.from({ length: 1_000 }, (_, number) => ({ filters: [`a = ${number}`] })));
    expect(scans.map((scan) => scan.parts.length)).to.eql([400, 400, 200]);
  });
});
