import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createOfflineGround, type OfflineTick } from "../../src/app/offline/offline-run.ts";
import type { PastCost } from "../../src/app/offline/past-source.ts";
import { replayRules } from "../../src/app/offline/replay-rules.ts";
import { TicketTally } from "../../src/app/replay/ticket-tally.ts";
import { loadConfig } from "../../src/config/load-config.ts";
import type { ServiceConfig } from "../../src/config/types.ts";
import { MaintenanceCalendar } from "../../src/detect/maintenance.ts";
import { createElasticsearchSource } from "../../src/sources/elasticsearch/elasticsearch-source.ts";
import type { Source } from "../../src/sources/source.ts";
import { mixedRules } from "./rules.ts";

/*
 * A replay beside the same ticks asked one by one, in a process of its own that runs compiled code:
 * `replay URL UNTIL DAYS RULES`. Started by bench.ts.
 */

const minute = 60_000;
const day = 1_440 * minute;
/** Ticks that are also asked one by one: half a day, from the middle of the range. */
const sampledMs = day / 2;

const [url = "", until = "0", days = "30", count = "50"] = process.argv.slice(2);
const to = Number(until);
const from = to - Number(days) * day;
const rules = mixedRules(Number(count));
const source = createElasticsearchSource({
  name: "logs",
  nodes: [url],
  timestamp: "@timestamp",
  timeoutMs: 60_000,
  maxConcurrency: 4,
});
const { history: _, ...oneByOne } = source;
try {
  const ground = createOfflineGround(configuration(), (text) => text);
  const sample = { from: from + Number(days) * (day / 2), to: from + Number(days) * (day / 2) + sampledMs };
  await timed(source, sample, ground); // Warms up.
  const batched = await timed(source, sample, ground);
  const single = await timed(oneByOne, sample, ground);
  if (batched.said !== single.said) throw new Error("the replay decided otherwise than ticks asked one by one");
  const whole = await timed(source, { from, to }, ground);
  const perRuleAndDay = whole.requests / rules.length / Number(days);
  console.log(
    [
      `replay of ${days} days, ${rules.length} rules each minute: ${(whole.ms / 1_000).toFixed(1)} s, ${(whole.cpuMs / 1_000).toFixed(1)} s of our processor time`,
      `${whole.evaluations} evaluations, ${whole.tickets} tickets; ${whole.requests} requests (${whole.cost.batched} for many ticks, ${whole.cost.single} of single ones), ${perRuleAndDay.toFixed(2)} for each rule and day, of 1,440 ticks`,
      `half a day beside the same ticks asked one by one: ${(batched.ms / single.ms).toFixed(3)}x the time (${batched.ms.toFixed(0)} / ${single.ms.toFixed(0)} ms), ${batched.requests} / ${single.requests} requests, the same ${single.evaluations} evaluations and decisions`,
    ].join("\n"),
  );
} finally {
  await source.close();
}

interface Timed {
  readonly ms: number;
  readonly cpuMs: number;
  readonly requests: number;
  readonly cost: PastCost;
  readonly evaluations: number;
  readonly tickets: number;
  /** Every decision and every count of verdicts, to compare. */
  readonly said: string;
}

async function timed(
  asked: Source,
  range: { readonly from: number; readonly to: number },
  ground: ReturnType<typeof createOfflineGround>,
): Promise<Timed> {
  const tally = new TicketTally();
  const decisions: string[] = [];
  const onTick = (_variant: number, tick: OfflineTick) => {
    tally.add(tick);
    for (const { at, finding } of tick.tickets) {
      const { action, reason } = finding.decision;
      decisions.push(`${at} ${finding.id} ${action} ${reason} ${finding.priority?.score}`);
    }
  };
  const started = performance.now();
  const cpu = process.cpuUsage();
  const { cost } = await replayRules({
    variants: [rules],
    sources: [asked],
    timings: new Map([["logs", { delayMs: 30_000, staleAfterMs: 5 * minute }]]),
    maintenance: new MaintenanceCalendar([]),
    ground,
    ...range,
    signal: new AbortController().signal,
    onTick,
  });
  const ms = performance.now() - started;
  const { user, system } = process.cpuUsage(cpu);
  const verdicts = [...tally.verdicts().values()].flatMap((counts) => Object.values(counts));
  const spent = cost.get("logs");
  if (spent === undefined) throw new Error("the source was not asked");
  return {
    ms,
    cpuMs: (user + system) / 1_000,
    requests: spent.batched + spent.single,
    cost: spent,
    evaluations: verdicts.reduce((total, each) => total + each, 0),
    tickets: tally.tickets().length,
    said: JSON.stringify([decisions, [...tally.verdicts()]]),
  };
}

function configuration(): ServiceConfig {
  const folder = mkdtempSync(join(tmpdir(), "backfeed-bench-"));
  try {
    const file = join(folder, "backfeed.yaml");
    writeFileSync(join(folder, "owners.yaml"), "default: { tracker: local }\n");
    const lines = ["apiVersion: backfeed/v1", "instance: bench", "owners: owners.yaml", 'rules: ["*.rules.yaml"]'];
    const places = [
      `sources: { logs: { type: elasticsearch, nodes: ["${url}"] } }`,
      "trackers: { local: { type: local } }",
    ];
    writeFileSync(file, [...lines, ...places, "tracker: local", ""].join("\n"));
    const { config, faults } = loadConfig({ file, baseDirectory: folder, environment: {} });
    if (config === undefined) throw new Error(JSON.stringify(faults));
    return config;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
