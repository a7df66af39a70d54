import type { ServiceConfig } from "../../config/types.ts";
import type { MaintenanceCalendar } from "../../detect/maintenance.ts";
import type { SourceTiming } from "../../detect/plan.ts";
import { FixWatch } from "../../learn/fix-watch.ts";
import { actions, decisionReasons } from "../../model/decision.ts";
import type { Finding } from "../../model/finding.ts";
import type { OutboxDraft } from "../../model/outbox.ts";
import type { Rule } from "../../model/rule.ts";
import { verdictKinds } from "../../model/verdict.ts";
import type { Source } from "../../sources/source.ts";
import { createMemoryTickStore } from "../../store/memory/memory-tick-store.ts";
import { ManualClock } from "../../support/clock.ts";
import { day } from "../../support/duration.ts";
import { silentLogger } from "../../support/logging.ts";
import { createMetrics, type Metrics } from "../../support/metrics.ts";
import { Mutex } from "../../support/mutex.ts";
import type { TickContext, Voice } from "../context.ts";
import { createLimitsOf } from "../create-budget.ts";
import { createDueTicks } from "../due-ticks.ts";
import { KnownLabelSets } from "../known-label-sets.ts";
import { MeasuredHistories } from "../measured-histories.ts";
import type { Redact } from "../redaction.ts";
import type { TickResult } from "../tick.ts";
import { createVoice } from "../voice.ts";

/** What all offline runs of one configuration share. */
export interface OfflineGround {
  readonly config: ServiceConfig;
  readonly voice: Voice;
  readonly redact: Redact;
  readonly metrics: Metrics;
}

/** Rules speak as they do under this configuration; whether it only reports is no matter of a test or replay. */
export function createOfflineGround(config: ServiceConfig, redact: Redact): OfflineGround {
  const metrics = createMetrics({
    vocabulary: {
      verdicts: verdictKinds,
      decisions: actions,
      reasons: decisionReasons,
      outboxStates: [],
      failureCodes: [],
    },
    processMetrics: false,
  });
  return { config, redact, metrics, voice: createVoice({ ...config, mode: "file" }, silentLogger, redact) };
}

/** A finding as it was decided at a tick at which something is done with its ticket. */
export interface TicketDecided {
  readonly at: number;
  readonly finding: Finding;
  readonly project: string | undefined;
}

/** What one instant gave. */
export interface OfflineTick {
  readonly ticks: readonly TickResult[];
  readonly tickets: readonly TicketDecided[];
}

export interface OfflineOptions {
  /** As they run here: what a rule would file is filed whatever its mode. */
  readonly rules: readonly Rule[];
  readonly sources: readonly Source[];
  readonly timings: ReadonlyMap<string, SourceTiming>;
  readonly maintenance: MaintenanceCalendar;
  readonly ground: OfflineGround;
  readonly start: number;
}

export interface OfflineRun {
  /** Runs the ticks of these schedules that are due by an instant; instants only go on. Throws `aborted`. */
  runAt(at: number, schedules: readonly string[], signal: AbortSignal): Promise<OfflineTick>;
}

/**
 * The ticks of the live run from an empty state, without a disk, a tracker or people: evaluation, triage and decisions are
 * the same code. A create counts as filed when it was decided. Rule tests and replays run here.
 */
export function createOfflineRun({ rules, sources, timings, maintenance, ground, start }: OfflineOptions): OfflineRun {
  const { config, voice, redact, metrics } = ground;
  const store = createMemoryTickStore();
  const clock = new ManualClock(start);
  const context: TickContext = {
    store,
    sources: new Map(sources.map((source) => [source.name, source])),
    timings,
    instance: config.instance,
    voice,
    scale: config.priority,
    createLimits: createLimitsOf(config),
    knownLabelSets: new KnownLabelSets(store.state),
    measuredHistories: new MeasuredHistories(store.state),
    fixWatch: new FixWatch(),
    maintenance,
    clock,
    logger: silentLogger,
    metrics,
    redact,
    dryRun: false,
    concludeLock: new Mutex(),
  };
  const due = createDueTicks({ context, loadedRules: () => ({ rules, complete: true }), catchUpMs: day });
  let number = 0;
  return {
    async runAt(at, schedules, signal) {
      clock.set(at);
      const ticks: TickResult[] = [];
      for (const key of [...schedules].sort()) {
        ticks.push(...((await due.runScheduleDue(key, { until: at }, signal)) ?? []));
      }
      for (const draft of store.takeDrafts()) {
        if (draft.action.kind !== "create") continue;
        number += 1;
        store.putTicket(filed(draft, draft.action, number, at));
      }
      return { ticks, tickets: ticks.flatMap((result) => ticketsOf(result, rules, voice)) };
    },
  };
}

/** What was decided to be done at this tick, as the run decided it. */
function ticketsOf({ tick, findings }: TickResult, rules: readonly Rule[], voice: Voice): TicketDecided[] {
  return findings
    .filter(({ decision }) => decision.action !== "none" && decision.at === tick)
    .map((finding) => {
      const rule = rules.find(({ id }) => id === finding.worst.ruleId);
      return { at: tick, finding, project: rule === undefined ? undefined : voice.routeOf(rule, finding).project };
    });
}

/** The record of a ticket as delivery writes it. */
function filed(
  { findingId, groupKey, generation }: OutboxDraft,
  { route, band }: Extract<OutboxDraft["action"], { kind: "create" }>,
  number: number,
  at: number,
) {
  return {
    tracker: route.tracker,
    ref: { id: String(number), key: `OFFLINE-${number}`, url: "" },
    findingId,
    groupKey,
    generation,
    createdAt: at,
    written: { priority: undefined, band },
    dropped: [],
    seen: undefined,
  };
}
