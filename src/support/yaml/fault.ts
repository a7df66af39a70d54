/** One thing that is wrong in a file of our users, and what to write instead. Never carries a secret's value. */
export interface Fault {
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based, in UTF-16 code units as editors count them. */
  readonly column: number;
  readonly ruleId?: string;
  /** Keys that lead there: `rules[2].signal.window`; empty for the file itself. */
  readonly path: string;
  readonly message: string;
  readonly fix: string;
  /** A warning stops nothing. */
  readonly severity: "error" | "warning";
}

export type Path = readonly (string | number)[];

/** A word of a file, and where it is written. */
export interface Written {
  readonly text: string;
  readonly line: number;
  readonly column: number;
  readonly path: string;
}

/** What is wrong, and what to write instead. */
export interface Wrong {
  readonly message: string;
  readonly fix: string;
}

interface ReportOptions {
  /** Which of the two is meant; default the value. */
  readonly at?: "key" | "value";
  readonly severity?: "warning";
  /** How many characters into a text it lies; default at its beginning. */
  readonly within?: number;
  /** Parts whose absence the fault is about: when one of them was itself faulty, there is nothing to say. */
  readonly needs?: readonly Path[];
}

/** How checks between parts tell a fault. */
export type Report = (path: Path, wrong: Wrong, options?: ReportOptions) => void;

/** `rules[2].where["service.name"]`: keys that are no plain words are quoted. */
export function formatPath(path: Path): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (!/^[\w-]+$/.test(step)) text += `[${JSON.stringify(step)}]`;
    else text += text === "" ? step : `.${step}`;
  }
  return text;
}

/** By file, then by place. */
function compareFaults(a: Fault, b: Fault): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line || a.column - b.column || (a.message < b.message ? -1 : a.message > b.message ? 1 : 0);
}

/** In order, and each thing said once: a fault in `defaults` shows in every rule that inherits it. */
export function sortedFaults(faults: readonly Fault[]): Fault[] {
  const seen = new Set<string>();
  return [...faults].sort(compareFaults).filter((fault) => {
    const key = `${fault.file}:${fault.line}:${fault.column}:${fault.message}`;
    return !seen.has(key) && seen.add(key);
  });
}

export function hasErrors(faults: readonly Fault[]): boolean {
  return faults.some((fault) => fault.severity === "error");
}

/** `file:line:column: [rule] message. fix` on one line, for logs and errors. */
export function formatFault(fault: Fault): string {
  const rule = fault.ruleId === undefined ? "" : `[${fault.ruleId}] `;
  return `${fault.file}:${fault.line}:${fault.column}: ${rule}${fault.message}; ${fault.fix}`;
}
