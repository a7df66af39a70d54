import Table from "cli-table3";
import type { Command } from "commander";
import { formatLabels } from "../model/labels.ts";
import { cleanText } from "../support/clean-text.ts";
import { type CommonOptions, instant, loadRunnable, notInThisVersion, withCommonOptions } from "./common.ts";
import { type CliContext, type ExitCode, exitCodes, type RunReport, type RunRow } from "./ports.ts";
import { plural } from "./print-faults.ts";

interface RunOptions extends CommonOptions {
  readonly once: true;
  readonly at?: number;
  readonly rule?: string;
  readonly dryRun?: true;
}

/** `run --once`: the ticks that are due and their delivery, then an end. */
export function addRun(program: Command, context: CliContext): void {
  withCommonOptions(program.command("run"))
    .description("run the ticks that are due once, and deliver")
    .requiredOption("--once", "run what is due and end (`serve` goes on)")
    .option(
      "--at <instant>",
      "up to this instant instead of now; at or before the last tick it needs --dry-run",
      instant,
    )
    .option("--rule <id>", "only this rule")
    .option("--dry-run", "work on a copy of the state and send nothing")
    .action(async (options: RunOptions) => {
      const { app, output, signal, finish } = context;
      if (app.run === undefined) return notInThisVersion("run", context);
      const loaded = await loadRunnable(options, context);
      if (loaded === undefined) return;
      if (options.rule !== undefined && !loaded.state.rules.some((rule) => rule.id === options.rule)) {
        output.err(`error: no rule \`${options.rule}\` is loaded\n`);
        finish(exitCodes.usage);
        return;
      }
      const report = await app.run({
        loaded,
        at: options.at,
        ruleId: options.rule,
        dryRun: options.dryRun === true,
        signal,
      });
      output.out(options.json === true ? `${JSON.stringify(report.rows, undefined, 2)}\n` : printRows(report.rows));
      finish(exitCodeOf(report));
    });
}

function exitCodeOf({ failed, unreachable }: RunReport): ExitCode {
  if (unreachable) return exitCodes.unreachable;
  return failed ? exitCodes.faulty : exitCodes.done;
}

function printRows(rows: readonly RunRow[]): string {
  const head = ["tick", "rule", "labels", "verdict", "value", "threshold", "state", "outcome", "reason", "ticket"];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const row of rows) {
    const cells = [
      row.tick,
      row.rule,
      formatLabels(row.labels),
      row.verdict,
      row.value,
      row.threshold,
      row.state,
      row.outcome,
      row.reason,
      row.ticket ?? row.finding,
    ];
    table.push(cells.map((cell) => cleanText(String(cell ?? ""), { maxLength: 80, singleLine: true })));
  }
  return rows.length === 0 ? "nothing was due\n" : `${table.toString()}\n${plural(rows.length, "evaluation")}\n`;
}
