import { expect } from "chai";
import type { Query, Question } from "../../../../src/model/query.ts";
import { exactField, type FieldMap } from "../../../../src/sources/elasticsearch/fields.ts";
import {
  planSearches,
  type Search,
  uniqueProbes,
  uniqueQuestions,
} from "../../../../src/sources/elasticsearch/plan.ts";

const window = { from: 0, to: 60_000 };
const types = new Map([
  ["service", ["keyword"]],
  ["env", ["keyword"]],
  ["status", ["long"]],
  ["ok", ["boolean"]],
  ["load", ["float"]],
  ["day", ["date"]],
]);
const fields: FieldMap = new Map(
  [...types.keys(), "nowhere"].map((name) => [name, exactField(name, types, new Set())]),
);

function query(parts: Partial<Query> = {}): Query {
  return { target: "logs-*", where: {}, filters: [], measure: { kind: "count" }, by: [], maxGroups: 100, ...parts };
}

function ask(of: Query, more: Partial<Question> = {}): Question {
  return { query: of, window, mustAnswer: [], ...more };
}

function plan(questions: readonly Question[], apart?: { has(of: Query): boolean }): Search[] {
  const unique = uniqueQuestions(questions).map((asked) => ({ asked, fields }));
  return planSearches(unique, apart);
}

const shape = (search: Search) => [search.family?.field, search.family?.values.length, search.members.length];

describe("planning a tick", () => {
  it("asks equal questions once, whatever object they come in", () => {
    const unique = uniqueQuestions([ask(query()), ask(query()), ask(query({ by: ["service"] })), ask(query())]);
    expect(unique.map((asked) => asked.positions)).to.deep.equal([[0, 1, 3], [2]]);
  });

  it("tells questions apart by window and by what must be answered", () => {
    const one = query({ by: ["service"] });
    const questions = [
      ask(one),
      ask(one, { window: { from: 0, to: 1 } }),
      ask(one, { mustAnswer: [{ service: "a" }] }),
      ask(one),
    ];
    expect(uniqueQuestions(questions)).to.have.length(3);
  });

  it("asks equal probes once", () => {
    const probe = { target: "a", window };
    const positions = uniqueProbes([probe, { ...probe }, { ...probe, target: "b" }]).map((asked) => asked.positions);
    expect(positions).to.deep.equal([[0, 1], [2]]);
  });

  it("makes one search of questions equal but for one value, each value once", () => {
    const questions = ["a", "b", "c", "a"].flatMap((service) => [
      ask(query({ where: { service: [service] } })),
      ask(query({ where: { service: [service] }, measure: { kind: "avg", field: "load" } })),
    ]);
    expect(plan(questions).map(shape)).to.deep.equal([["service", 3, 6]]);
  });

  it("chooses the field that lets most share", () => {
    const questions = [
      ...["a", "b", "c", "d"].map((service) => ask(query({ where: { service: [service], env: ["production"] } }))),
      ask(query({ where: { service: ["a"], env: ["staging"] } })),
    ];
    expect(plan(questions).map(shape)).to.deep.equal([
      ["service", 4, 4],
      [undefined, undefined, 1],
    ]);
  });

  it("shares a search between measures of one scope", () => {
    const where = { service: ["a"] };
    const questions = [
      ask(query({ where })),
      ask(query({ where, measure: { kind: "percentile", field: "load", percent: 95 } })),
      ask(query({ where, measure: { kind: "unique", field: "env" } })),
    ];
    expect(plan(questions).map(shape)).to.deep.equal([[undefined, undefined, 3]]);
  });

  it("does not make a family count percentiles that only some of it want", () => {
    const counted = ["a", "b", "c"].map((service) => ask(query({ where: { service: [service] } })));
    const percentile = ask(
      query({ where: { service: ["a"] }, measure: { kind: "percentile", field: "load", percent: 95 } }),
    );
    expect(plan([...counted, percentile])).to.have.length(2);
  });

  it("makes families of integers and booleans, but not where a key need not print as the value", () => {
    const families = (where: readonly Query["where"][]) => plan(where.map((one) => ask(query({ where: one })))).length;
    expect(families([{ status: [200] }, { status: [500] }])).to.equal(1);
    expect(families([{ status: ["200"] }, { status: [500] }])).to.equal(1);
    expect(families([{ ok: [true] }, { ok: [false] }])).to.equal(1);
    expect(families([{ nowhere: ["x"] }, { nowhere: ["y"] }])).to.equal(1);
    expect(families([{ load: [1.1] }, { load: [2.5] }]), "a float is not what was written").to.equal(2);
    expect(families([{ day: ["2026-01-01"] }, { day: ["2026-01-02"] }]), "dates have many forms").to.equal(2);
    expect(families([{ status: ["0200"] }, { status: ["5e2"] }]), "numbers too").to.equal(2);
    expect(families([{ service: ["a", "b"] }, { service: ["c", "d"] }]), "several values may meet").to.equal(2);
  });

  it("does not share between windows, targets, filters, groupings or group limits", () => {
    const where = { service: ["a"] };
    const others = [
      ask(query({ where: { service: ["b"] } }), { window: { from: 0, to: 1 } }),
      ask(query({ where: { service: ["b"] }, target: "other" })),
      ask(query({ where: { service: ["b"] }, filters: ["x"] })),
      ask(query({ where: { service: ["b"] }, by: ["env"] })),
      ask(query({ where: { service: ["b"] }, by: ["env"], maxGroups: 5 })),
    ];
    expect(plan([ask(query({ where })), ...others])).to.have.length(6);
  });

  it("bounds the buckets of a family", () => {
    const grouped = Array.from({ length: 500 }, (_, index) =>
      ask(query({ where: { service: [`s${index}`] }, by: ["env"], maxGroups: 199 })),
    );
    expect(plan(grouped).map(shape)).to.deep.equal(Array.from({ length: 5 }, () => ["service", 100, 100]));
    const many = Array.from({ length: 2_500 }, (_, index) => ask(query({ where: { service: [`s${index}`] } })));
    expect(plan(many).map((search) => search.members.length)).to.deep.equal([1_000, 1_000, 500]);
  });

  it("asks those alone that were refused before", () => {
    const questions = ["a", "b", "c"].map((service) => ask(query({ where: { service: [service] } })));
    const refused = questions[1]?.query;
    const searches = plan(questions, { has: (of) => of === refused });
    expect(searches.map(shape)).to.deep.equal([
      ["service", 2, 2],
      [undefined, undefined, 1],
    ]);
  });

  it("plans a thousand questions in little time, and answers each exactly once", () => {
    const questions = Array.from({ length: 1_000 }, (_, index) =>
      ask(
        query({
          where: { service: [`s${index % 37}`], ...(index % 3 === 0 ? { env: [`e${index % 5}`] } : {}) },
          filters: index % 4 === 0 ? [`f${index % 20}`] : [],
          by: index % 7 === 0 ? ["status"] : [],
          measure: index % 2 === 0 ? { kind: "count" } : { kind: "ratio", bad: `b${index % 3}` },
        }),
      ),
    );
    const served = plan(questions).flatMap((search) => search.members.flatMap((member) => member.asked.positions));
    expect(served.toSorted((a, b) => a - b)).to.deep.equal(questions.map((_, index) => index));
  });
});

describe("exactField", () => {
  const field = (own: string[], keyword: string[] = [], normalized: ReadonlySet<string> | "unknown" = new Set()) =>
    exactField(
      "f",
      new Map([
        ["f", own],
        ["f.keyword", keyword],
      ]),
      normalized,
    );

  it("takes the keyword beside a text", () => {
    expect(field(["text"], ["keyword"])).to.include({ name: "f.keyword", type: "keyword", problem: undefined });
    expect(field(["keyword"], ["keyword"])).to.include({ name: "f", type: "keyword" });
  });

  it("says what to do about a text that has no keyword", () => {
    expect(field(["text"]).problem).to.include("keyword");
  });

  it("does not ask what is text in some indices and a keyword in others: either field would leave out events", () => {
    expect(field(["keyword", "text"], ["keyword"]).problem).to.include("text in some of these indices and keyword in");
  });

  it("shares no search over a normalized keyword, or where nobody knows", () => {
    expect(field(["keyword"]).keysAreValues).to.equal(true);
    expect(field(["keyword"], [], new Set(["f"])).keysAreValues).to.equal(false);
    expect(field(["text"], ["keyword"], new Set(["f.keyword"])).keysAreValues).to.equal(false);
    expect(field(["keyword"], [], "unknown").keysAreValues).to.equal(false);
    expect(field(["long", "keyword"]).keysAreValues).to.equal(false);
  });
});
