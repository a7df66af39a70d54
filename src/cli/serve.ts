import type { Command } from "commander";
import { type CommonOptions, loadRunnable, notInThisVersion, withCommonOptions } from "./common.ts";
import { type CliContext, exitCodes } from "./ports.ts";

/** `serve`: schedule, delivery, reconcile, API and pages, until the process is asked to stop. */
export function addServe(program: Command, context: CliContext): void {
  withCommonOptions(program.command("serve"))
    .description("run on schedule, with API and pages, until SIGTERM")
    .action(async (options: CommonOptions) => {
      const { app, signal, finish } = context;
      if (app.serve === undefined) return notInThisVersion("serve", context);
      const loaded = await loadRunnable(options, context);
      if (loaded === undefined) return;
      await app.serve({ loaded, signal });
      finish(exitCodes.done);
    });
}
