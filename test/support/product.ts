import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { runCommand } from "./services/command.ts";
import { atTeardown } from "./services/teardown.ts";

/** How one command ended. */
export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The program as a process of its own, while it runs. */
export interface RunningProduct {
  readonly pid: number;
  /** What it has written so far. */
  readonly out: string;
  readonly err: string;
  /** Resolves when it has ended; `code` is null after a signal that it did not handle. */
  readonly ended: Promise<Ran>;
  kill(signal: NodeJS.Signals): void;
}

interface ProductOptions {
  /** Relative paths of the configuration are relative to it. */
  readonly cwd: string;
  /** Nothing is inherited but PATH and HOME. */
  readonly environment?: Readonly<Record<string, string>>;
}

const root = fileURLToPath(new URL("../..", import.meta.url));
const running = new Set<ChildProcess>();
let built: Promise<string> | undefined;

/**
 * The program as it is shipped: the sources compiled once for this mocha process, into a folder of its own, since `dist`
 * may be older or in the making. Compiled it starts in a third of the time that it takes through tsx.
 */
function product(): Promise<string> {
  built ??= build();
  return built;
}

async function build(): Promise<string> {
  const parent = join(root, "node_modules");
  const folder = await mkdtemp(join(parent, ".backfeed-product-"));
  const killAll = () => {
    for (const child of running) child.kill("SIGKILL");
  };
  process.once("exit", killAll);
  atTeardown(async () => {
    built = undefined;
    killAll();
    await rm(folder, { recursive: true, force: true });
  });
  await copyFile(join(root, "package.json"), join(folder, "package.json"));
  const main = join(folder, "dist/main.js");
  const options = ["-p", "tsconfig.build.json", "--outDir", join(folder, "dist"), "--sourceMap", "false"];
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  // Types are checked elsewhere: what was emitted is what counts.
  const failed = await runCommand(process.execPath, [compiler, ...options], { cwd: root }).catch(
    (error: Error) => error,
  );
  if (!existsSync(main)) throw new Error("the program could not be compiled", { cause: failed });
  return main;
}

/** Starts `backfeed …`. One that is left running is killed when mocha ends. */
export async function startProduct(args: readonly string[], options: ProductOptions): Promise<RunningProduct> {
  const main = await product();
  const { PATH = "", HOME = "" } = process.env;
  const child = spawn(process.execPath, [main, ...args], {
    cwd: options.cwd,
    env: { PATH, HOME, ...options.environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  const said = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said.out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said.err += text;
  });
  const ended = new Promise<Ran>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      running.delete(child);
      resolve({ code, ...said });
    });
  });
  return {
    pid: child.pid ?? 0,
    get out() {
      return said.out;
    },
    get err() {
      return said.err;
    },
    ended,
    kill: (signal) => {
      child.kill(signal);
    },
  };
}

/** Runs `backfeed …` to its end. */
export async function runProduct(args: readonly string[], options: ProductOptions): Promise<Ran> {
  return (await startProduct(args, options)).ended;
}

/**
 * Asks until the answer is there: for what happens in another process. The deadline is generous, since it only decides
 * when to give up; the message carries the last answer or failure.
 */
export async function eventually<Answer>(
  what: string,
  ask: () => Promise<Answer | undefined> | Answer | undefined,
  deadlineMs = 180_000,
): Promise<Answer> {
  let last: unknown;
  for (let waited = 0; waited < deadlineMs; waited += 100) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      last = error;
    }
    await pause(100);
  }
  throw new Error(`${what}: not seen within ${deadlineMs / 1_000} s`, { cause: last });
}
