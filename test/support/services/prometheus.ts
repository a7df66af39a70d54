import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { findProgram, runCommand } from "./command.ts";
import { makeRunFolder, type RunFolder } from "./run-folder.ts";
import { ServiceMissing } from "./service-missing.ts";
import { serviceUser } from "./service-user.ts";

const startLimit = 60_000;
const stopLimit = 10_000;

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
}

/** A running Prometheus on a free loopback port, with data of its own; it scrapes nothing. */
export interface Prometheus {
  /** Without a scheme: `127.0.0.1:9090`. */
  readonly address: string;
  readonly url: string;
  /** Of its run: what `web` wrote is there. */
  readonly folder: string;
  readonly pid: number;
  /** Ends the process and removes its data. May be called twice. */
  stop(): Promise<void>;
}

/**
 * Starts a real Prometheus with a backfilled history; takes a second or two. It ends with `stop`, and also when this process
 * ends in any way. Throws ServiceMissing where it cannot be had: see `startOrSkip`.
 */
export async function startPrometheus({ history, web }: PrometheusStart): Promise<Prometheus> {
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
    return await start({ prometheus, data, run, web: await web?.(run.path) });
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
}: {
  prometheus: string;
  data: string;
  run: RunFolder;
  web: string | undefined;
}): Promise<Prometheus> {
  const path = (name: string) => join(run.path, name);
  await writeFile(path("prometheus.yml"), "global: { scrape_interval: 1h }\n");
  if (web !== undefined) await writeFile(path("web.yml"), web);
  const user = await serviceUser();
  await user.own(run.path);
  const output = await open(path("output.log"), "w");
  const flags = [
    `--config.file=${path("prometheus.yml")}`,
    `--storage.tsdb.path=${data}`,
    "--storage.tsdb.retention.time=100y",
    // 0 lets the kernel choose; the log names the port that it got.
    "--web.listen-address=127.0.0.1:0",
    ...(web === undefined ? [] : [`--web.config.file=${path("web.yml")}`]),
  ];
  const [program, args] = user.command(prometheus, flags, { dieWithParent: true });
  const child = spawn(program, args, { stdio: ["ignore", output.fd, output.fd], cwd: run.path, env: {} });
  await output.close();
  // One that nobody stops ends with this process instead of keeping it alive.
  child.unref();
  const pid = child.pid ?? 0;
  await run.recordProcess(pid);
  const address = await waitUntilReady(child, path("output.log"));
  let stopped: Promise<void> | undefined;
  const stop = async () => {
    await end(child);
    await run.remove();
  };
  return {
    address,
    url: `http://${address}`,
    folder: run.path,
    pid,
    stop() {
      stopped ??= stop();
      return stopped;
    },
  };
}

/** The address, once it takes queries. */
async function waitUntilReady(child: ChildProcess, log: string): Promise<string> {
  let ended: string | undefined;
  child.once("error", (error) => {
    ended = error.message;
  });
  child.once("exit", (code, signal) => {
    ended ??= `exit ${code ?? signal}`;
  });
  let said = "";
  for (let waited = 0; ended === undefined && waited < startLimit; waited += 50) {
    said = await readFile(log, "utf8");
    const address = /msg="Listening on" address=(127\.0\.0\.1:\d+)/.exec(said)?.[1];
    if (address !== undefined && said.includes("Server is ready to receive web requests")) return address;
    await pause(50);
  }
  throw new Error(
    `Prometheus did not start (${ended ?? `not ready after ${startLimit / 1_000} s`}):\n${said.slice(-3_000)}`,
  );
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.ref();
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const inTime = await Promise.race([exited.then(() => true), pause(stopLimit, false, { ref: false })]);
  if (inTime) return;
  child.kill("SIGKILL");
  await exited;
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
