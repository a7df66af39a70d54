import { gzipSync } from "node:zlib";
import { expect } from "chai";
import fc from "fast-check";
import { type Fixture, makeFixture, measureOf, never, observe, query, window } from "./files-fixture.ts";

const at = new Date(window.from + 1_000).toISOString();
/** An event whose message is written in JSON just so. */
const line = (message: string, more = "") => `{"@timestamp":"${at}","message":"${message}"${more}}\n`;
const skipped = ({ logged }: Fixture) => logged.map(({ code, facts }) => [code, facts?.["lines"]]);

describe("half characters in NDJSON", () => {
  let fixture: Fixture;
  beforeEach(() => {
    fixture = makeFixture();
  });
  afterEach(() => fixture.close());

  const read = (content: string | Uint8Array, file = "a.ndjson", cacheBytes = 1_000_000_000) => {
    fixture.write(`log/${file}`, content);
    return fixture.source({ cacheBytes });
  };
  const messages = async (source: ReturnType<typeof read>, limit = 1_000) => {
    const wanted = { query: query(), labels: {}, window, badOnly: false, limit, fields: ["message"] };
    const samples = await source.samples({ ...wanted, maxValueLength: 1_000 }, never);
    return samples.flatMap((sample) => sample.fields.map(([, value]) => value)).sort();
  };

  const cases = [
    ["a high one alone", String.raw`\ud800 x`, "\ufffd x"],
    ["a low one alone", String.raw`x \udc00`, "x \ufffd"],
    ["capital digits", String.raw`\uDBFF\uD800`, "\ufffd\ufffd"],
    ["a pair the wrong way round", String.raw`\udd8a\ud83e`, "\ufffd\ufffd"],
    ["a high one before a pair", String.raw`\ud83e\ud83e\udd8a`, "\ufffd\u{1f98a}"],
    ["a low one behind a pair", String.raw`\ud83e\udd8a\udd8a`, "\u{1f98a}\ufffd"],
    ["an escaped backslash before it", String.raw`\\\ud800`, "\\\ufffd"],
    ["an escaped backslash inside what would be a pair", String.raw`\ud83e\\udd8a`, "\ufffd\\udd8a"],
    ["text that looks like one, beside one", String.raw`\\ud800 \\\\udc00 \ud800`, "\\ud800 \\\\udc00 \ufffd"],
    ["text that looks like a pair, beside one", String.raw`\\ud83e\udd8a`, "\\ud83e\ufffd"],
    ["other escapes", String.raw`\"\/\n\u0041\ue000\ud800`, '"/\nA\ue000\ufffd'],
    ["SQL and the signs of a replacement", String.raw`'; DROP TABLE t0; -- \\1 \\0 $1 \ud800`, null],
  ] as const;
  for (const [name, written, message] of cases) {
    it(`counts an event with ${name}`, async () => {
      const source = read(line(written));
      expect(await measureOf(source)).to.equal(1);
      expect(await messages(source)).to.eql([message ?? "'; DROP TABLE t0; -- \\1 \\0 $1 \ufffd"]);
      expect(fixture.logged).to.eql([]);
      expect(await source.check([query()], never)).to.eql([]);
    });
  }

  it("leaves whole pairs and text that looks like half of one as they are", async () => {
    const source = read(line(String.raw`\ud83e\udd8a`) + line(String.raw`\\ud800`) + line(String.raw`\ud800`));
    expect(await messages(source)).to.eql(["\\ud800", "\u{1f98a}", "\ufffd"].sort());
  });

  it("finds the fields that only such a line has, also by a name with one", async () => {
    const source = read(line("x") + line(String.raw`\udfff`, String.raw`,"ms":7,"a\ud800":{"b":["y"]}`));
    expect(await measureOf(source, { measure: { kind: "max", field: "ms" } })).to.equal(7);
    expect(await measureOf(source, { where: { "a\ufffd.b": ["y"] } })).to.equal(1);
    expect((await observe(source, { by: ["message"] })).map(({ labels }) => labels["message"]).sort()).to.eql([
      "x",
      "\ufffd",
    ]);
  });

  it("skips and tells what is no event even so", async () => {
    const junk = `{"message":"\\ud800\n"\\ud800"\n["\\udc00"]\n{"message":"\\ud800"}}\n{"message":"\\ud800\\x"}\nud800\n`;
    const source = read(line("x") + junk + line(String.raw`\ud800`));
    expect(await measureOf(source)).to.equal(2);
    expect(skipped(fixture)).to.eql([["FILES_LINES_SKIPPED", 6]]);
  });

  it("is not misled by control characters, carriage returns, other bytes and quotes between", async () => {
    const odd = Buffer.from([0x22, 0xff, 0xfe, 0x0a, 0x00, 0x0a, 0x61, 0x0d, 0x62, 0x0a, 0x01, 0x0a, 0x27, 0x0a]);
    const half = Buffer.from(line(String.raw`\ud800`).replace("\n", "\r\n"));
    const source = read(Buffer.concat([odd, half, odd, Buffer.from(line("x")), half, odd]));
    expect(await measureOf(source)).to.equal(3);
    expect(skipped(fixture)).to.eql([["FILES_LINES_SKIPPED", 15]]);
  });

  for (const [name, cacheBytes] of [
    ["kept", 1_000_000_000],
    ["read anew each time", 0],
  ] as const) {
    it(`reads them in .gz and among several files, ${name}`, async () => {
      fixture.write("log/b.ndjson", line("plain").repeat(2));
      fixture.write("log/c.ndjson.gz", gzipSync(line("zipped") + line(String.raw`\ud800 zipped`)));
      const source = read(line(String.raw`\udc00`) + line("fine"), "a.ndjson", cacheBytes);
      expect(await messages(source)).to.eql(["fine", "plain", "plain", "zipped", "\ufffd", "\ufffd zipped"]);
      expect(fixture.logged).to.eql([]);
      fixture.write("log/b.ndjson", line("plain") + line(String.raw`later \ud800`));
      expect(await measureOf(source)).to.equal(6);
    });
  }

  it("reads what JSON reads, for any mix of escapes", async () => {
    const parts = fc.constantFrom(
      ...[String.raw`\ud83e`, String.raw`\udd8a`, String.raw`\uD800`, String.raw`\uDFFF`, String.raw`\\`, "ud800", "u"],
      ...[String.raw`\"`, String.raw`\u0001`, String.raw`\ue000`, "\u{1f98a}", "\u00e9", "'", "b", " "],
    );
    const written = fc.sample(fc.array(parts, { minLength: 1, maxLength: 12 }), 2_000).map((some) => some.join(""));
    const parsed = written.map((text) => JSON.parse(`"${text}"`) as string);
    const wanted = parsed.map((text) => text.replace(/\p{Surrogate}/gu, "\ufffd")).sort();
    expect(await messages(read(written.map((text) => line(text)).join("")), 5_000)).to.eql(wanted);
  });

  it("counts 100,000 of them within little memory, and a line of 4 MB", async () => {
    const half = line(String.raw`\ud800 ${"x".repeat(400)}`);
    const long = line(String.raw`${"y".repeat(4_000_000)} \ud800`);
    fixture.write("log/a.ndjson", half.repeat(50_000) + long + half.repeat(49_999));
    const source = fixture.source({ memoryLimit: "300MB" });
    expect(await measureOf(source)).to.equal(100_000);
    expect(fixture.logged).to.eql([]);
  });

  it("counts those with long lines, and tells the one that is too long", async () => {
    const half = line(String.raw`${"x".repeat(100_000)} \ud800`);
    fixture.write("log/a.ndjson", half.repeat(500) + line(String.raw`${"y".repeat(4_300_000)} \ud800`) + line("z"));
    expect(await measureOf(fixture.source())).to.equal(501);
    expect(skipped(fixture)).to.eql([["FILES_LINES_SKIPPED", 1]]);
  });
});
