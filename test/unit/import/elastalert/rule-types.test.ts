import { expect } from "chai";
import { evaluate } from "../../../../src/detect/evaluate.ts";
import { importElastalert } from "../../../../src/import/elastalert/import-elastalert.ts";
import { readForeignFile } from "../../../../src/import/foreign.ts";
import { ruleFileText } from "../../../../src/import/rule-file.ts";
import type { Observation } from "../../../../src/model/query.ts";
import type { Rule } from "../../../../src/model/rule.ts";
import { readRuleFile } from "../../../../src/rules/read-rule-file.ts";

/** The rule that an ElastAlert rule becomes, compiled as it would be loaded. */
function imported(settings: string): Rule {
  const bytes = new TextEncoder().encode(`name: it\nindex: logs-*\nalert: jira\n${settings}`);
  const { documents } = readForeignFile("it.yaml", bytes);
  const context = { source: "logs", owner: undefined, owners: new Map(), timestamp: "@timestamp" };
  const layered = documents.map((document) => ({ layers: [document], refused: [] }));
  const { rules, notes } = importElastalert(layered, context, new Set());
  expect(rules, JSON.stringify(notes)).to.have.length(1);
  const text = ruleFileText({
    rules,
    notes,
    defaults: { owner: "default", signal: { source: "logs" } },
    schema: "rules.json",
  });
  const read = readRuleFile("it.yaml", new TextEncoder().encode(text), {
    sources: { logs: { type: "elasticsearch" } },
    owners: ["default"],
  });
  const rule = read.entries[0]?.rule;
  if (rule === undefined) throw new Error(JSON.stringify(read.faults));
  return rule;
}

interface Seen {
  readonly now: Observation;
  readonly before?: Observation;
}

function isBad(rule: Rule, { now, before }: Seen): boolean {
  const { limits, noData, signal } = rule;
  const { kind } = evaluate({
    measure: signal.query.measure,
    limits,
    noData,
    state: "inactive",
    current: now,
    reference: before,
    referenceHadData: true,
    stale: false,
  });
  return kind === "breached";
}

const value = (number: number, before?: number): Seen => ({
  now: { labels: {}, value: number, events: number },
  ...(before === undefined ? {} : { before: { labels: {}, value: before, events: before } }),
});
const share = (bad: number, total: number): Seen => ({
  now: { labels: {}, value: bad / total, events: total, badEvents: bad },
});

/**
 * When each type matches, as ElastAlert 2's page of rule types has it: one under the limit, at it, one over it. `matches` is what its
 * documentation and its comparison say, not what we do.
 */
const cases: readonly {
  readonly what: string;
  readonly rule: string;
  readonly seen: readonly [Seen, Seen, Seen];
  readonly matches: readonly [boolean, boolean, boolean];
}[] = [
  {
    what: "frequency: at least num_events",
    rule: "type: frequency\nnum_events: 50\ntimeframe: { minutes: 5 }",
    seen: [value(49), value(50), value(51)],
    matches: [false, true, true],
  },
  {
    what: "flatline: fewer than threshold",
    rule: "type: flatline\nthreshold: 5\ntimeframe: { minutes: 5 }",
    seen: [value(4), value(5), value(6)],
    matches: [true, false, false],
  },
  {
    what: "spike up: at least spike_height times the reference",
    rule: "type: spike\nspike_height: 3\nspike_type: up\ntimeframe: { minutes: 5 }",
    seen: [value(299, 100), value(300, 100), value(301, 100)],
    matches: [false, true, true],
  },
  {
    what: "spike up by a factor that is no whole number",
    rule: "type: spike\nspike_height: 1.5\nspike_type: up\ntimeframe: { minutes: 5 }",
    seen: [value(4, 3), value(5, 3), value(6, 3)],
    matches: [false, true, true],
  },
  {
    what: "spike up of a hundred million events",
    rule: "type: spike\nspike_height: 3\nspike_type: both\ntimeframe: { minutes: 5 }",
    seen: [value(299_999_999, 100_000_000), value(300_000_000, 100_000_000), value(300_000_001, 100_000_000)],
    matches: [false, true, true],
  },
  {
    what: "spike down: at most the reference divided by spike_height",
    rule: "type: spike\nspike_height: 3\nspike_type: down\ntimeframe: { minutes: 5 }",
    seen: [value(99, 300), value(100, 300), value(101, 300)],
    matches: [true, true, false],
  },
  {
    what: "spike with threshold_cur: the current window must reach it",
    rule: "type: spike\nspike_height: 3\nspike_type: up\nthreshold_cur: 20\ntimeframe: { minutes: 5 }",
    seen: [value(19, 2), value(20, 2), value(21, 2)],
    matches: [false, true, true],
  },
  {
    what: "spike down with threshold_ref: the reference must reach it",
    rule: "type: spike\nspike_height: 3\nspike_type: down\nthreshold_ref: 20\ntimeframe: { minutes: 5 }",
    seen: [value(1, 19), value(1, 20), value(1, 21)],
    matches: [false, true, true],
  },
  {
    what: "metric_aggregation: over max_threshold",
    rule: "type: metric_aggregation\nmetric_agg_key: took\nmetric_agg_type: avg\nmax_threshold: 200\nbuffer_time: { minutes: 5 }",
    seen: [value(199), value(200), value(201)],
    matches: [false, false, true],
  },
  {
    what: "metric_aggregation: under min_threshold",
    rule: "type: metric_aggregation\nmetric_agg_key: took\nmetric_agg_type: sum\nmin_threshold: 200\nbuffer_time: { minutes: 5 }",
    seen: [value(199), value(200), value(201)],
    matches: [true, false, false],
  },
  {
    what: "metric_aggregation of a percentile",
    rule: "type: metric_aggregation\nmetric_agg_key: took\nmetric_agg_type: percentiles\npercentile_range: 99\nmax_threshold: 200\nbuffer_time: { minutes: 5 }",
    seen: [value(199), value(200), value(201)],
    matches: [false, false, true],
  },
  {
    what: "metric_aggregation with min_doc_count: so many documents",
    rule: "type: metric_aggregation\nmetric_agg_key: took\nmetric_agg_type: avg\nmax_threshold: 1\nmin_doc_count: 5\nbuffer_time: { minutes: 5 }",
    seen: [value(4), value(5), value(6)],
    matches: [false, true, true],
  },
  {
    what: "percentage_match: over max_percentage",
    rule: "type: percentage_match\nmatch_bucket_filter: [{ term: { a: b } }]\nmax_percentage: 5\nbuffer_time: { minutes: 5 }",
    seen: [share(49, 1_000), share(50, 1_000), share(51, 1_000)],
    matches: [false, false, true],
  },
  {
    what: "percentage_match: under min_percentage",
    rule: "type: percentage_match\nmatch_bucket_filter: [{ term: { a: b } }]\nmin_percentage: 95\nbuffer_time: { minutes: 5 }",
    seen: [share(949, 1_000), share(950, 1_000), share(951, 1_000)],
    matches: [true, false, false],
  },
  {
    what: "cardinality: over max_cardinality",
    rule: "type: cardinality\ncardinality_field: user\nmax_cardinality: 10\ntimeframe: { minutes: 5 }",
    seen: [value(9), value(10), value(11)],
    matches: [false, false, true],
  },
  {
    what: "cardinality: under min_cardinality",
    rule: "type: cardinality\ncardinality_field: user\nmin_cardinality: 10\ntimeframe: { minutes: 5 }",
    seen: [value(9), value(10), value(11)],
    matches: [true, false, false],
  },
  {
    what: "any: a document",
    rule: "type: any",
    seen: [value(0), value(1), value(2)],
    matches: [false, true, true],
  },
  {
    what: "blacklist: a document with a listed value",
    rule: "type: blacklist\ncompare_key: user\nblacklist: [eve]",
    seen: [value(0), value(1), value(2)],
    matches: [false, true, true],
  },
  {
    what: "whitelist: a document with another value",
    rule: "type: whitelist\ncompare_key: user\nignore_null: true\nwhitelist: [alice]",
    seen: [value(0), value(1), value(2)],
    matches: [false, true, true],
  },
  {
    what: "change: a second value within the timeframe",
    rule: "type: change\ncompare_key: country\nquery_key: user\nignore_null: true\ntimeframe: { hours: 1 }",
    seen: [value(1), value(2), value(3)],
    matches: [false, true, true],
  },
];

describe("rules of ElastAlert at their limits", () => {
  for (const { what, rule, seen, matches } of cases) {
    it(`${what}: one under it, at it, one over it`, () => {
      const own = imported(rule);
      expect(seen.map((each) => isBad(own, each))).to.deep.equal(matches);
    });
  }
});
