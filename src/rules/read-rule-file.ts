import type { Rule } from "../model/rule.ts";
import { readYaml, writtenAt, type YamlDocument } from "../support/yaml/document.ts";
import { type Fault, formatPath, hasErrors, type Path, sortedFaults, type Written } from "../support/yaml/fault.ts";
import { checkShape, type ShapeFault } from "../support/yaml/shape.ts";
import { alertLabels } from "./alert-labels.ts";
import { isOfEachAlert } from "./alerts-checks.ts";
import { checkRule, type RuleFault, type RuleParts } from "./checks.ts";
import { compileRule } from "./compile.ts";
import type { RuleContext } from "./context.ts";
import { mergeDefaults } from "./merge.ts";
import { ruleFileSchema, ruleSchema } from "./schema.ts";

/** One entry of `inhibits`, as far as it can be read. */
interface WrittenInhibition {
  readonly rules: readonly Written[];
  readonly equal: readonly Written[];
  /** The labels of `where`. */
  readonly where: readonly Written[];
}

/** One entry of a rule file, good or not. */
export interface RuleEntry {
  /** As written; undefined when it cannot be read. */
  readonly id: string | undefined;
  /** Undefined when the entry is faulty. */
  readonly rule: Rule | undefined;
  /** Ids it had before, and where each is written. */
  readonly formerly: readonly { readonly id: string; readonly line: number; readonly column: number }[];
  readonly inhibits: readonly WrittenInhibition[];
  /** What its alerts have: the fields of `by`, and those that `where` holds at one value. Undefined when that cannot be read. */
  readonly labels: readonly string[] | undefined;
  readonly line: number;
  readonly column: number;
  /** Its place in the file: `rules[2]`. */
  readonly path: string;
}

export interface RuleFile {
  readonly file: string;
  /** False when the file cannot be trusted as a list of its rules: then none of its rules counts as removed. */
  readonly readable: boolean;
  readonly entries: readonly RuleEntry[];
  readonly faults: readonly Fault[];
}

/** Reads one rule file. Never throws; each fault says where, what, and what to write instead. */
export function readRuleFile(file: string, bytes: Uint8Array, context: RuleContext): RuleFile {
  const yaml = readYaml(file, bytes);
  if (yaml.kind === "unreadable") return { file, readable: false, entries: [], faults: yaml.faults };
  const { document } = yaml;
  const shape = checkShape(ruleFileSchema, document.value);
  const inEntry = (fault: Fault) => /^rules\[(\d+)\]/.exec(fault.path)?.[1];
  const faults = yaml.faults.filter((fault) => inEntry(fault) === undefined);
  for (const fault of shape.faults) faults.push(placed(document, fault, fault.path, undefined));
  const source = asMapping(document.value);
  const rules = source["rules"];
  if (!Array.isArray(rules) || source["apiVersion"] !== "backfeed/v1") {
    return { file, readable: false, entries: [], faults: sortedFaults([...faults, ...yaml.faults]) };
  }
  // A fault outside the rules (in defaults, a mistyped key beside them) makes every rule of the file doubtful.
  const doubtful = hasErrors(faults);
  // What a faulty default says is said once, where it is written.
  const places = new Set(faults.map(({ line, column }) => `${line}:${column}`));
  const told = ({ line, column }: Fault) => places.has(`${line}:${column}`);
  const entries = rules.map((raw, position) => {
    const { entry, faults: found } = readEntry(document, raw, position, source["defaults"], context);
    const own = yaml.faults.filter((fault) => inEntry(fault) === String(position));
    faults.push(
      ...found.filter((fault) => !told(fault)),
      ...own.map((fault) => (entry.id === undefined ? fault : { ...fault, ruleId: entry.id })),
    );
    return doubtful || own.length > 0 ? { ...entry, rule: undefined } : entry;
  });
  return { file, readable: true, entries, faults: sortedFaults(faults) };
}

function readEntry(document: YamlDocument, raw: unknown, position: number, defaults: unknown, context: RuleContext) {
  const merged = mergeDefaults(defaults, raw);
  const shape = checkShape(ruleSchema, merged);
  const id = typeof shape.parts.id === "string" ? shape.parts.id : undefined;
  const found: RuleFault[] = [...shape.faults, ...checkRule(shape.parts, context, shape.faults)];
  const faults = found.map((fault) => placed(document, fault, ["rules", position, ...fault.path], id));
  const at = document.locate(["rules", position], "value");
  const rule =
    shape.value === undefined || hasErrors(faults)
      ? undefined
      : compileRule(shape.value, { file: document.file, line: at.line });
  const formerly = (shape.parts.formerly ?? []).flatMap((former, index) =>
    former === undefined ? [] : [{ id: former, ...document.locate(["rules", position, "formerly", index], "value") }],
  );
  const inhibits = inhibitsOf(document, shape.parts.inhibits, ["rules", position, "inhibits"]);
  const labels = shape.faults.some(({ path: [first] }) => first === "signal") ? undefined : labelsOf(shape.parts);
  return { entry: { id, rule, formerly, inhibits, labels, ...at, path: formatPath(["rules", position]) }, faults };
}

function inhibitsOf(document: YamlDocument, parts: RuleParts["inhibits"], path: Path): readonly WrittenInhibition[] {
  // What stands in `defaults` is refused there.
  if (!document.has(path)) return [];
  return (parts ?? []).map((part, index) => {
    const words = (key: "rules" | "equal") =>
      (part?.[key] ?? []).flatMap((text, place) =>
        text === undefined ? [] : [writtenAt(document, text, [...path, index, key, place], "value")],
      );
    const where = Object.keys(part?.where ?? {});
    return {
      rules: words("rules"),
      equal: words("equal"),
      where: where.map((label) => writtenAt(document, label, [...path, index, "where", label], "key")),
    };
  });
}

function labelsOf(rule: RuleParts): readonly string[] | undefined {
  const { signal } = rule;
  if (isOfEachAlert(signal)) return undefined;
  if (signal === undefined) return undefined;
  const fixed = Object.entries(signal.where ?? {}).flatMap(([field, values]) =>
    values !== undefined && [values].flat().length === 1 ? [field] : [],
  );
  return [...alertLabels(rule), ...fixed];
}

/** What a rule inherited is faulty where it was written: in `defaults`. */
function placed(document: YamlDocument, fault: RuleFault | ShapeFault, path: Path, ruleId: string | undefined): Fault {
  const [, , ...inRule] = path;
  const inherited: Path = ["defaults", ...inRule];
  const isInherited = path[0] === "rules" && inRule.length > 0 && !document.has(path) && document.has(inherited);
  const there = isInherited ? inherited : path;
  return {
    file: document.file,
    ...document.locate(there, fault.at, "within" in fault ? fault.within : undefined),
    ...(ruleId === undefined || isInherited ? {} : { ruleId }),
    path: formatPath(there),
    message: fault.message,
    fix: fault.fix,
    severity: ("severity" in fault ? fault.severity : undefined) ?? "error",
  };
}

function asMapping(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
