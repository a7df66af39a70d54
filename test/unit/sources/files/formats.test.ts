import { gzipSync } from "node:zlib";
import { DuckDBInstance } from "@duckdb/node-api";
import { expect } from "chai";
import { ask, type Fixture, makeFixture, measureOf, ndjson, never, observe, query, window } from "./files-fixture.ts";

const at = (seconds: number) => new Date(window.from + seconds * 1_000).toISOString();

describe("formats of a files source", () => {
  let fixture: Fixture;
  beforeEach(() => {
    fixture = makeFixture();
  });
  afterEach(() => fixture.close());

  const read = (file: string, content: string | Uint8Array, timestamp = "@timestamp") => {
    fixture.write(file, content);
    return fixture.source({ tables: { log: { path: file, timestamp } } });
  };
  const samplesOf = async (source: ReturnType<typeof read>, fields: string[]) => {
    const wanted = { query: query(), labels: {}, window, badOnly: false, limit: 10, fields, maxValueLength: 100 };
    return (await source.samples(wanted, never)).map((sample) => sample.fields.map(([, value]) => value));
  };

  describe("NDJSON", () => {
    it("keeps fields apart that differ only in case, and hostile names whole", async () => {
      const odd = "a\"b'c;--\u00e9/~\\x";
      const source = read("a.json", ndjson([{ Name: "big", name: "small", [odd]: { "": 1, "x y": 2 } }]));
      expect(await samplesOf(source, ["Name", "name", `${odd}.`, `${odd}.x y`])).to.eql([["big", "small", "1", "2"]]);
      expect(await measureOf(source, { where: { Name: ["big"], [`${odd}.x y`]: [2] } })).to.equal(1);
    });

    it("takes a field that is text here and a number there as both", async () => {
      const source = read("a.json", ndjson([{ v: 10 }, { v: "20" }, { v: "many" }, { v: true }, { v: [5, "x"] }, {}]));
      expect(await measureOf(source, { measure: { kind: "sum", field: "v" } })).to.equal(35);
      expect(await measureOf(source, { where: { v: [10] } })).to.equal(1);
      const groups = await observe(source, { by: ["v"] });
      expect(groups.map((group) => group.labels["v"]).sort()).to.eql(["10", "20", "5", "many", "true", "x"]);
    });

    it("reads objects in arrays as several values", async () => {
      const items = [{ sku: "a", qty: 2 }, { sku: "b", qty: 3 }, { sku: "b" }];
      const source = read("a.json", ndjson([{ items }, { items: [] }, { items: [{ sku: "c", qty: 10 }] }]));
      expect(await measureOf(source, { measure: { kind: "sum", field: "items.qty" } })).to.equal(15);
      expect(
        (await observe(source, { by: ["items.sku"] })).map((group) => [group.labels["items.sku"], group.events]),
      ).to.have.deep.members([
        ["a", 1],
        ["b", 1],
        ["c", 1],
      ]);
    });

    it("tells a single value from a list of one only where it must", async () => {
      const source = read("a.json", ndjson([{ tag: "x" }, { tag: ["x", "y"] }]));
      expect(await measureOf(source, { where: { tag: ["x"] } })).to.equal(2);
      expect(await measureOf(source, { where: { tag: ["y"] } })).to.equal(1);
      expect(await measureOf(source, { measure: { kind: "unique", field: "tag" } })).to.equal(2);
    });

    it("keeps 64-bit ids exact", async () => {
      const line = (id: string) => `{"@timestamp":"${at(1)}","id":${id}}\n`;
      const source = read("a.json", line("18446744073709551615") + line("18446744073709551614"));
      expect(await measureOf(source, { measure: { kind: "unique", field: "id" } })).to.equal(2);
      expect((await observe(source, { by: ["id"] })).map((group) => group.labels["id"]).sort()).to.eql([
        "18446744073709551614",
        "18446744073709551615",
      ]);
      expect(await measureOf(source, { where: { id: ["18446744073709551615"] } })).to.equal(1);
    });

    it("prints numbers as JSON does", async () => {
      const source = read("a.json", ndjson([{ v: 1 }, { v: 1.5 }, { v: 1e-7 }]));
      expect((await observe(source, { by: ["v"] })).map((group) => group.labels["v"]).sort()).to.eql([
        "1",
        "1.5",
        "1e-7",
      ]);
      expect((await samplesOf(source, ["v"])).flat().sort()).to.eql(["1", "1.5", "1e-7"]);
    });

    it("refuses numbers of text, for good", async () => {
      const source = read("a.json", ndjson([{ v: "x" }]));
      const answer = await ask(source, { measure: { kind: "avg", field: "v" } });
      expect(answer).to.have.nested.property("failure.message", "avg needs numbers, and the field v holds text");
      expect(answer).to.have.nested.property("failure.retryable", false);
    });

    it("counts lines that are no events, says so once, and goes on", async () => {
      const bad = `not json\n[1,2]\n{"a":\n"text"\n`;
      const source = read("a.json", ndjson([{}, {}]) + bad + ndjson([{}]));
      expect(await measureOf(source)).to.equal(3);
      expect(await measureOf(source)).to.equal(3);
      expect(fixture.logged.map(({ code, facts }) => [code, facts?.["lines"]])).to.eql([["FILES_LINES_SKIPPED", 4]]);
      const [fault] = await source.check([query()], never);
      expect(fault).to.include({ severity: "warning", message: "4 lines of table log are no events and were skipped" });
    });
  });

  describe("timestamps", () => {
    const instants = [
      ["ISO 8601 in UTC", '"2026-01-05T10:00:00.999Z"', 1],
      ["ISO 8601 with an offset", '"2026-01-05T12:04:59.999+02:00"', 1],
      ["an offset without colon", '"2026-01-05T05:00:00.000-0500"', 1],
      ["a blank instead of T, without offset, as UTC", '"2026-01-05 10:04:59"', 1],
      ["microseconds, cut", '"2026-01-05T10:04:59.999999Z"', 1],
      ["the window's end", '"2026-01-05T10:05:00.000Z"', 0],
      ["one millisecond before its start", '"2026-01-05T09:59:59.999999Z"', 0],
      ["milliseconds", String(window.from), 1],
      ["seconds", String(window.from / 1_000), 1],
      ["seconds with fraction", "1767607499.999", 1],
      ["seconds before the window", "1767607199.9999", 0],
      ["nanoseconds", `${window.from}000000`, 1],
      ["milliseconds as text", `"${window.from}"`, 1],
      ["what is no time", '"yesterday"', 0],
    ] as const;
    for (const [name, instant, count] of instants) {
      it(`reads ${name}`, async () => {
        expect(await measureOf(read("a.json", `{"t":${instant}}\n`, "t"))).to.equal(count);
      });
    }

    it("reports events without one, and a table that has none", async () => {
      expect(await measureOf(read("a.json", `{"t":1}\n{"t":"x"}\n{}\n`, "t"))).to.equal(0);
      expect(fixture.logged.map(({ code, facts }) => [code, facts?.["events"]])).to.eql([
        ["FILES_EVENTS_WITHOUT_TIME", 2],
      ]);
      const [fault] = await read("b.json", `{"t":1}\n`, "time").check([query()], never);
      expect(fault?.message).to.contain("timestamp field time");
    });
  });

  describe("CSV", () => {
    const csv = `time;service.name;status;ms;ok;note
2026-01-05 10:00:01;a;200;1.5;true;"said ""hi""; twice"
2026-01-05 10:00:02;a;500;;false;
2026-01-05 10:00:03;b;200;2.5;true;"two
lines"
2026-01-05 11:00:00;b;200;9;true;x
`;
    for (const [file, content] of [
      ["a.csv", csv],
      ["a.csv.gz", gzipSync(csv)],
      ["a.tsv", csv.replaceAll(";", "\t").replace('hi""\t', 'hi"";')],
    ] as const) {
      it(`reads types, quotes and empty cells of ${file}`, async () => {
        const source = read(file, content, "time");
        expect(await measureOf(source)).to.equal(3);
        expect(await measureOf(source, { filters: ["status >= 500"], where: { ok: [false] } })).to.equal(1);
        expect(await measureOf(source, { measure: { kind: "avg", field: "ms" } })).to.equal(2);
        expect(
          await observe(source, { by: ["service.name"], measure: { kind: "ratio", bad: "status = 500" } }),
        ).to.have.deep.members([
          { labels: { "service.name": "a" }, events: 2, badEvents: 1, value: 0.5 },
          { labels: { "service.name": "b" }, events: 1, badEvents: 0, value: 0 },
        ]);
        expect(await samplesOf(source, ["time", "note"])).to.eql([
          ["2026-01-05 10:00:03", "two\nlines"],
          ["2026-01-05 10:00:02"],
          ["2026-01-05 10:00:01", 'said "hi"; twice'],
        ]);
      });
    }

    it("counts lines that do not fit", async () => {
      const rows = Array.from({ length: 50 }, (_, row) => `${at(row)},${row}\n`).join("");
      const source = read("a.csv", `time,n\n${rows}${at(1)},1,2,3,4\n${rows}`, "time");
      expect(await measureOf(source)).to.equal(100);
      expect(fixture.logged.map(({ code, facts }) => [code, facts?.["lines"]])).to.eql([["FILES_LINES_SKIPPED", 1]]);
    });
  });

  describe("Parquet", () => {
    it("reads nested, listed and timed columns", async () => {
      const instance = await DuckDBInstance.create();
      const connection = await instance.connect();
      await connection.run(`COPY (SELECT TIMESTAMP '2026-01-05 10:00:01.5' AS "time", DATE '2026-01-05' AS day,
        {'name': 'a', 'deep': {'n': 7::UTINYINT}} AS service, [1.5, NULL, 2.5] AS ms, 12.34::DECIMAL(9,2) AS cost, MAP {'k': 'v'} AS m)
        TO '${fixture.folder}/a.parquet' (FORMAT parquet)`);
      connection.closeSync();
      instance.closeSync();
      const source = fixture.source({ tables: { log: { path: "a.parquet", timestamp: "time" } } });
      expect(await measureOf(source, { where: { "service.deep.n": [7], "service.name": ["a"] } })).to.equal(1);
      expect(await measureOf(source, { measure: { kind: "avg", field: "ms" } })).to.equal(2);
      expect(
        await measureOf(source, { measure: { kind: "max", field: "cost" }, filters: ["day = '2026-01-05'"] }),
      ).to.equal(12.34);
      expect(await samplesOf(source, ["time", "day", "ms", "m"])).to.eql([
        ["2026-01-05T10:00:01.500Z", "2026-01-05", "1.5, 2.5", "{k=v}"],
      ]);
    });
  });

  it("takes the format from the ending, or as it is told", async () => {
    fixture.write("log/odd.log", ndjson([{}]));
    expect(() => fixture.source({ tables: { log: { path: "log/odd.log", timestamp: "@timestamp" } } })).to.throw(
      /set format/,
    );
    const tables = { log: { path: "log/odd.log", timestamp: "@timestamp", format: "ndjson" as const } };
    expect(await measureOf(fixture.source({ tables }))).to.equal(1);
  });
});
