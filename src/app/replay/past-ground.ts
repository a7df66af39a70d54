import type { ServiceConfig } from "../../config/types.ts";
import { MaintenanceCalendar } from "../../detect/maintenance.ts";
import type { SourceTiming } from "../../detect/plan.ts";
import type { Source } from "../../sources/source.ts";
import { systemClock } from "../../support/clock.ts";
import { silentLogger } from "../../support/logging.ts";
import { createRedactor } from "../../support/redaction.ts";
import { createSources } from "../adapters.ts";
import type { LoadedRules } from "../load-rules.ts";
import { createOfflineGround, type OfflineGround } from "../offline/offline-run.ts";

/** What looks at the past work with: the configured sources, and no store or tracker. */
export interface PastGround {
  readonly ground: OfflineGround;
  readonly sources: readonly Source[];
  readonly timings: ReadonlyMap<string, SourceTiming>;
  readonly maintenance: MaintenanceCalendar;
}

/** Opens the sources for some work and closes them whatever becomes of it. */
export async function withPast<Result>(
  { config, secrets }: LoadedRules & { readonly config: ServiceConfig },
  work: (past: PastGround) => Promise<Result>,
): Promise<Result> {
  const redactor = createRedactor({ ...config.redaction, secrets });
  const ground = createOfflineGround(config, redactor.redact);
  const parts = { config, clock: systemClock, logger: silentLogger, metrics: ground.metrics, redactor };
  // What another system raised is heard, not asked, and nothing of it is kept that could be asked again.
  const sources = [...createSources(parts, { receivedAlerts: { all: async () => [] } }).values()];
  try {
    const timings = new Map(Object.entries(config.sources));
    return await work({ ground, sources, timings, maintenance: new MaintenanceCalendar(config.maintenance) });
  } finally {
    await Promise.all(sources.map((source) => source.close()));
  }
}
