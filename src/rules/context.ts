/** What rules may refer to: taken from the service configuration and the owners file. */
export interface RuleContext {
  /** By name. An unknown set (the configuration is faulty) is undefined: then references are not judged. */
  readonly sources: Readonly<Record<string, RuleSource>> | undefined;
  /** Names of the owners file; undefined when it cannot be read. */
  readonly owners: readonly string[] | undefined;
}

export interface RuleSource {
  readonly type: "elasticsearch" | "prometheus" | "files" | "scripted" | "alertmanager";
  /** Files: the tables that exist. */
  readonly tables?: readonly string[];
}
