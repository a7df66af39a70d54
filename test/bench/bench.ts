import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import Table from "cli-table3";
import type { Rule } from "../../src/model/rule.ts";
import { startElasticsearch } from "../support/services/elasticsearch.ts";
import { bareAgent, multiSearches, oneSearchEach, recordingProxy, sendAll, shifted } from "./bare.ts";
import { loadBenchIndex } from "./generate.ts";
import { createOurs } from "./ours.ts";
import { mixedRules, rulesOfKind } from "./rules.ts";

/*
 * `npm run bench [documents]`: our whole tick beside the same questions as bare requests, in the same run. Ratios count;
 * times are printed only to tell how large the things compared are. docs/performance.md says how to read it.
 */

const minute = 60_000;
const passes = 5;
const until = Date.UTC(2026, 0, 1);

interface Row {
  readonly name: string;
  readonly rules: number;
  readonly ours: number;
  readonly single: number | undefined;
  readonly multi: number;
  readonly planned: number;
  readonly cpuPerEvaluation: number;
  readonly requestsPerEvaluation: number;
}

const documents = Number(process.argv[2] ?? 1_000_000);
const elasticsearch = await startElasticsearch({ heap: "1g", optimised: true });
try {
  const loaded = await loadBenchIndex(elasticsearch.client, { documents, until });
  console.log(`${loaded.documents} documents loaded`);
  const rows: Row[] = [];
  for (const count of [100, 1_000, 5_000])
    rows.push(await compare(`mix of ${count}`, mixedRules(count), count <= 1_000));
  rows.push(await compare("sharable only", rulesOfKind("shared", 1_000), false));
  rows.push(await compare("own filters only", rulesOfKind("own_filter", 1_000), false));
  print(rows);
  await printMemory();
} finally {
  await elasticsearch.stop();
}

/** Five passes, another instant each, the kinds in turn within a pass, so that a busy moment hits all of them. */
async function compare(name: string, rules: readonly Rule[], withSingle: boolean): Promise<Row> {
  const plan = await recordPlan(rules);
  const ours = await createOurs(elasticsearch.url, rules);
  const agent = bareAgent();
  const times = { ours: [] as number[], single: [] as number[], multi: [] as number[], planned: [] as number[] };
  const cpu: number[] = [];
  let requests = 0;
  let evaluations = 0;
  try {
    for (let pass = -1; pass < passes; pass += 1) {
      const at = until - 60 * minute + (pass + 1) * minute;
      const tick = await ours.tick(at);
      const multi = await timed(() => sendAll(elasticsearch.url, multiSearches(rules, at - 7_000), agent));
      const planned = await timed(() =>
        sendAll(elasticsearch.url, shifted(plan.requests, at - 13_000 - plan.at), agent),
      );
      const single = withSingle
        ? await timed(() => sendAll(elasticsearch.url, oneSearchEach(rules, at - 19_000), agent))
        : Number.NaN;
      if (pass < 0) continue; // The first pass warms caches, connections and compiled code of all alike.
      times.ours.push(tick.wallMs);
      times.multi.push(multi);
      times.planned.push(planned);
      times.single.push(single);
      cpu.push(tick.cpuMs / tick.evaluations);
      requests += tick.requests;
      evaluations += tick.evaluations;
    }
  } finally {
    await agent.close();
    await ours.close();
  }
  return {
    name,
    rules: rules.length,
    ours: median(times.ours),
    single: withSingle ? median(times.single) : undefined,
    multi: median(times.multi),
    planned: median(times.planned),
    cpuPerEvaluation: median(cpu),
    requestsPerEvaluation: requests / evaluations,
  };
}

/** What our planner sends for a tick, without the look at the index's fields. */
async function recordPlan(rules: readonly Rule[]) {
  const proxy = await recordingProxy(elasticsearch.url);
  const ours = await createOurs(proxy.url, rules);
  try {
    const at = until - 120 * minute;
    await ours.tick(at);
    return { at, requests: [...proxy.recorded] };
  } finally {
    await ours.close();
    await proxy.stop();
  }
}

function print(rows: readonly Row[]): void {
  const table = new Table({
    head: [
      "",
      "ours / _msearch of 50",
      "ours / planned bare",
      "ours / one search each",
      "our CPU per evaluation",
      "requests per evaluation",
    ],
    style: { head: [], border: [] },
  });
  for (const row of rows) {
    table.push([
      row.name,
      ratio(row.ours, row.multi),
      ratio(row.ours, row.planned),
      row.single === undefined ? "-" : ratio(row.ours, row.single),
      `${row.cpuPerEvaluation.toFixed(3)} ms`,
      row.requestsPerEvaluation.toFixed(4),
    ]);
  }
  console.log(table.toString());
  console.log(
    "ours: the whole tick, state written. To reach at 1,000: ours / _msearch at most 1; sharable: ours / planned at most 3;",
  );
  console.log("CPU at most 0.1 ms; requests at most 0.02 per evaluation, 0.03 for filters of their own.");
}

/** Memory of a process of its own that runs twenty ticks of 1,000 rules: over a tenth of the documents, and over all. */
async function printMemory(): Promise<void> {
  const small = await loadBenchIndex(elasticsearch.client, {
    documents: documents / 10,
    until,
    index: "logs-bench-small",
  });
  const measure = (index: string): number => {
    const script = fileURLToPath(new URL("./memory.ts", import.meta.url));
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      ["--import", "tsx", script, elasticsearch.url, index, String(until)],
      { encoding: "utf8", timeout: 300_000 },
    );
    if (status !== 0) throw new Error(`the memory run failed: ${stderr.slice(0, 500)}`);
    return Number(stdout);
  };
  const [few, many] = [measure(small.index), measure("logs-bench")];
  console.log(
    `memory: ${many.toFixed(0)} MB over ${documents} documents, ${ratio(many, few)} of that over ${small.documents}`,
  );
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function ratio(a: number, b: number): string {
  return `${(a / b).toFixed(2)}x (${a.toFixed(0)} / ${b.toFixed(0)})`;
}
