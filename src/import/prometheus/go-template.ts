import { liquidLabel, liquidText } from "../words.ts";

/** What a value is on our side, so that a template may show it. */
export interface TemplateTarget {
  /** The labels of an alert. */
  readonly by: readonly string[];
  /** False where our value is not the one that the template means. */
  readonly hasValue: boolean;
}

export interface TranslatedTemplate {
  /** As Liquid; what has no like is left out of it. */
  readonly liquid: string;
  /** As plain text for places without templates: a label is `<name>`. */
  readonly plain: string;
  /** Labels that it shows, of whichever kind. */
  readonly labels: readonly string[];
  /** Actions that were left out, as they were written. */
  readonly leftOut: readonly string[];
}

interface Shown {
  readonly liquid: string;
  readonly plain: string;
}

/** Functions of Prometheus' templates that have a like among our filters. Seconds are milliseconds with us. */
const filters: Readonly<Record<string, string>> = {
  humanize: " | number",
  humanize1024: " | bytes",
  humanizePercentage: " | percent",
  humanizeDuration: " | times: 1000 | duration",
  title: " | capitalize",
  toUpper: " | upcase",
  toLower: " | downcase",
};
/** Before the first pipe every action may set these, as Prometheus' documentation has it. */
const aliases = /\{\{-?\s*\$(labels|value|externalLabels|externalURL)\s*:=\s*\.\w+\s*-?\}\}/g;
const action = /\{\{(-?)\s*((?:"(?:[^"\\]|\\.)*"|`[^`]*`|[^"`}]|\}(?!\}))*?)\s*(-?)\}\}/g;

/**
 * Turns a template of Prometheus into a Liquid one: labels, the value, and the functions of `filters`, in pipes too.
 * Nothing of it is run. Text outside of actions stays as it is, and opens no tag of ours.
 */
export function translateTemplate(template: string, target: TemplateTarget): TranslatedTemplate {
  const labels: string[] = [];
  const leftOut: string[] = [];
  let liquid = "";
  let plain = "";
  let end = 0;
  let trimNext = false;
  const source = template.replace(aliases, "");
  const literal = (text: string, trimEnd: boolean) => {
    let kept = trimNext ? text.trimStart() : text;
    if (trimEnd) kept = kept.trimEnd();
    liquid += liquidText(kept);
    plain += kept;
  };
  for (const match of source.matchAll(action)) {
    const [written, trimBefore, body = "", trimAfter] = match;
    literal(source.slice(end, match.index), trimBefore === "-");
    trimNext = trimAfter === "-";
    end = match.index + written.length;
    if (/^\/\*.*\*\/$/s.test(body)) continue;
    const shown = shownBy(body, target, labels);
    if (shown === undefined) leftOut.push(written);
    liquid += shown?.liquid ?? "";
    plain += shown?.plain ?? "…";
  }
  literal(source.slice(end), false);
  return { liquid, plain, labels: [...new Set(labels)], leftOut };
}

/** One action: an operand and pipes behind it. */
function shownBy(body: string, target: TemplateTarget, labels: string[]): Shown | undefined {
  const [first = "", ...pipes] = splitPipes(body);
  let shown = operandOf(first, target, labels);
  for (const pipe of pipes) {
    if (shown === undefined) return undefined;
    shown = piped(shown, pipe);
  }
  return shown;
}

function splitPipes(body: string): readonly string[] {
  const parts = body.match(/(?:"(?:[^"\\]|\\.)*"|`[^`]*`|[^|"`])+/g) ?? [];
  return parts.map((part) => part.trim());
}

function operandOf(text: string, target: TemplateTarget, labels: string[]): Shown | undefined {
  const inner = /^\((.*)\)$/s.exec(text)?.[1];
  if (inner !== undefined) return shownBy(inner.trim(), target, labels);
  const label =
    /^(?:\$labels|\.Labels)\.(\w+)$/.exec(text)?.[1] ?? /^index\s+(?:\$labels|\.Labels)\s+"(\w+)"$/.exec(text)?.[1];
  if (label !== undefined) {
    labels.push(label);
    // A label that an alert does not have is nothing there, too.
    return target.by.includes(label)
      ? { liquid: liquidLabel(label), plain: `<${label}>` }
      : { liquid: "", plain: `<${label}>` };
  }
  if (text === "$value" || text === ".Value") {
    return target.hasValue ? { liquid: "{{ value }}", plain: "<value>" } : undefined;
  }
  const called = /^(\w+)\s+(.+)$/s.exec(text);
  if (called === null) return undefined;
  const [, name = "", argument = ""] = called;
  if (name === "printf") {
    const [, format = "", operand = ""] = /^("(?:[^"\\]|\\.)*"|`[^`]*`)\s+(.+)$/s.exec(argument) ?? [];
    const shown = operand === "" ? undefined : operandOf(operand.trim(), target, labels);
    return shown === undefined ? undefined : printed(shown, format);
  }
  const shown = Object.hasOwn(filters, name) ? operandOf(argument.trim(), target, labels) : undefined;
  return shown === undefined ? undefined : filtered(shown, filters[name] ?? "");
}

function piped(shown: Shown, pipe: string): Shown | undefined {
  const format = /^printf\s+("(?:[^"\\]|\\.)*"|`[^`]*`)$/.exec(pipe)?.[1];
  if (format !== undefined) return printed(shown, format);
  return Object.hasOwn(filters, pipe) ? filtered(shown, filters[pipe] ?? "") : undefined;
}

function filtered(shown: Shown, filter: string): Shown | undefined {
  if (shown.liquid === "") return shown;
  const end = /\s*\}\}$/;
  return end.test(shown.liquid) ? { ...shown, liquid: shown.liquid.replace(end, `${filter} }}`) } : undefined;
}

/** One verb with text around it; more than one is not read. */
function printed(shown: Shown, quoted: string): Shown | undefined {
  const format = quoted.slice(1, -1).replace(/\\(.)/g, "$1");
  const parts = /^((?:[^%]|%%)*)%(?:\d*(?:\.(\d+))?([fgdsv]))((?:[^%]|%%)*)$/.exec(format);
  if (parts === null) return undefined;
  const [, before = "", digits, verb = "", after = ""] = parts;
  const rounds = verb === "f" || verb === "d" ? ` | round: ${verb === "d" ? 0 : (digits ?? 6)}` : "";
  const inner = filtered(shown, rounds);
  const text = (part: string) => part.replaceAll("%%", "%");
  return (
    inner && {
      liquid: `${liquidText(text(before))}${inner.liquid}${liquidText(text(after))}`,
      plain: `${text(before)}${inner.plain}${text(after)}`,
    }
  );
}
