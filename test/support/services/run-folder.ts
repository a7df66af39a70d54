import { readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const prefix = "backfeed-service-";
const ownerFile = "owner.json";
const processPrefix = "process-";

/** A temporary folder for one run of a service: its data, logs and the ids of its processes. */
export interface RunFolder {
  readonly path: string;
  /** Notes a process of this run, so that it is killed when the run is removed or swept. */
  recordProcess(pid: number): Promise<void>;
  /** Kills what is left of the run and removes its folder. */
  remove(): Promise<void>;
}

/**
 * Makes the folder of a new run. First sweeps runs whose test process died without stopping them (killed, machine
 * reset): a process is known by id and start time, so that a reused id is never hit.
 */
export async function makeRunFolder(service: string): Promise<RunFolder> {
  await sweepRuns();
  const path = await mkdtemp(join(tmpdir(), `${prefix}${service}-`));
  await chmod(path, 0o755);
  await writeFile(join(path, ownerFile), JSON.stringify({ ...identify(process.pid), namespace: pidNamespace() }));
  const removeNow = () => removeRun(path);
  process.once("exit", removeNow);
  return {
    path,
    async recordProcess(pid) {
      const identity = identify(pid);
      if (identity !== undefined) await writeFile(join(path, `${processPrefix}${pid}`), JSON.stringify(identity));
    },
    async remove() {
      process.removeListener("exit", removeNow);
      killProcesses(path);
      await rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}

/** Removes the runs of dead test processes, with their processes. */
async function sweepRuns(): Promise<void> {
  const entries = await readdir(tmpdir());
  for (const entry of entries.filter((entry) => entry.startsWith(prefix))) {
    const path = join(tmpdir(), entry);
    try {
      const owner = JSON.parse(await readFile(join(path, ownerFile), "utf8")) as Identity & { namespace: string };
      if (owner.namespace !== pidNamespace() || isAlive(owner)) continue;
      killProcesses(path);
      await rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    } catch {
      // Another user's run, one being made at this moment, or one that another process sweeps: not ours.
    }
  }
}

interface Identity {
  readonly pid: number;
  /** Start time in clock ticks since boot: field 22 of /proc/PID/stat (man proc). */
  readonly started: string;
}

function identify(pid: number): Identity | undefined {
  try {
    // The second field is the program's name in parentheses and may hold spaces: count from the last parenthesis.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const zombie = fields[0] === "Z";
    return zombie ? undefined : { pid, started: fields[19] ?? "" };
  } catch {
    return undefined;
  }
}

function isAlive({ pid, started }: Identity): boolean {
  return identify(pid)?.started === started;
}

function pidNamespace(): string {
  return readlinkSync("/proc/self/ns/pid");
}

function killProcesses(path: string): void {
  for (const entry of readdirSync(path).filter((entry) => entry.startsWith(processPrefix))) {
    const identity = JSON.parse(readFileSync(join(path, entry), "utf8")) as Identity;
    try {
      if (isAlive(identity)) process.kill(identity.pid, "SIGKILL");
    } catch {
      // Ended by itself in between.
    }
  }
}

/** For the exit of our own process, where nothing asynchronous runs any more. */
function removeRun(path: string): void {
  try {
    killProcesses(path);
    rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  } catch {
    // The next start sweeps what is left.
  }
}
