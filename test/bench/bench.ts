import { spawnSync } from "node:child_process";
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { startElasticsearch } from "../support/services/elasticsearch.ts";
import { loadBenchIndex } from "./generate.ts";

/*
 * `npm run bench [documents]`: our whole tick beside the same questions as bare requests, in the same run, and then `load`.
 * `npm run bench -- replay [days rules documents]`: a replay beside the same ticks asked one by one.
 * `npm run bench -- load [findings touched]`: that alone, without Elasticsearch. Ratios count; times are printed only to
 * tell how large the things compared are. docs/performance.md says how to read it.
 */

const until = Date.UTC(2026, 0, 1);
const heap = "1g";
const [first, ...others] = process.argv.slice(2);
const isLoadAlone = first === "load";
const isReplayAlone = first === "replay";
const documents = Number(isLoadAlone || isReplayAlone ? 1_000_000 : (first ?? 1_000_000));
const root = fileURLToPath(new URL("../..", import.meta.url));
/** Below the folder that Node finds packages from. */
const compiled = `${root}node_modules/.cache/bench/test/bench`;

// What is measured is compiled as in production: a loader that compiles on the fly costs memory and time of its own.
run(`${root}node_modules/typescript/bin/tsc`, ["-p", `${root}test/bench/tsconfig.json`], "inherit");
if (isReplayAlone) await compareReplay(...others);
else {
  if (!isLoadAlone) await compareWithElasticsearch();
  run(`${compiled}/load.js`, isLoadAlone ? others : [], "inherit", 1_800_000);
}

async function compareReplay(days = "30", rules = "50", ofDocuments = String(documents)): Promise<void> {
  const elasticsearch = await startElasticsearch({ heap, optimised: true });
  try {
    const { client, url, version } = elasticsearch;
    const span = Number(days) * 86_400_000;
    const loaded = await loadBenchIndex(client, { documents: Number(ofDocuments), until, span });
    const busy = loadavg()[0]?.toFixed(1);
    console.log(
      `Node ${process.versions.node}, Elasticsearch ${version} (heap ${heap}), ${loaded.documents} documents, load ${busy}`,
    );
    run(`${compiled}/replay.js`, [url, String(until), days, rules], "inherit", 1_800_000);
  } finally {
    await elasticsearch.stop();
  }
}

async function compareWithElasticsearch(): Promise<void> {
  const elasticsearch = await startElasticsearch({ heap, optimised: true });
  try {
    const { client, url, version } = elasticsearch;
    const busy = loadavg()[0]?.toFixed(1);
    console.log(
      `Node ${process.versions.node}, Elasticsearch ${version} (heap ${heap}), ${cpus().length} processors, load ${busy}`,
    );
    const all = await loadBenchIndex(client, { documents, until });
    const tenth = await loadBenchIndex(client, {
      documents: Math.round(documents / 10),
      until,
      index: "logs-bench-small",
    });
    console.log(`${all.documents} and ${tenth.documents} documents loaded`);
    run(`${compiled}/measure.js`, [url, String(until)], "inherit");
    const [few, many] = [tenth, all].map(({ index }) => {
      const printed = run(`${compiled}/memory.js`, [url, index, String(until)], "pipe");
      return JSON.parse(printed) as { median: number; most: number };
    });
    if (few !== undefined && many !== undefined) {
      const mb = (value: number) => `${value.toFixed(0)} MB`;
      console.log(
        `memory, ${documents} documents beside a tenth: ${(many.median / few.median).toFixed(2)}x, ${mb(many.median)} beside ${mb(few.median)} (at most ${mb(many.most)} beside ${mb(few.most)}); to reach: about 1x, under 200 MB`,
      );
    }
  } finally {
    await elasticsearch.stop();
  }
}

/** Runs a script to its end and gives what it printed. Throws when it fails or takes longer than it may, eight minutes by default. */
function run(script: string, args: readonly string[], output: "inherit" | "pipe", timeout = 480_000): string {
  const { stdout, status, error } = spawnSync(process.execPath, [script, ...args], {
    encoding: "utf8",
    stdio: ["ignore", output, "inherit"],
    timeout,
  });
  if (status !== 0) throw new Error(`${script} failed`, { cause: error });
  return stdout ?? "";
}
