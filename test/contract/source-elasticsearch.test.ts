import type { estypes } from "@elastic/elasticsearch";
import { expect } from "chai";
import type { Answer, Query, Question } from "../../src/model/query.ts";
import { createElasticsearchSource } from "../../src/sources/elasticsearch/elasticsearch-source.ts";
import type { Source } from "../../src/sources/source.ts";
import {
  type Elasticsearch,
  readOnlyLogs,
  sharedElasticsearch,
  sharedReadOnlyElasticsearch,
} from "../support/services/elasticsearch.ts";
import { startOrSkip } from "../support/services/service-missing.ts";

const never = new AbortController().signal;
const from = Date.parse("2026-02-01T00:00:00Z");
const window = { from, to: from + 60_000 };

type Asked = Partial<Query> & { target: string };

/** What only Elasticsearch has: shards, mappings, normalizers, arrays in any field. */
describe("elasticsearch source, beyond the contract", function () {
  this.timeout(400_000);
  let service: Elasticsearch;
  let source: Source;
  const made: string[] = [];

  before(async function () {
    service = await startOrSkip(this, sharedElasticsearch);
    source = makeSource(service);
  });
  after(async () => {
    await source?.close();
    for (const index of made) await service.client.indices.delete({ index });
  });

  const index = async (
    name: string,
    documents: readonly (Record<string, unknown> & { routing?: string })[],
    { properties, settings = {} }: { properties?: Record<string, estypes.MappingProperty>; settings?: object } = {},
  ) => {
    await service.client.indices.create({
      index: name,
      settings: { number_of_shards: 1, number_of_replicas: 0, ...settings },
      mappings: { properties: { "@timestamp": { type: "date" }, ...properties } },
    });
    made.push(name);
    const operations = documents.flatMap(({ routing, ...document }, position) => [
      { index: { _index: name, ...(routing === undefined ? {} : { routing }) } },
      { "@timestamp": from + (position % 60_000), ...document },
    ]);
    const answer = await service.client.bulk({ operations, refresh: true });
    expect(answer.errors, JSON.stringify(answer.items[0])).to.equal(false);
  };

  const ask = async (queries: readonly Asked[], more: Partial<Question> = {}) => {
    const questions = queries.map((parts) => ({ query: makeQuery(parts), window, mustAnswer: [], ...more }));
    return source.answer({ questions, probes: [] }, never);
  };
  const values = (answers: readonly Answer[]) =>
    answers.map((answer) =>
      answer.kind === "answered"
        ? answer.observations.map(({ labels, value }) => [...Object.values(labels), value].join(" "))
        : answer.failure.code,
    );

  it("gives exact counts of the largest groups although shards cut their lists", async () => {
    // Each of two shards holds 700 groups of three; `big` is large on one shard and below the cut of the other.
    const crowd = ["x", "y"].flatMap((routing) =>
      Array.from({ length: 2_100 }, (_, at) => ({ routing, group: `${routing}${at % 700}` })),
    );
    const big = Array.from({ length: 50 }, () => ({ routing: "x", group: "big" }));
    const rest = [
      { routing: "y", group: "big" },
      { routing: "y", group: "tiny" },
    ];
    const properties = { group: { type: "keyword" } } as const;
    await index("logs-shards", [...crowd, ...big, ...rest], { properties, settings: { number_of_shards: 2 } });
    const shards = await service.client.search({ index: "logs-shards", size: 0, preference: "_shards:0" });
    expect(shards.hits.total, "the two routings are on two shards").to.have.property("value").within(2_000, 2_200);

    const target = "logs-shards";
    const { answers } = await ask([{ target, by: ["group"], maxGroups: 2 }], { mustAnswer: [{ group: "tiny" }] });
    expect(values(answers)).to.deep.equal([["tiny 1", "big 51"]]);
    expect(answers[0]).to.have.property("notAnswered").that.is.at.least(1);
  });

  it("looks at ten thousand combinations, says that there are more, and still answers what it must", async () => {
    const documents = Array.from({ length: 13_000 }, (_, at) => ({
      a: `a${String(at).padStart(5, "0")}`,
      b: at % 2 === 0,
    }));
    await index("logs-many", documents, { properties: { a: { type: "keyword" }, b: { type: "boolean" } } });
    const last = { a: "a12999", b: "false" };
    const target = "logs-many";
    const { answers, requests } = await ask([{ target, by: ["a", "b"], maxGroups: 10_000 }], { mustAnswer: [last] });
    const [answer] = answers;
    if (answer?.kind !== "answered") throw new Error(JSON.stringify(answer));
    expect(answer.observations).to.have.length(10_000);
    expect(answer.observations).to.deep.include({ labels: last, value: 1, events: 1 });
    expect(answer.notAnswered).to.be.within(1, 3_000);
    expect(requests).to.be.at.most(9);
  });

  it("shares no search over a keyword that changes what it holds", async () => {
    const settings = { analysis: { normalizer: { small: { type: "custom", filter: ["lowercase"] } } } };
    const documents = ["Cart", "cart", "Mail"].map((name) => ({ name }));
    await index("logs-normal", documents, { properties: { name: { type: "keyword", normalizer: "small" } }, settings });
    const target = "logs-normal";
    const names = ["Cart", "cart", "MAIL", "nobody"];
    const { answers } = await ask(names.map((name) => ({ target, where: { name: [name] } })));
    expect(values(answers)).to.deep.equal([["2"], ["2"], ["1"], ["0"]]);
  });

  it("refuses to compare analysed text, and to sum words", async () => {
    const properties = { title: { type: "text" }, code: { type: "keyword" } } as const;
    await index("logs-text", [{ title: "two words", code: "E1" }], { properties });
    const target = "logs-text";
    const queries: Asked[] = [
      { target, where: { title: ["two words"] } },
      { target, by: ["title"] },
      { target, measure: { kind: "sum", field: "code" } },
      { target, where: { code: ["E1"] } },
    ];
    expect(values((await ask(queries)).answers)).to.deep.equal(["refused", "refused", "refused", ["1"]]);
    const faults = await source.check(queries.map(makeQuery), never);
    expect(faults).to.have.length(3);
    expect(faults.every((fault) => fault.severity === "error" && fault.fix !== undefined)).to.equal(true);
  });

  it("refuses to compare what is text in one index of a pattern and a keyword in another, rather than leave one out", async () => {
    const text = { type: "text", fields: { keyword: { type: "keyword" } } } as const;
    await index("logs-mixed-1", [{ name: "Check Out" }], { properties: { name: text } });
    await index("logs-mixed-2", [{ name: "Check Out" }], { properties: { name: { type: "keyword" } } });
    const both: Asked[] = [
      { target: "logs-mixed-*", by: ["name"] },
      { target: "logs-mixed-*", where: { name: ["Check Out"] } },
      { target: "logs-mixed-*", measure: { kind: "unique", field: "name" } },
    ];
    const alone = ["logs-mixed-1", "logs-mixed-2"].map((target): Asked => ({ target, by: ["name"] }));
    expect(values((await ask([...both, ...alone])).answers)).to.deep.equal([
      ...["refused", "refused", "refused"],
      ...[["Check Out 1"], ["Check Out 1"]],
    ]);
    const faults = await source.check(both.map(makeQuery), never);
    expect(faults.map(({ severity }) => severity)).to.deep.equal(["error", "error", "error"]);
  });

  it("warns of fields inside nested ones and of indices without the timestamp, and takes fields of a flattened one", async () => {
    const properties = {
      items: { type: "nested", properties: { sku: { type: "keyword" }, price: { type: "double" } } },
      tags: { type: "flattened" },
    } as const;
    await index("logs-inside-1", [{ items: [{ sku: "s1", price: 2 }], tags: { team: "a", of: { unit: "b" } } }], {
      properties,
    });
    await service.client.indices.create({ index: "logs-inside-2", mappings: { properties } });
    made.push("logs-inside-2");
    const told = async (query: Partial<Asked>) =>
      (await source.check([makeQuery({ target: "logs-inside-1", ...query })], never)).map(
        ({ severity, message }) => `${severity}: ${message.split(" field")[0]}`,
      );
    expect(await told({ where: { "items.sku": ["s1"] } })).to.deep.equal([
      "warning: where: items.sku is inside a nested",
    ]);
    expect(await told({ measure: { kind: "sum", field: "items.price" } })).to.deep.equal([
      "warning: sum: items.price is inside a nested",
    ]);
    expect(await told({ by: ["tags.team"], where: { "tags.of.unit": ["b"] } })).to.deep.equal([]);
    expect(await told({ target: "logs-inside-*" })).to.deep.equal(["warning: logs-inside-2 of logs-inside-* has no"]);

    const target = "logs-inside-1";
    const { answers } = await ask([{ target, by: ["tags.team"], where: { "tags.of.unit": ["b"] } }]);
    expect(values(answers)).to.deep.equal([["a 1"]]);
  });

  it("reads numbers, arrays, nothing and dates as labels and values", async () => {
    const documents = [
      { n: 1, f: 1.5, d: "2026-01-01T00:00:00Z", ip: "10.0.0.1" },
      { n: [1, 3], f: [2.5, 2.5], d: "2026-01-02T00:00:00.5Z" },
      { n: null, f: [] },
    ];
    const properties = { n: { type: "long" }, f: { type: "double" }, d: { type: "date" }, ip: { type: "ip" } } as const;
    await index("logs-types", documents, { properties });
    const target = "logs-types";
    const days = ["2026-01-01T00:00:00.000Z 1", "2026-01-02T00:00:00.500Z 1"];
    const queries: Asked[] = [
      { target, measure: { kind: "avg", field: "n" } },
      { target, measure: { kind: "sum", field: "f" } },
      { target, by: ["n"] },
      { target, by: ["f"] },
      { target, by: ["d"] },
      { target, by: ["ip"] },
      { target, by: ["d", "n"] },
      { target, where: { n: [3] }, measure: { kind: "max", field: "f" } },
    ];
    expect(values((await ask(queries)).answers).map((found) => [...found].sort())).to.deep.equal([
      [`${5 / 3}`],
      ["6.5"],
      ["1 2", "3 1"],
      ["1.5 1", "2.5 1"],
      days,
      ["10.0.0.1 1"],
      ["2026-01-01T00:00:00.000Z 1 1", "2026-01-02T00:00:00.500Z 1 1", "2026-01-02T00:00:00.500Z 3 1"],
      ["2.5"],
    ]);
    const mustAnswer = [{ d: "2026-01-02T00:00:00.500Z" }];
    expect(values((await ask([{ target, by: ["d"], maxGroups: 1 }], { mustAnswer })).answers)).to.deep.equal([
      [days[1]],
    ]);
    const sample = { query: makeQuery({ target, by: ["d"] }), labels: mustAnswer[0] ?? {}, window };
    const found = await source.samples(
      { ...sample, badOnly: false, limit: 5, fields: ["f", "n"], maxValueLength: 50 },
      never,
    );
    expect(found.map(({ fields }) => fields)).to.deep.equal([
      [
        ["f", "2.5, 2.5"],
        ["n", "1, 3"],
      ],
    ]);
  });

  it("answers filters in query DSL, and lets one that does not exist fail alone", async () => {
    await index("logs-dsl", [{ a: 1 }, { a: 2 }]);
    const target = "logs-dsl";
    const queries = [
      { target, filters: [{ range: { a: { gte: 2 } } }] },
      { target, filters: [{ no_such_query: {} }] },
      { target, filters: ["timeout"] },
      { target, filters: ["a:many"] },
      { target },
    ];
    for (const tick of [1, 2]) {
      const { answers } = await ask(queries);
      expect(values(answers), `tick ${tick}`).to.deep.equal([["1"], "refused", "refused", "refused", ["2"]]);
      expect(answers[2]).to.have.nested.property("failure.message").that.includes("write message:word");
    }
  });

  it("finds a field that appears later, without being restarted", async () => {
    let now = from;
    const clock = { now: () => now, sleep: () => Promise.resolve() };
    const later = makeSource(service, { clock });
    await index("logs-later", [{ a: "x" }]);
    const query = makeQuery({ target: "logs-later", by: ["tier"] });
    const count = async () =>
      (await later.answer({ questions: [{ query, window, mustAnswer: [] }], probes: [] }, never)).answers;
    expect(values(await count())).to.deep.equal([[]]);
    await service.client.index({ index: "logs-later", document: { "@timestamp": from, tier: "gold" }, refresh: true });
    now += 60_000;
    expect(values(await count())).to.deep.equal([["gold 1"]]);
    await later.close();
  });

  it("explains what rights are missing, and sees no index that it may not see", async () => {
    const secured = await sharedReadOnlyElasticsearch("8.8.2");
    const [{ name: user, password }] = readOnlyLogs.users;
    const limited = makeSource(secured, { auth: { user, password } });
    const stranger = makeSource(secured, { auth: { user, password: "wrong" } });
    try {
      await secured.client.indices.create({ index: "secret-1" });
      const questions = ["secret-1", "secret-*"].map((target) => ({
        query: makeQuery({ target }),
        window,
        mustAnswer: [],
      }));
      const { answers } = await limited.answer({ questions, probes: [] }, never);
      expect(values(answers)).to.deep.equal(["unauthorized", "unknown_target"]);
      for (const answer of answers) expect(JSON.stringify(answer)).to.include("view_index_metadata");
      const [fault] = await limited.check([makeQuery({ target: "secret-1" })], never);
      expect(fault?.message).to.include("view_index_metadata");
      const refused = await stranger.answer({ questions, probes: [] }, never);
      expect(values(refused.answers)).to.deep.equal(["unauthorized", "unauthorized"]);
    } finally {
      await Promise.all([limited.close(), stranger.close()]);
      await secured.client.indices.delete({ index: "secret-1" });
    }
  });
});

function makeQuery(parts: Asked): Query {
  return { where: {}, filters: [], measure: { kind: "count" }, by: [], maxGroups: 100, ...parts };
}

function makeSource(
  { url }: Elasticsearch,
  more: Partial<Parameters<typeof createElasticsearchSource>[0]> = {},
): Source {
  return createElasticsearchSource({
    name: "logs",
    nodes: [url],
    timestamp: "@timestamp",
    timeoutMs: 120_000,
    maxConcurrency: 4,
    ...more,
  });
}
