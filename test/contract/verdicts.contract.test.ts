import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { Context } from "mocha";
import { formatLabels } from "../../src/model/labels.ts";
import type { Rule } from "../../src/model/rule.ts";
import type { RuleContext } from "../../src/rules/context.ts";
import { readRuleFile } from "../../src/rules/read-rule-file.ts";
import { createElasticsearchSource } from "../../src/sources/elasticsearch/elasticsearch-source.ts";
import { createFilesSource } from "../../src/sources/files/files-source.ts";
import { createPrometheusSource } from "../../src/sources/prometheus/prometheus-source.ts";
import { createScriptedSource } from "../../src/sources/scripted/scripted-source.ts";
import type { Source } from "../../src/sources/source.ts";
import { createLocalTracker } from "../../src/trackers/local/local-tracker.ts";
import { sharedElasticsearch } from "../support/services/elasticsearch.ts";
import { startPrometheus } from "../support/services/prometheus.ts";
import { startOrSkip } from "../support/services/service-missing.ts";
import { createWorld } from "../support/world.ts";
import { requestSeries, verdictCases, verdictMinutes, verdictSeries } from "./verdict-cases.ts";

const minute = 60_000;
const start = Date.parse("2026-01-05T10:00:00Z");
/** The tick whose window ends with the minute that a value is of. */
const tickOf = (place: number) => start + (place + 1) * minute;
/** In the middle of that minute. */
const eventAt = (place: number) => tickOf(place) - minute / 2;

/** A source that has the series, and the signal of a rule that gives one value a minute and service of it. */
interface Holder {
  readonly source: Source;
  readonly signal: string;
  /** The ratio of bad requests; its window is the rule's own. */
  readonly requests: string;
  close(): Promise<void>;
}

interface HolderKind {
  readonly name: string;
  readonly type: NonNullable<RuleContext["sources"]>[string];
  create(context: Context): Promise<Holder>;
}

const events = () =>
  verdictSeries.flatMap(({ service, values }) =>
    values.flatMap((value, place) =>
      value === undefined ? [] : [{ "@timestamp": new Date(eventAt(place)).toISOString(), service, value }],
    ),
  );

const requests = () =>
  requestSeries.flatMap(({ service, minutes }) =>
    minutes.flatMap(({ total, bad }, place) =>
      Array.from({ length: total }, (_, event) => {
        const failed = event < bad;
        return { "@timestamp": new Date(eventAt(place) + event).toISOString(), service, failed };
      }),
    ),
  );

const ndjson = (all: readonly object[]) => all.map((event) => `${JSON.stringify(event)}\n`).join("");

const scripted: HolderKind = {
  name: "scripted",
  type: { type: "scripted" },
  async create() {
    const series = verdictSeries.map(({ service, values }) => ({
      labels: { service },
      value: values,
      events: values.map((value) => (value === undefined ? undefined : 1)),
    }));
    const source = createScriptedSource({
      name: "s",
      script: {
        values: { start: tickOf(0), stepMs: minute, series },
        requests: {
          start: tickOf(0),
          stepMs: minute,
          windowMs: minute,
          series: requestSeries.map(({ service, minutes }) => ({
            labels: { service },
            total: minutes.map(({ total }) => total),
            bad: minutes.map(({ bad }) => bad),
          })),
        },
      },
    });
    return {
      source,
      signal: "table: values, measure: max(value)",
      requests: "table: requests, measure: ratio, bad: x",
      close: () => source.close(),
    };
  },
};

const others: readonly HolderKind[] = [
  {
    name: "files",
    type: { type: "files", tables: ["values", "requests"] },
    async create() {
      const folder = mkdtempSync(join(tmpdir(), "backfeed-verdicts-"));
      writeFileSync(join(folder, "values.ndjson"), ndjson(events()));
      writeFileSync(join(folder, "requests.ndjson"), ndjson(requests()));
      const tables = {
        values: { path: "values.ndjson", timestamp: "@timestamp" },
        requests: { path: "requests.ndjson", timestamp: "@timestamp" },
      };
      const source = createFilesSource({ name: "s", tables, baseDirectory: folder });
      return {
        source,
        signal: "table: values, measure: max(value)",
        requests: "table: requests, measure: ratio, bad: failed",
        async close() {
          await source.close();
          rmSync(folder, { recursive: true });
        },
      };
    },
  },
  {
    name: "prometheus",
    type: { type: "prometheus" },
    async create(context) {
      const history = verdictSeries.map(({ service, values }) => {
        return { name: "measured_value", labels: { service }, from: eventAt(0), stepMs: minute, values };
      });
      const counted = requestSeries.flatMap(({ service, minutes }) =>
        (["total", "bad"] as const).map((part) => {
          const values = minutes.map((each) => (each.total === 0 ? undefined : each[part]));
          return { name: `requests_${part}`, labels: { service }, from: eventAt(0), stepMs: minute, values };
        }),
      );
      const service = await startOrSkip(context, () => startPrometheus({ history: [...history, ...counted] }));
      const source = createPrometheusSource({ name: "s", url: service.url, timeoutMs: 60_000, maxConcurrency: 4 });
      return {
        source,
        // What stands in the minute that ends: without a range, Prometheus would look five minutes back.
        signal: "promql: 'last_over_time(measured_value[59s])'",
        // What each minute counted, summed: `increase` of a counter would extrapolate to the borders of the window.
        requests:
          "measure: ratio, promql: 'sum by (service) (sum_over_time(requests_total[$window]))', bad: 'sum by (service) (sum_over_time(requests_bad[$window]))'",
        async close() {
          await source.close();
          await service.stop();
        },
      };
    },
  },
  {
    name: "elasticsearch",
    type: { type: "elasticsearch" },
    async create(context) {
      const index = "logs-verdicts";
      const requestIndex = "logs-verdict-requests";
      const { client, url } = await startOrSkip(context, sharedElasticsearch);
      const properties = {
        "@timestamp": { type: "date" },
        service: { type: "keyword" },
        value: { type: "double" },
        failed: { type: "boolean" },
      } as const;
      await client.indices.create({ index, mappings: { properties } });
      await client.indices.create({ index: requestIndex, mappings: { properties } });
      const operations = [
        ...events().flatMap((event) => [{ index: { _index: index } }, event]),
        ...requests().flatMap((event) => [{ index: { _index: requestIndex } }, event]),
      ];
      expect((await client.bulk({ operations, refresh: true })).errors).to.equal(false);
      const source = createElasticsearchSource({
        name: "s",
        nodes: [url],
        timestamp: "@timestamp",
        timeoutMs: 120_000,
        maxConcurrency: 4,
      });
      return {
        source,
        signal: `index: ${index}, measure: max(value)`,
        requests: `index: ${requestIndex}, measure: ratio, bad: "failed:true"`,
        async close() {
          await source.close();
          await client.indices.delete({ index: [index, requestIndex] });
        },
      };
    },
  },
];

const idOf = (place: number) => `case-${place}`;

/** The rules of all cases over a source's signal, as they would be read from a file. */
function rulesOver({ signal, requests: ratio }: Holder, type: HolderKind["type"]): readonly Rule[] {
  const entries = verdictCases.map(({ rule, over }, place) => {
    const keys = rule.replace(/^/gm, "    ");
    const own = over === "requests" ? ratio : signal;
    return `  - id: ${idOf(place)}\n    signal: { source: s, ${own}, by: [service], window: 1m }\n${keys}\n`;
  });
  const defaults = "defaults: { title: x, why: y, mode: report }";
  const text = `apiVersion: backfeed/v1\n${defaults}\nrules:\n${entries.join("")}`;
  const context = { sources: { s: type }, owners: ["default"] };
  const { faults, entries: read } = readRuleFile("verdicts.yaml", new TextEncoder().encode(text), context);
  expect(faults).to.deep.equal([]);
  return read.flatMap(({ rule }) => rule ?? []);
}

/** Every verdict of the real program over the whole time, by rule: `10:05 spike breached 80 > 10 firing`. */
async function verdictsOf(holder: Holder, type: HolderKind["type"]): Promise<ReadonlyMap<string, readonly string[]>> {
  const rules = rulesOver(holder, type);
  const world = await createWorld({
    start: new Date(start).toISOString(),
    rules,
    sources: [holder.source],
    trackers: (store, clock) => [
      createLocalTracker({
        name: "local",
        tickets: store.localTickets,
        clock,
        project: "LOCAL",
        labelPrefix: "backfeed",
        publicUrl: "https://backfeed.example.com",
      }),
    ],
  });
  try {
    const lines = new Map<string, string[]>(rules.map(({ id }) => [id, []]));
    for (const { tick, judged } of await world.through(verdictMinutes)) {
      for (const { judgement } of judged) {
        expect(judgement.failure).to.equal(undefined);
        for (const { labels, verdict, state } of judgement.evaluations) {
          const { kind, value, threshold, reference, usual, reason, burn } = verdict;
          const facts = JSON.stringify({ value, threshold, reference, usual, reason, ...burn });
          lines
            .get(judgement.rule.id)
            ?.push(`${new Date(tick).toISOString().slice(11, 16)} ${formatLabels(labels)} ${kind} ${facts} ${state}`);
        }
      }
    }
    return new Map([...lines].map(([id, each]) => [id, each.sort()]));
  } finally {
    await world.close();
  }
}

describe("verdict contract: the same series give the same verdicts, whatever source they are in", function () {
  this.timeout(400_000);
  let expected: ReadonlyMap<string, readonly string[]>;

  before(async function () {
    const holder = await scripted.create(this);
    expected = await verdictsOf(holder, scripted.type);
    await holder.close();
  });

  it("and the script's are right: `above` by hand, and no case says nothing", () => {
    const above = (expected.get(idOf(0)) ?? []).map((line) => line.replace(/ \{[^{}]*\} \w+$/, ""));
    const breached = verdictSeries.flatMap(({ service, values }) =>
      values.flatMap((value, place) =>
        value !== undefined && value > 10
          ? [`${new Date(tickOf(place)).toISOString().slice(11, 16)} service=${service} breached`]
          : [],
      ),
    );
    expect(breached).to.have.length.of.at.least(50);
    expect(above.filter((line) => line.endsWith(" breached"))).to.have.members(breached);
    for (const [place, { name, kinds }] of verdictCases.entries()) {
      const found = new Set(
        (expected.get(idOf(place)) ?? []).map((line) => / (breached|between|clear|no_data) \{/.exec(line)?.[1]),
      );
      expect([...found], name).to.include.members([...kinds]);
    }
  });

  for (const kind of others) {
    describe(kind.name, () => {
      let found: ReadonlyMap<string, readonly string[]>;

      before(async function () {
        const holder = await kind.create(this);
        try {
          found = await verdictsOf(holder, kind.type);
        } finally {
          await holder.close();
        }
      });

      for (const [place, { name }] of verdictCases.entries()) {
        it(`as the script: ${name}`, () => {
          expect(found.get(idOf(place))).to.deep.equal(expected.get(idOf(place)));
        });
      }
    });
  }
});
