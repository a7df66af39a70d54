import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { sharedDataFile } from "../support/data.ts";

/** What the expectations of a scenario need of one raw line. */
export interface RawRequest {
  readonly at: number;
  readonly ip: string;
  readonly status: number;
  readonly target: string;
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const hour = 3_600_000;

/**
 * The raw access log, line by line, read by the few characters that expectations need and not by the parser that loads
 * documents: two readings that agree by accident are unlikely.
 */
export async function readRawRequests(): Promise<RawRequest[]> {
  const raw = sharedDataFile("elastic-examples/apache_access.log.gz");
  if (raw !== undefined) return (await gunzippedLines(raw)).map(readLine);
  // The shipped copy keeps each raw line as its message.
  const shipped = fileURLToPath(new URL("../../examples/apache/access.ndjson.gz", import.meta.url));
  return (await gunzippedLines(shipped)).map((line) => readLine((JSON.parse(line) as { message: string }).message));
}

async function gunzippedLines(file: string): Promise<string[]> {
  return gunzipSync(await readFile(file))
    .toString("utf8")
    .split("\n")
    .filter((line) => line !== "");
}

function readLine(line: string): RawRequest {
  const open = line.indexOf("[");
  // [17/May/2015:10:05:03 +0000]
  const [day = "", month = "", rest = ""] = line.slice(open + 1, line.indexOf("]", open)).split("/");
  const [year, hours, minutes, seconds = ""] = rest.split(":");
  if (!seconds.endsWith(" +0000")) throw new Error(`not in UTC: ${line}`);
  const at = Date.UTC(
    Number(year),
    months.indexOf(month),
    Number(day),
    Number(hours),
    Number(minutes),
    Number.parseInt(seconds, 10),
  );
  const words = line.slice(line.indexOf('"', open) + 1).split(" ");
  const status = words.findIndex((word, position) => /^\d{3}$/.test(word) && words[position - 1]?.endsWith('"'));
  return { at, ip: line.split(" ", 1)[0] ?? "", status: Number(words[status]), target: words[1] ?? "" };
}

/** What an hourly rule should have seen at one tick, by reading the raw lines: windows end 30 s before the tick. */
export function windowOf(requests: readonly RawRequest[], tick: number, delay = 30_000): readonly RawRequest[] {
  const to = tick - delay;
  return requests.filter(({ at }) => at >= to - hour && at < to);
}

export interface ExpectedTick {
  readonly value: number;
  readonly verdict: "breached" | "between" | "clear";
  readonly state: "inactive" | "firing" | "recovering";
}

/** The life of one alert over hourly ticks, RULES.md section 3 without `for`: recovers once clear has held one hour. */
export function expectedLife(
  ticks: readonly number[],
  judge: (tick: number) => Pick<ExpectedTick, "value" | "verdict">,
): ReadonlyMap<number, ExpectedTick> {
  let state: ExpectedTick["state"] = "inactive";
  let clearTicks = 0;
  return new Map(
    ticks.map((tick) => {
      const judged = judge(tick);
      clearTicks = judged.verdict === "clear" ? clearTicks + 1 : 0;
      if (judged.verdict === "breached") state = "firing";
      else if (state === "recovering" && clearTicks > 1) state = "inactive";
      else if (state === "firing" && judged.verdict === "clear") {
        state = "recovering";
        clearTicks = 1;
      }
      return [tick, { ...judged, state }];
    }),
  );
}
