import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { alertsSource } from "../model/raised-alert.ts";
import type { RuleContext } from "../rules/context.ts";
import { readYaml, writtenAt, type YamlDocument } from "../support/yaml/document.ts";
import { type Fault, formatPath, hasErrors, type Report, sortedFaults } from "../support/yaml/fault.ts";
import { checkShape, type ShapeFault } from "../support/yaml/shape.ts";
import { type ConfigParts, checkConfig, checkOwners } from "./checks.ts";
import { compileConfig, configDefaults } from "./compile.ts";
import type { WrittenWindow } from "./maintenance-checks.ts";
import { type OwnersInput, ownersSchema } from "./owners-schema.ts";
import { resolveSecrets } from "./resolve-secrets.ts";
import { configSchema } from "./schema.ts";
import type { ServiceConfig } from "./types.ts";

export interface LoadConfigOptions {
  readonly file: string;
  /** What relative paths (also `file` itself) are relative to. Default the working directory. */
  readonly baseDirectory?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

export interface LoadedConfig {
  /** Undefined when a fault is an error. */
  readonly config: ServiceConfig | undefined;
  readonly faults: readonly Fault[];
  /** Every secret text that was read, for the redactor: also when the configuration is faulty. */
  readonly secrets: readonly string[];
  /** What rules may refer to, as far as it could be read. */
  readonly ruleContext: RuleContext;
  /** Rule patterns, as far as they could be read. */
  readonly rules: readonly string[];
  /** The owners file that was, or would be, read. */
  readonly ownersFile: string;
  /** What maintenance windows say of rules, which are loaded later. */
  readonly maintenance: readonly WrittenWindow[];
}

/** Reads the service configuration and the owners file it names. Never throws for what is written in them. */
export function loadConfig(options: LoadConfigOptions): LoadedConfig {
  const baseDirectory = options.baseDirectory ?? process.cwd();
  const inBase = (path: string) => resolve(baseDirectory, path);
  const document = readDocument(options.file, inBase(options.file));
  if (document.value === undefined) {
    return {
      config: undefined,
      faults: document.faults,
      secrets: [],
      ruleContext: { sources: undefined, owners: undefined },
      rules: configDefaults.rules,
      ownersFile: configDefaults.owners,
      maintenance: [],
    };
  }
  const resolved = resolveSecrets(document.value, {
    environment: options.environment ?? process.env,
    readFile: (path) => readFileSync(path),
    resolvePath: inBase,
  });
  const faults: Fault[] = [...document.faults, ...resolved.faults];
  const shape = checkShape(configSchema, resolved.value);
  const report = reporter(document.value, faults, shape.faults);
  checkConfig(shape.parts, report);

  const owners = loadOwners(shape.parts, inBase, faults);
  const config =
    shape.value === undefined || owners.value === undefined || hasErrors(faults)
      ? undefined
      : compileConfig(shape.value, owners.value, { file: options.file, baseDirectory });
  return {
    config,
    faults: sortedFaults(faults),
    secrets: resolved.secrets,
    ruleContext: { sources: ruleSources(shape.parts, shape.faults), owners: owners.names },
    rules: rulePatterns(shape.parts),
    ownersFile: shape.parts.owners ?? configDefaults.owners,
    maintenance: writtenWindows(document.value, shape.parts),
  };
}

function writtenWindows(document: YamlDocument, { maintenance }: ConfigParts): readonly WrittenWindow[] {
  return (maintenance ?? []).map((window, position) => {
    const path = ["maintenance", position];
    return {
      rules: (window?.rules ?? []).flatMap((text, index) =>
        text === undefined ? [] : [writtenAt(document, text, [...path, "rules", index], "value")],
      ),
      where: Object.keys(window?.where ?? {}).map((label) =>
        writtenAt(document, label, [...path, "where", label], "key"),
      ),
    };
  });
}

function loadOwners(config: ConfigParts, inBase: (path: string) => string, faults: Fault[]) {
  const file = config.owners ?? configDefaults.owners;
  const document = readDocument(file, inBase(file));
  if (document.value === undefined) {
    // A file that nobody named need not be there: then all tickets go to the default tracker.
    if (document.missing && config.owners === undefined) return { value: { default: {} }, names: ["default"] };
    faults.push(...document.faults);
    return { value: undefined, names: undefined };
  }
  faults.push(...document.faults);
  const shape = checkShape(ownersSchema, document.value.value);
  const report = reporter(document.value, faults, shape.faults);
  if (shape.faults.some((fault) => fault.path.length === 0)) return { value: undefined, names: undefined };
  const parts = shape.parts as OwnersInput;
  checkOwners(parts, config.trackers === undefined ? undefined : Object.keys(config.trackers), report);
  return { value: shape.value, names: Object.keys(parts) };
}

function readDocument(file: string, path: string) {
  try {
    const yaml = readYaml(file, readFileSync(path));
    return { value: yaml.kind === "parsed" ? yaml.document : undefined, faults: yaml.faults, missing: false };
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "unknown error";
    const fault: Fault = {
      file,
      line: 1,
      column: 1,
      path: "",
      message: code === "ENOENT" ? "there is no such file" : `the file cannot be read (${code})`,
      fix: "check the path (it is relative to the working directory) and who may read it",
      severity: "error",
    };
    return { value: undefined, faults: [fault], missing: code === "ENOENT" };
  }
}

/** Tells the faults of a shape, and gives how to tell others: what a faulty part would have said is not judged again. */
function reporter(document: YamlDocument, faults: Fault[], known: readonly ShapeFault[]): Report {
  const tell: Report = (path, { message, fix }, { at = "value", severity } = {}) => {
    const position = document.locate(path, at);
    faults.push({
      file: document.file,
      ...position,
      path: formatPath(path),
      message,
      fix,
      severity: severity ?? "error",
    });
  };
  for (const fault of known) tell(fault.path, fault, { at: fault.at });
  return (path, wrong, options) => {
    const told = path.length > 0 && known.some((fault) => path.every((step, index) => fault.path[index] === step));
    if (!told) tell(path, wrong, options);
  };
}

function rulePatterns({ rules }: ConfigParts): readonly string[] {
  const patterns = (rules ?? []).filter((pattern) => pattern !== undefined);
  return patterns.length === 0 ? configDefaults.rules : patterns;
}

function ruleSources(config: ConfigParts, faults: readonly ShapeFault[]): RuleContext["sources"] {
  if (config.sources === undefined) return undefined;
  const sources: Record<string, NonNullable<RuleContext["sources"]>[string]> = {};
  for (const [name, source] of Object.entries(config.sources)) {
    if (source === undefined) continue;
    sources[name] =
      source.type === "files" ? { type: "files", tables: Object.keys(source.tables ?? {}) } : { type: source.type };
  }
  if (config.server?.webhooks?.alertmanager !== undefined) sources[alertsSource] = { type: "alertmanager" };
  // With a source of unknown type, "there is no such source" might be wrong.
  const doubtful = faults.some((fault) => fault.path[0] === "sources" && fault.path.length <= 3);
  return doubtful ? undefined : sources;
}
