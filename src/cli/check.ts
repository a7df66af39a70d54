import { type Command, Option } from "commander";
import { BackfeedError } from "../support/errors.ts";
import { type Fault, hasErrors, sortedFaults } from "../support/yaml/fault.ts";
import { type CommonOptions, notInThisVersion, withCommonOptions } from "./common.ts";
import { type FaultFormat, faultFormats, githubAnnotations, sarifLog } from "./fault-formats.ts";
import { type CliContext, type ExitCode, exitCodes, type OnlineReport } from "./ports.ts";
import { countFaults, plural, printFaults } from "./print-faults.ts";

const lookAt = "look at its address, the network and the certificate";

interface CheckOptions extends CommonOptions {
  readonly online?: true;
  readonly format: FaultFormat;
}

/** `check [FILE…] [--online]`: configuration, owners, rules and templates, all faults at once. */
export function addCheck(program: Command, context: CliContext): void {
  withCommonOptions(program.command("check"))
    .description("check configuration, owners and rules")
    .argument("[file...]", "rule files; default those the configuration names")
    .option("--online", "also ask sources and trackers: indices, fields, project, issue type, permissions")
    .addOption(
      new Option("--format <format>", "github: annotations of a pull request; sarif: for code scanning")
        .choices(faultFormats)
        .default("text"),
    )
    .action((files: string[], options: CheckOptions) => check(files, options, context));
}

async function check(files: readonly string[], options: CheckOptions, context: CliContext): Promise<void> {
  const { app, output } = context;
  if (options.online === true && app.onlineFaults === undefined) {
    notInThisVersion("check --online", context);
    return;
  }
  const loaded = await app.loadRules({ file: options.config, ...(files.length === 0 ? {} : { ruleFiles: files }) });
  const online = options.online === true ? await askOutside(context, loaded) : undefined;
  const faults = sortedFaults([...loaded.allFaults, ...(online?.faults ?? [])]);
  const unreachable = online?.unreachable ?? [];
  const code = exitCodeOf(loaded.faults, faults, unreachable.length > 0);
  const { errors, warnings, text } = countFaults(faults);
  const rules = loaded.state.rules.length;
  const maintenance = (loaded.config && app.maintenanceLines?.(loaded.config)) ?? [];
  const format = options.json === true ? "json" : options.format;
  if (format === "github") output.out(githubAnnotations(faults));
  else if (format === "sarif") output.out(`${JSON.stringify(sarifLog(faults, context.version), undefined, 2)}\n`);
  else if (format === "json") {
    const summary = { errors, warnings, rules, files: loaded.state.files, maintenance, unreachable, exitCode: code };
    output.out(`${JSON.stringify({ faults, summary }, undefined, 2)}\n`);
  } else {
    output.out(printFaults(faults, output.colours));
    const separator = faults.length === 0 ? "" : "\n";
    output.out(maintenance.map((line) => `${line}\n`).join(""));
    output.out(`${separator}${text}; ${plural(rules, "rule")} good in ${plural(loaded.state.files, "file")}\n`);
  }
  // A pull request or a scan says nothing of what did not answer: that is for who reads the log.
  if (format !== "json") {
    for (const { name, message } of unreachable) output.err(`${name} could not be reached: ${message}; ${lookAt}\n`);
  }
  context.finish(code);
}

/** A configuration with errors cannot be asked about: then the faults that are known already must go first. */
async function askOutside(
  { app, signal }: CliContext,
  loaded: Awaited<ReturnType<CliContext["app"]["loadRules"]>>,
): Promise<OnlineReport | undefined> {
  if (loaded.config === undefined || app.onlineFaults === undefined) return undefined;
  try {
    return await app.onlineFaults(loaded.config, loaded.state.rules, signal);
  } catch (thrown) {
    if (!(thrown instanceof BackfeedError) || thrown.kind !== "unavailable") throw thrown;
    return { faults: [], unreachable: [{ name: "an outside system", message: thrown.message }] };
  }
}

/** Configuration before rules before the outside: the first that is wrong is to be mended first. */
function exitCodeOf(configFaults: readonly Fault[], faults: readonly Fault[], unreachable: boolean): ExitCode {
  if (hasErrors(configFaults)) return exitCodes.usage;
  if (hasErrors(faults)) return exitCodes.faulty;
  return unreachable ? exitCodes.unreachable : exitCodes.done;
}
