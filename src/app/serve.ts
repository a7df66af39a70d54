import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { ServiceConfig } from "../config/types.ts";
import type { ServerProgram } from "../server/program.ts";
import { createServer, type Server } from "../server/server.ts";
import type { WebhookReceiver } from "../server/webhooks/receiver.ts";
import { type Clock, systemClock } from "../support/clock.ts";
import { hour, minute, second } from "../support/duration.ts";
import type { LogLevel } from "../support/logging.ts";
import { formatFault } from "../support/yaml/fault.ts";
import { alertReceiver } from "./alert-receiver.ts";
import { deployReceiver } from "./deploy-receiver.ts";
import { jiraReceiver } from "./jira-receiver.ts";
import type { LoadedRules } from "./load-rules.ts";
import { openProgram, type Program } from "./program.ts";
import { createScheduler } from "./scheduler.ts";
import { serverProgram } from "./server-program.ts";

/** SIGTERM drains within 10 s: what has not ended by then is cut off, and found by the next start. */
const drainMs = 6 * second;
const retainEveryMs = hour;
const retainPauseMs = minute;

export interface ServeOptions {
  readonly loaded: LoadedRules & { readonly config: ServiceConfig };
  readonly logLevel: LogLevel;
  /** Aborts when the process is asked to stop. */
  readonly signal: AbortSignal;
  /** Told once everything runs. */
  readonly onListening?: (address: { readonly host: string; readonly port: number }) => void;
  /** Already open; default: opened from what is loaded, on the system's clock. */
  readonly program?: Program;
}

/** `serve`: schedule, outbox worker, API and pages, until asked to stop; then drains and returns within 10 s. */
export async function serve(options: ServeOptions): Promise<void> {
  const { loaded, signal } = options;
  const program =
    options.program ?? (await openProgram({ loaded, clock: systemClock, logLevel: options.logLevel, dryRun: false }));
  const { clock, engine, learning, logger, metrics } = program;
  const cutOff = new AbortController();
  const ended = new AbortController();
  const { lost } = program.store;
  // What is not remembered must not be told: only probes, pages and API stay, until somebody starts it again.
  const stop = AbortSignal.any([signal, lost]);
  try {
    const seen = serverProgram(program, loaded.catalogue);
    lost.addEventListener("abort", () => void seen.readiness());
    const server = httpServer(program, seen);
    const scheduler = createScheduler({ engine, clock, logger, metrics, lost }, cutOff.signal);
    watchOutbox(program);
    watchMaintenance(program);
    tellRules(program, loaded);
    const { port } = await server.start();
    logger.info("Backfeed runs", { instance: program.config.instance, mode: program.config.mode });
    options.onListening?.({ host: program.config.server.host, port });
    scheduler.sync();
    const background = [
      engine.worker.run(cutOff.signal, stop),
      learning.run(cutOff.signal, stop),
      loaded.catalogue.watch({
        signal,
        clock,
        onChange: () => {
          tellRules(program, loaded);
          scheduler.sync();
        },
      }),
      retainForEver(program, stop),
    ];
    await aborted(signal);
    logger.info("stopping: what is under way is finished", {});
    const drained = Promise.all([server.stop(), scheduler.stop(), ...background]);
    const atMost = (ms: number) => clock.sleep(ms, ended.signal).catch(() => undefined);
    await Promise.race([drained, atMost(drainMs)]);
    cutOff.abort();
    await Promise.race([drained, atMost(second)]);
  } finally {
    cutOff.abort();
    // A timer that is left behind would hold the process for as long as the drain was allowed to take.
    ended.abort();
    await program.close();
  }
}

function httpServer(program: Program, seen: ServerProgram): Server {
  const { config, metrics, logger, clock } = program;
  const ui = [new URL("../ui", import.meta.url), new URL("../../dist/ui", import.meta.url)]
    .map((url) => fileURLToPath(url))
    // The folder of the sources has an index.html too: only what Vite built has assets.
    .find((directory) => existsSync(`${directory}/assets`));
  return createServer({
    listen: config.server,
    auth: { tokens: config.server.tokens },
    publicUrl: config.server.publicUrl,
    trustedProxies: config.server.trustedProxies,
    program: seen,
    webhooks: webhookReceivers(program),
    metrics,
    logger,
    clock,
    ...(ui === undefined ? {} : { ui }),
  });
}

/** What other systems may send in; the server mounts them under `/webhooks/`. */
function webhookReceivers({
  config,
  store,
  trackers,
  redactor,
  learning,
  logger,
}: Program): readonly WebhookReceiver[] {
  return [
    jiraReceiver({
      trackers: config.trackers,
      store,
      isOwn: (tracker, account) => trackers.jira.get(tracker)?.ownAccount() === account,
      redact: redactor.redact,
      wake: () => learning.wake(),
    }),
    deployReceiver({
      token: config.server.webhooks.deploys?.token,
      store,
      redact: redactor.redact,
      logger,
      keptForMs: config.retention.deploysMs,
    }),
    alertReceiver({
      token: config.server.webhooks.alertmanager?.token,
      store,
      redact: redactor.redact,
      logger,
    }),
  ];
}

/** The outbox, and what waits for a ticket, are cheaper to count at a scrape than to follow. */
function watchOutbox({ metrics, store, clock }: Program): void {
  metrics.onScrape(async () => {
    const [counts, oldest, waiting, storms] = await Promise.all([
      store.outbox.counts(),
      store.outbox.oldestOpen(),
      store.history.countByReason(["over_cap", "storm"]),
      store.storms.living(),
    ]);
    metrics.setWaiting(waiting);
    metrics.setStorms(storms.length);
    metrics.setOutbox({ counts, oldestAgeMs: oldest === undefined ? undefined : clock.now() - oldest });
  });
}

function watchMaintenance({ metrics, context: { maintenance }, clock }: Program): void {
  metrics.onScrape(async () => {
    const on = new Set(maintenance.on(clock.now()).map(({ window }) => window.name));
    metrics.setMaintenance(maintenance.windows.map(({ name }) => ({ name, on: on.has(name) })));
  });
}

function tellRules({ metrics, logger }: Program, { catalogue }: LoadedRules): void {
  const { rules, faults, complete, generation } = catalogue.current();
  const errors = faults.filter(({ severity }) => severity === "error");
  metrics.setRules({
    loaded: rules.length,
    faults: errors.length,
    lastReloadSuccessful: complete && errors.length === 0,
  });
  logger.info("rules loaded", { generation, rules: rules.length, faults: errors.length });
  for (const fault of errors) {
    logger.error("RULE_FAULTY", "a rule is faulty; its last good version, if there is one, goes on", {
      rule: fault.ruleId ?? "",
      fault: formatFault(fault),
    });
  }
}

async function retainForEver(program: Program, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const deleted = await retain(program, program.clock);
    const pause = deleted > 0 ? retainPauseMs : retainEveryMs;
    await program.clock.sleep(pause, signal).catch(() => undefined);
  }
}

async function retain({ store, config, logger, metrics }: Program, clock: Clock): Promise<number> {
  const now = clock.now();
  const { ticksMs, evidenceMs, outboxMs, eventsMs, deploysMs } = config.retention;
  try {
    return await store.retain({
      ticks: now - ticksMs,
      evidence: now - evidenceMs,
      outbox: now - outboxMs,
      events: now - eventsMs,
      deploys: now - deploysMs,
      now,
    });
  } catch (thrown) {
    if (store.lost.aborted) return 0;
    metrics.recordStoreError();
    logger.error("RETENTION_FAILED", "old rows could not be deleted; the store grows until they can", {}, thrown);
    return 0;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
