import { FixWatch } from "../learn/fix-watch.ts";
import { reconcile } from "../learn/reconcile.ts";
import type { AdoptionWalk, ReconcileContext, TrackerPolicy } from "../learn/reconcile-context.ts";
import { sweep } from "../learn/sweep.ts";
import type { Rule } from "../model/rule.ts";
import type { Store } from "../store/store.ts";
import { Alarm } from "../support/alarm.ts";
import { minute, second } from "../support/duration.ts";
import { asBackfeedError } from "../support/errors.ts";
import type { Tracker } from "../trackers/tracker.ts";
import { attend } from "./attend.ts";
import type { ProgramContext } from "./context.ts";
import { refileFinding } from "./refile-finding.ts";

const defaultEveryMs = minute;
/** After a hint of a webhook: a person's change mostly is several, and ours are hints too. Bounds what hints may cost. */
const gatherMs = 5 * second;

export interface LearningOptions {
  readonly context: ProgramContext;
  readonly loadedRules: () => { readonly rules: readonly Rule[] };
  readonly trackers: ReadonlyMap<string, Tracker>;
  /** By the tracker's name. */
  readonly policies: ReadonlyMap<string, TrackerPolicy>;
  /** There is something to deliver. */
  readonly onDrafts: () => void;
  readonly everyMs?: number;
}

/** The way back: what people did on tickets reaches findings, and what that decides goes out. */
export interface Learning {
  /**
   * One pass over all trackers, or over what webhooks hinted at alone, and over the findings that are to be decided again. One
   * tracker's failure is its own. What waits for a cap since `waitingBefore` or later is not filed by this pass: it belongs to the
   * run that was just told to file no more.
   */
  pass(
    signal: AbortSignal,
    extent?: "hints" | "all",
    waitingBefore?: number,
  ): Promise<{ readonly failed: readonly string[] }>;
  /** A pass every minute, and one over the hints soon after `wake`, until `stop` aborts. */
  run(abort: AbortSignal, stop?: AbortSignal): Promise<void>;
  /** A webhook brought something. */
  wake(): void;
}

export function createLearning(options: LearningOptions): Learning {
  const { context, trackers, policies } = options;
  const { clock, logger, metrics, store } = context;
  const everyMs = options.everyMs ?? defaultEveryMs;
  const failing = new Set<string>();
  const alarm = new Alarm({ clock });

  const walks = new Map<string, AdoptionWalk>([...trackers.keys()].map((name) => [name, { cursor: undefined }]));

  function contextOf(tracker: Tracker, policy: TrackerPolicy): ReconcileContext {
    return {
      tracker,
      policy,
      store,
      instance: context.instance,
      clock,
      logger,
      redact: context.redact,
      refile: (findingId, by) => refileFinding(findingId, { by, at: clock.now() }, context),
      adoptions: walks.get(tracker.name) ?? { cursor: undefined },
      onDuplicate: () => metrics.recordDuplicate(),
    };
  }

  async function reconcileOne(own: ReconcileContext, extent: "hints" | "all", signal: AbortSignal): Promise<boolean> {
    const { tracker } = own;
    const { looked, changed, failure } = await reconcile(own, signal, extent);
    if (changed > 0) logger.info("tickets changed", { tracker: tracker.name, looked, changed });
    const isWhole = extent === "all";
    const failed = failure ?? (isWhole ? await sweep(own, signal).then(() => undefined, asBackfeedError) : undefined);
    if (failed === undefined) {
      if (!isWhole) return true;
      failing.delete(tracker.name);
      metrics.recordReconcile(tracker.name, clock.now());
      return true;
    }
    if (failed.kind === "aborted" && signal.aborted) throw failed;
    // `RECONCILE_FAILED`: told when it begins; what people do on tickets is heard of later.
    if (!failing.has(tracker.name)) {
      const facts = { tracker: tracker.name, kind: failed.kind };
      logger.warn("RECONCILE_FAILED", "a tracker could not be asked what became of the tickets", facts, failed);
    }
    failing.add(tracker.name);
    return false;
  }

  async function pass(
    signal: AbortSignal,
    extent: "hints" | "all" = "all",
    waitingBefore?: number,
  ): Promise<{ readonly failed: readonly string[] }> {
    const failed: string[] = [];
    for (const [name, tracker] of trackers) {
      const policy = policies.get(name);
      if (policy === undefined || signal.aborted) continue;
      if (!(await reconcileOne(contextOf(tracker, policy), extent, signal))) failed.push(name);
    }
    const { drafts } = await attend(options.loadedRules().rules, context, signal, waitingBefore);
    if (drafts > 0) options.onDrafts();
    return { failed };
  }

  async function run(abort: AbortSignal, stop: AbortSignal = abort): Promise<void> {
    let wholeAt = Number.NEGATIVE_INFINITY;
    while (!abort.aborted && !stop.aborted) {
      alarm.set();
      const now = clock.now();
      // A clock that was put back does not put the next whole pass off.
      const isWhole = now - wholeAt >= everyMs || now < wholeAt;
      if (isWhole) wholeAt = now;
      try {
        await pass(abort, isWhole ? "all" : "hints");
      } catch (thrown) {
        if (abort.aborted || stop.aborted) return;
        logger.error(
          "LEARNING_FAILED",
          "the store could not be read or written for what became of tickets",
          {},
          thrown,
        );
      }
      const wait = Math.min(everyMs, Math.max(0, wholeAt + everyMs - clock.now()));
      if (await alarm.sleep(wait, [abort, stop])) await clock.sleep(gatherMs, stop).catch(() => undefined);
    }
  }

  return { pass, run, wake: () => alarm.wake() };
}

/** Findings whose fix is watched already, as they are stored. */
export async function loadFixWatch(store: Pick<Store, "history">): Promise<FixWatch> {
  const watch = new FixWatch();
  for (let cursor: string | undefined; ; ) {
    const page = await store.history.findings({
      state: "fixed",
      limit: 1_000,
      ...(cursor === undefined ? {} : { cursor }),
    });
    watch.stored(page.items);
    cursor = page.next;
    if (cursor === undefined) return watch;
  }
}
