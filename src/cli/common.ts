import { type Command, InvalidArgumentError } from "commander";
import { hasErrors } from "../support/yaml/fault.ts";
import { type CliContext, exitCodes, type Runnable } from "./ports.ts";
import { printFaults } from "./print-faults.ts";

export interface CommonOptions {
  readonly config: string;
  readonly json?: true;
}

/** The options that every command has. */
export function withCommonOptions(command: Command): Command {
  return command
    .option("--config <file>", "service configuration", "config/backfeed.yaml")
    .option("--json", "print results for machines");
}

/** An instant in ISO 8601 with a zone, in milliseconds. Throws what commander prints. */
export function instant(text: string): number {
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (Number.isNaN(at)) throw new InvalidArgumentError("write an instant with its zone, such as 2026-01-05T10:00:00Z.");
  return at;
}

/** Answers for a command that this version lacks. */
export function notInThisVersion(command: string, { output, finish }: CliContext): void {
  output.err(`error: \`backfeed ${command}\` is not in this version\n`);
  finish(exitCodes.usage);
}

/**
 * Loads what serve, run and explain work on. Gives undefined, having printed the faults and ended with 2, when the
 * configuration is faulty; faults of rules stop nothing, and are printed unless they are no matter of the command.
 */
export async function loadRunnable(
  options: CommonOptions,
  context: CliContext,
  { tellRules = true }: { readonly tellRules?: boolean } = {},
): Promise<Runnable | undefined> {
  const loaded = await context.app.loadRules({ file: options.config });
  const { config } = loaded;
  const told = tellRules ? loaded.allFaults : loaded.faults;
  if (told.length > 0) context.output.err(printFaults(told, false));
  if (config !== undefined && !hasErrors(loaded.faults)) return { ...loaded, config };
  const files = [...new Set(loaded.faults.filter(({ severity }) => severity === "error").map(({ file }) => file))];
  const are = files.length > 1 ? "are" : "is";
  context.output.err(`error: ${files.join(" and ") || options.config} ${are} faulty: nothing is started\n`);
  context.finish(exitCodes.usage);
  return undefined;
}
