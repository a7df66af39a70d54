import { fileURLToPath } from "node:url";
import { compiledScript } from "../../compiled-script.ts";
import type { Defect } from "./defects.ts";
import type { RunOutcome } from "./run-plan.ts";
import { runSeeds } from "./seed-runner.ts";

export const batchScript = fileURLToPath(new URL("batch.ts", import.meta.url));

/** Seeds from `from` on with a defect put into the program; gives the one that shows it, or undefined. */
export async function findDefect(options: {
  readonly defect: Defect;
  readonly from: number;
  readonly seeds: number;
  readonly processes: number;
}): Promise<RunOutcome | undefined> {
  const { defect, from, seeds, processes } = options;
  const script = await compiledScript(batchScript, defect.changes);
  const broken = await runSeeds({ from, seeds, processes, script, untilBroken: true });
  return broken[0]?.outcome;
}
