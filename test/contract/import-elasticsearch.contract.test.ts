import type { estypes } from "@elastic/elasticsearch";
import { expect } from "chai";
import { stringify } from "yaml";
import { importInto } from "../support/import-project.ts";
import { runProduct } from "../support/product.ts";
import { makeProjectFolder, type ProjectFolder } from "../support/project-folder.ts";
import { type Elasticsearch, startElasticsearch } from "../support/services/elasticsearch.ts";
import { startOrSkip } from "../support/services/service-missing.ts";

const end = Date.UTC(2026, 0, 5, 12);
const minute = 60_000;
const hour = 60 * minute;
const hosts = ["web-1", "web-2", "canary-1"];
const messages = ["payment failed: card", "Connection timeout while reading", "Timeout", "ok"];
const levels = ["ERROR", "WARN", "INFO"];
const paths = ["/checkout/pay", "/checkout/cart", "/health"];

/** Two hours of events with every mixture of their values; texts are mapped as Elasticsearch does by itself. */
const events = Array.from({ length: 2 * 3 * 4 * 3 * 3 * 3 }, (_, place) => ({
  "@timestamp": new Date(end - 2 * hour + place * 33_000).toISOString(),
  host: hosts[place % 3],
  message: messages[Math.floor(place / 3) % 4],
  level: levels[Math.floor(place / 12) % 3],
  path: paths[Math.floor(place / 36) % 3],
  status: [200, 404, 500][Math.floor(place / 108) % 3],
  took_ms: (place * 37) % 1_000,
}));

type Filter = estypes.QueryDslQueryContainer;
/** Filters as rules of ElastAlert have them. */
const filters: Readonly<Record<string, readonly Filter[]>> = {
  "a word of a text": [{ term: { message: "timeout" } }],
  "a word of a text in another case": [{ term: { message: "Timeout" } }],
  "words of a text": [{ terms: { level: ["error", "warn"] } }],
  "whole values beside a text": [{ term: { "level.keyword": "ERROR" } }],
  "several whole values": [{ terms: { "path.keyword": ["/checkout/pay", "/health"] } }],
  numbers: [{ terms: { status: [404, 500] } }],
  "a query": [{ query_string: { query: "status:[400 TO 599] AND NOT message:failed" } }],
  "two queries": [
    { query_string: { query: "level:ERROR OR level:WARN" } },
    { query_string: { query: "host:canary*" } },
  ],
  "a query with options": [
    { query_string: { query: "failed reading", default_field: "message", default_operator: "OR" } },
  ],
  "nested conditions": [
    {
      bool: {
        must: [
          { range: { took_ms: { gte: 100, lt: 800 } } },
          {
            bool: {
              should: [{ match_phrase: { message: "payment failed" } }, { wildcard: { "path.keyword": "/checkout*" } }],
              minimum_should_match: 1,
            },
          },
        ],
        must_not: [{ term: { "host.keyword": "canary-1" } }],
      },
    },
  ],
  "the same field twice": [{ terms: { "level.keyword": ["ERROR", "WARN"] } }, { term: { "level.keyword": "WARN" } }],
  "prefix, regular expression and existence": [
    { prefix: { "path.keyword": "/check" } },
    { regexp: { "host.keyword": "web-[12]" } },
    { exists: { field: "took_ms" } },
  ],
  nothing: [],
};
const names = Object.keys(filters);

const configuration = (url: string) => `apiVersion: backfeed/v1
instance: import
sources:
  logs: { type: elasticsearch, nodes: ["${url}"], delay: 0s }
trackers: { local: { type: local } }
tracker: local
`;

interface Row {
  readonly rule: string;
  readonly value: number;
}

describe("imported filters of ElastAlert, against a real Elasticsearch", function () {
  this.timeout(400_000);
  let elasticsearch: Elasticsearch;
  let project: ProjectFolder;
  let rows: readonly Row[];

  before(async function () {
    elasticsearch = await startOrSkip(this, () => startElasticsearch());
    await elasticsearch.client.bulk({
      refresh: true,
      operations: events.flatMap((event) => [{ create: { _index: "logs-shop" } }, event]),
    });
    const rules = names.map((name, place) => ({
      name: `rule ${place}`,
      type: "frequency",
      index: "logs-*",
      num_events: 1,
      timeframe: { hours: 1 },
      // Old rules wrap a query.
      filter: (filters[name] ?? []).map((filter) => (place % 2 === 0 ? filter : { query: filter })),
      alert: "jira",
    }));
    project = await makeProjectFolder({
      "config/backfeed.yaml": configuration(elasticsearch.url),
      "config/owners.yaml": "default: {}\n",
      "elastalert.yaml": rules.map((rule) => stringify(rule)).join("---\n"),
    });
    const { made, notes } = await importInto(project.path, "elastalert", ["elastalert.yaml"]);
    expect(notes.filter(({ kind }) => kind === "refused")).to.deep.equal([]);
    await project.put("rules/elastalert.yaml", made[0]?.rules.text ?? "");
    const args = ["run", "--once", "--dry-run", "--at", new Date(end).toISOString(), "--json"];
    const { code, out, err } = await runProduct(args, { cwd: project.path });
    expect(code, err).to.equal(0);
    rows = JSON.parse(out) as Row[];
  });
  after(async () => {
    await project?.remove();
    await elasticsearch?.stop();
  });

  it("are fields that the index has", async () => {
    const { code, out } = await runProduct(["check", "--online"], { cwd: project.path });
    expect(code, out).to.equal(0);
  });

  it("are told of when no index has the field of one", async () => {
    const filter = [{ bool: { should: [{ term: { sevrity: "high" } }, { exists: { field: "status" } }] } }];
    await project.put(
      "unknown.yaml",
      stringify({ name: "unknown", type: "any", index: "logs-*", filter, alert: "jira" }),
    );
    const { made } = await importInto(project.path, "elastalert", ["unknown.yaml"]);
    await project.put("rules/unknown.yaml", made[0]?.rules.text ?? "");
    const { code, out } = await runProduct(["check", "--online"], { cwd: project.path });
    await project.put("rules/unknown.yaml", "apiVersion: backfeed/v1\nrules: []\n");
    expect(code, out).to.equal(0);
    expect(out).to.contain("no index of logs-* has the field sevrity (filter)");
    expect(out).to.not.contain("the field status");
  });

  for (const [place, name] of names.entries()) {
    it(`${name}: as many documents as ElastAlert's own query finds`, async () => {
      const window = {
        range: { "@timestamp": { gte: new Date(end - hour).toISOString(), lt: new Date(end).toISOString() } },
      };
      const query = { bool: { filter: [...(filters[name] ?? []), window] } };
      const { count } = await elasticsearch.client.count({ index: "logs-*", query });
      if (!name.includes("another case")) expect(count).to.be.greaterThan(0);
      expect(rows.find(({ rule }) => rule === `rule-${place}`)?.value).to.equal(count);
    });
  }
});
