import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { compiledScript } from "../compiled-script.ts";
import type { Backlog } from "./backlog.ts";
import type { Outcome } from "./outcome.ts";
import type { KillPoint } from "./ports.ts";
import { liveOn, type Restart, rest, type Strike, type Surroundings, strikeWithin } from "./runs.ts";

const script = fileURLToPath(new URL("process.ts", import.meta.url));

/** What a process of the program is told at its start. */
export interface Life {
  readonly backlog: Backlog;
  readonly url: string | undefined;
  readonly path: string;
  readonly now: number;
  readonly killAt: KillPoint | undefined;
}

/** A process of its own that SIGKILL ends at the strike; then the rest of the time line on the file that it left. */
export async function killAndLiveOn(
  surroundings: Surroundings,
  strike: Strike,
  { downtimeMs }: Restart,
): Promise<Outcome> {
  const { backlog, clock, jira, path } = surroundings;
  const killAt = "point" in strike ? strike.point : undefined;
  const life: Life = { backlog, url: jira?.url, path, now: clock.now(), killAt };
  const child = spawn(process.execPath, [await compiledScript(script), JSON.stringify(life)], {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  const ended = endOf(child);
  child.on("message", ({ now }: { now: number }) => {
    clock.set(now);
    child.send("moved");
  });
  strikeWithin(jira, strike, async () => {
    child.kill("SIGKILL");
    await ended;
  });
  const { signal, errors } = await ended;
  if (signal !== "SIGKILL") throw new Error(`the process was not killed at ${JSON.stringify(strike)}: ${errors}`);
  rest(clock, downtimeMs);
  return liveOn(surroundings);
}

function endOf(child: ChildProcess): Promise<{ signal: NodeJS.Signals | null; errors: string }> {
  let errors = "";
  child.stderr?.on("data", (data) => {
    errors += String(data);
  });
  return new Promise((resolve) => child.on("close", (_code, signal) => resolve({ signal, errors })));
}
