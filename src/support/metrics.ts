import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** The closed lists that label values come from; whatever is not in its list is counted as `other`. */
export interface MetricVocabulary {
  readonly verdicts: readonly string[];
  readonly decisions: readonly string[];
  readonly reasons: readonly string[];
  readonly outboxStates: readonly string[];
  readonly failureCodes: readonly string[];
}

interface TickMeasured {
  readonly schedule: string;
  /** The tick's instant, milliseconds UTC. */
  readonly tick: number;
  readonly durationMs: number;
  /** It took longer than its schedule's period. */
  readonly late: boolean;
  /** Label sets by verdict. */
  readonly verdicts: Readonly<Record<string, number>>;
}

/** All that Backfeed tells about itself. Callers name values, never labels, so that no new label set can come to be. */
export interface Metrics {
  recordTick(tick: TickMeasured): void;
  /** Ticks that downtime left behind and `catch_up` did not reach. */
  recordSkippedTicks(count: number): void;
  /** The schedules in use and their usual period; series of all others are dropped, so that no alert stays on them. */
  setSchedules(schedules: readonly { readonly schedule: string; readonly periodMs: number }[]): void;
  recordSourceRequests(source: string, count: number): void;
  recordSourceFailure(source: string, code: string): void;
  recordDecision(decision: string, reason: string): void;
  /** `oldestAgeMs` of the oldest entry that is not done or dropped; undefined when there is none. */
  setOutbox(outbox: {
    readonly counts: Readonly<Record<string, number>>;
    readonly oldestAgeMs: number | undefined;
  }): void;
  /** Findings without a ticket of their own that would have one: by `over_cap` or `storm`. */
  setWaiting(counts: ReadonlyMap<string, number>): void;
  setStorms(living: number): void;
  /** `outcome` is `ok` or the kind of the error. */
  recordTrackerRequest(request: {
    readonly tracker: string;
    readonly operation: string;
    readonly outcome: string;
  }): void;
  /** A second ticket was folded into the first. */
  recordDuplicate(): void;
  /** All that a tracker said of our tickets was heard, at this instant in milliseconds UTC. */
  recordReconcile(tracker: string, at: number): void;
  /** A request held back by the pace; `parked`: its work comes again later instead of sleeping. */
  recordTrackerWait(wait: {
    readonly tracker: string;
    readonly reason: "bucket" | "issue" | "rest";
    readonly waitMs: number;
    readonly parked: boolean;
  }): void;
  /** A tracker said that little is left of its limit. */
  recordTrackerNearLimit(tracker: string): void;
  /** The configuration's maintenance windows, each with whether it is on. */
  setMaintenance(windows: readonly { readonly name: string; readonly on: boolean }[]): void;
  setRules(rules: { readonly loaded: number; readonly faults: number; readonly lastReloadSuccessful: boolean }): void;
  recordStoreError(): void;
  /** `route` is the route's pattern, never the path that was asked for. */
  recordHttpRequest(request: { readonly route: string; readonly status: number }): void;
  /** `times` default 1; 0 makes the series appear. */
  recordWebhook(delivery: { readonly receiver: string; readonly outcome: string }, times?: number): void;
  /** Runs before every scrape, for what is cheaper to ask than to follow (the outbox). A failure is a store error. */
  onScrape(refresh: () => Promise<void>): void;
  /** The exposition text and its content type. */
  render(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** A name from configuration or rules: the first hundred keep theirs, later ones are `other`. */
const maxOpenValues = 100;
const other = "other";
/** Why a finding has no ticket of its own although it is worth one. */
const waitingReasons = ["over_cap", "storm"] as const;

/** Seconds; a tick of a thousand rules takes a tenth of one, a source's timeout is twenty. */
const tickBuckets = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 60, 120];

/** Node's own, without three gauges whose names end like counters, which `promtool check metrics` refuses; the same figures stand by type. */
function collectProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry });
  for (const kind of ["handles", "requests", "resources"]) registry.removeSingleMetric(`nodejs_active_${kind}_total`);
}

/** Metrics of their own registry: two programs in one process do not meet. `processMetrics` adds Node's own (default true). */
export function createMetrics(options: { vocabulary: MetricVocabulary; processMetrics?: boolean }): Metrics {
  const { vocabulary } = options;
  const registry = new Registry();
  if (options.processMetrics ?? true) collectProcessMetrics(registry);
  const metrics = defineMetrics(registry);
  const verdict = closedValues(vocabulary.verdicts);
  const decision = closedValues(vocabulary.decisions);
  const reason = closedValues(vocabulary.reasons);
  const failureCode = closedValues(vocabulary.failureCodes);
  const open = {
    schedule: openValues(),
    source: openValues(),
    tracker: openValues(),
    operation: openValues(),
    outcome: openValues(),
    route: openValues(),
    window: openValues(),
    receiver: openValues(),
  };
  const refreshers: (() => Promise<void>)[] = [];

  // A counter that first appears with a value above zero has no increase() for its first event.
  for (const value of vocabulary.verdicts) metrics.evaluations.inc({ verdict: value }, 0);
  for (const state of vocabulary.outboxStates) metrics.outboxEntries.set({ state }, 0);
  for (const why of waitingReasons) metrics.findingsWaiting.set({ reason: why }, 0);

  return {
    recordTick(tick) {
      metrics.lastTick.set({ schedule: open.schedule(tick.schedule) }, tick.tick / 1_000);
      metrics.tickDuration.observe(tick.durationMs / 1_000);
      if (tick.late) metrics.ticksLate.inc();
      for (const [name, count] of Object.entries(tick.verdicts))
        metrics.evaluations.inc({ verdict: verdict(name) }, count);
    },
    recordSkippedTicks: (count) => metrics.ticksSkipped.inc(count),
    setSchedules(schedules) {
      const kept = new Set(schedules.map(({ schedule }) => schedule));
      for (const schedule of open.schedule.keepOnly(kept)) {
        metrics.lastTick.remove({ schedule });
        metrics.tickPeriod.remove({ schedule });
      }
      for (const { schedule, periodMs } of schedules) {
        metrics.tickPeriod.set({ schedule: open.schedule(schedule) }, periodMs / 1_000);
      }
    },
    recordSourceRequests: (source, count) => metrics.sourceRequests.inc({ source: open.source(source) }, count),
    recordSourceFailure: (source, code) =>
      metrics.sourceFailures.inc({ source: open.source(source), code: failureCode(code) }),
    recordDecision: (name, why) => metrics.decisions.inc({ decision: decision(name), reason: reason(why) }),
    setOutbox({ counts, oldestAgeMs }) {
      for (const state of vocabulary.outboxStates) metrics.outboxEntries.set({ state }, counts[state] ?? 0);
      metrics.outboxOldest.set((oldestAgeMs ?? 0) / 1_000);
    },
    setWaiting(counts) {
      for (const why of waitingReasons) metrics.findingsWaiting.set({ reason: why }, counts.get(why) ?? 0);
    },
    setStorms: (living) => metrics.storms.set(living),
    recordTrackerRequest: ({ tracker, operation, outcome }) =>
      metrics.trackerRequests.inc({
        tracker: open.tracker(tracker),
        operation: open.operation(operation),
        outcome: open.outcome(outcome),
      }),
    recordDuplicate: () => metrics.duplicates.inc(),
    recordTrackerWait: ({ tracker, reason, waitMs, parked }) => {
      const labels = { tracker: open.tracker(tracker), reason, parked: String(parked) };
      metrics.trackerWaits.inc(labels);
      if (!parked) metrics.trackerWaited.inc({ tracker: labels.tracker }, waitMs / 1_000);
    },
    recordTrackerNearLimit: (tracker) => metrics.trackerNearLimit.inc({ tracker: open.tracker(tracker) }),
    recordReconcile: (tracker, at) => metrics.lastReconcile.set({ tracker: open.tracker(tracker) }, at / 1_000),
    setMaintenance(windows) {
      for (const { name, on } of windows) metrics.maintenance.set({ window: open.window(name) }, on ? 1 : 0);
    },
    setRules({ loaded, faults, lastReloadSuccessful }) {
      metrics.rulesLoaded.set(loaded);
      metrics.ruleFaults.set(faults);
      metrics.reloadSuccessful.set(lastReloadSuccessful ? 1 : 0);
    },
    recordStoreError: () => metrics.storeErrors.inc(),
    recordHttpRequest: ({ route, status }) =>
      metrics.httpRequests.inc({ route: open.route(route), status: `${Math.floor(status / 100)}xx` }),
    recordWebhook: ({ receiver, outcome }, times = 1) =>
      metrics.webhooks.inc({ receiver: open.receiver(receiver), outcome: open.outcome(outcome) }, times),
    onScrape: (refresh) => void refreshers.push(refresh),
    async render() {
      for (const refresh of refreshers) await refresh().catch(() => metrics.storeErrors.inc());
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}

function defineMetrics(register: Registry) {
  const registers = [register];
  const counter = <Label extends string = never>(name: string, help: string, labelNames: Label[] = []) =>
    new Counter({ name: `backfeed_${name}`, help, labelNames, registers });
  const gauge = <Label extends string = never>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge({ name: `backfeed_${name}`, help, labelNames, registers });
  return {
    lastTick: gauge("last_tick_timestamp_seconds", "Instant of the newest evaluated tick.", ["schedule"]),
    tickPeriod: gauge("tick_period_seconds", "Usual time between two ticks of the schedule.", ["schedule"]),
    tickDuration: new Histogram({
      name: "backfeed_tick_duration_seconds",
      help: "Time from the start of a tick to its commit.",
      buckets: tickBuckets,
      registers,
    }),
    ticksLate: counter("ticks_late_total", "Ticks that took longer than their schedule's period."),
    ticksSkipped: counter("ticks_skipped_total", "Ticks missed in downtime that catch_up did not reach."),
    evaluations: counter("evaluations_total", "Evaluated label sets by verdict.", ["verdict"]),
    sourceRequests: counter("source_requests_total", "Requests (or scans) sent to a source.", ["source"]),
    sourceFailures: counter("source_failures_total", "Questions that a source did not answer.", ["source", "code"]),
    decisions: counter("decisions_total", "Decisions on findings.", ["decision", "reason"]),
    outboxEntries: gauge("outbox_entries", "Outbox entries by state.", ["state"]),
    outboxOldest: gauge("outbox_oldest_seconds", "Age of the oldest entry that is not done or dropped; 0 without one."),
    findingsWaiting: gauge(
      "findings_waiting",
      "Findings worth a ticket that have none: they wait for a cap, or a storm's ticket tells of them.",
      ["reason"],
    ),
    storms: gauge("storms", "Storms that are not over."),
    trackerRequests: counter("tracker_requests_total", "Calls of a tracker.", ["tracker", "operation", "outcome"]),
    trackerWaits: counter("tracker_waits_total", "Requests held back to keep to a tracker's pace.", [
      "tracker",
      "reason",
      "parked",
    ]),
    trackerWaited: counter("tracker_waited_seconds_total", "Time that requests slept for the pace.", ["tracker"]),
    trackerNearLimit: counter("tracker_near_limit_total", "Answers that told of a near limit.", ["tracker"]),
    duplicates: counter("duplicates_total", "Second tickets that were folded into the first."),
    lastReconcile: gauge(
      "last_reconcile_timestamp_seconds",
      "When a tracker was last asked what became of our tickets.",
      ["tracker"],
    ),
    maintenance: gauge("maintenance_active", "1 while a maintenance window is on.", ["window"]),
    rulesLoaded: gauge("rules_loaded", "Rules that are being evaluated."),
    ruleFaults: gauge("rule_faults", "Faults in rule files at the last reload."),
    reloadSuccessful: gauge("rules_last_reload_successful", "1 when the last reload had no fault."),
    storeErrors: counter("store_errors_total", "Operations on the store that failed."),
    httpRequests: counter("http_requests_total", "Requests to the API by route and class of status.", [
      "route",
      "status",
    ]),
    webhooks: counter("webhooks_total", "Deliveries of webhooks by what became of them.", ["receiver", "outcome"]),
  };
}

function closedValues(values: readonly string[]): (value: string) => string {
  const known = new Set(values);
  return (value) => (known.has(value) ? value : other);
}

function openValues() {
  const known = new Set<string>();
  const name = (value: string): string => {
    if (known.has(value)) return value;
    if (known.size >= maxOpenValues) return other;
    known.add(value);
    return value;
  };
  /** Forgets all others, and gives them. */
  name.keepOnly = (kept: ReadonlySet<string>): readonly string[] => {
    const gone = [...known].filter((value) => !kept.has(value));
    for (const value of gone) known.delete(value);
    return gone;
  };
  return name;
}
