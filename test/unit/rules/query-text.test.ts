import { DuckDBInstance } from "@duckdb/node-api";
import { expect } from "chai";
import { assert, asyncProperty, constantFrom, oneof, property, string } from "fast-check";
import { renderFilter, renderInfra } from "../../../src/rules/infra.ts";
import { sampleText } from "../../../src/rules/templates.ts";
import { BackfeedError } from "../../../src/support/errors.ts";

/** Whatever logs may hold, and what means most in these languages. */
const hostile = oneof(
  string({ unit: "binary", maxLength: 30 }),
  string({
    unit: constantFrom(
      ..."\"'`\\/*?:()[]{}<>=!~^+-&|#$%_ \n\t\0",
      "u0041",
      "OR",
      "AND",
      "NOT ",
      " TO ",
      "--",
      "/*",
      "x",
      "é",
      "😀",
    ),
    maxLength: 12,
  }),
);
const of = (service: string) => sampleText({ service });
const runs = { numRuns: 2_000 };

/** A phrase of Lucene's classic parser, read as its discardEscapeChar reads it. */
function phrase(text: string): string | undefined {
  const [, inner] = /^"((?:[^"\\]|\\.)*)"$/s.exec(text) ?? [];
  return inner?.replace(/\\(.)/gs, (_all, character: string) => {
    if (character === "u") throw new Error("an escaped code unit");
    return character;
  });
}

describe("values in a query", () => {
  it("are a whole phrase of Lucene, and nothing else of it, in quotes of the author's or alone", () => {
    assert(
      property(hostile, (value) => {
        for (const template of ['host:"{{ labels.service }}" AND up:true', "host:{{ labels.service }} AND up:true"]) {
          const query = String(renderFilter("lucene", template, of(value)));
          expect(query.startsWith("host:") && query.endsWith(" AND up:true")).to.equal(true);
          expect(phrase(query.slice("host:".length, -" AND up:true".length))).to.equal(value);
        }
      }),
      runs,
    );
  });

  it("are one text of SQL, as DuckDB itself reads it", async () => {
    const database = await DuckDBInstance.create(":memory:");
    const connection = await database.connect();
    try {
      const check = async (value: string) => {
        if (value.includes("\0") || /\p{Cs}/u.test(value)) return;
        for (const template of ["host = '{{ labels.service }}' AND up", "host IN ({{ labels.service }}) AND up"]) {
          const sql = renderFilter("sql", template, of(value));
          const answer = await connection.runAndReadAll("SELECT json_serialize_sql($1::VARCHAR)", [
            `SELECT 1 WHERE ${String(sql)}`,
          ]);
          const tree = String(answer.getRows()[0]?.[0]);
          const parsed = JSON.parse(tree);
          expect(parsed.error, tree).to.equal(false);
          const [left, right] = parsed.statements[0].node.where_clause.children;
          const texts = [left.right ?? left.children?.[1]].map((node) => node.value.value);
          expect([...texts, right.column_names]).to.deep.equal([value, ["up"]]);
        }
      };
      await assert(asyncProperty(hostile, check), { numRuns: 500 });
    } finally {
      connection.closeSync();
      database.closeSync();
    }
  });

  it("are one string of PromQL, and mean themselves in a regular expression", () => {
    assert(
      property(hostile, (value) => {
        const whole = !/\p{Cs}/u.test(value);
        const of1 = () => String(renderFilter("promql", 'up{job="{{ labels.service }}"}', of(value)));
        if (!whole) return void expect(of1).to.throw(BackfeedError);
        expect(JSON.parse(of1().slice("up{job=".length, -1))).to.equal(value);
        const pattern = String(renderFilter("promql", 'up{job=~"a{{ labels.service }}"}', of(value)));
        const read: string = JSON.parse(pattern.slice("up{job=~".length, -1));
        expect(new RegExp(`^(?:${read})$`, "s").test(`a${value}`)).to.equal(true);
        expect(new RegExp(`^(?:${read})$`, "s").test(`a${value}b`)).to.equal(false);
      }),
      runs,
    );
  });

  for (const [language, template, why] of [
    ["lucene", "host:/{{ labels.service }}/", "regular expression"],
    ["lucene", "time:[{{ labels.service }} TO *]", "range"],
    ["lucene", "time:[1 TO \\]{{ labels.service }}", "glued"],
    ["lucene", "host:web-{{ labels.service }}", "glued"],
    ["lucene", "host:{{ labels.service }}*", "glued"],
    ["lucene", "host:{{ labels.service }}{{ labels.service }}", "glued"],
    ["lucene", "{{ labels.service }}:up", "glued"],
    ["lucene", "n:>{{ labels.service }}", "glued"],
    ["lucene", 'host:"{{ labels.service }}', "does not end"],
    ["lucene", "host:\\{{ labels.service }}", "backslash"],
    ["sql", "x = E'{{ labels.service }}'", "prefix"],
    ["sql", "x = $${{ labels.service }}$$", "glued"],
    ["sql", "x = {{ labels.service }} -- y", "comment"],
    ["sql", '"{{ labels.service }}" = 1', "name"],
    ["sql", "regexp_matches(x, '{{ labels.service }}')", "regular expression"],
    ["sql", "x ~ '{{ labels.service }}'", "regular expression"],
    ["sql", "x = a{{ labels.service }}", "glued"],
    ["promql", "up{job={{ labels.service }}}", "outside of quotes"],
    ["promql", 'up{job="\\{{ labels.service }}"}', "backslash"],
    ["promql", 'up{job="{{ labels.service }}"} # all', "comment"],
    ["promql", 'label_replace(up, "a", "$1", "b", "{{ labels.service }}")', "label_replace"],
  ] as const) {
    it(`are refused where they could be more than a value: ${template}`, () => {
      expect(() => renderFilter(language, template, of("x"))).to.throw(BackfeedError, why);
    });
  }

  it("with characters of a pattern are refused in LIKE and escaped between backticks where they can be", () => {
    expect(() => renderFilter("sql", "x LIKE '{{ labels.service }}%'", of("a_b"))).to.throw(BackfeedError, "LIKE");
    expect(renderFilter("sql", "x LIKE '{{ labels.service }}%'", of("a-b"))).to.equal("x LIKE 'a-b%'");
    expect(() => renderFilter("promql", "up{a=`{{ labels.service }}`}", of("`"))).to.throw(BackfeedError, "backtick");
    expect(renderFilter("promql", "up{a=`{{ labels.service }}`}", of('"\\'))).to.equal('up{a=`"\\`}');
  });

  it("stay data in `where` and under the values of the query DSL, and stand nowhere else of it", () => {
    const value = '"} OR *:*';
    const filter = { bool: { must_not: [{ term: { host: { value: "{{ labels.service }}" } } }] } };
    expect(renderFilter("lucene", filter, of(value))).to.deep.equal({
      bool: { must_not: [{ term: { host: { value } } }] },
    });
    for (const dsl of [
      { query_string: { query: "{{ labels.service }}" } },
      { script: { source: "{{ labels.service }}" } },
      { bool: { filter: { wildcard: { host: "{{ labels.service }}" } } } },
      { regexp: { term: "{{ labels.service }}" } },
    ]) {
      expect(() => renderFilter("lucene", dsl, of(value))).to.throw(BackfeedError, "stands only under term");
    }
    const query = {
      target: "t",
      where: { host: ["{{ labels.service }}", 5], zone: ["a"] },
      filters: [],
      measure: { kind: "count" },
      by: [],
      maxGroups: 1,
    } as const;
    const infra = { source: "s", title: "t", ask: { language: "sql", query } } as const;
    expect(renderInfra(infra, of(value))).to.deep.include({ where: { host: [value, 5], zone: ["a"] } });
  });

  it("of which a secret was taken out are not asked for", () => {
    const label = "token=<secret>";
    expect(() => renderFilter("sql", "x = {{ labels.service }}", of(label))).to.throw(BackfeedError, "secret");
  });

  it("leave a template without any as it was written, and cannot be made text again", () => {
    const written = 'a:/x.*/ AND b:[1 TO 2] AND "c"';
    expect(renderFilter("lucene", written, of("x"))).to.equal(written);
    for (const template of [
      'a:"{{ labels.service | raw }}"',
      '{% capture c %}{{ labels.service }}{% endcapture %}a:"{{ c }}"',
    ]) {
      expect(() => renderFilter("lucene", template, of('" OR b'))).to.throw(BackfeedError);
    }
    expect(renderFilter("lucene", 'a:"{% echo labels.service %}"', of('" OR b'))).to.equal('a:"\\" OR b"');
  });
});
