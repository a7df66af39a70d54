import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { BatchAnswer, BatchRequest } from "./batch.ts";

export interface SeedRun {
  readonly from: number;
  readonly seeds: number;
  /** The compiled batch script. */
  readonly script: string;
  /** Processes side by side. */
  readonly processes: number;
  /** Stop at the first seed that breaks something. */
  readonly untilBroken?: boolean;
  readonly onAnswer?: (answer: BatchAnswer, done: number) => void;
}

/** Atlassian's documents: a compiled script stands elsewhere than its source, and cannot look beside itself. */
const besideTheProject = fileURLToPath(new URL("../../../../../shared/jira", import.meta.url));

/** A process keeps about a megabyte of each seed, and has a heap of a gigabyte: after so many another takes its place. */
const seedsOfProcess = 200;

/** Runs seeds in processes side by side; each takes the next one when it is done. Gives the broken ones, by seed. */
export async function runSeeds(run: SeedRun): Promise<readonly BatchAnswer[]> {
  const broken: BatchAnswer[] = [];
  let next = run.from;
  let done = 0;
  const end = run.from + run.seeds;
  const goesOn = () => next < end && !(run.untilBroken === true && broken.length > 0);
  const play = async () => {
    const child = spawn(process.execPath, ["--max-old-space-size=1024", "--max-semi-space-size=32", run.script], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      env: { ...process.env, JIRA_OPENAPI_DIR: process.env["JIRA_OPENAPI_DIR"] ?? besideTheProject },
    });
    try {
      for (let played = 0; played < seedsOfProcess && goesOn(); played += 1) {
        const seed = next;
        next += 1;
        const answer = await ask(child, { seed });
        done += 1;
        if (answer.outcome.broken.length > 0) broken.push(answer);
        run.onAnswer?.(answer, done);
      }
    } finally {
      if (child.connected) child.disconnect();
      child.kill();
    }
  };
  const work = async () => {
    while (goesOn()) await play();
  };
  await Promise.all(Array.from({ length: Math.min(run.processes, run.seeds) }, work));
  return broken.sort((a, b) => a.outcome.seed - b.outcome.seed);
}

function ask(child: ChildProcess, request: BatchRequest): Promise<BatchAnswer> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null, signal: string | null) =>
      reject(new Error(`seed ${request.seed} ended its process: ${signal ?? code}`));
    child.once("exit", onExit);
    child.once("message", (answer) => {
      child.off("exit", onExit);
      resolve(answer as BatchAnswer);
    });
    child.send(request);
  });
}
