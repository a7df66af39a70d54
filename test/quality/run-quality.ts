import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { TickContext } from "../../src/app/context.ts";
import { createDueTicks } from "../../src/app/due-ticks.ts";
import { KnownLabelSets } from "../../src/app/known-label-sets.ts";
import { MeasuredHistories } from "../../src/app/measured-histories.ts";
import { MaintenanceCalendar } from "../../src/detect/maintenance.ts";
import { FixWatch } from "../../src/learn/fix-watch.ts";
import type { Finding } from "../../src/model/finding.ts";
import { defaultPriorityScale } from "../../src/model/priority.ts";
import type { Rule } from "../../src/model/rule.ts";
import type { TicketRecord } from "../../src/model/ticket.ts";
import { readRuleFile } from "../../src/rules/read-rule-file.ts";
import { createMemoryTickStore, type MemoryTickStore } from "../../src/store/memory/memory-tick-store.ts";
import { ManualClock } from "../../src/support/clock.ts";
import { silentLogger } from "../../src/support/logging.ts";
import { createMetrics } from "../../src/support/metrics.ts";
import { Mutex } from "../../src/support/mutex.ts";
import type { LabelledSeries } from "./nab.ts";
import { createSeriesSource } from "./series-source.ts";
import { sharesOfPercentile, zScores } from "./signals.ts";

const week = 7 * 86_400_000;
/** A Monday. */
const epoch = Date.parse("2026-01-05T00:00:00Z");

/** Names of the rules of rules.yaml. */
export const detectors = ["baseline", "fixed", "z-score"] as const;
export type Detector = (typeof detectors)[number];

/** A ticket that was filed: at the value with which its alert began to fire. */
export interface FiledTicket {
  readonly detector: Detector;
  readonly series: string;
  /** Start of the window that fired, on the series' own clock. */
  readonly at: number;
}

/** The frozen rules, with the step of the series as window and schedule. */
export function qualityRules(stepMs: number): readonly Rule[] {
  const minutes = stepMs / 60_000;
  const file = fileURLToPath(new URL("rules.yaml", import.meta.url));
  const text = readFileSync(file, "utf8")
    .replace("window: 5m", `window: ${minutes}m`)
    .replace("*/5 * * * *", minutes === 60 ? "0 * * * *" : `*/${minutes} * * * *`);
  const { faults, entries } = readRuleFile("quality/rules.yaml", new TextEncoder().encode(text), {
    sources: { nab: { type: "scripted" } },
    owners: ["quality"],
  });
  if (faults.length > 0) throw new Error(JSON.stringify(faults));
  return entries.flatMap(({ rule }) => rule ?? []);
}

/**
 * Every ticket that these detectors file on these series: the program's own ticks over a source that tells the series, one
 * after another, from an empty store. All begin in the same week, on their own weekday, so that one tick judges many.
 */
export async function fileTickets(
  series: readonly LabelledSeries[],
  asked: readonly Detector[] = detectors,
): Promise<readonly FiledTicket[]> {
  const tickets: FiledTicket[] = [];
  for (const stepMs of new Set(series.map((each) => each.stepMs))) {
    const alike = series.filter((each) => each.stepMs === stepMs);
    tickets.push(...(await fileTicketsOf(alike, stepMs, asked)));
  }
  return tickets;
}

async function fileTicketsOf(
  series: readonly LabelledSeries[],
  stepMs: number,
  asked: readonly Detector[],
): Promise<readonly FiledTicket[]> {
  const shifts = new Map(series.map(({ name, points }) => [name, shiftOf(points[0]?.at ?? epoch)]));
  const shifted = (change: (points: LabelledSeries["points"]) => LabelledSeries["points"]) =>
    new Map(
      series.map(({ name, points }) => [
        name,
        new Map(change(points).map(({ at, value }) => [at + (shifts.get(name) ?? 0), value])),
      ]),
    );
  const targets = new Map([
    ["value", shifted((points) => points)],
    ["share_of_percentile", shifted(sharesOfPercentile)],
    ["z_score", shifted(zScores)],
  ]);
  const starts = series.flatMap(({ name, points }) =>
    [points[0], points.at(-1)].flatMap((point) => (point === undefined ? [] : point.at + (shifts.get(name) ?? 0))),
  );
  const rules = qualityRules(stepMs).filter(({ id }) => asked.some((detector) => detector === id));
  const store = createMemoryTickStore();
  const clock = new ManualClock(Math.min(...starts));
  const context = contextOf(store, createSeriesSource("nab", targets), clock);
  const due = createDueTicks({ context, loadedRules: () => ({ rules, complete: true }), catchUpMs: stepMs });
  const never = new AbortController().signal;
  const backlog = new Backlog(store);
  const tickets: FiledTicket[] = [];
  for (let at = Math.min(...starts) + stepMs; at <= Math.max(...starts) + stepMs; at += stepMs) {
    clock.set(at);
    for (const { findings } of await due.runDue({ until: at }, never)) {
      for (const finding of findings) {
        const { decision, groupLabels, worst } = finding;
        if (decision.at === at && decision.action === "create") {
          const name = groupLabels["series"] ?? "";
          const detector = detectors.find((each) => each === worst.ruleId);
          if (detector !== undefined) {
            tickets.push({ detector, series: name, at: at - stepMs - (shifts.get(name) ?? 0) });
          }
        }
        backlog.follow(finding, at);
      }
    }
  }
  return tickets;
}

/** Whole weeks: the weekday stays. */
function shiftOf(first: number): number {
  return Math.ceil((epoch - first) / week) * week;
}

/** The people: every ticket that is decided is filed, and closed as done when its finding is quiet. */
class Backlog {
  readonly #store: MemoryTickStore;
  readonly #records = new Map<string, TicketRecord>();

  constructor(store: MemoryTickStore) {
    this.#store = store;
  }

  follow(finding: Finding, at: number): void {
    for (const { action, findingId, groupKey, generation } of this.#store.takeDrafts()) {
      if (action.kind !== "create") continue;
      const ref = { id: `${findingId}-${generation}`, key: `NAB-${this.#records.size + 1}`, url: "" };
      const written = { priority: undefined, band: action.band };
      const tracker = action.route.tracker;
      this.#put({
        tracker,
        ref,
        findingId,
        groupKey,
        generation,
        createdAt: at,
        written,
        dropped: [],
        seen: undefined,
      });
    }
    const record = this.#records.get(finding.id);
    if (record === undefined || record.closed !== undefined || finding.state !== "quiet") return;
    const band = record.written.band;
    this.#put({ ...record, closed: { at, as: "done", by: "people", band, status: "Done", resolution: "Done" } });
  }

  #put(record: TicketRecord): void {
    this.#records.set(record.findingId, record);
    this.#store.putTicket(record);
  }
}

const unlimited = Number.MAX_SAFE_INTEGER;

function contextOf(
  store: MemoryTickStore,
  source: ReturnType<typeof createSeriesSource>,
  clock: ManualClock,
): TickContext {
  return {
    store,
    sources: new Map([[source.name, source]]),
    timings: new Map([[source.name, { delayMs: 0, staleAfterMs: undefined }]]),
    instance: "quality",
    voice: {
      modeOf: () => "file",
      titleOf: (rule, worst) => `${rule.id}: ${worst.labels["series"]}`,
      routeOf: () => ({ tracker: "people", labels: [], fields: {} }),
      pageOf: () => undefined,
      infraOf: () => [],
      linksOf: () => [],
    },
    scale: defaultPriorityScale,
    // Each series is a world of its own: what others file is no reason to wait.
    createLimits: { perRun: unlimited, perDay: unlimited, perDayPerProject: unlimited, storm: unlimited },
    knownLabelSets: new KnownLabelSets(store.state),
    measuredHistories: new MeasuredHistories(store.state),
    fixWatch: new FixWatch(),
    maintenance: new MaintenanceCalendar([]),
    clock,
    logger: silentLogger,
    metrics: createMetrics({
      vocabulary: { verdicts: [], decisions: [], reasons: [], outboxStates: [], failureCodes: [] },
      processMetrics: false,
    }),
    redact: (text) => text,
    dryRun: false,
    concludeLock: new Mutex(),
  };
}
