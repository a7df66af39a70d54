import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findProgram, runCommand } from "./command.ts";
import { type LoopbackProgram, startLoopbackProgram } from "./loopback-program.ts";
import { makeRunFolder, type RunFolder } from "./run-folder.ts";
import { ServiceMissing } from "./service-missing.ts";

const startLimit = 60_000;
const readyWhen = "Server is ready to receive web requests";

/** One series of a history: values at equal steps, `undefined` where there was none. */
export interface HistorySeries {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly from: number;
  readonly stepMs: number;
  readonly values: readonly (number | undefined)[];
}

export interface PrometheusStart {
  /** What it knows of the past; the newest three hours of the real clock are not for it. */
  readonly history: readonly HistorySeries[];
  /** Its own web configuration: TLS and basic authentication, as in its documentation. Files lie in the run's folder. */
  readonly web?: (folder: string) => Promise<string>;
  /** Its configuration in place of one that scrapes nothing; files that it names lie in the run's folder. */
  readonly config?: (folder: string) => Promise<string>;
}

/** A running Prometheus with data of its own; it scrapes nothing unless its configuration says so. */
export type Prometheus = LoopbackProgram;

/**
 * Starts a real Prometheus with a backfilled history; takes a second or two. It ends with `stop`, and also when this process
 * ends in any way. Throws ServiceMissing where it cannot be had: see `startOrSkip`.
 */
export async function startPrometheus({ history, web, config }: PrometheusStart): Promise<Prometheus> {
  const [prometheus, promtool] = await Promise.all(["prometheus", "promtool"].map(findProgram));
  if (prometheus === undefined || promtool === undefined) {
    throw new ServiceMissing(
      "Prometheus is not on the PATH (Debian package prometheus; scripts/install-test-services.sh installs it)",
    );
  }
  const run = await makeRunFolder("prometheus");
  try {
    const data = join(run.path, "data");
    await mkdir(data);
    if (history.length > 0) {
      const file = join(run.path, "history.om");
      await writeFile(file, openMetrics(history));
      // Without the longest block duration it makes a block of every two hours, one after the other.
      const blocks = ["tsdb", "create-blocks-from", "--max-block-duration=768h", "openmetrics", "-q", file, data];
      await runCommand(promtool, blocks, { timeout: startLimit });
    }
    return await start({ prometheus, data, run, web: await web?.(run.path), config: await config?.(run.path) });
  } catch (error) {
    await run.remove();
    throw error;
  }
}

async function start({
  prometheus,
  data,
  run,
  web,
  config,
}: {
  prometheus: string;
  data: string;
  run: RunFolder;
  web: string | undefined;
  config: string | undefined;
}): Promise<Prometheus> {
  const path = (name: string) => join(run.path, name);
  await writeFile(path("prometheus.yml"), config ?? "global: { scrape_interval: 1h }\n");
  if (web !== undefined) await writeFile(path("web.yml"), web);
  const flags = [
    `--config.file=${path("prometheus.yml")}`,
    `--storage.tsdb.path=${data}`,
    "--storage.tsdb.retention.time=100y",
    // 0 lets the kernel choose; the log names the port that it got.
    "--web.listen-address=127.0.0.1:0",
    // By default an alert is sent again after a minute, and the first time nobody may be known to send it to.
    "--rules.alert.resend-delay=2s",
    ...(web === undefined ? [] : [`--web.config.file=${path("web.yml")}`]),
  ];
  return startLoopbackProgram({ name: "Prometheus", program: prometheus, flags, run, readyWhen });
}

/** OpenMetrics text: one family after the other, seconds, values as Go writes them. */
function openMetrics(history: readonly HistorySeries[]): string {
  const families = new Map<string, string[]>();
  for (const { name, labels = {}, from, stepMs, values } of history) {
    const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escaped(value)}"`);
    const lines = families.get(name) ?? [];
    families.set(name, lines);
    for (const [place, value] of values.entries()) {
      if (value !== undefined)
        lines.push(`${name}{${pairs.join(",")}} ${number(value)} ${(from + place * stepMs) / 1_000}`);
    }
  }
  const text = [...families].map(([name, lines]) => `# TYPE ${name} gauge\n${lines.join("\n")}\n`).join("");
  return `${text}# EOF\n`;
}

function escaped(value: string): string {
  return value.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n");
}

function number(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}
