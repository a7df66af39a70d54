// Many seeds in a process of its own: node batch.js, which is told the seeds one after another and answers with what came
// of each.
import { generatePlan } from "./generate.ts";
import { type RunOutcome, runPlan } from "./run-plan.ts";
import { keeping, type Shrunk, shrink } from "./shrink.ts";

export interface BatchRequest {
  readonly seed: number;
  /** Only these events of its plan; default all. */
  readonly keep?: readonly number[];
  /** Make a failing run as short as it goes. */
  readonly shorten?: boolean;
}

export interface BatchAnswer {
  readonly outcome: RunOutcome;
  readonly shrunk?: Shrunk;
}

export async function answerRequest({ seed, keep, shorten }: BatchRequest): Promise<BatchAnswer> {
  const whole = generatePlan(seed);
  const plan = keep === undefined ? whole : keeping(whole, keep);
  const outcome = await runPlan(plan);
  if (outcome.broken.length === 0 || shorten !== true) return { outcome };
  const { outcome: shortest, kept } = await shrink(plan, outcome);
  return {
    outcome,
    shrunk: { outcome: shortest, kept: keep === undefined ? kept : kept.flatMap((place) => keep[place] ?? []) },
  };
}

process.on("message", (request: BatchRequest) => {
  void answerRequest(request).then((answer) => process.send?.(answer));
});

// So that what is to be cleared away at the end is.
process.once("SIGTERM", () => process.exit());
