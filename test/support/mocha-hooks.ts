import fc from "fast-check";
import { runTeardown } from "./services/teardown.ts";

/**
 * Loaded by .mocharc.json. Property tests draw the same cases in every run, so that a change is judged by what it changes;
 * `SEED=random npx mocha FILE` looks for new ones, and what it finds becomes a case of its own.
 */
const seed = process.env["SEED"] ?? "20261122";
if (seed !== "random") fc.configureGlobal({ seed: Number(seed) });

/** Stops the services that suites share, after the last suite. */
export async function mochaGlobalTeardown(): Promise<void> {
  await runTeardown();
}
