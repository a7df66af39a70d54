import type { Context } from "mocha";

/** A real service cannot be had on this machine (no Java, no download, ...). The message says what is missing and how to get it. */
export class ServiceMissing extends Error {
  override readonly name = "ServiceMissing";
}

/**
 * Starts a service inside a `before` hook. Where it is missing the suite is skipped and the reason is printed;
 * with CI=true a missing service is a failure, so that a green CI never hides an untested part.
 */
export async function startOrSkip<Service>(context: Context, start: () => Promise<Service>): Promise<Service> {
  try {
    return await start();
  } catch (error) {
    if (!(error instanceof ServiceMissing) || process.env["CI"] === "true") throw error;
    console.error(`skipped: ${error.message}`);
    return context.skip();
  }
}
