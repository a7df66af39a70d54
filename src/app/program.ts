import { hostname } from "node:os";
import type { ServiceConfig } from "../config/types.ts";
import { MaintenanceCalendar } from "../detect/maintenance.ts";
import { actions, decisionReasons } from "../model/decision.ts";
import { outboxStates } from "../model/outbox.ts";
import { verdictKinds } from "../model/verdict.ts";
import type { Source } from "../sources/source.ts";
import { openSqlStore } from "../store/sql/open-sql-store.ts";
import type { Store } from "../store/store.ts";
import type { Clock } from "../support/clock.ts";
import { createLogger, type Logger, type LogLevel } from "../support/logging.ts";
import { createMetrics, type Metrics } from "../support/metrics.ts";
import { Mutex } from "../support/mutex.ts";
import { createRedactor, type Redactor } from "../support/redaction.ts";
import { createChartRenderer } from "../triage/chart/chart-renderer.ts";
import { createEvidenceCollector } from "../triage/collect.ts";
import { createSources, createTrackers, type Trackers } from "./adapters.ts";
import { withAlertsRule } from "./alerts-rule.ts";
import type { ProgramContext } from "./context.ts";
import { createLimitsOf } from "./create-budget.ts";
import { createEngine, type Engine } from "./engine.ts";
import { KnownLabelSets } from "./known-label-sets.ts";
import { createLearning, type Learning, loadFixWatch } from "./learning.ts";
import type { LoadedRules } from "./load-rules.ts";
import { MeasuredHistories } from "./measured-histories.ts";
import { createVoice } from "./voice.ts";

const evidenceDeadlineMs = 20_000;

/** Codes of failed queries, for metrics; others are counted as `other`. */
const failureCodes = [
  "timeout",
  "partial",
  "rate_limited",
  "overloaded",
  "unreachable",
  "unauthorized",
  "refused",
  "unknown_target",
  "unknown_field",
  "too_many_groups",
  "internal",
];

export interface ProgramOptions {
  readonly loaded: LoadedRules & { readonly config: ServiceConfig };
  readonly clock: Clock;
  readonly logLevel: LogLevel;
  /** A dry run works on a copy of the state and sends nothing. */
  readonly dryRun: boolean;
}

/** Everything that runs, put together. What is opened here is closed by `close`, in reverse. */
export interface Program {
  readonly config: ServiceConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly redactor: Redactor;
  readonly store: Store;
  readonly sources: ReadonlyMap<string, Source>;
  readonly trackers: Trackers;
  readonly context: ProgramContext;
  readonly engine: Engine;
  readonly learning: Learning;
  close(): Promise<void>;
}

/**
 * Composition root: configuration in, running parts out. Makes no request to a source or tracker.
 * Throws `conflict` when another process holds the store, `configuration` when it is another instance's.
 */
export async function openProgram({ loaded, clock, logLevel, dryRun }: ProgramOptions): Promise<Program> {
  const { config } = loaded;
  const redactor = createRedactor({ ...config.redaction, secrets: loaded.secrets });
  const logger = createLogger({ level: logLevel, redactor, clock });
  const metrics = createMetrics({
    vocabulary: { verdicts: verdictKinds, decisions: actions, reasons: decisionReasons, outboxStates, failureCodes },
    processMetrics: !dryRun,
  });
  const store = await openSqlStore({
    url: `sqlite:${config.store.path}`,
    access: dryRun ? "copy" : "write",
    logger,
  });
  const closers: (() => Promise<void>)[] = [() => store.close()];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) {
      await closer().catch((thrown: unknown) => logger.warn("CLOSE_FAILED", "a part could not be closed", {}, thrown));
    }
  };
  try {
    const instance = await store.state.openInstance(config.instance, config.instanceFormerly);
    const now = clock.now();
    if (!dryRun) await store.outbox.releaseLeases({ now, until: now + longestRequestMs(config) });
    const parts = { config, clock, logger, metrics, redactor };
    const sources = createSources(parts, store);
    closers.push(...[...sources.values()].map((source) => () => source.close()));
    const trackers = createTrackers(parts, store);
    closers.push(...[...trackers.all.values()].map((tracker) => () => tracker.close()));
    const charts = createChartRenderer();
    closers.push(() => charts.close());
    const context: ProgramContext = {
      store,
      sources,
      timings: new Map(Object.entries(config.sources)),
      instance,
      voice: createVoice(config, logger, redactor.redact),
      scale: config.priority,
      createLimits: createLimitsOf(config),
      knownLabelSets: new KnownLabelSets(store.state),
      measuredHistories: new MeasuredHistories(store.state),
      fixWatch: await loadFixWatch(store),
      maintenance: new MaintenanceCalendar(config.maintenance),
      clock,
      logger,
      metrics,
      redact: redactor.redact,
      dryRun,
      concludeLock: new Mutex(),
    };
    const loadedRules = () => {
      const { rules, complete, notLoaded } = loaded.catalogue.current();
      return { rules: withAlertsRule(config, rules), complete: complete && notLoaded.length === 0 };
    };
    const engine = createEngine({
      context,
      loadedRules,
      trackers: trackers.all,
      collectEvidence: createEvidenceCollector({
        sources,
        renderChart: (spec) => charts.renderPng(spec),
        redact: redactor.redact,
        clock,
        deadlineMs: evidenceDeadlineMs,
      }),
      redact: redactor.redact,
      catchUpMs: config.catchUpMs,
      owner: `${hostname()}:${process.pid}`,
    });
    const learning = createLearning({
      context,
      loadedRules,
      trackers: trackers.all,
      policies: new Map(Object.entries(config.trackers)),
      onDrafts: () => engine.worker.wake(),
    });
    return { config, clock, logger, metrics, redactor, store, sources, trackers, context, engine, learning, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/**
 * How long what a killed process has sent may still take effect: it is not looked for before. A Jira that does something later than
 * the deadline of its request is beyond what looking first can find, dead process or not.
 */
export function longestRequestMs({ trackers }: ServiceConfig): number {
  return Math.max(0, ...Object.values(trackers).map((tracker) => (tracker.type === "jira" ? tracker.timeoutMs : 0)));
}
