import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { minute } from "../../support/duration.ts";
import { BackfeedError } from "../../support/errors.ts";

/** A sample under examples/ and how its lines carry their time, in the first group after what stands before it. */
interface Sample {
  readonly from: string;
  readonly to: string;
  readonly time: RegExp;
}

const samples: readonly Sample[] = [
  { from: "apache/access.ndjson.gz", to: "access.ndjson", time: /("@timestamp":")([^"]+)/ },
  { from: "nginx/status.ndjson.gz", to: "nginx.ndjson", time: /("@timestamp":")([^"]+)/ },
  { from: "metrics/ec2_request_latency_system_failure.csv.gz", to: "latency.csv", time: /^()(\d{4}-[^,]+)/ },
];

export interface ShiftSamplesOptions {
  /** The folder examples/. */
  readonly from: string;
  readonly to: string;
  /** Milliseconds UTC, a whole minute: each sample's newest event comes to lie in the minute before it. */
  readonly endsAt: number;
}

/**
 * Writes every sample, unpacked and moved in time as a whole, and changes nothing else: a raw `message` keeps the date it
 * was logged with. Moved by whole minutes, so that events of one minute stay in one minute. Gives how many events there are.
 */
export async function shiftSamples(options: ShiftSamplesOptions): Promise<number> {
  await mkdir(options.to, { recursive: true });
  const counts = await Promise.all(samples.map((sample) => shiftSample(sample, options)));
  return counts.reduce((total, count) => total + count, 0);
}

async function shiftSample({ from, to, time }: Sample, options: ShiftSamplesOptions): Promise<number> {
  const file = join(options.from, from);
  const lines = gunzipSync(await readSample(file))
    .toString("utf8")
    .split("\n");
  const times = lines.flatMap((line) => time.exec(line)?.[2] ?? []).map((text) => Date.parse(text));
  if (times.length === 0) throw new BackfeedError("configuration", `${file} holds no event with a time`);
  const newest = times.reduce((latest, at) => Math.max(latest, at), Number.NEGATIVE_INFINITY);
  const by = options.endsAt - minute - Math.floor(newest / minute) * minute;
  const moved = lines.map((line) =>
    line.replace(time, (_, before: string, text: string) => before + new Date(Date.parse(text) + by).toISOString()),
  );
  const target = join(options.to, to);
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, moved.join("\n"));
  return times.length;
}

async function readSample(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new BackfeedError("configuration", `the sample ${file} cannot be read`, { cause });
  }
}
