import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import type { Context } from "mocha";
import { loadRules } from "../../src/app/load-rules.ts";
import { createOfflineGround, type OfflineTick } from "../../src/app/offline/offline-run.ts";
import type { PastCost } from "../../src/app/offline/past-source.ts";
import { replayRules } from "../../src/app/offline/replay-rules.ts";
import { MaintenanceCalendar } from "../../src/detect/maintenance.ts";
import { formatLabels } from "../../src/model/labels.ts";
import { createElasticsearchSource } from "../../src/sources/elasticsearch/elasticsearch-source.ts";
import { createFilesSource } from "../../src/sources/files/files-source.ts";
import { createPrometheusSource } from "../../src/sources/prometheus/prometheus-source.ts";
import type { Source } from "../../src/sources/source.ts";
import { makeProjectFolder, type ProjectFolder } from "../support/project-folder.ts";
import { sharedElasticsearch } from "../support/services/elasticsearch.ts";
import { startPrometheus } from "../support/services/prometheus.ts";
import { startOrSkip } from "../support/services/service-missing.ts";
import { eventRules, overlapping, promqlRules, replayEvents, replayFrom, replayTo, ruleFile } from "./replay-cases.ts";

const minute = 60_000;
const drawnSeed = process.env["SEED"] === "random" ? Date.now() : 20_260_329;
const events = replayEvents(drawnSeed);

/** A source that holds the night, as it is configured, and rules over it. */
interface Holder {
  readonly source: Source;
  /** In the service configuration. */
  readonly config: string;
  readonly rules: fc.Arbitrary<string>;
  /** Among those of every run. */
  readonly always: readonly string[];
  close(): Promise<void>;
}

const holders: readonly { readonly name: string; create(context: Context, folder: ProjectFolder): Promise<Holder> }[] =
  [
    {
      name: "files",
      async create(_, folder) {
        await folder.put("events.ndjson", events.map((event) => `${JSON.stringify(event)}\n`).join(""));
        const tables = { events: { path: "events.ndjson", timestamp: "@timestamp" } };
        const source = createFilesSource({ name: "s", tables, baseDirectory: folder.path, timeoutMs: 120_000 });
        return {
          source,
          config:
            'type: files, delay: 30s, stale_after: 10m, tables: { events: { path: events.ndjson, timestamp: "@timestamp" } }',
          rules: eventRules("table: events", "status >= 500"),
          always: overlapping("table: events", "status >= 500"),
          close: () => source.close(),
        };
      },
    },
    {
      name: "elasticsearch",
      async create(context) {
        const index = "logs-replay";
        const { client, url } = await startOrSkip(context, sharedElasticsearch);
        const keyword = { type: "keyword" } as const;
        const properties = {
          "@timestamp": { type: "date" },
          service: keyword,
          host: keyword,
          user: keyword,
          status: { type: "integer" },
          duration: { type: "integer" },
        } as const;
        await client.indices.create({ index, settings: { number_of_shards: 2 }, mappings: { properties } });
        const operations = events.flatMap((event) => [{ index: { _index: index } }, event]);
        expect((await client.bulk({ operations, refresh: true })).errors).to.equal(false);
        const common = { name: "s", nodes: [url], timestamp: "@timestamp", timeoutMs: 120_000, maxConcurrency: 4 };
        const source = createElasticsearchSource(common);
        return {
          source,
          config: `type: elasticsearch, delay: 30s, stale_after: 10m, nodes: ["${url}"]`,
          rules: eventRules(`index: ${index}`, "status:>=500"),
          always: overlapping(`index: ${index}`, "status:>=500"),
          async close() {
            await source.close();
            await client.indices.delete({ index });
          },
        };
      },
    },
    {
      name: "prometheus",
      async create(context) {
        const steps = Math.round((replayTo - replayFrom) / minute) + 90;
        const from = replayFrom - 90 * minute;
        const wave = (place: number) =>
          Array.from({ length: steps }, (_, at) =>
            at > 160 && at < 200 ? undefined : Math.round(100 + 60 * Math.sin(at / (9 + 5 * place))),
          );
        let total = 0;
        const up = {
          name: "up",
          labels: { job: "shop" },
          from,
          stepMs: minute,
          values: wave(0).map((value) => value && 1),
        };
        const history = ["cart", "mail", "search"].flatMap((service, place) => [
          { name: "load", labels: { service }, from, stepMs: minute, values: wave(place) },
          {
            name: "requests_total",
            labels: { service },
            from,
            stepMs: minute,
            values: wave(place).map((step) => (total += step ?? 0)),
          },
        ]);
        const service = await startOrSkip(context, () => startPrometheus({ history: [up, ...history] }));
        const source = createPrometheusSource({ name: "s", url: service.url, timeoutMs: 60_000, maxConcurrency: 4 });
        return {
          source,
          config: `type: prometheus, delay: 15s, url: "${service.url}"`,
          rules: promqlRules,
          always: [],
          async close() {
            await source.close();
            await service.stop();
          },
        };
      },
    },
  ];

/** Every verdict and decision of one replay, as lines; each tick's in an order of their own. */
async function linesOf(folder: ProjectFolder, source: Source) {
  const loaded = await loadRules({
    file: join(folder.path, "backfeed.yaml"),
    baseDirectory: folder.path,
    environment: {},
  });
  const errors = loaded.allFaults.filter(({ severity }) => severity === "error");
  expect(errors.map(({ message, fix }) => `${message}: ${fix}`)).to.deep.equal([]);
  const { config } = loaded;
  if (config === undefined) throw new Error("no configuration");
  const lines: string[] = [];
  const { cost } = await replayRules({
    variants: [loaded.state.rules],
    sources: [source],
    timings: new Map(Object.entries(config.sources)),
    maintenance: new MaintenanceCalendar([]),
    ground: createOfflineGround(config, (text) => text),
    from: replayFrom,
    to: replayTo,
    signal: new AbortController().signal,
    onTick: (_, tick) => lines.push(...linesOfTick(tick)),
  });
  const spent = cost.get("s");
  if (spent === undefined) throw new Error("the source was not asked");
  return { lines, cost: spent };
}

function linesOfTick({ ticks }: OfflineTick): readonly string[] {
  return ticks
    .flatMap(({ tick, lines }) =>
      lines().map(({ rule, evaluation, action, reason, finding }) => {
        const { kind, value, threshold, reference, events: behind, badEvents } = evaluation.verdict;
        // The last digits of sums and means depend on the order of adding.
        const digits = [value, threshold, reference].map((each) => each?.toPrecision(12) ?? "-").join(" ");
        const seen = `${kind} ${evaluation.verdict.reason ?? ""} ${digits} ${behind}/${badEvents ?? "-"}`;
        const told = `${action} ${reason} ${finding?.priority?.band} ${finding?.priority?.score} ${finding?.title}`;
        const at = new Date(tick).toISOString().slice(11, 19);
        return `${at} ${rule.id} ${formatLabels(evaluation.labels)}: ${seen} ${evaluation.state}; ${told}`;
      }),
    )
    .sort();
}

describe("replay contract: batches give the verdicts and decisions of ticks asked one by one", function () {
  this.timeout(600_000);

  for (const { name, create } of holders) {
    it(`${name}: random rules over a night with a gap, a day border and clocks put forward`, async function () {
      const folder = await makeProjectFolder({});
      const holder = await create(this, folder);
      const { history: _, ...oneByOne } = holder.source;
      const all = { batches: cost(), single: cost(), lines: 0, told: new Set<string>() };
      try {
        await folder.put(
          "backfeed.yaml",
          `apiVersion: backfeed/v1\ninstance: replayed\nrules: [drawn.yaml]\nowners: owners.yaml\nsources: { s: { ${holder.config} } }\ntrackers: { local: { type: local } }\ntracker: local\n`,
        );
        await folder.put("owners.yaml", "default: { tracker: local }\n");
        await fc.assert(
          fc.asyncProperty(fc.array(holder.rules, { minLength: 5, maxLength: 5 }), async (rules) => {
            await folder.put("drawn.yaml", ruleFile([...holder.always, ...rules]));
            const batched = await linesOf(folder, holder.source);
            const single = await linesOf(folder, { ...oneByOne, name: "s" });
            expect(batched.lines).to.deep.equal(single.lines);
            add(all.batches, batched.cost);
            add(all.single, single.cost);
            all.lines += single.lines.length;
            for (const line of single.lines)
              all.told.add(/: (\w+) /.exec(line)?.[1] ?? "").add(/; (\w+) /.exec(line)?.[1] ?? "");
          }),
          { numRuns: 2, seed: drawnSeed, endOnFailure: true },
        );
      } finally {
        await holder.close();
        await folder.remove();
      }
      // The night says something: bad and good verdicts, tickets and comments on them.
      expect(all.lines).to.be.greaterThan(1_000);
      expect([...all.told]).to.include.members(["breached", "clear", "create", "comment"]);
      expect(all.single.batched).to.equal(0);
      expect(all.batches.batched + all.batches.single).to.be.lessThan((all.single.single + all.single.batched) / 2);
    });
  }
});

function cost(): { -readonly [Name in keyof PastCost]: number } {
  return { batched: 0, single: 0, fromBatches: 0, alone: 0 };
}

function add(total: ReturnType<typeof cost>, more: PastCost): void {
  total.batched += more.batched;
  total.single += more.single;
  total.fromBatches += more.fromBatches;
  total.alone += more.alone;
}
