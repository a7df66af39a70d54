import type { MaintenanceCalendar } from "../detect/maintenance.ts";
import type { SourceTiming } from "../detect/plan.ts";
import type { FixWatch } from "../learn/fix-watch.ts";
import type { SectionRequest } from "../model/evidence.ts";
import type { AlertSummary, Finding, FindingEpisode } from "../model/finding.ts";
import type { PriorityScale } from "../model/priority.ts";
import type { Mode, Rule } from "../model/rule.ts";
import type { TicketRoute } from "../model/ticket.ts";
import type { Source } from "../sources/source.ts";
import type { Store, TickStore } from "../store/store.ts";
import type { Clock } from "../support/clock.ts";
import type { Logger } from "../support/logging.ts";
import type { Metrics } from "../support/metrics.ts";
import type { Mutex } from "../support/mutex.ts";
import type { SectionInfra } from "../triage/evidence.ts";
import type { KnownLabelSets } from "./known-label-sets.ts";
import type { MeasuredHistories } from "./measured-histories.ts";

/** How many new tickets may be filed. */
export interface CreateLimits {
  readonly perRun: number;
  readonly perDay: number;
  readonly perDayPerProject: number;
  /** More new findings than this within ten minutes are a storm. */
  readonly storm: number;
}

/** From when to when, and the worst of it. */
export type EpisodeSpan = Pick<FindingEpisode, "startedAt" | "lastBreachAt" | "peak">;

/** What a finding needs from configuration, templates and owners to be put into words. */
export interface Voice {
  modeOf(rule: Rule): Mode;
  titleOf(rule: Rule, worst: AlertSummary, episode: EpisodeSpan): string;
  routeOf(rule: Rule, finding: Finding): TicketRoute;
  pageOf(findingId: string): string | undefined;
  /** What the machines under it did: to be asked for this alert, each value escaped; or why it cannot be. */
  infraOf(rule: Rule, alert: AlertSummary, episode: EpisodeSpan): readonly SectionInfra[];
  linksOf(rule: Rule, alert: AlertSummary, episode: EpisodeSpan, at: number): SectionRequest["links"];
}

/** Everything a tick works with; made once by the composition root. */
export interface TickContext {
  readonly store: TickStore;
  readonly sources: ReadonlyMap<string, Source>;
  readonly timings: ReadonlyMap<string, SourceTiming>;
  /** The instance name that identities are made of. */
  readonly instance: string;
  readonly voice: Voice;
  readonly scale: PriorityScale;
  readonly createLimits: CreateLimits;
  readonly knownLabelSets: KnownLabelSets;
  readonly measuredHistories: MeasuredHistories;
  readonly fixWatch: FixWatch;
  readonly maintenance: MaintenanceCalendar;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Takes secrets out of one text. */
  readonly redact: (text: string) => string;
  /** Decides and shows; nothing is put into the outbox. */
  readonly dryRun: boolean;
  /** Findings are read, changed and written by one tick or operator at a time; asking what rules ask is not held up. */
  readonly concludeLock: Mutex;
}

/** What delivery, learning and operators work with beside ticks: the whole store. */
export interface ProgramContext extends TickContext {
  readonly store: Store;
}
