import { Command, CommanderError } from "commander";
import { asBackfeedError, type ErrorKind } from "../support/errors.ts";
import { addCheck } from "./check.ts";
import { addExplain } from "./explain.ts";
import { addImport } from "./import.ts";
import { type CliContext, type ExitCode, exitCodes } from "./ports.ts";
import { addRecover } from "./recover.ts";
import { addReplay } from "./replay.ts";
import { addRun } from "./run.ts";
import { addSchema } from "./schema.ts";
import { addServe } from "./serve.ts";
import { addSuggest } from "./suggest.ts";
import { addTest } from "./test.ts";

/** Runs one command line (without node and script) and gives the exit code. Never throws. */
export async function runCli(args: readonly string[], context: Omit<CliContext, "finish">): Promise<ExitCode> {
  let code: ExitCode = exitCodes.done;
  const program = buildProgram({
    ...context,
    finish: (ended) => {
      code = ended;
    },
  });
  try {
    if (args.length === 0) {
      context.output.err(program.helpInformation());
      return exitCodes.usage;
    }
    await program.parseAsync([...args], { from: "user" });
    return code;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    const error = asBackfeedError(thrown);
    context.output.err(`error: ${error.message}\n`);
    return exitCodeOf(error.kind);
  }
}

function buildProgram(context: CliContext): Command {
  const program = new Command("backfeed")
    .description("Turns production problems into exactly one prioritised, evidenced ticket each.")
    .version(context.version)
    .showHelpAfterError("(backfeed --help lists commands, backfeed COMMAND --help its options)")
    .configureOutput({ writeOut: (text) => context.output.out(text), writeErr: (text) => context.output.err(text) })
    .exitOverride();
  addServe(program, context);
  addRun(program, context);
  addCheck(program, context);
  addTest(program, context);
  addReplay(program, context);
  addSuggest(program, context);
  addExplain(program, context);
  addImport(program, context);
  addRecover(program, context);
  addSchema(program, context);
  return program;
}

function exitCodeOf(kind: ErrorKind): ExitCode {
  if (kind === "configuration" || kind === "invalid_request") return exitCodes.usage;
  return kind === "unavailable" || kind === "rate_limited" || kind === "unauthorized"
    ? exitCodes.unreachable
    : exitCodes.faulty;
}
