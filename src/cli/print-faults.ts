import { createColors } from "picocolors";
import { cleanText } from "../support/clean-text.ts";
import type { Fault } from "../support/yaml/fault.ts";

/** Faults for people: grouped by file, each with `file:line:column`, rule, what is wrong, and what to write instead. */
export function printFaults(faults: readonly Fault[], colours: boolean): string {
  const paint = createColors(colours);
  const lines: string[] = [];
  let file: string | undefined;
  for (const fault of faults) {
    if (fault.file !== file) {
      if (file !== undefined) lines.push("");
      file = fault.file;
      lines.push(paint.bold(line(fault.file)));
    }
    const kind = fault.severity === "error" ? paint.red("error") : paint.yellow("warning");
    const rule = fault.ruleId === undefined ? "" : ` ${paint.cyan(line(fault.ruleId))}`;
    lines.push(`  ${line(fault.file)}:${fault.line}:${fault.column} ${kind}${rule}`);
    lines.push(`    ${line(fault.message)}`);
    lines.push(`    ${paint.green("fix:")} ${line(fault.fix)}`);
  }
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

/** Text of files may hold anything; a terminal obeys escapes. */
function line(text: string): string {
  return cleanText(text, { maxLength: 1_000, singleLine: true });
}

/** `2 errors, 1 warning`. */
export function countFaults(faults: readonly Fault[]): { errors: number; warnings: number; text: string } {
  const errors = faults.filter((fault) => fault.severity === "error").length;
  const warnings = faults.length - errors;
  return { errors, warnings, text: `${plural(errors, "error")}, ${plural(warnings, "warning")}` };
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
