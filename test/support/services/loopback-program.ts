import { type ChildProcess, spawn } from "node:child_process";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { RunFolder } from "./run-folder.ts";
import { serviceUser } from "./service-user.ts";

const startLimit = 60_000;
const stopLimit = 10_000;

/** One of Prometheus' programs, running on a free loopback port in a folder of its own. */
export interface LoopbackProgram {
  /** Without a scheme: `127.0.0.1:9090`. */
  readonly address: string;
  readonly url: string;
  /** Of its run. */
  readonly folder: string;
  readonly pid: number;
  /** Ends the process and removes its data. May be called twice. */
  stop(): Promise<void>;
}

/**
 * Starts a program that says in its log where it listens, as an unprivileged user; ready once it says `readyWhen` besides.
 * It ends with `stop`, and also when this process ends in any way. Throws with the end of its log when it does not start.
 */
export async function startLoopbackProgram({
  name,
  program: path,
  flags,
  run,
  readyWhen,
}: {
  name: string;
  program: string;
  flags: readonly string[];
  run: RunFolder;
  readyWhen: string;
}): Promise<LoopbackProgram> {
  const user = await serviceUser();
  await user.own(run.path);
  const output = await open(join(run.path, "output.log"), "w");
  const [program, args] = user.command(path, [...flags], { dieWithParent: true });
  const child = spawn(program, args, { stdio: ["ignore", output.fd, output.fd], cwd: run.path, env: {} });
  await output.close();
  // One that nobody stops ends with this process instead of keeping it alive.
  child.unref();
  const pid = child.pid ?? 0;
  await run.recordProcess(pid);
  const address = await waitUntilReady(child, { name, readyWhen, log: join(run.path, "output.log") });
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
async function waitUntilReady(
  child: ChildProcess,
  { name, readyWhen, log }: { name: string; readyWhen: string; log: string },
): Promise<string> {
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
    if (address !== undefined && said.includes(readyWhen)) return address;
    await pause(50);
  }
  throw new Error(
    `${name} did not start (${ended ?? `not ready after ${startLimit / 1_000} s`}):\n${said.slice(-3_000)}`,
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
