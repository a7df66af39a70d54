import { Presets, SingleBar } from "cli-progress";
import type { Command } from "commander";
import { day } from "../support/duration.ts";
import { type CommonOptions, instant, loadRunnable, notInThisVersion, withCommonOptions } from "./common.ts";
import { type CliContext, type CliOutput, exitCodes, type SuggestReport } from "./ports.ts";
import { printSuggestions } from "./print-suggestions.ts";
import { suggestJson } from "./suggest-json.ts";

interface SuggestCommandOptions extends CommonOptions {
  readonly from?: number;
  readonly to?: number;
}

const monthMs = 30 * day;

/** `suggest RULE`: the limits that would have made 1, 5 and 20 tickets a month. */
export function addSuggest(program: Command, context: CliContext): void {
  withCommonOptions(program.command("suggest"))
    .description("thresholds of a rule that would have made 1, 5 and 20 tickets a month")
    .argument("<rule>", "the rule's id")
    .option("--from <instant>", "first instant; default thirty days before the last", instant)
    .option("--to <instant>", "last instant; default now", instant)
    .action((ruleId: string, options: SuggestCommandOptions) => suggest(ruleId, options, context));
}

async function suggest(ruleId: string, options: SuggestCommandOptions, context: CliContext): Promise<void> {
  const { app, output, signal, finish } = context;
  if (app.suggest === undefined) return notInThisVersion("suggest", context);
  const loaded = await loadRunnable(options, context);
  if (loaded === undefined) return;
  const to = options.to ?? app.now?.() ?? 0;
  const from = options.from ?? to - monthMs;
  const progress = createProgress(options.json === true ? { ...output, errIsTerminal: false } : output);
  const report: SuggestReport = await app
    .suggest({ loaded, ruleId, from, to, signal, onProgress: progress.update })
    .finally(() => progress.stop());
  output.out(
    options.json === true
      ? `${JSON.stringify(suggestJson(report), undefined, 2)}\n`
      : printSuggestions(report, output.colours),
  );
  finish(exitCodes.done);
}

interface Progress {
  readonly update: (progress: { readonly phase: string; readonly done: number; readonly of: number }) => void;
  stop(): void;
}

/** A bar for each phase on a terminal; nothing elsewhere. */
function createProgress({ errIsTerminal }: Pick<CliOutput, "errIsTerminal">): Progress {
  if (errIsTerminal !== true) return { update: () => undefined, stop: () => undefined };
  const format = "{phase} {bar} {percentage}%";
  const bar = new SingleBar({ format, barsize: 24, hideCursor: true, clearOnComplete: true }, Presets.shades_classic);
  let shown: string | undefined;
  return {
    update({ phase, done, of }) {
      if (phase !== shown) bar.start(of, done, { phase });
      else bar.update(done, { phase });
      shown = phase;
    },
    stop() {
      if (shown !== undefined) bar.stop();
    },
  };
}
