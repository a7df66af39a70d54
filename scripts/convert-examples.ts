// Makes the data under examples/ from the raw files in ../shared/data: npx tsx scripts/convert-examples.ts
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { readAccessLog, readMetricSeries, readNginxStatus, sharedDataFile } from "../test/support/data.ts";

const examples = fileURLToPath(new URL("../examples", import.meta.url));
const series = "realKnownCause/ec2_request_latency_system_failure.csv";

await writeExample("apache/access.ndjson.gz", toNdjson(await readAccessLog()));
await writeExample("nginx/status.ndjson.gz", toNdjson(await readNginxStatus()));
const points = (await readMetricSeries(series)).map(({ at, value }) => `${toIso(at)},${value}`);
await writeExample("metrics/ec2_request_latency_system_failure.csv.gz", `timestamp,value\n${points.join("\n")}\n`);
for (const [folder, licence] of [
  ["apache", "elastic-examples/LICENSE.txt"],
  ["nginx", "elastic-examples/LICENSE.txt"],
  ["metrics", "nab/LICENSE.txt"],
] as const) {
  await writeExample(`${folder}/LICENSE.txt`, await readText(licence));
}

function readText(path: string): Promise<string> {
  const file = sharedDataFile(path);
  if (file === undefined) throw new Error(`../shared/data/${path} is absent: there is nothing to convert`);
  return readFile(file, "utf8");
}

/** Whole seconds: the series has no finer ones. */
function toIso(at: number): string {
  return new Date(at).toISOString().replace(".000Z", "Z");
}

function toNdjson(documents: readonly object[]): string {
  return documents.map((document) => `${JSON.stringify(document)}\n`).join("");
}

async function writeExample(path: string, text: string): Promise<void> {
  const file = join(examples, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, path.endsWith(".gz") ? gzipSync(text, { level: 9 }) : text);
}
