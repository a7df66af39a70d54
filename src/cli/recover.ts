import Table from "cli-table3";
import type { Command } from "commander";
import { cleanText } from "../support/clean-text.ts";
import { type CommonOptions, loadRunnable, notInThisVersion, withCommonOptions } from "./common.ts";
import { type CliContext, type ExitCode, exitCodes, type RecoverReport } from "./ports.ts";
import { plural } from "./print-faults.ts";

interface RecoverOptions extends CommonOptions {
  readonly dryRun?: true;
}

/** Between two lines of progress where there is no terminal to redraw one. */
const toldEvery = 500;

/** `recover`: the store is lost; what the trackers have of ours becomes known again. */
export function addRecover(program: Command, context: CliContext): void {
  withCommonOptions(program.command("recover"))
    .description("rebuild ticket records from labels and properties in the tracker, when the store is lost")
    .option("--dry-run", "say what would be recovered, and change nothing")
    .action(async (options: RecoverOptions) => {
      const { app, output, signal, finish } = context;
      if (app.recover === undefined) return notInThisVersion("recover", context);
      const loaded = await loadRunnable(options, context);
      if (loaded === undefined) return;
      const progress = progressTo(output);
      const report = await app.recover({
        loaded,
        dryRun: options.dryRun === true,
        signal,
        onProgress: progress.update,
      });
      progress.stop();
      for (const { tracker, message } of report.failed) {
        output.err(`error: ${tracker} was not walked through to its end: ${clean(message, 500)}\n`);
      }
      output.out(
        options.json === true ? `${JSON.stringify(report.rows, undefined, 2)}\n` : printReport(report, options),
      );
      finish(exitCodeOf(report));
    });
}

function exitCodeOf({ failed }: RecoverReport): ExitCode {
  if (failed.length === 0) return exitCodes.done;
  return failed.some(({ unreachable }) => unreachable) ? exitCodes.unreachable : exitCodes.faulty;
}

function printReport({ rows }: RecoverReport, { dryRun }: RecoverOptions): string {
  const table = new Table({
    head: ["tracker", "ticket", "finding", "generation", "outcome", "url"],
    style: { head: [], border: [] },
  });
  for (const { tracker, ticket, finding, generation, outcome, url } of rows) {
    const words = outcome === "recovered" && dryRun === true ? "would be recovered" : outcome.replace("_", " ");
    table.push([tracker, ticket, finding, generation, words, url].map((cell) => clean(String(cell), 120)));
  }
  const recovered = rows.filter(({ outcome }) => outcome === "recovered").length;
  const what = dryRun === true ? "would be recovered" : "recovered";
  const sum = `${plural(recovered, "ticket")} ${what}, of ${plural(rows.length, "issue")} found\n`;
  return rows.length === 0 ? "no issue of ours was found\n" : `${table.toString()}\n${sum}`;
}

/** One line that is written over on a terminal; elsewhere one now and then. */
function progressTo(output: CliContext["output"]) {
  let shown = false;
  let told = 0;
  return {
    update: ({ tracker, found }: { readonly tracker: string; readonly found: number }) => {
      const line = `${clean(tracker, 60)}: ${plural(found, "issue")} found`;
      if (output.errIsTerminal === true) {
        output.err(`\r${line}`);
        shown = true;
      } else if (found - told >= toldEvery) {
        output.err(`${line}\n`);
        told = found;
      }
    },
    stop: () => {
      if (shown) output.err("\r\u001b[2K");
    },
  };
}

function clean(text: string, maxLength: number): string {
  return cleanText(text, { maxLength, singleLine: true });
}
