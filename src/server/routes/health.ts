import { z } from "zod";
import type { Clock } from "../../support/clock.ts";
import { second } from "../../support/duration.ts";
import { BackfeedError } from "../../support/errors.ts";
import type { Metrics } from "../../support/metrics.ts";
import type { ServerProgram } from "../program.ts";
import { type Route, route } from "../route.ts";

/** A store that answers later than this is not there. */
const readinessDeadlineMs = 3 * second;

const healthView = z.object({ status: z.literal("ok") });
const readinessView = z.object({
  status: z.literal("ready"),
  checks: z.object({ store: z.boolean(), rules: z.boolean() }),
});

export function healthRoutes(program: ServerProgram, metrics: Pick<Metrics, "render">, clock: Clock): readonly Route[] {
  let asking: Promise<{ store: boolean; rules: boolean }> | undefined;
  /** Probes that come together share one question. */
  const readiness = () => {
    asking ??= withDeadline(program.readiness(), clock).finally(() => {
      asking = undefined;
    });
    return asking;
  };

  return [
    route({
      method: "get",
      path: "/healthz",
      operation: "health",
      summary: "The process lives.",
      access: "open",
      answer: { kind: "json", name: "Health", schema: healthView },
      handle: async () => ({ status: "ok" as const }),
    }),
    route({
      method: "get",
      path: "/readyz",
      operation: "readiness",
      summary: "The store can be reached and rules are loaded. Sources and trackers are not asked.",
      access: "open",
      faults: [503],
      answer: { kind: "json", name: "Readiness", schema: readinessView },
      handle: async () => {
        const { store, rules } = await readiness();
        if (!store || !rules) {
          throw new BackfeedError("unavailable", "not ready", { facts: { store, rules } });
        }
        return { status: "ready" as const, checks: { store, rules } };
      },
    }),
    route({
      method: "get",
      path: "/metrics",
      operation: "metrics",
      summary: "Backfeed's own metrics in Prometheus' text format.",
      access: "viewer",
      answer: { kind: "bytes", contentTypes: ["text/plain"] },
      handle: async () => {
        const { contentType, text } = await metrics.render();
        return { contentType, bytes: Buffer.from(text) };
      },
    }),
  ];
}

/** Any failure means not ready: why is the log's matter, a probe only needs to know. */
async function withDeadline(
  asked: Promise<{ store: boolean; rules: boolean }>,
  clock: Clock,
): Promise<{ store: boolean; rules: boolean }> {
  const cancel = new AbortController();
  const nothing = { store: false, rules: false };
  try {
    const late = clock.sleep(readinessDeadlineMs, cancel.signal).then(
      () => nothing,
      () => nothing,
    );
    return await Promise.race([asked.catch(() => nothing), late]);
  } finally {
    cancel.abort();
  }
}
