import { Presets, SingleBar } from "cli-progress";
import type { Command } from "commander";
import type { TriedChange } from "../app/replay/tried-change.ts";
import { formatInstant } from "../model/time.ts";
import { hasErrors } from "../support/yaml/fault.ts";
import { type CommonOptions, instant, loadRunnable, notInThisVersion, withCommonOptions } from "./common.ts";
import { type CliContext, type CliOutput, exitCodes, type Runnable } from "./ports.ts";
import { printFaults } from "./print-faults.ts";
import { printReplay } from "./print-replay.ts";
import { replayJson } from "./replay-json.ts";

interface ReplayCommandOptions extends CommonOptions {
  readonly from: number;
  readonly to: number;
  readonly rule: readonly string[];
  readonly try?: string;
}

/** `replay --from T --to T`: which tickets the past would have made, and which with other rules. */
export function addReplay(program: Command, context: CliContext): void {
  withCommonOptions(program.command("replay"))
    .description("run rules over the past: which tickets would they have made")
    .requiredOption("--from <instant>", "first instant, such as 2026-01-05T00:00:00Z", instant)
    .requiredOption("--to <instant>", "last instant; of what is to come there is nothing yet", instant)
    .option("--rule <id>", "only this rule; may be given several times", collect, [])
    .option(
      "--try <change>",
      "also with another value (`when.above=3%`) in the rule that --rule names, or with the rules of a file in place of those with the same ids; and what differs",
    )
    .action((options: ReplayCommandOptions) => replay(options, context));
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

async function replay(options: ReplayCommandOptions, context: CliContext): Promise<void> {
  const { app, output, signal, finish } = context;
  if (app.replay === undefined) return notInThisVersion("replay", context);
  if (options.to <= options.from) {
    output.err("error: --from must be before --to\n");
    return finish(exitCodes.usage);
  }
  const loaded = await loadRunnable(options, context);
  if (loaded === undefined) return;
  const tryChange = options.try === undefined ? undefined : readTriedChange(options.try);
  const tryFile = tryChange === undefined ? options.try : undefined;
  const tryRules = tryFile === undefined ? undefined : await loadTriedFile(tryFile, options, context);
  if (tryFile !== undefined && tryRules === undefined) return;
  const known = new Set([...loaded.state.rules, ...(tryRules ?? [])].map(({ id }) => id));
  const unknown = options.rule.filter((id) => !known.has(id));
  if (unknown.length > 0) {
    output.err(`error: no rule \`${unknown.join("`, `")}\` is loaded\n`);
    return finish(exitCodes.usage);
  }
  const progress = createProgress(options.json === true ? { ...output, errIsTerminal: false } : output);
  const report = await app
    .replay({
      loaded,
      from: options.from,
      to: options.to,
      ruleIds: options.rule,
      ...(tryRules === undefined ? {} : { tryRules }),
      ...(tryChange === undefined ? {} : { tryChange }),
      signal,
      onProgress: progress.update,
    })
    .finally(() => progress.stop());
  output.out(
    options.json === true
      ? `${JSON.stringify(replayJson(report), undefined, 2)}\n`
      : printReplay(report, output.colours),
  );
  finish(exitCodes.done);
}

/** `when.above=3%`; undefined for what is no KEY=VALUE, such as a file. */
function readTriedChange(written: string): TriedChange | undefined {
  const parts = /^([a-z_]+(?:\.[a-z_]+)*)=(.+)$/s.exec(written);
  return parts === null ? undefined : { path: (parts[1] ?? "").split("."), value: parts[2] ?? "" };
}

/** The rules of a file under the same configuration; undefined, having said why, when they are faulty. */
async function loadTriedFile(
  file: string,
  options: ReplayCommandOptions,
  { app, output, finish }: CliContext,
): Promise<Runnable["state"]["rules"] | undefined> {
  const { allFaults, state } = await app.loadRules({ file: options.config, ruleFiles: [file] });
  if (!hasErrors(allFaults) && state.rules.length > 0) return state.rules;
  output.err(printFaults(allFaults, false));
  output.err(`error: --try ${file} ${hasErrors(allFaults) ? "is faulty" : "has no rules"}: nothing is replayed\n`);
  finish(exitCodes.usage);
  return undefined;
}

interface Progress {
  readonly update: (progress: { readonly done: number; readonly of: number; readonly at: number }) => void;
  stop(): void;
}

/** A bar on a terminal; nothing elsewhere. */
function createProgress({ errIsTerminal }: Pick<CliOutput, "errIsTerminal">): Progress {
  if (errIsTerminal !== true) return { update: () => undefined, stop: () => undefined };
  const format = "replaying {bar} {percentage}%  {at}";
  const bar = new SingleBar({ format, barsize: 24, hideCursor: true, clearOnComplete: true }, Presets.shades_classic);
  let started = false;
  return {
    update({ done, of, at }) {
      const shown = { at: formatInstant(at) };
      if (started) bar.update(done, shown);
      else bar.start(of, done, shown);
      started = true;
    },
    stop() {
      if (started) bar.stop();
    },
  };
}
