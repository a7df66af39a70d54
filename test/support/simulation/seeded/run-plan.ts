import { brokenInvariants } from "./checks/all.ts";
import { type Facts, gatherFacts } from "./facts.ts";
import type { Plan } from "./plan.ts";
import { Simulation } from "./simulation.ts";
import type { Trace } from "./trace.ts";

export interface RunOutcome {
  readonly seed: number;
  /** The invariants it breaks, in words; empty when all hold. */
  readonly broken: readonly string[];
  readonly hash: string;
  readonly trace: readonly string[];
  /** How often each fault took place and each decision was reached. */
  readonly counts: Readonly<Record<string, number>>;
}

/** By the real clock, hundreds of times what a run takes: who waits for longer waits for something that never comes. */
const hangsAfterMs = 120_000;

/** Plays a plan and judges what came of it. Never throws: a run that cannot end is one that breaks something. */
export async function runPlan(plan: Plan): Promise<RunOutcome> {
  const run = await Simulation.begin(plan);
  let broken: readonly string[];
  let alarm: NodeJS.Timeout | undefined;
  try {
    const hangs = new Promise<never>((_, reject) => {
      alarm = setTimeout(() => reject(new Error("the run waits for something that never comes")), hangsAfterMs);
    });
    broken = await Promise.race([playAndJudge(run), hangs]);
  } catch (thrown) {
    broken = [`crash: ${thrown instanceof Error ? thrown.stack : String(thrown)}`];
  } finally {
    clearTimeout(alarm);
  }
  for (const { kind } of run.jira.faults.fired) run.trace.count(`fault:jira ${kind}`);
  const { trace } = run;
  const outcome = {
    seed: plan.seed,
    broken,
    hash: trace.hash(),
    trace: [...trace.lines],
    counts: Object.fromEntries(trace.counts),
  };
  await run.close();
  return outcome;
}

async function playAndJudge(run: Simulation): Promise<readonly string[]> {
  await run.play();
  const facts = await gatherFacts(run);
  countDecisions(facts, run.trace);
  return brokenInvariants(facts);
}

/** At ticks and between them, by the timelines of the findings: the last word of each, not that of each tick. */
function countDecisions({ events }: Facts, trace: Trace): void {
  for (const event of [...events.values()].flat()) {
    const action = event.text.slice(0, event.text.indexOf(":"));
    if (event.kind === "decision") trace.count(`decision:${action}:${event.code}`);
  }
}
