import { Command, CommanderError } from "commander";
import type { PreparedDemo } from "../app/demo/prepare.ts";
import type { ReplayProgress } from "../app/demo/replay.ts";
import type { DemoReport } from "../app/demo/report.ts";
import { asBackfeedError, BackfeedError } from "../support/errors.ts";
import { hasErrors } from "../support/yaml/fault.ts";
import { createProgress } from "./demo-progress.ts";
import { demoHeader, demoReport, demoWhereToLook } from "./demo-text.ts";
import { type CliApp, type CliOutput, type ExitCode, exitCodes, type Runnable, type ServeRequest } from "./ports.ts";
import { printFaults } from "./print-faults.ts";

/** What the demo does; `app` gives it. */
export interface DemoApp {
  readonly loadRules: CliApp["loadRules"];
  prepare(options: { readonly loaded: Runnable; readonly serve: boolean }): Promise<PreparedDemo>;
  replay(options: {
    readonly prepared: PreparedDemo;
    readonly signal: AbortSignal;
    readonly onProgress: (progress: ReplayProgress) => void;
  }): Promise<DemoReport>;
  serve(request: ServeRequest & { readonly onListening: (address: { readonly port: number }) => void }): Promise<void>;
}

export interface DemoContext {
  readonly app: DemoApp;
  readonly output: CliOutput & {
    /** Columns that a line of `out` has. */
    readonly width: number;
    /** Where a progress bar is drawn; undefined when `err` is no terminal. */
    readonly terminal: NodeJS.WritableStream | undefined;
  };
  readonly signal: AbortSignal;
}

const configuration = "config/demo.yaml";

/** `npm run demo [-- --once]`: the sample's last hours replayed, what was filed, then API and pages. Never throws. */
export async function runDemo(args: readonly string[], context: DemoContext): Promise<ExitCode> {
  const { output, signal } = context;
  try {
    await demo(readOptions(args, output), context);
    return exitCodes.done;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    const error = asBackfeedError(thrown);
    if (signal.aborted && error.kind === "aborted") {
      output.err("stopped before the replay ended\n");
      return exitCodes.faulty;
    }
    output.err(`error: ${error.message}\n`);
    return error.kind === "configuration" ? exitCodes.usage : exitCodes.faulty;
  }
}

interface DemoOptions {
  readonly once?: true;
}

function readOptions(args: readonly string[], output: CliOutput): DemoOptions {
  return new Command("npm run demo --")
    .description("replay the sample data up to now, print the tickets it files, then serve API and pages")
    .option("--once", "stop after printing")
    .allowExcessArguments(false)
    .configureOutput({ writeOut: output.out, writeErr: output.err })
    .exitOverride()
    .parse([...args], { from: "user" })
    .opts<DemoOptions>();
}

async function demo({ once }: DemoOptions, { app, output, signal }: DemoContext): Promise<void> {
  const loaded = await loadDemo(app);
  const prepared = await app.prepare({ loaded, serve: once !== true });
  output.out(demoHeader(prepared, output));
  const progress = createProgress(output);
  const report = await app.replay({ prepared, signal, onProgress: progress.update }).finally(() => progress.stop());
  output.out(demoReport(report, output));
  if (once === true) return;
  await app.serve({
    loaded: prepared.loaded,
    signal,
    onListening: ({ port }) => output.out(demoWhereToLook({ prepared, report, port }, output)),
  });
  output.out("stopped\n");
}

/** A fault in what the project ships is no matter of going on without. */
async function loadDemo(app: DemoApp): Promise<Runnable> {
  const loaded = await app.loadRules({ file: configuration });
  const { config, allFaults } = loaded;
  if (config !== undefined && !hasErrors(allFaults)) return { ...loaded, config };
  throw new BackfeedError(
    "configuration",
    `the demo's configuration or rules are faulty\n${printFaults(allFaults, false)}`,
  );
}
