import type { ExplainSubject, Explanation } from "../app/explain.ts";
import type { ImportReport, ImportRequest } from "../app/import/import-rules.ts";
import type { RunLine } from "../app/lines.ts";
import type { LoadedRules, LoadRulesOptions } from "../app/load-rules.ts";
import type { RecoverReport } from "../app/recover.ts";
import type { ReplayOptions, ReplayOutcome, ReplayReport } from "../app/replay/replay.ts";
import type { RuleTestReport, RuleTestResult } from "../app/rule-tests/rule-tests.ts";
import type { RunReport as RunAndLines } from "../app/run.ts";
import type { KnobSuggestions, LimitOutcome, SuggestOptions, SuggestReport } from "../app/suggest/suggest.ts";
import type { ServiceConfig } from "../config/types.ts";
import { type ImportFormat, type ImportNote, importFormats } from "../import/imported.ts";
import type { Rule } from "../model/rule.ts";
import type { Fault } from "../support/yaml/fault.ts";

export type {
  ExplainSubject,
  Explanation,
  ImportFormat,
  ImportNote,
  ImportReport,
  KnobSuggestions,
  LimitOutcome,
  RecoverReport,
  ReplayOutcome,
  ReplayReport,
  RuleTestReport,
  RuleTestResult,
  SuggestReport,
};
export { importFormats };
export type RunReport = Omit<RunAndLines, "judged" | "unjudged">;

export const exitCodes = { done: 0, faulty: 1, usage: 2, unreachable: 3 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export const schemaKinds = ["rules", "tests", "config", "owners"] as const;
export type SchemaKind = (typeof schemaKinds)[number];

/** Where a command writes. */
export interface CliOutput {
  /** Results. */
  out(text: string): void;
  /** Everything else. */
  err(text: string): void;
  /** Whether `out` is a terminal that shows colours. */
  readonly colours: boolean;
  /** Whether `err` is a terminal, where progress can be shown. */
  readonly errIsTerminal?: boolean;
}

export interface OnlineReport {
  readonly faults: readonly Fault[];
  /** Sources and trackers that did not answer; what they would have said is not known. */
  readonly unreachable: readonly { readonly name: string; readonly message: string }[];
}

/** What only the outside systems can say: indices, fields, project, issue type, screens, permissions. */
export type OnlineFaults = (
  config: ServiceConfig,
  rules: readonly Rule[],
  signal: AbortSignal,
) => Promise<OnlineReport>;

/** A configuration that can be run. Its rules may have faults: a bad rule harms only itself. */
export type Runnable = LoadedRules & { readonly config: ServiceConfig };

export interface ServeRequest {
  readonly loaded: Runnable;
  /** Aborts when the process is asked to stop: then drain and return within 10 s. */
  readonly signal: AbortSignal;
}

export interface RunRequest {
  readonly loaded: Runnable;
  /** Undefined: now. */
  readonly at: number | undefined;
  readonly ruleId: string | undefined;
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: { readonly done: number; readonly of: number; readonly at: number }) => void;
}

export type RunRow = RunLine;

export interface ExplainRequest {
  readonly loaded: Runnable;
  readonly subject: ExplainSubject;
  readonly signal: AbortSignal;
}

export interface RecoverRequest {
  readonly loaded: Runnable;
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: { readonly tracker: string; readonly found: number }) => void;
}

export interface TestRequest {
  readonly loaded: Runnable;
  /** Names or patterns of rule test files; none: those beside the configured rules. */
  readonly patterns: readonly string[];
  readonly signal: AbortSignal;
  readonly onProgress: (progress: { readonly done: number; readonly of: number }) => void;
}

/** What the commands do; `app` gives it. A function that is not given is not in this version. */
export interface CliApp {
  loadRules(options: LoadRulesOptions): Promise<LoadedRules>;
  jsonSchema(kind: SchemaKind): unknown;
  readonly onlineFaults?: OnlineFaults;
  /** When the configuration's maintenance windows are on: a line each. */
  readonly maintenanceLines?: (config: ServiceConfig) => readonly string[];
  readonly serve?: (request: ServeRequest) => Promise<void>;
  readonly run?: (request: RunRequest) => Promise<RunReport>;
  readonly recover?: (request: RecoverRequest) => Promise<RecoverReport>;
  readonly test?: (request: TestRequest) => Promise<RuleTestReport>;
  readonly suggest?: (request: SuggestOptions) => Promise<SuggestReport>;
  /** The clock, for what is said of now. */
  readonly now?: () => number;
  readonly replay?: (request: ReplayOptions) => Promise<ReplayReport>;
  readonly importRules?: (request: ImportRequest) => Promise<ImportReport>;
  readonly explain?: (request: ExplainRequest) => Promise<Explanation>;
}

/** What every command is registered with. */
export interface CliContext {
  readonly app: CliApp;
  readonly output: CliOutput;
  readonly version: string;
  readonly signal: AbortSignal;
  /** A command calls it once with how it ended. */
  finish(code: ExitCode): void;
}
