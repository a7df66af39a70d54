import { randomUUID } from "node:crypto";
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from "express";
import { ipKeyGenerator, rateLimit } from "express-rate-limit";
import helmet from "helmet";
import { underAny } from "../support/abort.ts";
import { type Clock, stopwatch } from "../support/clock.ts";
import { minute, second } from "../support/duration.ts";
import { sha256 } from "../support/hashing.ts";
import type { Logger } from "../support/logging.ts";
import type { Metrics } from "../support/metrics.ts";
import { type Caller, createAuthenticator, requireAccess, type TokenConfig } from "./auth.ts";
import { answerFault, RequestFault } from "./faults.ts";
import { refuseForeignPages } from "./loopback.ts";
import { answerPolicy, nameRoute, servePages } from "./pages.ts";
import type { BytesReply, Route } from "./route.ts";
import { mountWebhooks } from "./webhooks/mount.ts";
import { receiverPath, type WebhookReceiver } from "./webhooks/receiver.ts";

export interface HttpAppOptions {
  readonly routes: readonly Route[];
  readonly webhooks: readonly WebhookReceiver[];
  readonly tokens: readonly TokenConfig[];
  readonly publicUrl: string | undefined;
  readonly trustedProxies: readonly string[];
  readonly requestsPerMinute: { readonly known: number; readonly unknown: number };
  readonly metrics: Pick<Metrics, "recordHttpRequest" | "recordWebhook">;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly stopping: AbortSignal;
  /** The built UI. */
  readonly ui: string | undefined;
}

const maxBody = "256kb";
/** For whoever sends too much to read why. */
const hangUpAfterMs = 2 * second;

/** The Express application: its middleware in the order it runs. */
export function createHttpApp(options: HttpAppOptions): Express {
  const app = express();
  app.disable("x-powered-by");
  // Answers are not to be stored; what may be kept (charts) gets its ETag where it is sent.
  app.set("etag", false);
  app.set("query parser", "simple");
  // For `request.ip` alone: host and protocol are never taken from forwarded headers.
  app.set("trust proxy", [...options.trustedProxies]);
  app.use(observe(options));
  app.use(securityHeaders(options.publicUrl));
  mountWebhooks(app, { ...options, receivers: options.webhooks });
  if (options.tokens.length === 0) app.use(onlyOwnPages(options.publicUrl));
  app.use(identify(options.tokens));
  app.use(limitRate(options.requestsPerMinute));
  for (const route of options.routes) mountRoute(app, route, options);
  if (options.ui !== undefined) servePages(app, options.ui);
  const webhooks = options.webhooks.map((receiver) => ({ method: "post", path: receiverPath(receiver) }));
  app.use(nothingHere([...options.routes, ...webhooks]));
  app.use(answerWithFault(options));
  return app;
}

/** Express's own writing of `/findings/{id}`. */
export function expressPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ":$1");
}

/** Every request is counted and logged by its route's pattern: never its query, headers or body, where secrets may be. */
function observe({ logger, metrics }: HttpAppOptions): RequestHandler {
  return (request, response, next) => {
    const elapsed = stopwatch();
    const requestId = randomUUID();
    response.locals["requestId"] = requestId;
    response.set("x-request-id", requestId);
    response.once("close", () => {
      const route: string = response.locals["route"] ?? "none";
      const caller: Caller | undefined = response.locals["caller"];
      const status = response.statusCode;
      metrics.recordHttpRequest({ route, status });
      const took = Math.round(elapsed());
      logger.debug("request", { method: request.method, route, status, tookMs: took, by: caller?.name, requestId });
    });
    next();
  };
}

function securityHeaders(publicUrl: string | undefined): RequestHandler {
  const headers = helmet({
    contentSecurityPolicy: false,
    referrerPolicy: { policy: "no-referrer" },
    strictTransportSecurity: publicUrl?.startsWith("https:") === true ? { maxAge: 31_536_000 } : false,
  });
  return (request, response, next) => {
    response.set("content-security-policy", answerPolicy);
    response.set("cache-control", "no-store");
    headers(request, response, next);
  };
}

function onlyOwnPages(publicUrl: string | undefined): RequestHandler {
  return (request, _response, next) => {
    const { host, origin } = request.headers;
    const fetchSite = request.get("sec-fetch-site");
    const opened = request.method === "GET" && request.get("sec-fetch-mode") === "navigate";
    const writes = request.method !== "GET" && request.method !== "HEAD";
    refuseForeignPages({ host, origin, fetchSite, opened, writes }, publicUrl);
    next();
  };
}

/** Remembers who asks. Whether they may is the route's matter. */
function identify(tokens: readonly TokenConfig[]): RequestHandler {
  const authenticate = createAuthenticator(tokens);
  return (request, response, next) => {
    response.locals["caller"] = authenticate(request.headers.authorization);
    next();
  };
}

/** By token where one is known, so that colleagues behind one proxy do not share a budget; else by address. */
function limitRate(requestsPerMinute: HttpAppOptions["requestsPerMinute"]): RequestHandler {
  return rateLimit({
    windowMs: minute,
    limit: (_request, response) => (response.locals["caller"] ? requestsPerMinute.known : requestsPerMinute.unknown),
    keyGenerator: (request, response) => {
      const caller: Caller | undefined = response.locals["caller"];
      return `${caller?.name ?? "nobody"} ${ipKeyGenerator(request.ip ?? "")}`;
    },
    // A probe that is refused takes a healthy replica out of rotation.
    skip: (request) => request.path === "/healthz" || request.path === "/readyz",
    standardHeaders: "draft-8",
    legacyHeaders: false,
    validate: { xForwardedForHeader: false },
    handler: (_request, _response, next) => {
      const headers = { "retry-after": "60" };
      next(new RequestFault(429, "too_many_requests", "too many requests in this minute", { headers }));
    },
  });
}

function mountRoute(app: Express, route: Route, options: HttpAppOptions): void {
  const readBody = express.json({ limit: maxBody, inflate: false });
  const path = expressPath(route.path);
  const before: RequestHandler = (request, response, next) => {
    nameRoute(response, route.path);
    requireAccess(route.access, response.locals["caller"]);
    if (route.body !== undefined) requireJson(request);
    next();
  };
  const answer: RequestHandler = async (request, response) => {
    const caller: Caller = response.locals["caller"] ?? { name: "nobody", role: "viewer" };
    const { params, query, body } = request;
    const now = options.clock.now();
    const value = await route.run({ params, query, body, caller, now, signal: options.stopping });
    if (route.answer.kind === "json") response.json(value);
    else sendBytes(request, response, value as BytesReply);
  };
  if (route.method === "get") app.get(path, before, answer);
  else app.post(path, before, readBody, answer);
}

/**
 * A body is JSON in UTF-8 and nothing else. Without a body no type is needed, but one that is named counts: a form of
 * another site always names its own, and cannot send this one without asking first.
 */
function requireJson(request: Request): void {
  const contentType = request.get("content-type");
  const hasBody = request.get("transfer-encoding") !== undefined || Number(request.get("content-length") ?? 0) !== 0;
  if (contentType === undefined && !hasBody) return;
  const beside = (contentType ?? "").replaceAll(/;\s*charset\s*=\s*("?)utf-8\1\s*(?=;|$)/gi, "");
  if (!/^application\/json\s*(;|$)/i.test(beside) || /charset/i.test(beside)) {
    throw new RequestFault(415, "unsupported_media_type", "a body needs content-type: application/json, in UTF-8");
  }
}

/** Kept by the browser and asked again each time: the ETag makes that cheap, and a newer chart shows at once. */
const sendBytes = (
  request: Parameters<RequestHandler>[0],
  response: Parameters<RequestHandler>[1],
  reply: BytesReply,
) => {
  const { bytes, contentType, fileName } = reply;
  response.set("etag", `"${sha256(bytes).slice(0, 32)}"`);
  response.set("cache-control", "private, no-cache");
  response.set("content-type", contentType);
  if (fileName !== undefined) response.attachment(fileName).set("content-type", contentType);
  if (request.fresh) response.status(304).end();
  else response.send(Buffer.from(bytes));
};

function nothingHere(routes: readonly { readonly method: string; readonly path: string }[]): RequestHandler {
  const known = routes.map(({ method, path }) => ({
    method,
    pattern: new RegExp(`^${path.replaceAll(".", "\\.").replaceAll(/\{\w+\}/g, "[^/]+")}/?$`),
  }));
  return (request) => {
    const methods = known.filter(({ pattern }) => pattern.test(request.path)).map(({ method }) => method.toUpperCase());
    if (methods.length === 0) throw new RequestFault(404, "not_found", "there is nothing under this path");
    const allow = methods.join(", ");
    throw new RequestFault(405, "method_not_allowed", `this path takes ${allow}`, { headers: { allow } });
  };
}

function answerWithFault({ logger, clock, stopping }: HttpAppOptions): ErrorRequestHandler {
  return (thrown, request, response, _next) => {
    const requestId: string = response.locals["requestId"];
    const { status, headers, body, error } = answerFault(thrown, requestId);
    const facts = { method: request.method, route: response.locals["route"] ?? "none", requestId };
    if (error?.kind === "internal") logger.error("HTTP_INTERNAL", "a request ended in a fault of ours", facts, error);
    else if (error !== undefined) logger.warn("HTTP_FAILED", "a request could not be answered", facts, error);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    response.status(status).set(headers);
    if (headers["connection"] === "close" && !request.complete) answerAndHangUp(response, body, { clock, stopping });
    else response.json(body);
  };
}

/**
 * Answers while the rest of the request is still to come, and reads none of it. Hanging up at once would reset the
 * connection under the answer, so the sender is given a moment to read it.
 */
function answerAndHangUp(
  response: Response,
  body: unknown,
  { clock, stopping }: Pick<HttpAppOptions, "clock" | "stopping">,
): void {
  const text = JSON.stringify(body);
  response.type("json").set("content-length", `${Buffer.byteLength(text)}`);
  response.write(text);
  const left = new AbortController();
  response.once("close", () => left.abort());
  const moment = underAny([left.signal, stopping], (signal) => clock.sleep(hangUpAfterMs, signal));
  void moment.catch(() => undefined).then(() => response.end());
}
