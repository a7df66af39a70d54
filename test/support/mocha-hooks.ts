import { runTeardown } from "./services/teardown.ts";

/** Loaded by .mocharc.json: stops the services that suites share, after the last suite. */
export async function mochaGlobalTeardown(): Promise<void> {
  await runTeardown();
}
