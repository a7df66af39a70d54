import type { Command } from "commander";
import { notInThisVersion, withCommonOptions } from "./common.ts";
import type { CliContext } from "./ports.ts";

/** Part of the public interface, and to come: each moves to a file of its own with its issue. */
const later = [["suggest", "thresholds for a wanted number of tickets"]] as const;

export function addLaterCommands(program: Command, context: CliContext): void {
  for (const [name, description] of later) {
    withCommonOptions(program.command(name))
      .description(`${description} (not in this version)`)
      .allowUnknownOption()
      .allowExcessArguments()
      .action(() => notInThisVersion(name, context));
  }
}
