import Table from "cli-table3";
import type { Rule } from "../../src/model/rule.ts";
import { keepHeapSmall } from "../../src/support/heap.ts";
import { checkAgreement } from "./agreement.ts";
import { bareAgent, multiSearches, oneSearchEach, recordingProxy, sendAll, shifted } from "./bare.ts";
import { createOurs } from "./ours.ts";
import { mixedRules, rulesOfKind } from "./rules.ts";

/* Compares, in a process of its own that runs compiled code: `measure URL UNTIL`. Started by bench.ts. */

const minute = 60_000;
const passes = 5;
/** Not counted: caches, connections and compiled code of all alike. A service that runs all day is warm for all of it. */
const warmUps = 8;

interface Row {
  readonly name: string;
  readonly ours: number;
  readonly answer: number;
  readonly single: number | undefined;
  readonly multi: number;
  readonly planned: number;
  readonly cpuPerEvaluation: number;
  readonly requestsPerEvaluation: number;
}

keepHeapSmall(); // As src/main.ts does.
const [url = "", until = "0"] = process.argv.slice(2);
const rows: Row[] = [];
for (const count of [100, 1_000, 5_000]) rows.push(await compare(`mix of ${count}`, mixedRules(count), count <= 1_000));
rows.push(await compare("1,000 sharable", rulesOfKind("shared", 1_000), false));
rows.push(await compare("1,000 own filters", rulesOfKind("own_filter", 1_000), false));
print(rows);

/** Five passes, another instant each, the kinds in turn within a pass, so that a busy moment hits all of them. */
async function compare(name: string, rules: readonly Rule[], withSingle: boolean): Promise<Row> {
  const plan = await recordPlan(rules);
  const ours = await createOurs(url, rules);
  const agent = bareAgent();
  const times = { ours: [], answer: [], single: [], multi: [], planned: [], cpu: [] } as Record<string, number[]>;
  const note = (kind: string, value: number) => times[kind]?.push(value);
  let requests = 0;
  let evaluations = 0;
  let compared = 0;
  try {
    for (let pass = -warmUps; pass < passes; pass += 1) {
      const at = Number(until) - 60 * minute + (pass + warmUps) * minute;
      const tick = await ours.tick(at);
      if (pass === -warmUps) compared = await checkAgreement(ours, rules, { url, at, agent });
      const planned = await timed(() => sendAll(url, shifted(plan.requests, at - 13_000 - plan.at), agent));
      const multi = await timed(() => sendAll(url, multiSearches(rules, at - 7_000), agent));
      const single = withSingle ? await timed(() => sendAll(url, oneSearchEach(rules, at - 19_000), agent)) : undefined;
      if (pass < 0) continue;
      note("ours", tick.wallMs);
      note("answer", tick.answerMs);
      note("planned", planned);
      note("multi", multi);
      if (single !== undefined) note("single", single);
      note("cpu", tick.cpuMs / tick.evaluations);
      requests += tick.requests;
      evaluations += tick.evaluations;
    }
  } finally {
    await agent.close();
    await ours.close();
  }
  console.log(`${name}: ${compared} values of ours are those of bare searches`);
  return {
    name,
    ours: median(times["ours"]),
    answer: median(times["answer"]),
    single: withSingle ? median(times["single"]) : undefined,
    multi: median(times["multi"]),
    planned: median(times["planned"]),
    cpuPerEvaluation: median(times["cpu"]),
    requestsPerEvaluation: requests / evaluations,
  };
}

/** What our planner sends for a tick, without the look at the index's fields. */
async function recordPlan(rules: readonly Rule[]) {
  const proxy = await recordingProxy(url);
  const ours = await createOurs(proxy.url, rules);
  try {
    const at = Number(until) - 120 * minute;
    await ours.tick(at);
    return { at, requests: [...proxy.recorded] };
  } finally {
    await ours.close();
    await proxy.stop();
  }
}

function print(all: readonly Row[]): void {
  const table = new Table({
    head: [
      "(ms / ms)",
      "tick / _msearch of 50",
      "tick / one search each",
      "answers / planned bare",
      "tick / planned bare",
      "CPU per evaluation",
      "requests per evaluation",
    ],
    style: { head: [], border: [] },
  });
  for (const row of all) {
    table.push([
      row.name,
      ratio(row.ours, row.multi),
      row.single === undefined ? "-" : ratio(row.ours, row.single),
      ratio(row.answer, row.planned),
      ratio(row.ours, row.planned),
      `${row.cpuPerEvaluation.toFixed(3)} ms`,
      row.requestsPerEvaluation.toFixed(4),
    ]);
  }
  console.log(table.toString());
  console.log(
    [
      "tick: all of ours, state written; answers: the source alone, from questions to answers; each a median of 5.",
      "To reach at 1,000: tick / _msearch at most 1; sharable: / planned bare at most 3; CPU at most 0.1 ms;",
      "requests at most 0.02 per evaluation, 0.03 for filters of their own.",
    ].join("\n"),
  );
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function median(values: readonly number[] = []): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function ratio(a: number, b: number): string {
  return `${(a / b).toFixed(2)}x (${a.toFixed(0)} / ${b.toFixed(0)})`;
}
