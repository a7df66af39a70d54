const registry = Symbol.for("backfeed.test.teardown");

type Step = () => Promise<void> | void;

/**
 * Kept on the process and not in this module: mocha loads its hooks and its suites in two ways, and each gets an instance
 * of the module.
 */
const steps = stepsOfProcess(globalThis as { [registry]?: Step[] });

function stepsOfProcess(holder: { [registry]?: Step[] }): Step[] {
  holder[registry] ??= [];
  return holder[registry];
}

/** Registers work for the end of the mocha process (see test/support/mocha-hooks.ts); steps run in reverse order. */
export function atTeardown(step: Step): void {
  steps.push(step);
}

/** Runs and forgets all registered steps. One that fails does not keep the others from running. */
export async function runTeardown(): Promise<void> {
  const failures: unknown[] = [];
  for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, "tearing down test services failed");
}
