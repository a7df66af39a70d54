import type { CreateLimits, ProgramContext } from "../../src/app/context.ts";
import { createEngine, type Engine } from "../../src/app/engine.ts";
import { KnownLabelSets } from "../../src/app/known-label-sets.ts";
import { createLearning, type Learning, loadFixWatch } from "../../src/app/learning.ts";
import { MeasuredHistories } from "../../src/app/measured-histories.ts";
import { type RecoverReport, recoverInto } from "../../src/app/recover.ts";
import { redactingSource } from "../../src/app/redaction.ts";
import { refileFinding } from "../../src/app/refile-finding.ts";
import { sectionInfra } from "../../src/app/section-infra.ts";
import type { TickResult } from "../../src/app/tick.ts";
import { templateContext } from "../../src/app/voice.ts";
import { MaintenanceCalendar } from "../../src/detect/maintenance.ts";
import type { SourceTiming } from "../../src/detect/plan.ts";
import { actions, decisionReasons } from "../../src/model/decision.ts";
import type { Finding } from "../../src/model/finding.ts";
import type { MaintenanceWindow } from "../../src/model/maintenance.ts";
import { outboxStates } from "../../src/model/outbox.ts";
import { defaultPriorityScale, type PriorityScale } from "../../src/model/priority.ts";
import { type Mode, type Rule, stricterMode } from "../../src/model/rule.ts";
import { verdictKinds } from "../../src/model/verdict.ts";
import { renderTitle } from "../../src/rules/templates.ts";
import type { Source } from "../../src/sources/source.ts";
import { openSqlStore } from "../../src/store/sql/open-sql-store.ts";
import type { Store } from "../../src/store/store.ts";
import { ManualClock } from "../../src/support/clock.ts";
import { type Logger, silentLogger } from "../../src/support/logging.ts";
import { createMetrics } from "../../src/support/metrics.ts";
import { Mutex } from "../../src/support/mutex.ts";
import { createRedactor } from "../../src/support/redaction.ts";
import type { Tracker } from "../../src/trackers/tracker.ts";
import { createEvidenceCollector } from "../../src/triage/collect.ts";

const minute = 60_000;
/** As the configuration has it when it says nothing. */
const wontDo = ["Won't Do", "Won't Fix", "Declined", "Duplicate", "Cannot Reproduce"];

export interface WorldOptions {
  readonly start: string;
  readonly rules: readonly Rule[];
  readonly sources: readonly Source[];
  /** Sources that read the world's store. */
  readonly storeSources?: (store: Store) => readonly Source[];
  /** Made with the world's store and clock. The first one is where tickets go. */
  readonly trackers: (store: Store, clock: ManualClock) => readonly Tracker[];
  readonly store?: Store;
  readonly clock?: ManualClock;
  readonly mode?: Mode;
  readonly limits?: Partial<CreateLimits>;
  readonly scale?: PriorityScale;
  readonly timing?: Partial<SourceTiming>;
  readonly catchUpMs?: number;
  readonly project?: string;
  readonly maintenance?: readonly MaintenanceWindow[];
  readonly logger?: Logger;
  /** Names its worker in leases. */
  readonly owner?: string;
  /** The longest sleep of the outbox worker; default as the program does. */
  readonly pollMs?: number;
  /** How often `learning.run` asks the trackers; default as the program does. */
  readonly learnEveryMs?: number;
}

/** The real program without clockwork, network or configuration files: for scenarios on a manual clock. */
export interface World {
  readonly clock: ManualClock;
  readonly store: Store;
  readonly engine: Engine;
  readonly learning: Learning;
  readonly tracker: Tracker;
  /** Sets the clock, runs what is due, delivers what was decided. */
  tick(at: string | number): Promise<readonly TickResult[]>;
  /** Every minute from the last instant up to this one. Resolves to all results. */
  through(minutes: number): Promise<readonly TickResult[]>;
  deliver(): Promise<void>;
  /** Asks the trackers what people did, decides what follows, delivers. Gives the trackers that could not be asked. */
  reconcile(): Promise<readonly string[]>;
  /** As `backfeed recover` does it. */
  recover(): Promise<RecoverReport>;
  /** As an operator over the API. */
  refile(findingId: string, by: string): Promise<Finding>;
  setRules(rules: readonly Rule[]): void;
  setMode(mode: Mode): void;
  close(): Promise<void>;
}

export async function createWorld(options: WorldOptions): Promise<World> {
  const clock = options.clock ?? new ManualClock(options.start);
  const store = options.store ?? (await openSqlStore({ url: "sqlite::memory:" }));
  const instance = await store.state.openInstance("test", []);
  const redactor = createRedactor();
  const trackers = options.trackers(store, clock);
  const tracker = trackers[0]!;
  let rules = options.rules;
  let mode: Mode = options.mode ?? "file";
  const ownSources = [...options.sources, ...(options.storeSources?.(store) ?? [])];
  const sources = new Map(ownSources.map((source) => [source.name, redactingSource(source, redactor.redact)]));
  const context: ProgramContext = {
    store,
    sources,
    timings: new Map(
      options.sources.map(({ name }) => [name, { delayMs: 0, staleAfterMs: undefined, ...options.timing }]),
    ),
    instance,
    voice: {
      modeOf: (rule) => stricterMode(rule.mode, mode),
      titleOf: (rule, worst, episode) =>
        renderTitle(rule.title, {
          labels: worst.labels,
          pattern: worst.subject,
          value: worst.verdict.value,
          threshold: worst.verdict.threshold,
          windowMs: rule.signal.windowMs,
          rule: { id: rule.id, severity: rule.limits.severity, owner: rule.limits.owner, why: rule.why },
          ...(worst.verdict.raised === undefined ? {} : { alert: worst.verdict.raised }),
          episode: { startedAt: episode.startedAt, durationMs: 0, peak: episode.peak?.value },
        }),
      routeOf: ({ ticket }) => ({
        tracker: tracker.name,
        labels: ticket.labels,
        fields: {},
        ...(options.project === undefined ? {} : { project: options.project }),
      }),
      pageOf: (id) => `https://backfeed.example.com/findings/${id}`,
      infraOf: (rule, alert, episode) => sectionInfra(rule, templateContext(rule, alert, episode), redactor.redact),
      linksOf: () => [],
    },
    scale: options.scale ?? defaultPriorityScale,
    createLimits: { perRun: 10, perDay: 50, perDayPerProject: 25, storm: 20, ...options.limits },
    knownLabelSets: new KnownLabelSets(store.state),
    measuredHistories: new MeasuredHistories(store.state),
    fixWatch: await loadFixWatch(store),
    maintenance: new MaintenanceCalendar(options.maintenance ?? []),
    clock,
    logger: options.logger ?? silentLogger,
    metrics: createMetrics({
      vocabulary: {
        verdicts: verdictKinds,
        decisions: actions,
        reasons: decisionReasons,
        outboxStates,
        failureCodes: [],
      },
      processMetrics: false,
    }),
    redact: redactor.redact,
    dryRun: false,
    concludeLock: new Mutex(),
  };
  const engine = createEngine({
    context,
    loadedRules: () => ({ rules, complete: true }),
    trackers: new Map(trackers.map((each) => [each.name, each])),
    collectEvidence: createEvidenceCollector({
      sources,
      renderChart: () => Promise.resolve(new TextEncoder().encode("a chart")),
      redact: redactor.redact,
      clock,
      deadlineMs: 20_000,
    }),
    redact: redactor.redact,
    catchUpMs: options.catchUpMs ?? 60 * minute,
    owner: options.owner ?? "worker-1",
    ...(options.pollMs === undefined ? {} : { pollMs: options.pollMs }),
  });
  const policy = { labelPrefix: "backfeed", wontDo, closeDuplicates: true };
  const policies = new Map(trackers.map(({ name }) => [name, policy]));
  const learning = createLearning({
    context,
    loadedRules: () => ({ rules }),
    trackers: new Map(trackers.map((each) => [each.name, each])),
    policies,
    onDrafts: () => engine.worker.wake(),
    ...(options.learnEveryMs === undefined ? {} : { everyMs: options.learnEveryMs }),
  });
  const never = new AbortController().signal;
  const world: World = {
    clock,
    store,
    engine,
    learning,
    tracker,
    async tick(at) {
      clock.set(at);
      const results = await engine.runDue({ until: clock.now() }, never);
      await world.deliver();
      return results;
    },
    async through(minutes) {
      const all: TickResult[] = [];
      for (let passed = 0; passed < minutes; passed += 1) all.push(...(await world.tick(clock.now() + minute)));
      return all;
    },
    deliver: async () => {
      await engine.worker.drain(never);
    },
    async reconcile() {
      const { failed } = await learning.pass(never);
      await world.deliver();
      return failed;
    },
    recover: () =>
      recoverInto(
        { trackers: new Map(trackers.map((each) => [each.name, each])), policies, context },
        { signal: never, onProgress: undefined },
      ),
    refile: (findingId, by) => refileFinding(findingId, { by, at: clock.now() }, context),
    setRules(changed) {
      rules = changed;
    },
    setMode(changed) {
      mode = changed;
    },
    close: () => store.close(),
  };
  return world;
}
