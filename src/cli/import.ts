import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Table from "cli-table3";
import { Argument, type Command } from "commander";
import picocolors from "picocolors";
import { cleanText } from "../support/clean-text.ts";
import { BackfeedError } from "../support/errors.ts";
import { type CommonOptions, loadRunnable, notInThisVersion, withCommonOptions } from "./common.ts";
import {
  type CliContext,
  exitCodes,
  type ImportFormat,
  type ImportNote,
  type ImportReport,
  importFormats,
} from "./ports.ts";
import { plural } from "./print-faults.ts";

interface ImportOptions extends CommonOptions {
  readonly out?: string;
  readonly force?: true;
  readonly source?: string;
  readonly owner?: string;
  readonly by?: string;
}

/** `import FORMAT FILE…`: other people's rules as ours, with tests, and what became of each part. */
export function addImport(program: Command, context: CliContext): void {
  withCommonOptions(program.command("import"))
    .description("turn other people's rules into ours")
    .addArgument(new Argument("<format>", "whose rules they are").choices(importFormats))
    .argument("<file...>", "rule files, or folders of them")
    .option("--out <folder>", "write NAME.yaml and NAME.test.yaml there; default print them")
    .option("--force", "with --out: replace files that are there")
    .option("--source <name>", "the source that the rules ask; default the only one of its kind")
    .option("--owner <name>", "who gets the tickets; default what the rules say, else `default`")
    .option("--by <labels>", "for metrics: the labels of an alert, where an expression does not say them: instance,job")
    .action((format: ImportFormat, files: string[], options: ImportOptions) => run(format, files, options, context));
}

async function run(
  format: ImportFormat,
  files: readonly string[],
  options: ImportOptions,
  context: CliContext,
): Promise<void> {
  const { app, output, signal, finish } = context;
  if (app.importRules === undefined) return notInThisVersion("import", context);
  const loaded = await loadRunnable(options, context, { tellRules: false });
  if (loaded === undefined) return;
  const by = options.by
    ?.split(",")
    .map((label) => label.trim())
    .filter((label) => label !== "");
  const { source, owner, out } = options;
  const report = await app.importRules({ format, files, loaded, source, owner, by, out, signal });
  if (out !== undefined) write(report, out, options.force === true);
  const refused = report.notes.some(({ kind }) => kind === "refused");
  if (options.json === true) output.out(`${JSON.stringify({ ...report, summary: summaryOf(report) }, undefined, 2)}\n`);
  else if (out === undefined) {
    for (const file of filesOf(report)) output.out(`# ${"-".repeat(8)} ${file.name}\n${file.text}\n`);
    output.err(reportText(report, false));
  } else {
    output.out(reportText(report, output.colours));
    output.out(
      filesOf(report)
        .map(({ name }) => `${join(out, name)}\n`)
        .join(""),
    );
  }
  finish(refused ? exitCodes.faulty : exitCodes.done);
}

function filesOf({ made }: ImportReport): readonly { readonly name: string; readonly text: string }[] {
  return made.flatMap(({ rules, tests }) => (tests === undefined ? [rules] : [rules, tests]));
}

/** Nothing is written when one of the files is there already. Throws `configuration`. */
function write(report: ImportReport, out: string, force: boolean): void {
  const files = filesOf(report).map(({ name, text }) => ({ path: join(out, name), text }));
  const there = force ? [] : files.filter(({ path }) => existsSync(path)).map(({ path }) => path);
  if (there.length > 0) {
    const are = there.length === 1 ? "is there already" : "are there already";
    throw new BackfeedError(
      "configuration",
      `${there.slice(0, 5).join(", ")} ${are}: nothing is written; write --force to replace, or another --out`,
    );
  }
  try {
    mkdirSync(out, { recursive: true });
    for (const { path, text } of files) writeFileSync(path, text, force ? {} : { flag: "wx" });
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error";
    throw new BackfeedError("configuration", `--out ${out} cannot be written (${code})`, { cause });
  }
}

/** By rule: what maps exactly, what differs, what is refused and why. */
function reportText(report: ImportReport, colours: boolean): string {
  const pick = picocolors.createColors(colours);
  const paint = { exact: pick.green, differs: pick.yellow, refused: pick.red };
  const table = new Table({
    head: ["Place", "Rule", "", "What"],
    wordWrap: true,
    wrapOnWordBoundary: true,
    colWidths: [26, 28, 9, 84],
    style: { head: [], border: [], compact: true },
  });
  const clean = (text: string) => cleanText(text, { maxLength: 1_000, singleLine: true });
  for (const note of report.notes) {
    table.push([
      clean(`${note.file}:${note.line}:${note.column}`),
      clean(nameOf(note)),
      paint[note.kind](note.kind),
      clean(note.text),
    ]);
  }
  const { rules, files, exact, differs, refused } = summaryOf(report);
  const counts = `${exact} exact, ${differs} with a difference, ${refused} refused`;
  return `${report.notes.length === 0 ? "" : `${table.toString()}\n`}${plural(rules, "rule")} in ${plural(files, "file")}: ${counts}\n`;
}

function nameOf({ ruleId, subject }: ImportNote): string {
  return ruleId ?? subject ?? "";
}

function summaryOf({ notes, rules, made }: ImportReport) {
  const count = (kind: ImportNote["kind"]) => notes.filter((note) => note.kind === kind).length;
  return { rules, files: made.length, exact: count("exact"), differs: count("differs"), refused: count("refused") };
}
