import { type Command, InvalidArgumentError } from "commander";
import type { Labels } from "../model/labels.ts";
import { type CommonOptions, instant, loadRunnable, notInThisVersion, withCommonOptions } from "./common.ts";
import { type CliContext, type ExplainSubject, exitCodes } from "./ports.ts";

interface ExplainOptions extends CommonOptions {
  readonly rule?: string;
  readonly labels?: Labels;
  readonly at?: number;
}

/** `explain ID` or `explain --rule R --labels k=v --at T`: why there is a ticket, or why there is none. */
export function addExplain(program: Command, context: CliContext): void {
  withCommonOptions(program.command("explain"))
    .description("show the chain from observation to ticket, or why there is none")
    .argument("[id]", "finding, ticket key or fingerprint")
    .option("--rule <id>", "a rule, with --at")
    .option("--labels <name=value...>", "a label set of the rule", label)
    .option("--at <instant>", "the tick", instant)
    .action(async (id: string | undefined, options: ExplainOptions) => {
      const { app, output, signal, finish } = context;
      if (app.explain === undefined) return notInThisVersion("explain", context);
      const subject = subjectOf(id, options);
      if (subject === undefined) {
        output.err("error: name an ID, or --rule with --at (and --labels)\n");
        finish(exitCodes.usage);
        return;
      }
      const loaded = await loadRunnable(options, context);
      if (loaded === undefined) return;
      const explanation = await app.explain({ loaded, subject, signal });
      const text = `${explanation.lines.join("\n")}\n`;
      output.out(options.json === true ? `${JSON.stringify(explanation.data, undefined, 2)}\n` : text);
      // Nothing is no reason: who reads the JSON by eye, or its log, is told why.
      if (options.json === true && !explanation.found) output.err(text);
      finish(explanation.found ? exitCodes.done : exitCodes.faulty);
    });
}

function subjectOf(id: string | undefined, { rule, labels, at }: ExplainOptions): ExplainSubject | undefined {
  if (id !== undefined) return rule === undefined && at === undefined ? { kind: "id", id } : undefined;
  if (rule === undefined || at === undefined) return undefined;
  return { kind: "rule", ruleId: rule, labels: labels ?? {}, at };
}

function label(text: string, before: Labels | undefined): Labels {
  const equals = text.indexOf("=");
  if (equals < 1) throw new InvalidArgumentError("write name=value.");
  return { ...before, [text.slice(0, equals)]: text.slice(equals + 1) };
}
