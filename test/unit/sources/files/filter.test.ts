import { expect } from "chai";
import type { Source } from "../../../../src/sources/source.ts";
import { ask, type Fixture, makeFixture, measureOf, ndjson, never, query } from "./files-fixture.ts";

describe("filters of a files source", () => {
  let fixture: Fixture;
  let source: Source;

  before(() => {
    fixture = makeFixture();
    fixture.write(
      "log/a.ndjson",
      ndjson([
        { status: 500, url: { path: "/a" }, "odd name": "x'y", tags: ["red", "blue"], Level: "ERROR", ms: 1.5 },
        { status: 404, url: { path: "/b%" }, tags: ["red"], Level: "INFO", ok: true },
        { status: 200, url: { path: "/a" }, Level: "info", "url.path": "/flat" },
      ]),
    );
    source = fixture.source();
  });
  after(() => fixture.close());

  for (const [filter, count] of [
    ["status >= 400", 2],
    ["status >= 400 AND url.path = '/a'", 1],
    ["\"url.path\" = '/flat'", 1],
    ["\"odd name\" = 'x''y'", 1],
    ["url.path LIKE '/b%' OR url.path LIKE '/f%'", 2],
    ["list_contains(tags, 'blue')", 1],
    ["list_has_any(tags, ['blue', 'red'])", 2],
    ["tags IS NULL", 1],
    ["NOT ok", 0],
    ["ok", 1],
    ["level = 'ERROR'", 1],
    ["lower(Level) = 'info'", 2],
    ["regexp_matches(url.path, '^/[ab]')", 2],
    ["status BETWEEN 400 AND 499", 1],
    ["status IN (404, 500)", 2],
    ["status NOT IN (404, 500)", 1],
    ["CASE WHEN status = 500 THEN true ELSE false END", 1],
    ["TRY_CAST(url.path AS INTEGER) IS NULL", 3],
    ["coalesce(ms, 0) > 1", 1],
    ["round(ms * 2) = 3", 1],
    ["status % 100 = 4 -- a comment ends with the filter", 1],
    ["status /* not 404 */ = 500", 1],
    ["no.such.field = 1", 0],
    ["no.such.field IS NULL", 3],
    ["status = '500'", 1],
    ["date_part('hour', CAST(\"@timestamp\" AS TIMESTAMP)) = 10", 3],
  ] as const) {
    it(`counts ${count} events by ${filter}`, async () => {
      expect(await measureOf(source, { filters: [filter] })).to.equal(count);
    });
  }

  for (const filter of [
    "1=1; DROP TABLE t0",
    "1=1); DROP TABLE t0; --",
    "1=1) OR (1=1",
    "'",
    '"unbalanced',
    "status = 500 LIMIT 1",
    "true ORDER BY 1",
    "true UNION SELECT 1",
    "true GROUP BY 1",
    "",
    "--",
    "/* open",
    "read_text('/etc/passwd') IS NOT NULL",
    "status IN (SELECT 1)",
    "EXISTS (FROM read_text('/etc/passwd'))",
    "(SELECT count(*) FROM '/etc/passwd') > 0",
    "(FROM t0) IS NULL",
    "count(*) > 1",
    "row_number() OVER () = 1",
    "COLUMNS(*) = 1",
    "$1 = 1",
    "? = 1",
    "list_filter(tags, lambda x: true) IS NULL",
    "getenv('HOME') = 'x'",
    "current_setting('memory_limit') = 'x'",
    "getvariable('x') = 1",
    "now() > TIMESTAMP '2026-01-01'",
    "random() > 0.5",
    "nextval('x') = 1",
    "repeat('x', 1000000000) = 'x'",
    "len(range(1000000000)) = 1",
    "query('SELECT 1') = 1",
    "json_execute_serialized_sql('x') = 1",
    "system.main.lower('A') = 'a'",
    "pg_sleep(5) = 1",
    "sleep_ms(5000) = 1",
    "write_log('x') = 1",
    "status = 99999999999999999999",
    "status = 1e999",
    "status = 500\0",
    "x".repeat(10_001),
    "((".repeat(4_000),
  ]) {
    it(`refuses ${JSON.stringify(filter.slice(0, 60))}, for good`, async () => {
      const answer = await ask(source, { filters: [filter] });
      expect(answer).to.have.nested.property("failure.code", "refused");
      expect(answer).to.have.nested.property("failure.retryable", false);
      expect(answer).to.have.nested.property("failure.message").with.length.within(10, 300);
      expect(await measureOf(source)).to.equal(3);
    });
  }

  it("refuses a condition that fails on the data, and a filter that is no SQL", async () => {
    for (const filters of [["CAST(url.path AS INTEGER) = 1"], ["status + url.path"], [{ match: { status: 500 } }]]) {
      expect(await ask(source, { filters })).to.have.nested.property("failure.code", "refused");
    }
  });

  it("reports unknown fields with what was probably meant, when asked to check", async () => {
    const faults = await source.check(
      [query({ filters: ["statsu = 500"], by: ["url.pth"], where: { levle: ["x"] } })],
      never,
    );
    expect(faults.map(({ severity, fix }) => [severity, fix])).to.eql([
      ["error", "did you mean Level?"],
      ["error", "did you mean url.path?"],
      ["error", "did you mean status?"],
    ]);
  });
});
