import { createServer as createHttpServer, type Server as HttpServer, type ServerResponse } from "node:http";
import { type Clock, systemClock } from "../support/clock.ts";
import { second } from "../support/duration.ts";
import { BackfeedError } from "../support/errors.ts";
import type { Logger } from "../support/logging.ts";
import { isLoopback } from "../support/loopback.ts";
import type { Metrics } from "../support/metrics.ts";
import { createAudit } from "./audit.ts";
import type { TokenConfig } from "./auth.ts";
import { createHttpApp } from "./http-app.ts";
import { documentRoute } from "./openapi.ts";
import type { ServerProgram } from "./program.ts";
import type { Route } from "./route.ts";
import { deployRoutes } from "./routes/deploys.ts";
import { findingRoutes } from "./routes/findings.ts";
import { healthRoutes } from "./routes/health.ts";
import { maintenanceRoutes } from "./routes/maintenance.ts";
import { outboxRoutes } from "./routes/outbox.ts";
import { ruleRoutes } from "./routes/rules.ts";
import { silenceRoutes } from "./routes/silences.ts";
import { ticketActRoutes } from "./routes/ticket-acts.ts";
import { ticketRoutes } from "./routes/tickets.ts";
import type { WebhookReceiver } from "./webhooks/receiver.ts";

export interface ServerOptions {
  /** Port 0 takes a free one. */
  readonly listen: { readonly host: string; readonly port: number };
  /** Without tokens everybody is operator: allowed on loopback only. */
  readonly auth: { readonly tokens: readonly TokenConfig[] };
  readonly publicUrl: string | undefined;
  /** Addresses and networks whose `X-Forwarded-For` is believed; nobody's by default. */
  readonly trustedProxies?: readonly string[];
  readonly program: ServerProgram;
  /** What other systems may send in. */
  readonly webhooks?: readonly WebhookReceiver[];
  readonly metrics: Pick<Metrics, "recordHttpRequest" | "recordWebhook" | "render">;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** The directory of the built UI; without it there are no pages. */
  readonly ui?: string;
  /** Requests a minute: of one known token and address, and of one address without a token. */
  readonly requestsPerMinute?: { readonly known: number; readonly unknown: number };
}

export interface Server {
  /** Throws `configuration` when the address cannot be listened on. */
  start(): Promise<{ readonly port: number }>;
  /** Takes no more requests, lets those under way end for at most three seconds, then cuts them. Safe to call twice. */
  stop(): Promise<void>;
}

const drainMs = 3 * second;

/** Node's own limits on one connection, and how many there may be. */
const connections = {
  headersTimeout: 10 * second,
  requestTimeout: 60 * second,
  keepAliveTimeout: 5 * second,
  max: 1_000,
};

/** A page polls every half minute with a handful of requests; a script that pages through everything fits too. */
const requestsPerMinute = { known: 1_200, unknown: 300 };

/** The HTTP API, probes, metrics and pages over a running program. Throws `configuration` for an unsafe set-up. */
export function createServer(options: ServerOptions): Server {
  const { listen, auth, publicUrl, logger } = options;
  if (auth.tokens.length === 0 && !isLoopback(listen.host)) {
    throw new BackfeedError("configuration", `listening on ${listen.host} needs server.auth.tokens`);
  }
  const clock = options.clock ?? systemClock;
  const stopping = new AbortController();
  const app = createHttpApp({
    routes: allRoutes({ ...options, clock }),
    webhooks: options.webhooks ?? [],
    tokens: auth.tokens,
    publicUrl,
    trustedProxies: options.trustedProxies ?? [],
    requestsPerMinute: options.requestsPerMinute ?? requestsPerMinute,
    metrics: options.metrics,
    logger,
    clock,
    stopping: stopping.signal,
    ui: options.ui,
  });
  const http = createHttpServer(app);
  Object.assign(http, {
    headersTimeout: connections.headersTimeout,
    requestTimeout: connections.requestTimeout,
    keepAliveTimeout: connections.keepAliveTimeout,
    maxConnections: connections.max,
  });
  const underWay = new Set<ServerResponse>();
  http.on("request", (_request, response) => {
    underWay.add(response);
    response.once("close", () => underWay.delete(response));
  });
  let stopped: Promise<void> | undefined;

  return {
    async start() {
      const port = await listenOn(http, listen);
      logger.info("the API listens", { host: listen.host, port });
      return { port };
    },
    stop() {
      stopped ??= drain({ http, underWay, stopping, clock });
      return stopped;
    },
  };
}

/** Every route there is, the document of them included. */
export function allRoutes(
  options: Pick<ServerOptions, "program" | "webhooks" | "logger" | "publicUrl"> & {
    metrics: Pick<Metrics, "render">;
    clock: Clock;
  },
): readonly Route[] {
  const { program, metrics, logger, publicUrl, clock } = options;
  const audit = createAudit(program.history, logger);
  const routes = [
    ...healthRoutes(program, metrics, clock),
    ...findingRoutes(program, logger),
    ...ruleRoutes(program, audit),
    ...outboxRoutes(program, audit),
    ...ticketRoutes(program),
    ...ticketActRoutes(program, audit),
    ...silenceRoutes(program, audit),
    ...deployRoutes(program),
    ...maintenanceRoutes(program),
  ];
  return [...routes, documentRoute(routes, options.webhooks ?? [], publicUrl)];
}

function listenOn(http: HttpServer, { host, port }: { host: string; port: number }): Promise<number> {
  return new Promise((resolve, reject) => {
    const failed = (cause: Error) => {
      reject(new BackfeedError("configuration", `cannot listen on ${host} port ${port}: ${cause.message}`, { cause }));
    };
    http.once("error", failed);
    http.listen(port, host, () => {
      http.removeListener("error", failed);
      const address = http.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

async function drain(options: {
  http: HttpServer;
  underWay: ReadonlySet<ServerResponse>;
  stopping: AbortController;
  clock: Clock;
}): Promise<void> {
  const { http, underWay, stopping, clock } = options;
  const closed = new Promise<void>((resolve) => http.close(() => resolve()));
  http.closeIdleConnections();
  // Otherwise a client that keeps its connection alive would hold us to the deadline.
  for (const response of underWay) response.shouldKeepAlive = false;
  stopping.abort(new BackfeedError("aborted", "the server stops"));
  const cut = new AbortController();
  const late = clock.sleep(drainMs, cut.signal).then(
    () => http.closeAllConnections(),
    () => undefined,
  );
  await Promise.race([closed, late.then(() => closed)]);
  cut.abort();
}
