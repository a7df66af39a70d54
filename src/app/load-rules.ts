import { relative, resolve } from "node:path";
import { type LoadedConfig, loadConfig } from "../config/load-config.ts";
import { maintenanceRuleFaults } from "../config/maintenance-checks.ts";
import { type Catalogue, type CatalogueOptions, type CatalogueState, createCatalogue } from "../rules/catalogue.ts";
import { isRuleTest } from "../rules/rule-files.ts";
import { type Fault, sortedFaults } from "../support/yaml/fault.ts";
import { withAlertsRule } from "./alerts-rule.ts";
import { ownerTemplateFaults } from "./owner-faults.ts";

export interface LoadRulesOptions {
  /** The service configuration's file. */
  readonly file: string;
  /** Only these rule files instead of those the configuration names. */
  readonly ruleFiles?: readonly string[];
  readonly baseDirectory?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

export interface LoadedRules extends LoadedConfig {
  readonly state: CatalogueState;
  readonly catalogue: Catalogue;
  /** Of configuration, owners and rules, in order. */
  readonly allFaults: readonly Fault[];
}

/** Reads configuration, owners and rules without reaching any outside system. Never throws for what is written in them. */
export async function loadRules(options: LoadRulesOptions): Promise<LoadedRules> {
  const loaded = loadConfig(options);
  const baseDirectory = options.baseDirectory ?? process.cwd();
  const named =
    options.ruleFiles === undefined
      ? undefined
      : ruleFilesAmong(options.ruleFiles, loaded, options.file, baseDirectory);
  const catalogue = openCatalogue(
    loaded,
    baseDirectory,
    named === undefined ? {} : { listFiles: async () => named, partial: true },
  );
  const state = await catalogue.reload();
  // When only the configuration was named, there is no rule file and nothing wrong with that.
  const ruleFaults = named?.length === 0 ? [] : state.faults;
  const windows = named === undefined && state.complete ? windowFaults(options.file, loaded, state) : [];
  const owners = loaded.config === undefined ? [] : ownerTemplateFaults(loaded.config, state.rules);
  const allFaults = sortedFaults([...loaded.faults, ...ruleFaults, ...windows, ...owners]);
  return { ...loaded, state, catalogue, allFaults };
}

/** Only what names rules stands in the way of nothing: a window that is about no rule silences none. */
function windowFaults(
  file: string,
  { maintenance, config }: LoadedConfig,
  { rules, notLoaded }: CatalogueState,
): readonly Fault[] {
  const all = config === undefined ? rules : withAlertsRule(config, rules);
  return maintenanceRuleFaults(maintenance, all, notLoaded).map(({ at: { line, column, path }, wrong }) => ({
    file,
    line,
    column,
    path,
    ...wrong,
    severity: "error",
  }));
}

/** The catalogue of what a configuration names; not yet loaded. */
function openCatalogue(
  loaded: LoadedConfig,
  baseDirectory: string,
  options: Pick<CatalogueOptions, "onLoad" | "listFiles" | "partial">,
): Catalogue {
  return createCatalogue({ patterns: loaded.rules, baseDirectory, context: loaded.ruleContext, ...options });
}

/** Configuration and owners are checked anyway; rule tests are no rules. */
function ruleFilesAmong(
  files: readonly string[],
  loaded: LoadedConfig,
  config: string,
  baseDirectory: string,
): string[] {
  const others = new Set([config, loaded.ownersFile].map((file) => resolve(baseDirectory, file)));
  return files
    .filter((file) => !others.has(resolve(baseDirectory, file)) && !isRuleTest(file))
    .map((file) => relative(baseDirectory, resolve(baseDirectory, file)) || file);
}
